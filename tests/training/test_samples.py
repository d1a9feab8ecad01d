"""What is cut from a run's samples when it goes on from an earlier checkpoint."""

from __future__ import annotations

from pathlib import Path

import pytest

from limner.training.samples import cut_samples


def test_later_images_go_and_nothing_else(tmp_path: Path) -> None:
    for name in ("step-000002", "step-000004", "step-best", "input"):
        (tmp_path / name).mkdir()
    for name in ("grid-000002.png", "grid-000004.png", "grid-mine.png"):
        (tmp_path / name).touch()
    cut_samples(tmp_path, 2)
    kept = {"step-000002", "step-best", "input", "grid-000002.png", "grid-mine.png"}
    assert {path.name for path in tmp_path.iterdir()} == kept


@pytest.mark.parametrize(
    ("content", "stays"), [('{"step": 2}', True), ('{"step": 4}', False), ("[", False), ("[]", False)]
)
def test_ranked_images_of_later_or_damaged_go(content: str, stays: bool, tmp_path: Path) -> None:
    (tmp_path / "validation.json").write_text(content)
    cut_samples(tmp_path, 2)
    assert (tmp_path / "validation.json").exists() == stays
