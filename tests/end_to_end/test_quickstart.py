"""The first thing a stranger runs: from nothing to a trained translator, its scores and its report."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from limner.cli import main

GUESSES = ("input copied", "mean training picture", "each label's median colour")


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMNER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LIMNER_RUNS", str(tmp_path / "runs"))


def scores(printed: str) -> dict[str, list[float]]:
    """Row name -> L1, SSIM, spectrum distance."""
    rows = re.findall(r"^  (\S.*?)  +(-?\d\.\d+) +(-?\d\.\d+) +(\d+\.\d+)$", printed, re.MULTILINE)
    return {name: [float(number) for number in numbers] for name, *numbers in rows}


def test_from_nothing_to_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "data.synthetic.count=20",
        "training.steps=3",
        "generator.base_channels=4",
        "discriminator.base_channels=4",
        "tracking=none",
    ]
    assert main(["quickstart", *words]) == 0
    printed = capsys.readouterr().out
    assert set(scores(printed)) == {"trained translator", *GUESSES}
    run = tmp_path / "runs" / "quickstart-001"
    assert str(run / "report.html") in printed and (run / "report.html").is_file()
    assert (run / "samples" / "grid-000000.png").is_file()
    assert main(["quickstart", *words, "--name", "again"]) == 0  # the drawn facades are used again


@pytest.mark.slow
def test_the_translator_beats_every_guess_and_the_adversary_sharpens(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quickstart", "--name", "both"]) == 0
    both = scores(capsys.readouterr().out)
    for guess in GUESSES:
        assert both["trained translator"][0] < both[guess][0], f"L1 of {guess}"
        assert both["trained translator"][1] > both[guess][1], f"SSIM of {guess}"
    assert main(["quickstart", "loss.mode=l1", "--name", "l1"]) == 0
    alone = scores(capsys.readouterr().out)
    assert both["trained translator"][2] < 0.7 * alone["trained translator"][2]
