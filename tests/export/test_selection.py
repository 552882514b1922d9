from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from videonas.export.clip_logits import ClipLogits
from videonas.export.selection import disagreement, disagreements, forward_selection
from videonas.export.videos import VideoScores

VIDEOS, CLASSES = 8, 3
LABELS = np.arange(VIDEOS) % CLASSES


def answers_of(right: str, sure: float = 4.0, doubt: float | None = None) -> ClipLogits:
    """A network that is right about the videos marked `x`, and wrong about others.

    Args:
        right: a mark a video.
        sure: logit of what it answers.
        doubt: the same where it is wrong; by default it is as sure.
    """
    logits = np.zeros((VIDEOS, CLASSES), np.float32)
    marked = np.array([mark == "x" for mark in right])
    given = np.where(marked, LABELS, (LABELS + 1) % CLASSES)
    logits[np.arange(VIDEOS), given] = np.where(marked, sure, sure if doubt is None else doubt)
    return ClipLogits(tuple(map(str, range(VIDEOS))), LABELS, {"intact": logits})


def chosen_of(answers: list[ClipLogits], first: int, size: int) -> list[int]:
    differ = disagreements([each.scores() for each in answers])
    return forward_selection(answers, first, size, differ)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 2**VIDEOS - 1), min_size=2, max_size=5), st.data())
def test_it_begins_with_the_fittest_and_takes_nobody_twice(
    masks: list[int], data: st.DataObject
) -> None:
    answers = [answers_of("".join("x" if mask >> v & 1 else "." for v in range(VIDEOS)))
               for mask in masks]
    first = data.draw(st.integers(0, len(masks) - 1))
    sizes = [chosen_of(answers, first, size) for size in range(1, len(masks) + 2)]
    assert sizes[0] == [first]
    for size, chosen in enumerate(sizes, 1):
        assert len(chosen) == len(set(chosen)) == min(size, len(masks))
        assert sizes[-1][:size] == chosen, "a smaller one is the beginning of a larger one"


def test_whoever_helps_most_comes_next_and_not_who_is_fittest_alone() -> None:
    first, fitter = answers_of("xxxx....", 2.0), answers_of("xxxxx...", 3.0)
    helping = answers_of("....xxxx", 3.0, doubt=1.0)  # unsure where it is wrong
    assert chosen_of([first, fitter, helping], 0, 3) == [0, 2, 1]
    outvoting = answers_of("....xxxx", 3.0)  # as surely wrong where the first is right
    assert chosen_of([first, fitter, outvoting], 0, 2) == [0, 1]


def test_of_equals_the_one_that_disagrees_more_comes_next() -> None:
    first = answers_of("xxxxxxx.", 9.0)
    alike, other = answers_of("xxxxxxx.", 1.0), answers_of("xxxx....", 1.0)
    # neither outvotes the first, so that both give the same accuracy
    assert chosen_of([first, alike, other], 0, 2) == [0, 2]
    assert chosen_of([first, other, alike], 0, 2) == [0, 1]
    assert chosen_of([first, alike, alike], 0, 2) == [0, 1], "of all alike the first"


def test_of_several_labels_mean_average_precision_counts() -> None:
    labels = np.eye(CLASSES, dtype=np.uint8)[LABELS]

    def answering(*known: int) -> ClipLogits:
        """A network that finds some classes, and of others says nothing."""
        there = np.where(np.isin(np.arange(CLASSES), known), labels, 0)
        logits = np.float32(6.0 * there)
        return ClipLogits(tuple(map(str, range(VIDEOS))), labels, {"intact": logits})

    first, other, third = answering(0), answering(0, 1), answering(1, 2)
    assert chosen_of([first, other, third], 0, 2) == [0, 2]


@settings(deadline=None)
@given(st.integers(0, 99), st.integers(0, 99), st.booleans())
def test_disagreement_is_a_share_of_two(one: int, other: int, several: bool) -> None:
    def scores(seed: int) -> VideoScores:
        rng = np.random.default_rng(seed)
        labels = np.zeros((6, 3), np.uint8) if several else np.zeros(6, int)
        return VideoScores(tuple("abcdef"), labels, {"intact": rng.random((6, 3))}, 6)

    found = disagreement(scores(one), scores(other))
    assert 0 <= found <= 1
    assert found == disagreement(scores(other), scores(one))
    assert disagreement(scores(one), scores(one)) == 0
    count = 18 if several else 6
    assert found * count == pytest.approx(round(found * count))


def test_disagreement_by_hand() -> None:
    one = VideoScores(("a", "b"), np.array([0, 1]), {"intact": np.array([[0.9, 0.1], [0.4, 0.6]])},
                      2)
    other = VideoScores(one.videos, one.labels, {"intact": np.array([[0.6, 0.4], [0.7, 0.3]])}, 2)
    assert disagreement(one, other) == 0.5, "of the best label, not of its score"
    several = np.zeros((2, 2), np.uint8)
    assert disagreement(
        VideoScores(one.videos, several, {"intact": np.array([[0.9, 0.6], [0.2, 0.6]])}, 2),
        VideoScores(one.videos, several, {"intact": np.array([[0.8, 0.4], [0.1, 0.7]])}, 2),
    ) == 0.25, "of four labels one is given by one network alone"


def test_each_two_are_there_once() -> None:
    scores = [answers_of(right).scores() for right in ("xxxxxxxx", "........", "xxxx....")]
    assert disagreements(scores) == {(0, 1): 1.0, (0, 2): 0.5, (1, 2): 0.5}
