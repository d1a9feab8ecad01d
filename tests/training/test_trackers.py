import logging
import sys
from collections.abc import Mapping
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from limner.config.data import PairedDataSettings
from limner.config.pix2pix import Pix2PixRecipe
from limner.config.recipe import About
from limner.config.training import TrainingSettings
from limner.errors import MissingExtraError
from limner.runs.folder import RunFolder
from limner.runs.logs import MetricsRow
from limner.training import trackers
from limner.training.observers import Metrics, Observer
from limner.training.trackers import open_tracker

RECIPE = Pix2PixRecipe(about=About(title="a test"), data=PairedDataSettings(), training=TrainingSettings(steps=100))
GRID = np.random.default_rng(0).integers(0, 256, (8, 12, 3), dtype=np.uint8)


def metrics(step: int, values: Mapping[str, float]) -> Metrics:
    return Metrics(MetricsRow(step, 0.0, 0.0, values), 0.5)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    (tmp_path / "mine").mkdir()
    return RunFolder(tmp_path / "mine")


def test_none_touches_nothing(run: RunFolder) -> None:
    tracker = open_tracker("none", run, RECIPE, pytest.fail)
    tracker.on_metrics(metrics(1, {"a": 1.0}))
    tracker.on_samples(1, GRID)
    tracker.close()
    assert list(run.path.iterdir()) == []


def test_tensorboard_shows_curves_and_images_and_after_a_resume_no_later_points(run: RunFolder) -> None:
    tracker = open_tracker("tensorboard", run, RECIPE, pytest.fail)
    for step in range(1, 6):
        tracker.on_metrics(metrics(step, {"val/ssim": step / 10, "odd": float("nan")}))
    tracker.on_samples(2, GRID)
    tracker.on_samples(5, GRID)
    tracker.close()
    resumed = open_tracker("tensorboard", run, RECIPE, pytest.fail, resumed_at=3)
    resumed.on_metrics(metrics(4, {"val/ssim": 9.0}))
    resumed.close()

    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    logging.getLogger("tensorboard").setLevel(logging.ERROR)
    shown = EventAccumulator(str(run.path / "tensorboard")).Reload()
    points = [(point.step, round(point.value, 3)) for point in shown.Scalars("val/ssim")]
    assert points == [(1, 0.1), (2, 0.2), (3, 0.3), (4, 9.0)]
    images = shown.Images("samples")
    assert [(image.step, image.width, image.height) for image in images] == [(2, 12, 8)]


class Failing(Observer):
    """Fails at the call that is named, and counts the calls."""

    def __init__(self, at: str) -> None:
        self.at = at
        self.calls: list[str] = []

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if name == self.at:
            raise ConnectionError(f"no network\nat {name}")

    def on_metrics(self, metrics: Metrics) -> None:
        self._call("metrics")

    def on_samples(self, step: int, grid: trackers.Grid) -> None:
        self._call("samples")

    def close(self) -> None:
        self._call("close")


@pytest.mark.parametrize(
    ("at", "calls"),
    [
        ("open", ["open"]),
        ("metrics", ["open", "metrics"]),
        ("samples", ["open", "metrics", "samples"]),
        ("close", ["open", "metrics", "samples", "metrics", "close"]),
    ],
)
def test_tracker_that_fails_is_reported_once_and_dropped(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch, at: str, calls: list[str]
) -> None:
    failing = Failing(at)

    def open_failing(*args: object) -> Failing:
        failing._call("open")
        return failing

    monkeypatch.setattr(trackers, "_TensorBoard", open_failing)
    said: list[str] = []
    tracker = open_tracker("tensorboard", run, RECIPE, said.append)
    tracker.on_metrics(metrics(1, {}))
    tracker.on_samples(1, GRID)
    tracker.on_metrics(metrics(2, {}))
    tracker.close()
    tracker.close()
    assert failing.calls == calls
    assert said == [
        "Tracking with tensorboard failed and is off from here (ConnectionError: no network). Training goes on."
    ]


