"""How alike two orders are, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RESAMPLES = 4_000


def ranks(values: Any) -> Floats:
    """The rank of each value along the last axis, the lowest 1; equal values share the mean of
    their ranks.

    Args:
        values: `(..., n)`.

    Returns:
        of the same shape.
    """
    one = np.asarray(values, float)[..., :, None]
    other = np.swapaxes(one, -1, -2)
    shared: Floats = (other < one).sum(-1) + ((other == one).sum(-1) + 1) / 2
    return shared


def spearman(one: Sequence[float], other: Sequence[float]) -> float:
    """The rank correlation of two measures of the same things, -1 to 1.

    0 where one of them is the same for all: it orders nothing.

    Raises:
        ValueError: they are not equally many, or fewer than two.
    """
    if len(one) != len(other) or len(one) < 2:
        raise ValueError(f"{len(one)} and {len(other)} values; allowed: as many, and 2 or more")
    return float(_correlation(ranks(one), ranks(other)))


def spearman_interval(
    one: Sequence[float], other: Sequence[float], resamples: int = RESAMPLES
) -> tuple[float, float, float]:
    """The rank correlation, with a 95 % interval by resampling the things that were measured.

    Args:
        one: `(n,)`.
        other: `(n,)`, of the same things in the same order.
        resamples: of the bootstrap; its draws are the same each time.

    Returns:
        the correlation, and the ends of the interval.
    """
    a, b = np.asarray(one, float), np.asarray(other, float)
    drawn = np.random.default_rng(0).integers(0, len(a), (resamples, len(a)))
    low, high = np.percentile(_correlation(ranks(a[drawn]), ranks(b[drawn])), (2.5, 97.5))
    return spearman(one, other), float(low), float(high)


def _correlation(one: Floats, other: Floats) -> Floats:
    """Pearson's, along the last axis; 0 where one of them does not vary."""
    a, b = (ranked - ranked.mean(-1, keepdims=True) for ranked in (one, other))
    spread = np.sqrt((a * a).sum(-1) * (b * b).sum(-1))
    together: Floats = (a * b).sum(-1) / np.where(spread, spread, 1.0)
    return together
