import errno
import json
import math
import os
from pathlib import Path

import pytest

from limner.errors import RunError
from limner.runs.logs import Event, EventLog, MetricsLog, MetricsRow, read_events, read_metrics


def write_steps(path: Path, *steps: int) -> None:
    with MetricsLog(path) as log:
        for step in steps:
            log.write(step, step / 10, step * 2.0, {"train/generator/l1": 1 / step})


def steps_in(path: Path) -> list[int]:
    return [row.step for row in read_metrics(path)]


def test_what_is_written_is_read_to_the_last_bit(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    with MetricsLog(path) as log:
        log.write(100, 0.25, 12.3, {"train/generator/l1": 0.1 + 0.2})
        log.write(200, 0.5, 20.0, {"val/ssim": 0.5})
    assert read_metrics(path) == [
        MetricsRow(100, 0.25, 12.3, {"train/generator/l1": 0.1 + 0.2}),
        MetricsRow(200, 0.5, 20.0, {"val/ssim": 0.5}),
    ]
    assert json.loads(path.read_text().splitlines()[0]) == {
        "schema": 1,
        "step": 100,
        "epoch": 0.25,
        "seconds": 12.3,
        "train/generator/l1": 0.1 + 0.2,
    }


def test_a_line_is_in_the_file_when_write_returns(tmp_path: Path) -> None:
    log = MetricsLog(tmp_path / "metrics.jsonl")
    log.write(1, 0.0, 0.0, {})
    assert steps_in(tmp_path / "metrics.jsonl") == [1]
    log.close()


def test_what_is_no_number_stays_valid_json(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    with MetricsLog(path) as log:
        log.write(1, 0.0, 0.0, {"a": math.nan, "b": math.inf, "c": -math.inf})

    def refuse(name: str) -> None:
        pytest.fail(f"{name} is not JSON")

    json.loads(path.read_text(), parse_constant=refuse)
    (row,) = read_metrics(path)
    assert math.isnan(row.values["a"])
    assert (row.values["b"], row.values["c"]) == (math.inf, -math.inf)


def test_later_lines_are_cut_off_and_writing_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    write_steps(path, 10, 20, 30, 40)
    with MetricsLog(path) as log:
        log.cut_after(20)
        assert steps_in(path) == [10, 20]
        log.write(25, 0.0, 0.0, {})
    assert steps_in(path) == [10, 20, 25]
    assert [entry.name for entry in tmp_path.iterdir()] == ["metrics.jsonl"]


def test_line_cut_short_by_a_kill_is_never_read_nor_joined(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    write_steps(path, 10, 20)
    whole = path.read_bytes()
    for length in range(whole.index(b"\n") + 1, len(whole)):
        path.write_bytes(whole[:length])
        assert steps_in(path) == [10]
        with MetricsLog(path) as log:
            log.write(30, 0.0, 0.0, {})
        assert steps_in(path) == [10, 30]


def test_cutting_also_removes_lines_that_a_power_cut_spoilt(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    write_steps(path, 10)
    with path.open("ab") as file:
        file.write(bytes(50) + b"\n[1]\n")
    with pytest.raises(RunError, match="line 2 is damaged"):
        read_metrics(path)
    with MetricsLog(path) as log:
        log.cut_after(10)
    assert steps_in(path) == [10]


@pytest.mark.parametrize(
    "line", ['{"schema": 1, "step": 1}', '{"schema": 1, "step": 1, "epoch": 0, "seconds": 0, "a": []}', "{}"]
)
def test_line_of_another_make_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(RunError, match=r"metrics\.jsonl, line 1 is damaged"):
        read_metrics(path)


def test_newer_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"schema": 2, "step": 1, "epoch": 0, "seconds": 0}\n')
    with pytest.raises(RunError, match="has format 2"):
        read_metrics(path)


def test_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "metrics.jsonl"
    write_steps(path, 10)
    real_write = os.write
    writes = 0

    def half(descriptor: int, data: bytes) -> int:
        nonlocal writes
        writes += 1
        if writes == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real_write(descriptor, data[: len(data) // 2])

    with MetricsLog(path) as log:
        monkeypatch.setattr(os, "write", half)
        with pytest.raises(RunError, match=r"disk is full: .*metrics\.jsonl"):
            log.write(20, 0.0, 0.0, {})
        monkeypatch.undo()
        log.write(30, 0.0, 0.0, {})
    assert steps_in(path) == [10, 30]


def test_no_file_yet_means_no_rows(tmp_path: Path) -> None:
    assert read_metrics(tmp_path / "metrics.jsonl") == []
    assert read_events(tmp_path / "events.jsonl") == []
    with pytest.raises(RunError, match="cannot be written"):
        MetricsLog(tmp_path / "none" / "metrics.jsonl")


def test_events(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    events = [
        Event(0, "note", "begun"),
        Event(7, "copying", "B -> A copies", "BtoA"),
        Event(9, "resumed", "at step 9"),
    ]
    with EventLog(path) as log:
        for event in events:
            log.write(event)
        log.cut_after(7)
        log.sync()
    assert read_events(path) == events[:2]
    assert "direction" not in path.read_text().splitlines()[0]
