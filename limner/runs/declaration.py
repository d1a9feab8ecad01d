"""What a run is and what its numbers mean, as the method, its model and its metrics declare it: `run.json`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt

from limner.config.base import Settings
from limner.files import write_atomically
from limner.runs.documents import read_model
from limner.runs.folder import RunFolder

Better = Literal["lower", "higher", ""]
"""Which way a number is better; empty where neither is."""


ARROWS: dict[str, str] = {"AtoB": "A → B", "BtoA": "B → A"}
"""A direction as tags and files name it, and as a person reads it."""


class ModelDeclaration(Settings):
    """The model that is taken away."""

    title: str
    """The network in words, such as "U-Net"."""
    parameters: NonNegativeInt
    """Of one network."""
    networks: NonNegativeInt = 1
    """How many of them: two where each direction has its own."""


class MetricDeclaration(Settings):
    """A number that validations give, as `val/NAME`, `val/DIRECTION/NAME`, and the same of the training split."""

    name: str
    title: str
    sentence: str
    """What it measures and how it misleads. Two runs whose sentences differ did not measure the same."""
    better: Better = ""
    reference: float | None = None
    """A value that means something of its own, which the sentence explains; a chart marks it."""
    copy_wins: bool = False
    """A translator that only copies its input has the best value, so a comparison marks no best one."""


class TermDeclaration(Settings):
    """A term of a loss, logged as `train/TAG` and `val/TAG`."""

    tag: str
    """LOSS/TERM."""
    title: str
    """Of its chart. Terms of the same title share one, whichever losses they belong to. Where two losses use a title
    for terms of the same label, each loss gets a chart of its own."""
    sentence: str = ""
    label: str = ""
    """What tells it from the others in its chart: "real", "A → B → A", ..."""
    better: Better = ""
    bounds: tuple[float, float] | None = Field(default=None, strict=False)
    """Of the chart's axis, where they are known."""
    reference: float | None = None
    """A value to compare with, such as 0.5 for an opinion that is a coin toss."""
    copy_wins: bool = False
    """As for a metric."""


class RunDeclaration(Settings):
    """The document `run.json`."""

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    task: Literal["translate", "generate"]
    directions: list[Literal["AtoB", "BtoA"]] = []
    """Those that the model translates in, the first one first; tags and samples name them where there are two."""
    domains: bool = False
    """Whether it learns from two domains, A and B, rather than from pairs."""
    targets: bool = False
    """Whether what the validation inputs should become is known."""
    classes: list[str] = []
    """That a generator can be asked for."""
    model: ModelDeclaration
    metrics: list[MetricDeclaration] = []
    """In the order in which a page shows them."""
    terms: list[TermDeclaration] = []
    """In the order in which a page shows them."""
    remedies: dict[str, list[str]] = {}
    """What helps this method against a finding, by the detector's name."""

    def text(self) -> str:
        """What `run.json` says."""
        return self.model_dump_json(indent=1, by_alias=True) + "\n"


def write_declaration(run: RunFolder, declaration: RunDeclaration) -> None:
    """Write `run.json`, whole or not at all.

    Raises:
        RunError: it cannot be written.
    """
    write_atomically(run.declaration_path, declaration.text())


def read_declaration(run: RunFolder, notes: list[str] | None = None) -> RunDeclaration | None:
    """Read `run.json`; None when it was left out.

    Args:
        notes: reads tolerantly and takes the notes, see `limner.runs.documents`.

    Raises:
        RunError: in strict reading, when it is missing, damaged or of a newer format.
    """
    return read_model(run.declaration_path, RunDeclaration, notes)
