"""Ends a training that falls behind, by the median rule. No TensorFlow.

Source: Golovin et al., "Google Vizier: A Service for Black-Box Optimization", KDD 2017, section
3.2.2: a trial is stopped at a step if its best objective so far is strictly worse than the median
of the running averages, up to that step, of the completed trials. The objective is here the
training loss, since nothing else is known before a training ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median

from videonas.search.settings import Settings

POINTS = 20
"""Points of a whole curve, where there are as many steps. Curves are compared point by point: with
another number those of older results would mean something else."""

DIGITS = 5
"""Of a point, behind the decimal point: a curve is kept with every result."""

Curve = tuple[float, ...]
"""Mean training loss of each stretch of steps."""


def stretch_ends(train_steps: int) -> list[int]:
    """The number of steps made at the end of each stretch; the last is all of them."""
    points = min(POINTS, train_steps)
    return [train_steps * point // points for point in range(1, points + 1)]


def curve_of(losses: Sequence[float], train_steps: int) -> Curve:
    """The curve so far; a stretch that has not ended is left out.

    Args:
        losses: of the steps made, finite numbers.
        train_steps: steps of the whole training.
    """
    ends = [end for end in stretch_ends(train_steps) if end <= len(losses)]
    return tuple(
        round(fmean(losses[start:end]), DIGITS)
        for start, end in zip([0, *ends], ends, strict=False)
    )


def ends_early(losses: Sequence[float], finished: Sequence[Curve], settings: Settings) -> bool:
    """Whether a training is to be ended now, with steps left.

    Args:
        losses: of the steps made so far.
        finished: curves of finished trainings with the same settings; some may have ended early.
        settings: say whether the rule is on, and when it begins.
    """
    made, whole = len(losses), settings.train_steps
    if not finished or not settings.early_stopping:
        return False
    if not settings.early_stopping_start * whole <= made < whole:
        return False
    return falls_behind(curve_of(losses, whole), finished, settings.early_stopping_curves)


def falls_behind(curve: Curve, finished: Sequence[Curve], fewest: int) -> bool:
    """Whether the best point of a curve is worse than what others were at on average.

    Args:
        curve: so far.
        finished: other curves; those that ended before this point say nothing about it.
        fewest: curves that have to reach this point, 1 or more.
    """
    reached = len(curve)
    averages = [fmean(other[:reached]) for other in finished if len(other) >= reached > 0]
    return len(averages) >= fewest and min(curve) > median(averages)
