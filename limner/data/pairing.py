"""Which picture belongs to which: by equal names, or by a list."""

from __future__ import annotations

import json
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from limner.data.folders import ImageFolder, Split, split_of
from limner.errors import DataError
from limner.files import printable, shown


@dataclass(frozen=True, slots=True)
class Source:
    """Where a picture is: a whole file, or the left or right half of a side-by-side one."""

    path: Path
    half: Literal["left", "right"] | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """What is decoded and stored as one: a pair, or a picture that stands for itself.

    Attributes:
        name: its path in its folder, without suffix.
        sources: of a pair its input and what it should become, in this order; else its only picture. A pair whose input
            is made from its target has the target alone.
        label: the number of its class, where it has one.
    """

    name: str
    sources: tuple[Source, ...]
    label: int = 0


@dataclass(frozen=True)
class Matches:
    """What belongs together by name, and what does not.

    Attributes:
        pairs: what belongs together.
        unmatched: files without a partner.
        case_only: files that would be partners but for capital letters.
        look_alike: names that several files of one folder seem to bear, not all of which have a partner.
        smaller: pictures in the smaller of the two folders; 0 where there are not two.
    """

    pairs: list[Item]
    unmatched: list[str] = field(default_factory=list)
    case_only: list[tuple[str, str]] = field(default_factory=list)
    look_alike: list[str] = field(default_factory=list)
    smaller: int = 0

    @property
    def apart(self) -> bool:
        """Whether most pictures of the smaller folder have no partner: two domains then, and not pairs."""
        return 2 * (len(self.pairs) + len(self.case_only)) < self.smaller

    @property
    def unmatched_share(self) -> float:
        """Share of the pictures that have no partner; 0 where there are none at all."""
        return len(self.unmatched) / max(1, len(self.unmatched) + 2 * len(self.pairs))

    @classmethod
    def joined(cls, several: Iterable[Matches]) -> Matches:
        """Those of several splits together."""
        several = list(several)
        return cls(
            [pair for each in several for pair in each.pairs],
            [name for each in several for name in each.unmatched],
            [names for each in several for names in each.case_only],
            [name for each in several for name in each.look_alike],
        )


def match_names(a: ImageFolder, b: ImageFolder, root: Path) -> Matches:
    """Pairs the pictures of two folders by their path in the folder; the suffix may differ, and how accents are coded.

    Pictures of one folder whose names differ in nothing else are paired by their whole name to the letter, or not at
    all.
    """
    named_a, named_b = ([(file.relative_to(top.path), file) for file in top.files] for top in (a, b))
    pairs = [
        Item(name_in(a.path, one), (Source(one), Source(other))) for one, other in _partners(named_a, named_b, _KEYS)
    ]
    used = {source.path for pair in pairs for source in pair.sources}
    left_a, left_b = ([one for one in named if one[1] not in used] for named in (named_a, named_b))
    look_alike = [
        shown(alike[0][1], root)
        for named in (named_a, named_b)
        for alike in _grouped(named, _looks).values()
        if len(alike) > 1 and any(file not in used for _, file in alike)
    ]
    return Matches(
        pairs,
        [shown(file, root) for _, file in left_a + left_b],
        [(shown(one, root), shown(other, root)) for one, other in _case_only(left_a, left_b)],
        look_alike,
        min(len(named_a), len(named_b)),
    )


def name_in(folder: Path, file: Path) -> str:
    """A picture's name: its path in its folder, without the suffix."""
    return file.relative_to(folder).with_suffix("").as_posix()


def same_name(name: str) -> str:
    """Equal for names that look the same, however their accents are coded: macOS writes e and an accent for é."""
    return unicodedata.normalize("NFC", name)


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
    splits: dict[Split, Matches] = defaultdict(lambda: Matches([]))
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file} cannot be read: {error}", "save it as UTF-8 text, one JSON object a line") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        names = _row(file, number, line)
        paths = [folder / name for name in names]
        matches = splits[split_of(Path(names[1]).parts[0]) or default]
        missing = [
            printable(f"{name} ({file.name} line {number}: {reason})")
            for name, path in zip(names, paths, strict=True)
            if (reason := _missing(path))
        ]
        matches.unmatched.extend(missing)
        if not missing:
            both = (Source(paths[0]), Source(paths[1]))
            matches.pairs.append(Item(Path(names[1]).with_suffix("").as_posix(), both))
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


_Named = tuple[Path, Path]
"""A picture's path in its folder, and its file."""
_Key = Callable[[Path], str]


def _without_suffix(name: Path) -> str:
    return same_name(name.with_suffix("").as_posix())


def _looks(name: Path) -> str:
    return same_name(name.as_posix())


_KEYS: Final[tuple[_Key, ...]] = (_without_suffix, _looks, Path.as_posix)
"""What must be equal in partners; the next one decides where it is equal in several pictures of a folder."""


def _case_only(a: Sequence[_Named], b: Sequence[_Named]) -> Iterator[tuple[Path, Path]]:
    folded = {_without_suffix(name).casefold(): (name, file) for name, file in b}
    for name, file in a:
        other = folded.get(_without_suffix(name).casefold())
        if other is not None and _without_suffix(name) != _without_suffix(other[0]):
            yield file, other[1]


def _partners(a: Sequence[_Named], b: Sequence[_Named], keys: Sequence[_Key]) -> Iterator[tuple[Path, Path]]:
    """Pictures of A and of B that alone in their folder have the same key, sorted by it."""
    groups_a, groups_b = _grouped(a, keys[0]), _grouped(b, keys[0])
    for key in sorted(groups_a.keys() & groups_b.keys()):
        alike_a, alike_b = groups_a[key], groups_b[key]
        if len(alike_a) == len(alike_b) == 1:
            yield alike_a[0][1], alike_b[0][1]
        elif len(keys) > 1:
            yield from _partners(alike_a, alike_b, keys[1:])


def _grouped(named: Sequence[_Named], key: _Key) -> dict[str, list[_Named]]:
    groups: dict[str, list[_Named]] = defaultdict(list)
    for name, file in named:
        groups[key(name)].append((name, file))
    return groups