def test_ctrl_c_is_not_swallowed(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(trackers, "_TensorBoard", interrupt)
    with pytest.raises(KeyboardInterrupt):
        open_tracker("tensorboard", run, RECIPE, pytest.fail)


def test_missing_wandb_is_refused_before_training(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # W&B leaves folders of its own name behind; they are no package.
    (tmp_path / "wandb").mkdir()
    monkeypatch.delitem(sys.modules, "wandb", raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *(place for place in sys.path if "site-packages" not in place)])
    with pytest.raises(MissingExtraError, match="wandb") as caught:
        open_tracker("wandb", run, RECIPE, pytest.fail)
    assert "limner[wandb]" in str(caught.value.tip)


class FakeWandb(ModuleType):
    """Stands in for W&B and keeps what it is told."""

    def __init__(self) -> None:
        super().__init__("wandb")
        self.__spec__ = ModuleSpec("wandb", None, origin="here")
        self.opened: list[dict[str, Any]] = []
        self.logged: list[tuple[int, dict[str, Any]]] = []
        self.finished = 0

    def init(self, **options: Any) -> "FakeWandb":
        self.opened.append(options)
        return self

    def log(self, values: dict[str, Any], step: int) -> None:
        self.logged.append((step, values))

    def finish(self) -> None:
        self.finished += 1

    def Image(self, grid: trackers.Grid) -> tuple[int, ...]:  # noqa: N802 (W&B's name)
        return grid.shape


@pytest.fixture
def wandb(monkeypatch: pytest.MonkeyPatch) -> FakeWandb:
    fake = FakeWandb()
    monkeypatch.setitem(sys.modules, "wandb", fake)
    for name in ("WANDB_MODE", "DO_NOT_TRACK", "WANDB_PROJECT", "WANDB_ERROR_REPORTING"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return fake


def test_wandb_gets_the_run(run: RunFolder, wandb: FakeWandb) -> None:
    tracker = open_tracker("wandb", run, RECIPE, pytest.fail)
    tracker.on_metrics(metrics(5, {"val/l1": 0.5}))
    tracker.on_samples(5, GRID)
    tracker.close()
    (options,) = wandb.opened
    assert (options["name"], options["project"], options["dir"]) == ("mine", "limner", str(run.path))
    assert options["mode"] is None, "W&B itself honours WANDB_MODE"
    assert options["config"]["loss"]["l1"] == 100
    assert wandb.logged == [(5, {"val/l1": 0.5}), (5, {"samples": (8, 12, 3)})]
    assert wandb.finished == 1


def test_wandb_goes_on_with_the_same_run_after_a_resume(run: RunFolder, wandb: FakeWandb, tmp_path: Path) -> None:
    other = RunFolder(tmp_path / "elsewhere" / "mine")
    other.path.mkdir(parents=True)
    for folder, resumed_at in ((run, None), (run, 3), (other, None)):
        open_tracker("wandb", folder, RECIPE, pytest.fail, resumed_at=resumed_at).close()
    first, again, unlike = (options["id"] for options in wandb.opened)
    assert first == again
    assert first != unlike


@pytest.mark.parametrize(
    ("environment", "mode", "warned"),
    [
        ({"DO_NOT_TRACK": "1"}, "offline", True),
        ({"DO_NOT_TRACK": "1", "WANDB_MODE": "online"}, "offline", True),
        ({"DO_NOT_TRACK": "1", "WANDB_MODE": "disabled"}, None, False),
        ({"DO_NOT_TRACK": "0"}, None, False),
    ],
)
def test_do_not_track_keeps_wandb_offline(
    run: RunFolder,
    wandb: FakeWandb,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    mode: str | None,
    warned: bool,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    said: list[str] = []
    open_tracker("wandb", run, RECIPE, said.append).close()
    assert wandb.opened[0]["mode"] == mode
    assert bool(said) == warned
