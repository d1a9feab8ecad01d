"""What every test needs: one thread, so that parallel test processes do not fight for cores; a small paired folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cases import make_classes, make_pairs
from hypothesis import HealthCheck, settings

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")
# How long something takes says nothing of the code on a busy machine; the first text drawn builds Unicode's tables.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pairs, and beside them class folders, see `Case.images`."""
    folder = tmp_path_factory.mktemp("images")
    make_classes(folder / "classes")
    return make_pairs(folder / "pairs")
