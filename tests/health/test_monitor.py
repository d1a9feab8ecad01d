"""The detectors, live and from a log: each says once what begins, and once that it has ended."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from limner.health import Monitor, check_run
from limner.runs.declaration import ModelDeclaration, RunDeclaration, write_declaration
from limner.runs.folder import RunFolder
from limner.runs.logs import MetricsLog, MetricsRow

BOTH: tuple[Literal["AtoB", "BtoA"], ...] = ("AtoB", "BtoA")


def row(step: int, **values: float) -> MetricsRow:
    return MetricsRow(step, 0.0, 0.0, {tag.replace("__", "/"): value for tag, value in values.items()})


def shares(step: int, a: float, b: float, **more: float) -> MetricsRow:
    return row(
        step, val__AtoB__change_share=a, val__BtoA__change_share=b, val__AtoB__copied=0.5, val__BtoA__copied=0.5, **more
    )


def test_copying_begins_and_ends_in_each_direction() -> None:
    monitor = Monitor(BOTH)
    said = [monitor.check(shares(step, a, b)) for step, (a, b) in enumerate([(0.1, 0.9), (0.1, 0.1), (0.9, 0.1)])]
    told = [[(each.step, each.direction, each.ended) for each in found] for found in said]
    assert told == [[(0, "AtoB", False)], [(1, "BtoA", False)], [(2, "AtoB", True)]]
    assert "A → B copies its input: what it changes is 10%" in said[0][0].evidence and said[0][0].remedies


def test_other_colours_are_a_copy_only_where_no_adversary_watches() -> None:
    recoloured = {"val__change_share": 0.9, "val__copied": 0.95}
    assert [each.detector for each in Monitor().check(row(1, **recoloured))] == ["copying"]
    assert "95% of what it makes" in Monitor().check(row(1, **recoloured))[0].evidence
    assert Monitor().check(row(1, **recoloured, val__generator__adversarial=1.0)) == []
    assert Monitor().check(row(1, val__l1=0.3)) == [], "pairs have no such number"


def test_in_its_first_quarter_a_run_may_copy() -> None:
    assert Monitor(BOTH).check(shares(1, 0.1, 0.1), share=0.2) == []
    assert len(Monitor(BOTH).check(shares(1, 0.1, 0.1), share=0.3)) == 2


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_is_found_at_once(value: float) -> None:
    (found,) = Monitor().check(row(7, train__generator__l1=value, train__lr__generator=1e-4), share=0.0)
    assert (found.detector, found.step, found.severity) == ("diverging", 7, "fatal")
    assert found.evidence == "generator/l1 is no longer a number" and "training.clip=1" in found.remedies[1]
    assert Monitor().check(row(7, train__generator__l1=1.0)) == []


def test_a_resumed_monitor_does_not_say_it_again() -> None:
    first = Monitor(BOTH)
    first.check(shares(1, 0.1, 0.9))
    second = Monitor(BOTH)
    second.load_state_dict(first.state_dict())
    assert second.check(shares(2, 0.1, 0.9)) == []
    assert [each.ended for each in second.check(shares(3, 0.9, 0.9))] == [True]


def test_the_log_tells_as_much_as_the_living_run(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.recipe_path.write_text("training: {steps: 10}\n")
    model = ModelDeclaration(title="U-Net", parameters=1)
    remedies = {"copying": ["copy less"]}
    write_declaration(run, RunDeclaration(task="translate", directions=list(BOTH), model=model, remedies=remedies))
    with MetricsLog(run.metrics_path) as log:
        for step in range(1, 11):
            log.write(step, step / 2, 0.0, shares(step, 0.1, 0.9).values)
    (found,) = check_run(run)
    assert (found.step, found.direction, found.remedies) == (3, "AtoB", ("copy less",)), "from a quarter of the run on"
    run.recipe_path.write_text("training: {epochs: 5}\n")
    assert [each.step for each in check_run(run)] == [3], "two steps an epoch"
    run.recipe_path.write_text("training: {time: 2h}\n")
    assert [each.step for each in check_run(run)] == [1], "of unknown length"
