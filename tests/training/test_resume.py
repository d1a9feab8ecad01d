from pathlib import Path
from typing import Any

import pytest

from limner.config.data import PairedDataSettings
from limner.config.pix2pix import Pix2PixRecipe
from limner.config.recipe import About
from limner.config.training import TrainingSettings
from limner.errors import RunError
from limner.runs.environment import Environment, describe_environment
from limner.training.resume import check_resume

SAVED = Pix2PixRecipe(
    about=About(title="a test"), data=PairedDataSettings(path=Path("photos")), training=TrainingSettings(steps=100)
)


@pytest.fixture(scope="module")
def here() -> Environment:
    return describe_environment(2)


def changed(**keys: Any) -> Pix2PixRecipe:
    values = SAVED.model_dump(by_alias=True)
    for key, value in keys.items():
        *groups, last = key.split("__")
        inner = values
        for group in groups:
            inner = inner[group]
        inner[last] = value
    return Pix2PixRecipe.model_validate(values)


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"training__steps": 200},
        {"training__steps": None, "training__epochs": 3},
        {"training__steps": None, "training__time": "2h"},
        {"training__log_every": 7, "training__checkpoint_every": 5, "training__sample_every": 5},
        {"training__validate_every": 9, "training__keep_every": 10},
        {"data__workers": 0},
        {"data__path": Path("moved")},
        {"tracking": "none"},
        {"about__title": "another"},
    ],
)
def test_free_to_change(here: Environment, keys: dict[str, Any]) -> None:
    assert check_resume(SAVED, changed(**keys), here, here, inexact=False) == []


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"seed": 3}, "seed was 21, is 3"),
        ({"device": "cuda"}, "device was auto, is cuda"),
        ({"precision": "bf16"}, "precision was fp32, is bf16"),
        ({"training__batch": 4}, "training.batch was 1, is 4"),
        ({"training__ema": 0.9}, "training.ema was not set, is 0.9"),
        ({"training__keep_last": 5}, "training.keep_last was 2, is 5"),
        ({"data__size": 512}, "data.size was 256, is 512"),
        ({"loss__l1": 10.0}, "loss.l1 was 100.0, is 10.0"),
    ],
)
def test_all_else_is_refused_by_name(here: Environment, keys: dict[str, Any], says: str) -> None:
    with pytest.raises(RunError) as caught:
        check_resume(SAVED, changed(**keys), here, here, inexact=False)
    assert says in caught.value.message
    assert "--inexact" in str(caught.value.tip)
    assert check_resume(SAVED, changed(**keys), here, here, inexact=True) == [says]


def test_another_library_thread_count_or_device_is_refused(here: Environment) -> None:
    then = here.model_copy(update={"torch": "2.11.0", "threads": 8, "device": "NVIDIA H200"})
    with pytest.raises(RunError) as caught:
        check_resume(SAVED, SAVED, then, here, inexact=False)
    for says in (f"torch was 2.11.0, is {here.torch}", "threads was 8, is 2", "device was NVIDIA H200, is cpu"):
        assert says in caught.value.message


def test_threads_alone_get_their_own_remedy(here: Environment) -> None:
    then = here.model_copy(update={"threads": 8})
    with pytest.raises(RunError) as caught:
        check_resume(SAVED, SAVED, then, here, inexact=False)
    assert "OMP_NUM_THREADS=8" in str(caught.value.tip)


def test_every_difference_is_recorded(here: Environment) -> None:
    then = here.model_copy(update={"threads": 8})
    record = check_resume(SAVED, changed(seed=3, tracking="none"), then, here, inexact=True)
    assert record == ["seed was 21, is 3", "threads was 8, is 2"]
