"""Drawn pictures, and a cache of its own for every test."""

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
