"""What every test needs: one thread, so that parallel test processes do not fight for cores; a small paired folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cases import make_pairs

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pairs(tmp_path_factory.mktemp("pairs") / "set")
