"""Drawn pictures, closed folders, and a cache of its own for every test."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("LIMNER_CACHE", str(folder))
    monkeypatch.delenv("LIMNER_CACHE_GB", raising=False)
    return folder


@pytest.fixture
def draw():
    """draw(path, seed, width, height): saves a smooth random picture, so that JPEG and resizing keep what it shows."""

    def draw(path: Path, seed: int = 0, width: int = 32, height: int = 32) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), np.uint8)
        Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).save(path)
        return path

    return draw


@pytest.fixture
def close(monkeypatch):
    """close(folder): nobody may look into it, whoever runs the tests."""
    closed = set()

    def watch(name, folder_of):
        real = getattr(os, name)

        def look(path=".", **options):
            if isinstance(path, str | Path) and folder_of(path) in closed:
                raise PermissionError(13, "Permission denied", os.fspath(path))
            return real(path, **options)

        monkeypatch.setattr(os, name, look)

    watch("scandir", Path)
    watch("listdir", Path)
    watch("stat", lambda path: Path(path).parent)
    return closed.add


@pytest.fixture
def domains(tmp_path, draw):
    """5 and 3 training pictures, 2 and 3 test pictures, of two sizes and with other names."""
    for number in range(5):
        draw(tmp_path / "trainA" / f"horse{number}.png", number, 48, 40)
    for number in range(3):
        draw(tmp_path / "trainB" / f"zebra{number}.jpg", 50 + number, 64, 64)
        draw(tmp_path / "testB" / f"zebra{9 + number}.jpg", 70 + number, 64, 64)
    for number in range(2):
        draw(tmp_path / "testA" / f"horse{7 + number}.png", 20 + number, 48, 40)
    return tmp_path
