"""A translator that only copies its input."""

from __future__ import annotations

from limner.health.detector import History
from limner.metrics.translation import CHANGED, is_copying
from limner.runs.declaration import ARROWS
from limner.runs.logs import Finding, MetricsRow

EARLY = 0.25
"""Share of a run in which nothing is said: most translators begin by copying."""
REMEDIES = ("train longer", "give the terms that hold the output to its input less weight", "use an adversary")


class Copying:
    """The outputs are the inputs, as they were or, without an adversary that would notice, in other colours."""

    name = "copying"

    def looks_at(self, row: MetricsRow) -> bool:
        return any(tag.endswith("/change_share") and tag.startswith("val/") for tag in row.values)

    def check(self, history: History) -> list[Finding]:
        if history.share is not None and history.share < EARLY:
            return []
        row = history.newest
        # Terms of that name come from a discriminator that watches the outputs.
        adversary = any(tag.rpartition("/")[2].startswith("adversarial") for tag in row.values)
        found = []
        for direction in history.directions:
            prefix = f"val/{direction}/" if direction else "val/"
            names = ("change_share", "copied")
            scores = {name: row.values[prefix + name] for name in names if prefix + name in row.values}
            if is_copying(scores, adversary):
                evidence = f"{ARROWS.get(direction, 'The translator')} copies its input: {_seen(scores)}"
                found.append(Finding(row.step, self.name, "severe", evidence, REMEDIES, direction))
        return found


def _seen(scores: dict[str, float]) -> str:
    if scores["change_share"] >= CHANGED:
        return f"{scores['copied']:.0%} of what it makes is the input in its own or in other colours"
    return f"what it changes is {scores['change_share']:.0%} of the distance between the domains"
