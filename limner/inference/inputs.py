"""Which pictures are meant, and what their translations are called."""

from __future__ import annotations

import glob
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from limner.data.images import SUFFIXES
from limner.errors import DataError


@dataclass(frozen=True)
class Job:
    """One picture and the files that its samples are written to."""

    source: Path
    outputs: tuple[Path, ...]


def find_inputs(words: Sequence[str]) -> list[Path]:
    """Files, folders and patterns -> picture files; each once, those of a folder by name.

    Args:
        words: a file is taken whatever it is called; of a folder, the pictures directly in it, by their suffix;
            a pattern (`photos/**/*.jpg`) is for shells that do not expand it.

    Raises:
        DataError: a word names nothing, what cannot be read, or a folder or pattern without a picture.
    """
    found: dict[Path, Path] = {}
    for word in words:
        for path in _of_word(word):
            found.setdefault(path.resolve(), path)
    return list(found.values())


def plan_jobs(sources: Iterable[Path], out: Path, samples: int) -> list[Job]:
    """OUT/NAME.png for every picture, and OUT/NAME-2.png ... for further samples.

    Raises:
        DataError: two pictures would be written to one file, or one over an input.
    """
    jobs = [Job(source, tuple(_outputs(source.stem, out, samples))) for source in sources]
    inputs = {_file(job.source) for job in jobs}
    taken: dict[str, Path] = {}
    for job in jobs:
        for output in job.outputs:
            if _file(output) in inputs:
                raise DataError(f"{output} is an input and would be overwritten.", "choose another folder with --out")
            other = taken.setdefault(_file(output), job.source)
            if other != job.source:
                raise DataError(
                    f"{other} and {job.source} would both be written to {output}.",
                    "translate them one after the other, each into its own --out, or rename one",
                )
    return jobs


def _file(path: Path) -> str:
    """One text for one file: on Windows and macOS neither case nor the coding of an accent makes another file."""
    return unicodedata.normalize("NFC", str(path.resolve())).casefold()


def _of_word(word: str) -> list[Path]:
    path = Path(word).expanduser()
    try:
        if path.is_dir():
            return _of_folder(path)
        if path.exists():
            return [path]
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(
            f"{word} cannot be read: {reason}.", "allow reading it and the folders around it, or name other pictures"
        ) from error
    matches = [Path(name) for name in sorted(glob.glob(str(path), recursive=True))]  # noqa: PTH207 (absolute patterns)
    images = [match for match in matches if match.is_file() and _looks_like_image(match)]
    if not matches:
        raise DataError(f"There is no {word}.", "name pictures, folders of pictures, or a pattern in quotes")
    if not images:
        raise DataError(f"No picture matches {word}.", "name pictures, folders of pictures, or a pattern in quotes")
    return images


def _of_folder(folder: Path) -> list[Path]:
    entries = sorted(folder.iterdir())
    images = [path for path in entries if path.is_file() and _looks_like_image(path)]
    if not images:
        below = [path for path in entries if path.is_dir()]
        tip = f"it has folders: name one, such as {below[0]}" if below else "name a folder of JPEG or PNG pictures"
        raise DataError(f"There are no pictures directly in {folder}.", tip)
    return images


def _looks_like_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def _outputs(stem: str, out: Path, samples: int) -> Iterable[Path]:
    yield out / f"{stem}.png"
    for sample in range(2, samples + 1):
        yield out / f"{stem}-{sample}.png"
