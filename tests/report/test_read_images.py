"""Pictures of a run: what is decoded, and what is left alone."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from PIL import Image

from limner.report import images
from limner.report.images import read_image


@pytest.fixture
def image(tmp_path: Path) -> Path:
    Image.new("RGB", (40, 30), "red").save(tmp_path / "red.png")
    return tmp_path / "red.png"


@pytest.mark.parametrize(("bound", "value"), [("LARGEST_SIDE", 39), ("MOST_PIXELS", 1199)])
def test_a_image_beyond_a_bound_is_not_decoded(
    image: Path, bound: str, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_image(image) is not None
    monkeypatch.setattr(images, bound, value + 1)
    assert read_image(image) is not None
    monkeypatch.setattr(images, bound, value)
    assert read_image(image) is None


def test_two_threads_leave_the_filters_of_warnings_alone(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second begins before the first ends, and ends after it."""
    begun, ended = Event(), Event()

    def one_after_the_other(path: Path, formats: object) -> Image.Image:
        if path.name == "first":
            assert begun.wait(10)
        else:
            begun.set()
            assert ended.wait(10)
        raise OSError

    before = list(warnings.filters)
    monkeypatch.setattr(Image, "open", one_after_the_other)
    with ThreadPoolExecutor() as workers:
        first, second = workers.submit(read_image, Path("first")), workers.submit(read_image, Path("second"))
        assert first.result() is None
        ended.set()
        assert second.result() is None
    assert list(warnings.filters) == before
