"""A method of one's own, as limner/methods/README.md tells it, without touching limner."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from cases import DOMAINS, RUN, TINY
from rich.console import Console

import limner
from limner.errors import RecipeError
from limner.report.page import write_report
from limner.runs.checkpoint import read_checkpoint

GUIDE = Path(limner.__file__).parent / "methods" / "README.md"


def from_the_guide(language: str, name: str = "mine") -> str:
    """One of the guide's own examples."""
    (code,) = re.findall(rf"```{language}\n(# {name}.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    return str(code)


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMNER_CACHE", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()


def train(tmp_path: Path, pairs: Path, name: str = "mine", settings: Sequence[str] = TINY) -> limner.Run:
    words = [*settings, f"data.path={pairs}"]
    recipe = tmp_path / "scratch" / f"{name}.yaml"
    return limner.train(recipe, name="own", runs=tmp_path, words=words, console=Console(file=io.StringIO()))


def test_the_example_of_the_guide_trains_and_translates(tmp_path: Path, pairs: Path) -> None:
    (tmp_path / "scratch" / "mine.py").write_text(from_the_guide("python"))
    (tmp_path / "scratch" / "mine.yaml").write_text(from_the_guide("yaml"))
    run = train(tmp_path, pairs)
    tags = {tag for row in run.metrics() for tag in row.values}
    assert "train/generator/l2" in tags and "train/generator/l1" not in tags
    assert limner.load(run.path).card.method == "mine:Mine"


def test_a_variant_of_cyclegan_from_the_guide(tmp_path: Path, pairs: Path) -> None:
    (tmp_path / "scratch" / "dual.py").write_text(from_the_guide("python", "dual"))
    (tmp_path / "scratch" / "dual.yaml").write_text(from_the_guide("yaml", "dual"))
    run = train(tmp_path, pairs, "dual", DOMAINS)
    tags = {tag for row in run.metrics() for tag in row.values}
    assert "train/generators/cycle_a" in tags and "train/generators/identity_a" not in tags
    assert limner.load(run.path).directions == ["AtoB", "BtoA"]


def test_a_class_that_is_no_method_is_refused(tmp_path: Path, pairs: Path) -> None:
    (tmp_path / "scratch" / "other.py").write_text(
        "from limner.config.pix2pix import Pix2PixRecipe\n\n\nclass Other:\n    recipe = Pix2PixRecipe\n"
    )
    (tmp_path / "scratch" / "mine.yaml").write_text("extends: pix2pix-facades\nmethod: other:Other\n")
    with pytest.raises(RecipeError, match="other:Other") as caught:
        train(tmp_path, pairs)
    assert "README" in str(caught.value.tip)


def test_the_generator_of_the_guide_trains_resumes_and_generates(tmp_path: Path, pairs: Path) -> None:
    (tmp_path / "scratch" / "noise.py").write_text(from_the_guide("python", "noise"))
    (tmp_path / "scratch" / "noise.yaml").write_text(from_the_guide("yaml", "noise"))
    classes = pairs.with_name("classes")
    run = train(tmp_path, classes, "noise", (*RUN, "training.keep_last=9")).path
    whole = read_checkpoint(run / "checkpoints" / "step-000006").contents
    shutil.rmtree(run / "checkpoints" / "step-000006")
    limner.resume(run, console=Console(file=io.StringIO()))
    assert read_checkpoint(run / "checkpoints" / "step-000006").contents == whole
    images = limner.load(run).generate(3, seed=1)
    assert [image.size for image in images] == [(16, 16)] * 3
    page = write_report(run).path.read_text()
    assert "Generated images" in page and "Spectrum distance" in page
    assert ">Input" not in page, "a generator has none"
