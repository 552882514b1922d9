"""Metrics by hand, by others, and by what must hold of them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from videonas.evaluation.metrics import (
    average_precision,
    classification_metrics,
    mean_average_precision,
)

# One label

def test_metrics_by_hand() -> None:
    shares = np.array([
        [0.40, 0.20, 0.15, 0.10, 0.08, 0.04, 0.03],
        [0.40, 0.20, 0.15, 0.10, 0.08, 0.04, 0.03],
        [0.40, 0.20, 0.15, 0.10, 0.08, 0.04, 0.03],
        [0.03, 0.04, 0.08, 0.10, 0.15, 0.20, 0.40],
    ])
    # first, fifth, sixth and first in rank
    labels = np.array([0, 4, 5, 6])
    metrics = classification_metrics(np.log(shares) + 11.0, labels)
    assert metrics == pytest.approx({
        "top1": 2 / 4,
        "top5": 3 / 4,
        "loss": -np.mean(np.log([0.40, 0.08, 0.04, 0.40])),
    })
    assert {type(value) for value in metrics.values()} == {float}


@pytest.mark.parametrize("classes", [6, 8, 50])
def test_metrics_are_those_of_keras(classes: int) -> None:
    rng = np.random.default_rng(classes)
    logits = rng.normal(0, 3, (500, classes)).astype(np.float32)
    labels = rng.integers(0, classes, 500)
    metrics = classification_metrics(logits, labels)
    losses = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    assert metrics["loss"] == pytest.approx(float(np.mean(losses)), rel=1e-5)
    for name, k in (("top1", 1), ("top5", 5)):
        hits = keras.metrics.sparse_top_k_categorical_accuracy(labels, logits, k)
        assert metrics[name] == pytest.approx(float(np.mean(hits)))
    assert 0 < metrics["top1"] < metrics["top5"] < 1


@pytest.mark.parametrize("value", [0.0, -3.0, 1e6])
def test_a_network_that_says_nothing_scores_nothing(value: float) -> None:
    logits = np.full((10, 10), value, np.float32)
    metrics = classification_metrics(logits, np.arange(10))
    assert metrics == pytest.approx({"top1": 0.0, "top5": 0.0, "loss": np.log(10)})


def test_logits_that_are_no_numbers_count_against_the_network() -> None:
    logits = np.full((10, 10), np.nan, np.float32)
    metrics = classification_metrics(logits, np.arange(10))
    assert (metrics["top1"], metrics["top5"]) == (0, 0)
    assert np.isnan(metrics["loss"])


def test_ties_count_against_the_network() -> None:
    logits = np.array([[5, 4, 3, 2, 1, 1, 0]] * 7, np.float32)
    right = [classification_metrics(logits[:1], np.array([label])) for label in range(7)]
    assert [m["top5"] for m in right] == [1, 1, 1, 1, 0, 0, 0]
    first_two = np.array([[2, 2, 1]], np.float32)
    assert classification_metrics(first_two, np.array([0]))["top1"] == 0
    assert classification_metrics(first_two, np.array([1]))["top1"] == 0


@pytest.mark.parametrize("classes", [1, 2, 4, 5])
def test_with_few_classes_top5_counts_all(classes: int) -> None:
    logits = np.tile(np.arange(classes, dtype=np.float32), (classes, 1))
    metrics = classification_metrics(logits, np.arange(classes))
    assert metrics["top5"] == 1
    assert metrics["top1"] == pytest.approx(1 / classes)
    assert classification_metrics(np.zeros((3, classes)), np.zeros(3, int))["top5"] == 1


def test_huge_logits_stay_finite() -> None:
    largest = float(np.finfo(np.float32).max)
    logits = np.array([[largest, -largest, 0], [1e4, 0, -1e4]], np.float32)
    right = classification_metrics(logits, np.array([0, 0]))
    assert right == {"top1": 1.0, "top5": 1.0, "loss": 0.0}
    wrong = classification_metrics(logits, np.array([1, 1]))
    assert wrong["loss"] == pytest.approx((2 * largest + 1e4) / 2)
    assert wrong["top1"] == 0


@pytest.mark.parametrize("place", [0, 1])
def test_a_logit_that_is_no_number_makes_the_loss_none(place: int) -> None:
    logits = np.zeros((4, 3), np.float32)
    logits[2, place] = np.nan
    assert not np.isfinite(classification_metrics(logits, np.zeros(4, int))["loss"])


def test_scores_of_one_label_give_what_their_logits_give() -> None:
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(0, 3, (200, 9)), rng.integers(0, 9, 200)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    given_ = classification_metrics(shares, labels, scores=True)
    assert given_ == pytest.approx(classification_metrics(logits, labels))
    assert given_ != pytest.approx(classification_metrics(shares, labels))


@pytest.mark.parametrize(("labels", "wrong"), [
    (np.array([0, 0]), [[0.0, 1.0], [0.0, 1.0]]),
    (np.array([[1, 0], [0, 1]]), [[0.0, 1.0], [1.0, 0.0]]),
], ids=["one label", "several"])
def test_certainty_in_the_wrong_answer_has_a_finite_loss(labels: Any, wrong: Any) -> None:
    loss = classification_metrics(np.array(wrong, np.float32), labels, scores=True)["loss"]
    assert loss == pytest.approx(87.3, abs=0.1)
    right = 1 - np.array(wrong, np.float32)
    assert classification_metrics(right, labels, scores=True)["loss"] == 0


# Several labels

def test_average_precision_by_hand() -> None:
    there = np.array([True, False, True, False, True])
    # found at places 1, 3 and 5: one of one, two of three, three of five
    falling = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    assert average_precision(falling, there) == pytest.approx((1 + 2 / 3 + 3 / 5) / 3)
    # the same places, counted from the other end
    mixed = np.array([0.5, 0.6, 0.7, 0.8, 0.9])
    assert average_precision(mixed, there) == pytest.approx((1 + 2 / 3 + 3 / 5) / 3)
    # the second and the third are equal: both are found among three
    equal = np.array([0.9, 0.7, 0.7, 0.6, 0.5])
    assert average_precision(equal, there) == pytest.approx((1 + 2 / 3 + 3 / 5) / 3)
    # the last two are equal: three of five, however they are ordered
    assert average_precision(np.array([0.9, 0.8, 0.7, 0.5, 0.5]), there) == pytest.approx(
        average_precision(falling, there)
    )


def test_metrics_of_several_labels_by_hand() -> None:
    logits = np.log([[3.0, 1.0, 1.0], [1.0, 3.0, 1.0]])
    labels = np.array([[1, 1, 0], [0, 0, 0]], np.uint8)
    # the first class is found at once, the second after another, the third is nowhere there
    metrics = classification_metrics(logits, labels)
    shares = [[3 / 4, 1 / 2, 1 / 2], [1 / 2, 1 / 4, 1 / 2]]
    assert metrics == pytest.approx({"map": (1 + 1 / 2) / 2, "loss": -np.mean(np.log(shares))})
    assert {type(value) for value in metrics.values()} == {float}


@st.composite
def answered(draw: st.DrawFn) -> tuple[Any, Any]:
    """Answers, many of them equal, and labels, some of them there."""
    clips, classes = draw(st.integers(1, 12)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    answers = rng.integers(-draw(st.integers(0, 9)), 3, (clips, classes)).astype(float)
    labels = rng.random((clips, classes)) < draw(st.floats(0, 1))
    labels[rng.integers(clips), rng.integers(classes)] = True
    return answers, labels.astype(np.uint8)


@given(answered())
def test_average_precision_is_the_area_under_the_steps(data: tuple[Any, Any]) -> None:
    """By its definition: at each threshold the precision, times what is found anew."""
    answers, there = data[0][:, 0], data[1][:, 0].astype(bool)
    there[0] = True
    area, before = 0.0, 0.0
    for threshold in sorted(set(answers), reverse=True):
        found = answers >= threshold
        recall = (found & there).sum() / there.sum()
        area += (recall - before) * (found & there).sum() / found.sum()
        before = recall
    assert average_precision(answers, there) == pytest.approx(area)


@given(answered())
@settings(deadline=None)
def test_average_precision_is_that_of_scikit_learn(data: tuple[Any, Any]) -> None:
    others = pytest.importorskip("sklearn.metrics")
    answers, labels = data
    classes = np.flatnonzero(labels.any(axis=0))
    theirs = [others.average_precision_score(labels[:, c], answers[:, c]) for c in classes]
    assert mean_average_precision(answers, labels) == pytest.approx(np.mean(theirs))


@given(answered(), st.randoms(use_true_random=False))
def test_only_the_order_in_a_class_counts(data: tuple[Any, Any], random: Any) -> None:
    answers, labels = data
    value = mean_average_precision(answers, labels)
    assert 0 < value <= 1
    rescaled = np.exp(answers / 3) + np.arange(answers.shape[1])
    assert mean_average_precision(rescaled, labels) == pytest.approx(value)
    clips = random.sample(range(len(answers)), len(answers))
    classes = random.sample(range(answers.shape[1]), answers.shape[1])
    mixed = answers[clips][:, classes], labels[clips][:, classes]
    assert mean_average_precision(*mixed) == pytest.approx(value)
    absent = np.zeros((len(labels), 1), np.uint8)
    more = np.hstack([answers, np.ones_like(answers[:, :1])]), np.hstack([labels, absent])
    assert mean_average_precision(*more) == pytest.approx(value), "a class that is nowhere there"


@given(answered())
def test_who_knows_all_is_right_and_who_says_nothing_is_at_chance(data: tuple[Any, Any]) -> None:
    _, labels = data
    present = labels[:, labels.any(axis=0)]
    assert mean_average_precision(labels, labels) == 1
    nothing = np.full(labels.shape, 0.5)
    assert mean_average_precision(nothing, labels) == pytest.approx(present.mean())
    no_numbers = np.full(labels.shape, np.nan)
    assert mean_average_precision(no_numbers, labels) == pytest.approx(present.mean())


def test_an_answer_that_is_no_number_counts_against_the_network() -> None:
    labels = np.array([[1], [0], [0]])
    best = np.array([[3.0], [2.0], [1.0]])
    assert mean_average_precision(best, labels) == 1
    for clip, value in ((0, 1 / 3), (1, 1 / 2), (2, 1 / 2)):
        broken = best.copy()
        broken[clip] = np.nan
        assert mean_average_precision(broken, labels) == pytest.approx(value)
        assert not np.isfinite(classification_metrics(broken, labels)["loss"])


@given(answered())
@settings(deadline=None)
def test_the_loss_of_several_labels_is_that_of_keras(data: tuple[Any, Any]) -> None:
    answers, labels = data
    theirs = keras.losses.binary_crossentropy(
        labels.astype(np.float32), answers.astype(np.float32), from_logits=True
    )
    ours = classification_metrics(answers, labels)
    assert ours["loss"] == pytest.approx(float(np.mean(theirs)), rel=1e-4)
    scores = 1 / (1 + np.exp(-answers))
    assert classification_metrics(scores, labels, scores=True) == pytest.approx(ours)


def test_huge_logits_of_several_labels_stay_finite() -> None:
    largest = float(np.finfo(np.float32).max)
    logits = np.array([[largest, -largest]], np.float32)
    assert classification_metrics(logits, np.array([[1, 0]])) == {"map": 1.0, "loss": 0.0}
    assert classification_metrics(logits, np.array([[0, 1]]))["loss"] == pytest.approx(largest)


def test_where_no_class_is_there_nothing_can_be_found() -> None:
    metrics = classification_metrics(np.zeros((4, 3)), np.zeros((4, 3), np.uint8))
    assert metrics == pytest.approx({"loss": np.log(2)})
