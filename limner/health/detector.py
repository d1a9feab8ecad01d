"""What a detector is: it looks at what a run has logged so far and says what is wrong with it now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from limner.runs.logs import Finding, MetricsRow


@dataclass(frozen=True)
class History:
    """What a run has logged up to some step.

    Attributes:
        rows: the lines of its log, the last one being the newest.
        share: of the whole run that is done, 0 to 1; None where its length is unknown.
        directions: those that tags name, or "" alone where the model has only one or none.
    """

    rows: Sequence[MetricsRow]
    share: float | None = None
    directions: tuple[str, ...] = ("",)

    @property
    def newest(self) -> MetricsRow:
        return self.rows[-1]


class Detector(Protocol):
    """Recognises one failure by numbers alone, so that a run folder tells as much as the living run."""

    name: str

    def looks_at(self, row: MetricsRow) -> bool:
        """Whether a line of the log tells it anything; after any other line it is not asked."""

    def check(self, history: History) -> list[Finding]:
        """What is wrong now, at most one finding for each direction. Nothing: all is well, or well again."""
