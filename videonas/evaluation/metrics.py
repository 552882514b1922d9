"""Metrics of what a network answers, over all clips or videos at once. No TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np

LEAST = float(np.finfo(np.float32).tiny)
"""A score below it counts as this: the loss of a wrong answer stays finite, at 87 nats."""


def classification_metrics(answers: Any, labels: Any, *, scores: bool = False) -> dict[str, float]:
    """What can be said of the answers; which metrics there are follows from the labels.

    Equal answers, and those that are no number, count against the network: one that says nothing
    scores nothing.

    Args:
        answers: `(n, classes)`, logits.
        labels: one of each, `(n,)` indices of classes; or several, `(n, classes)`, 1 for each
            class that is there.
        scores: whether the answers are scores instead, from 0 to 1, as softmax gives them for one
            label and sigmoid for several; means over the clips of a video are, too.

    Returns:
        of one label `top1` and `top5`, shares, where top-5 counts all of fewer than 5 classes, and
        `loss`, the mean cross-entropy in nats; of several `map`, see `mean_average_precision`, and
        `loss`, the mean over all classes of the binary cross-entropy in nats. `map` is missing
        where no class is there at all.
    """
    answers, labels = np.asarray(answers, np.float64), np.asarray(labels)
    if labels.ndim == 1:
        return _of_one_label(answers, labels, scores)
    losses = _binary_losses(answers, labels, scores)
    ranking = {"map": mean_average_precision(answers, labels)} if labels.any() else {}
    return {**ranking, "loss": float(np.mean(losses))}


def mean_average_precision(answers: Any, labels: Any) -> float:
    """The mean of the average precision over all classes that are there at least once.

    Args:
        answers: `(n, classes)`, logits or scores: only their order counts, class by class.
        labels: `(n, classes)`, 1 for each class that is there, and some class is.
    """
    there = np.asarray(labels, bool)
    answers = np.asarray(answers, np.float64)
    # what is no number stands last where the class is there, and first where it is not
    answers = np.where(np.isnan(answers), np.where(there, -np.inf, np.inf), answers)
    classes = np.flatnonzero(there.any(axis=0))
    return float(np.mean([average_precision(answers[:, c], there[:, c]) for c in classes]))


def average_precision(answers: Any, there: Any) -> float:
    """The mean, over all that is to be found, of the precision down to its place in the order.

    It is not interpolated. Of equal answers the last place counts for all: their order is chance.

    Args:
        answers: `(n,)` numbers, the surest highest.
        there: `(n,)` bool, True at least once.
    """
    order = np.argsort(-answers, kind="stable")
    falling, found = -answers[order], np.cumsum(there[order])
    places = np.searchsorted(falling, falling, side="right")
    precision = found[places - 1] / places
    return float(precision[there[order]].mean())


def _of_one_label(answers: Any, labels: Any, scores: bool) -> dict[str, float]:
    own = answers[np.arange(len(labels)), labels]
    if scores:
        losses = -np.log(np.maximum(own, LEAST))
    else:
        peak = answers.max(axis=1)
        losses = peak + np.log(np.exp(answers - peak[:, None]).sum(axis=1)) - own
    rank = (~(answers < own[:, None])).sum(axis=1)
    return {
        "top1": float(np.mean(rank <= 1)),
        "top5": float(np.mean(rank <= 5)),
        "loss": float(np.mean(losses)),
    }


def _binary_losses(answers: Any, labels: Any, scores: bool) -> Any:
    """Cross-entropies in nats, `(n, classes)`."""
    there = np.asarray(labels, bool)
    if scores:
        return -np.log(np.maximum(np.where(there, answers, 1 - answers), LEAST))
    with np.errstate(invalid="ignore"):  # what is no number stays none
        return np.logaddexp(0, np.where(there, -answers, answers))
