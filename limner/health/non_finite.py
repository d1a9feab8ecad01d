"""Losses that are not finite: training has broken down."""

from __future__ import annotations

import math

from limner.health.detector import History
from limner.runs.logs import Finding, MetricsRow

REMEDIES = ("lower training.optimiser.lr", "set training.clip=1", "try precision=fp32")


class NonFinite:
    """A logged loss is NaN or infinite. The trainer stops then, and never saves such weights."""

    name = "diverging"

    def looks_at(self, row: MetricsRow) -> bool:
        return any(tag.startswith("train/") for tag in row.values)

    def check(self, history: History) -> list[Finding]:
        row = history.newest
        bad = [tag for tag, value in row.values.items() if tag.startswith("train/") and not math.isfinite(value)]
        if not bad:
            return []
        return [
            Finding(row.step, self.name, "fatal", f"{bad[0].removeprefix('train/')} is no longer a number", REMEDIES)
        ]
