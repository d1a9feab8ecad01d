"""Reading a run folder: strictly to go on with it, tolerantly to look at it."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path

import pytest

from limner.errors import RunError
from limner.runs.declaration import (
    ModelDeclaration,
    RunDeclaration,
    TermDeclaration,
    read_declaration,
    write_declaration,
)
from limner.runs.documents import read_object
from limner.runs.folder import RunFolder
from limner.runs.logs import Finding, HealthLog, MetricsLog, open_findings, read_events, read_findings, read_metrics
from limner.runs.reading import read_run

DECLARATION = RunDeclaration(
    task="generate",
    classes=["a", "b"],
    model=ModelDeclaration(title="DCGAN", parameters=3),
    terms=[TermDeclaration(tag="d/real", title="Opinion", bounds=(0, 1), reference=0.5)],
)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


def test_a_declaration_comes_back(run: RunFolder) -> None:
    write_declaration(run, DECLARATION)
    assert read_declaration(run) == DECLARATION
    assert run.declaration_path.name == "run.json" and '"schema": 1' in DECLARATION.text()


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "damaged"), ("[]", "damaged"), ('{"task": "dance"}', "task"), ('{"schema": 2}', "format 2")],
)
def test_a_bad_declaration_is_refused_or_noted(run: RunFolder, text: str, said: str) -> None:
    run.declaration_path.write_text(text)
    with pytest.raises(RunError, match=said):
        read_declaration(run)
    notes: list[str] = []
    assert read_declaration(run, notes) is None
    (note,) = notes
    assert note.startswith("run.json ") and ("newer limner" if said == "format 2" else "is damaged") in note


def test_a_missing_document_is_refused_or_noted(run: RunFolder) -> None:
    for read in (lambda notes: read_declaration(run, notes), lambda notes: read_object(run.data_path, notes)):
        with pytest.raises(RunError, match="cannot be read"):
            read(None)
        notes: list[str] = []
        assert not read(notes)
        assert "is not there (yet)" in notes[0]


def test_findings_come_back_and_are_cut(run: RunFolder) -> None:
    found = [
        Finding(5, "copying", "severe", "A copies", ("do this", "or that"), "AtoB"),
        Finding(8, "collapse", "warning", "all alike"),
        Finding(9, "copying", "severe", "A no longer copies", (), "AtoB", ended=True),
    ]
    with HealthLog(run.health_path) as log:
        for finding in found:
            log.write(finding)
    assert read_findings(run.health_path) == found
    assert open_findings(found) == [found[1]]
    with HealthLog(run.health_path) as log:
        log.cut_after(8)
    assert open_findings(read_findings(run.health_path)) == found[:2]


def test_one_direction_ends_alone() -> None:
    both = [Finding(5, "copying", "severe", way, (), way) for way in ("AtoB", "BtoA")]
    ended = Finding(6, "copying", "severe", "", (), "AtoB", ended=True)
    assert open_findings([*both, ended]) == both[1:]


@pytest.mark.parametrize(
    "wrong", [{"step": True}, {"step": -1}, {"severity": "mild"}, {"remedies": [2]}, {"remedies": "x"}, {"evidence": 3}]
)
def test_a_line_that_is_no_finding_is_refused_or_noted(run: RunFolder, wrong: dict[str, object]) -> None:
    line = {"schema": 1, **asdict(Finding(1, "x", "severe", "something")), **wrong}
    run.health_path.write_text(json.dumps(line) + "\n")
    with pytest.raises(RunError, match="line 1 is damaged"):
        read_findings(run.health_path)
    notes: list[str] = []
    assert read_findings(run.health_path, notes) == []
    assert notes == ["health.jsonl is damaged: 1 line is left out (line 1)."]


def test_tolerant_reading_keeps_what_is_whole(run: RunFolder) -> None:
    with MetricsLog(run.metrics_path) as log:
        log.write(10, 0.1, 1.0, {"a": math.nan})
    with run.metrics_path.open("ab") as file:
        file.write(b'\xff\n{"schema": 2, "step": 3}\n{"schema": 1, "step": 3, "epoch": 0, "seconds": 0, "a": {}}\n')
        file.write(b'{"schema": 1, "step": 20, "epoch": 0, "seconds": 0}\n{"schema": 1, "st')
    notes: list[str] = []
    assert [row.step for row in read_metrics(run.metrics_path, notes)] == [10, 20]
    assert notes == [
        "metrics.jsonl is damaged: 2 lines are left out (line 2, 4).",
        "metrics.jsonl holds lines of a newer limner (1), left out: upgrade limner.",
    ]
    assert read_events(run.events_path, notes) == [] and len(notes) == 2, "a run may have no events"


def test_an_empty_folder_is_read_with_notes(run: RunFolder) -> None:
    files = read_run(run.path)
    assert (files.step, files.tags, files.declaration, files.samples) == (0, set(), None, None)
    named = {note.partition(" ")[0] for note in files.notes}
    assert named == {"metrics.jsonl", "recipe.yaml", "environment.json", "data.json", "run.json"}
