"""Which picture belongs to which: by equal names, or by a list."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from limner.data.folders import Split, pictures_under, split_of
from limner.data.legible import legible, shown
from limner.errors import DataError


@dataclass(frozen=True)
class Source:
    """Where one half of a pair is: a whole file, or the left or right half of a side-by-side one."""

    path: Path
    half: Literal["left", "right"] | None = None


@dataclass(frozen=True)
class Pair:
    """An input picture and what it should become; without an input it is made from the target."""

    name: str
    input: Source | None
    target: Source

    @property
    def sources(self) -> tuple[Source, ...]:
        """Where its pictures are, the input first."""
        return (self.target,) if self.input is None else (self.input, self.target)


@dataclass(frozen=True)
class Single:
    """A picture that stands for itself."""

    name: str
    source: Source

    @property
    def sources(self) -> tuple[Source, ...]:
        """Where it is."""
        return (self.source,)


Item = Pair | Single
"""What is decoded and stored as one."""


@dataclass(frozen=True)
class Matches:
    """Pairs, files without a partner, and files that would be partners but for capital letters."""

    pairs: list[Pair]
    unmatched: list[str]
    case_only: list[tuple[str, str]]


def match_names(folder_a: Path, folder_b: Path, root: Path) -> Matches:
    """Pairs the pictures of two folders by their path in the folder; the suffix may differ.

    Two pictures in one folder that differ only in suffix are paired by their whole name, or not at all.
    """
    names_a, names_b = _by_name(folder_a), _by_name(folder_b)
    pairs = [
        Pair(name, Source(a), Source(b))
        for name in sorted(names_a.keys() & names_b.keys())
        for a, b in _partners(names_a[name], names_b[name])
    ]
    used = {source.path for pair in pairs for source in pair.sources}
    lone_a = [file for files in names_a.values() for file in files if file not in used]
    lone_b = [file for files in names_b.values() for file in files if file not in used]
    folded = {name_in(folder_b, file).casefold(): file for file in lone_b}
    case_only = [
        (shown(file, root), shown(folded[folded_name], root))
        for file in lone_a
        if (folded_name := name_in(folder_a, file).casefold()) in folded
    ]
    return Matches(pairs, [shown(file, root) for file in sorted(lone_a) + sorted(lone_b)], case_only)


def name_in(folder: Path, file: Path) -> str:
    """A picture's name: its path in its folder, without the suffix."""
    return file.relative_to(folder).with_suffix("").as_posix()


def read_lists(lists: Mapping[Split, Path]) -> dict[Split, Matches]:
    """The pairs of a `metadata.jsonl` for each split, or of one for all; errors as `read_list`."""
    named: dict[Split, Matches] = {}
    for default, file in lists.items():
        named |= read_list(file, default)
    return named


def read_list(file: Path, default: Split) -> dict[Split, Matches]:
    """The pairs that a `metadata.jsonl` names: one object a line with `input_file_name` and `target_file_name`.

    The names are paths inside the list's folder. A first folder called train, val or test says which split a pair
    belongs to, else it is `default`.

    Raises:
        DataError: a line is not such an object, or names a file outside the folder.
    """
    folder = file.parent
    splits: dict[Split, Matches] = defaultdict(lambda: Matches([], [], []))
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file} cannot be read: {error}", "save it as UTF-8 text, one JSON object a line") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        names = _row(file, number, line)
        paths = [folder / name for name in names]
        matches = splits[split_of(Path(names[1]).parts[0]) or default]
        missing = [
            legible(f"{name} ({file.name} line {number}: {reason})")
            for name, path in zip(names, paths, strict=True)
            if (reason := _missing(path))
        ]
        matches.unmatched.extend(missing)
        if not missing:
            matches.pairs.append(Pair(Path(names[1]).with_suffix("").as_posix(), Source(paths[0]), Source(paths[1])))
    return dict(splits)


def _row(file: Path, number: int, line: str) -> tuple[str, str]:
    try:
        row = json.loads(line)
        names = (row["input_file_name"], row["target_file_name"])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{file} line {number} is not an object with input_file_name and target_file_name",
            '{"input_file_name": "a/1.png", "target_file_name": "b/1.png"}',
        ) from error
    for name in names:
        if not isinstance(name, str) or not name or Path(name).is_absolute() or ".." in Path(name).parts:
            raise DataError(
                f"{file} line {number} names {name!r}, which is not a path inside {file.parent}",
                "give paths relative to the folder of the list",
            )
    return names


def _missing(path: Path) -> str | None:
    try:
        return None if path.is_file() else "no such file"
    except OSError as error:
        return (error.strerror or str(error)).lower()


def _by_name(folder: Path) -> dict[str, list[Path]]:
    names: dict[str, list[Path]] = defaultdict(list)
    for file in pictures_under(folder):
        names[name_in(folder, file)].append(file)
    return names


def _partners(files_a: list[Path], files_b: list[Path]) -> list[tuple[Path, Path]]:
    if len(files_a) == len(files_b) == 1:
        return [(files_a[0], files_b[0])]
    suffixes = {file.suffix: file for file in files_b}
    return [(file, suffixes[file.suffix]) for file in files_a if file.suffix in suffixes]
