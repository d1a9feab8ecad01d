"""Whether a run may go on: a resumed run equals an uninterrupted one, or says that it does not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from limner.config.load import recipe_differences
from limner.config.recipe import Recipe
from limner.errors import RunError
from limner.runs.environment import Environment, compare_environments

_FREE = re.compile(r"training\.(steps|epochs|time|\w+_every)|data\.(workers|path|path_b)|tracking|about(\..*)?")


class _Change(NamedTuple):
    key: str
    then: str
    now: str

    def __str__(self) -> str:
        return f"{self.key} was {self.then}, is {self.now}"


def check_resume(saved: Recipe, wanted: Recipe, then: Environment, now: Environment, inexact: bool) -> list[str]:
    """Compare what a run was started with to what it would go on with.

    Free to change: `training.steps`, `training.epochs`, `training.time`, every `training.*_every`, `data.workers`,
    `tracking`, `about`. So are `data.path` and `data.path_b` here: a folder may be moved, and only the caller can see
    whether the same pictures lie in it.

    Args:
        saved: the recipe in the run folder.
        wanted: the same with the overrides of the person who resumes.
        then: the environment in the run folder.
        now: this one, with the number of threads already set.
        inexact: go on all the same.

    Returns:
        What differs, one sentence each, for the run's record; empty when the resumed run will be bit-exact.

    Raises:
        RunError: something differs and `inexact` was not said; lists each difference.
    """
    changes = [*_settings(saved, wanted), *(_Change(*each) for each in compare_environments(then, now))]
    if changes and not inexact:
        listed = "".join(f"\n  {change}" for change in changes)
        raise RunError(f"The resumed run would not equal an uninterrupted one:{listed}", _tip(changes))
    return [str(change) for change in changes]


def _settings(saved: Recipe, wanted: Recipe) -> list[_Change]:
    differences = recipe_differences(saved, wanted)
    return [_Change(each.key, _shown(each.a), _shown(each.b)) for each in differences if not _FREE.fullmatch(each.key)]


def _tip(changes: Sequence[_Change]) -> str:
    threads = [change for change in changes if change.key == "threads"]
    if len(changes) == len(threads):
        return f"compute with {threads[0].then} threads (OMP_NUM_THREADS={threads[0].then}), or go on with --inexact"
    return "put these back as they were, or add --inexact to go on all the same; the run records it"


def _shown(value: object) -> str:
    return "not set" if value is None else str(value)
