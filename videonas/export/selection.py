"""Who is in an ensemble: forward selection on the validation split, and how networks differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from videonas.export.clip_logits import ClipLogits, mean_logits
from videonas.export.videos import INTACT, VideoScores, accuracy

THERE = 0.5
"""A score from which on one of several labels is given."""

Disagreements = Mapping[tuple[int, int], float]
"""Of each two networks, by their places, the smaller first."""


def forward_selection(
    answers: Sequence[ClipLogits], first: int, size: int, differ: Disagreements
) -> list[int]:
    """Networks for an ensemble, in the order in which they are chosen.

    Begins with the fittest; then takes, each time, the one with which the averaged logits are most
    accurate; of equals the one that disagrees most with those chosen, and then the first.

    Source: Caruana, Niculescu-Mizil, Crew and Ksikes, Ensemble selection from libraries of models
    (ICML 2004), section 2: forward selection, here without replacement and until there are so
    many.

    Args:
        answers: of each network, of the validation split.
        first: place of the fittest.
        size: how many to choose; all where there are no more.
        differ: see `disagreements`.
    """
    chosen = [first]
    while len(chosen) < min(size, len(answers)):
        others = [place for place in range(len(answers)) if place not in chosen]
        chosen.append(max(others, key=lambda place: (
            _accuracy([answers[p] for p in (*chosen, place)]),
            sum(differ[min(place, p), max(place, p)] for p in chosen),
            -place,
        )))
    return chosen


def disagreements(scores: Sequence[VideoScores]) -> Disagreements:
    """How often each two networks disagree on the videos of a split.

    Args:
        scores: of each network.
    """
    return {
        (one, other): disagreement(scores[one], scores[other])
        for one, other in combinations(range(len(scores)), 2)
    }


def disagreement(one: VideoScores, other: VideoScores) -> float:
    """Share of the videos whose best label differs; of several labels, share of all labels of all
    videos that one network gives and the other does not.
    """
    mine, others = (each.scores[INTACT] for each in (one, other))
    if one.labels.ndim > 1:
        return float(np.mean((mine >= THERE) != (others >= THERE)))
    return float(np.mean(mine.argmax(axis=1) != others.argmax(axis=1)))


def _accuracy(members: Sequence[ClipLogits]) -> float:
    """Top-1 of the averaged logits; mAP where a video can have several labels."""
    together = mean_logits(members).scores()
    metrics = accuracy(together.scores[INTACT], together.labels).metrics
    return metrics.get("top1", metrics.get("map", 0.0))
