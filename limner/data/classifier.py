"""How far two sets of measured pictures lie apart, less what chance alone gives."""

from __future__ import annotations

from typing import Final

import numpy as np

from limner.data.domain_traits import Floats

_FOLDS: Final = 10
_RIDGE: Final = 10.0
_LEAST_SPREAD: Final = 0.01


def effect(a: Floats, b: Floats, least: float) -> float:
    """Distance of the means of (N,) and (M,) values in standard deviations, less two standard errors.

    0 where the means lie closer than `least`, however sure that is.
    """
    distance = abs(float(a.mean() - b.mean()))
    if distance < least:
        return 0.0
    spread = float(np.sqrt((a.var() + b.var()) / 2)) + _LEAST_SPREAD
    return max(0.0, distance / spread - 2 * float(np.sqrt(1 / len(a) + 1 / len(b))))


def layout_shift(a: Floats, b: Floats) -> tuple[float, float]:
    """How much of what the maps (N, ...) and (M, ...) hold lies elsewhere on average, 0 to 1, and what chance gives.

    The first is the total variation distance of the mean maps, each of which sums to 1. The second is its expectation
    for two samples of one distribution, with the variance of each cell as measured.
    """
    distance = np.abs(a.mean(0) - b.mean(0)).sum() / 2
    # The mean absolute value of a normal error of this variance, summed over the cells like the distance itself.
    chance = np.sqrt(2 / np.pi * (a.var(0) / len(a) + b.var(0) / len(b))).sum() / 2
    return float(distance), float(chance)


def classifier_accuracy(a: Floats, b: Floats) -> float:
    """Share of rows of (N, D) and (M, D) whose set is told right, both sets counting the same; 0.5 is a coin.

    By ridge regression on the standardised columns, each row told by what was learnt from the other nine tenths.
    """
    rows, side = np.concatenate([a, b]), np.repeat([1.0, -1.0], [len(a), len(b)])
    rows = (rows - rows.mean(0)) / (rows.std(0) + 1e-9)
    rows = np.column_stack([rows, np.ones(len(rows))])
    weight = np.repeat([0.5 / len(a), 0.5 / len(b)], [len(a), len(b)]) * len(rows)
    fold = np.concatenate([np.arange(len(a)), np.arange(len(b))]) % _FOLDS
    said = np.empty(len(rows))
    for each in range(_FOLDS):
        known = fold != each
        weighted = rows[known].T * weight[known]
        ridge = _RIDGE * np.eye(rows.shape[1])
        said[~known] = rows[~known] @ np.linalg.solve(weighted @ rows[known] + ridge, weighted @ side[known])
    right = said * side > 0
    return float(right[side > 0].mean() + right[side < 0].mean()) / 2
