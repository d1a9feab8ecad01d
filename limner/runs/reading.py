"""Read a whole run folder as it is: what is missing, half-written or damaged is left out with one honest line."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from limner.runs.declaration import RunDeclaration, read_declaration
from limner.runs.documents import Json, read_object
from limner.runs.folder import RunFolder
from limner.runs.logs import Event, Finding, MetricsRow, read_events, read_findings, read_metrics
from limner.runs.samples import SampleIndex, read_index, read_ranked


@dataclass(frozen=True)
class RunFiles:
    """The text files of one run folder. Whatever could not be read is empty here and named in `notes`.

    Attributes:
        recipe: the resolved recipe, nested as in the YAML.
        declaration: what the run is; None when it is not known.
        metrics: by rising step.
        events: in their order, as the findings.
        samples: the images followed through training.
        ranked: images of the newest validation.
        notes: one sentence for each thing that was left out.
    """

    folder: RunFolder
    recipe: Json = field(default_factory=dict)
    environment: Json = field(default_factory=dict)
    data: Json = field(default_factory=dict)
    declaration: RunDeclaration | None = None
    metrics: list[MetricsRow] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    samples: SampleIndex | None = None
    ranked: SampleIndex | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def path(self) -> Path:
        return self.folder.path

    @property
    def name(self) -> str:
        return self.path.resolve().name

    @cached_property
    def tags(self) -> set[str]:
        """Every tag that was logged."""
        return {tag for row in self.metrics for tag in row.values}

    @property
    def step(self) -> int:
        """The last step that was logged; 0 before the first line."""
        return self.metrics[-1].step if self.metrics else 0


def read_run(path: Path) -> RunFiles:
    """Read the text files of a run folder; never raises for what is missing or damaged."""
    run, notes = RunFolder(path), list[str]()
    metrics = read_metrics(run.metrics_path, notes)
    if not metrics and run.metrics_path.is_file():
        notes.append("metrics.jsonl holds no finished line yet, so there are no curves.")
    return RunFiles(
        folder=run,
        recipe=read_object(run.recipe_path, notes),
        environment=read_object(run.environment_path, notes),
        data=read_object(run.data_path, notes),
        declaration=read_declaration(run, notes),
        metrics=sorted(metrics, key=lambda row: row.step),
        events=read_events(run.events_path, notes),
        findings=read_findings(run.health_path, notes),
        samples=read_index(run, notes),
        ranked=read_ranked(run, notes),
        notes=notes,
    )


def dig(document: Json, key: str) -> Any:
    """The value of a dotted key; None when it is not there."""
    value: Any = document
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
