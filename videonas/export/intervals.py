"""How far a share that was counted can be from the true one."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist


def wilson_interval(hits: int, total: int, level: float = 0.95) -> tuple[float, float]:
    """The score interval of a proportion.

    Source: Wilson, Probable inference, the law of succession, and statistical inference (1927);
    without a continuity correction.

    Args:
        hits: how many of `total`.
        total: 1 or more.
        level: how often such intervals hold the true share.

    Returns:
        its lower and its upper end, from 0 to 1.
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = hits / total
    centre = share + z * z / (2 * total)
    half = z * sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2)
    scale = 1 + z * z / total
    # at 0 and at `total` one end is known exactly, and rounding would miss it
    low = 0.0 if hits == 0 else (centre - half) / scale
    high = 1.0 if hits == total else (centre + half) / scale
    return low, high
