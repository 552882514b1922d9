"""Splits by hash: complete, disjoint, stratified, and moved by nothing but their seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videonas.data.sources import Sources, SourceVideo
from videonas.data.splits import mixed, share_out, split_videos
from videonas.errors import DataError
from videonas.search.dataset import SPLITS
from videonas.search.settings import Settings, make_settings


def videos_of(*counts: int) -> list[SourceVideo]:
    """So many videos of each class."""
    return [
        SourceVideo(f"class{label}/{number}.mp4", (label,))
        for label, count in enumerate(counts)
        for number in range(count)
    ]


def sources_of(videos: Sequence[SourceVideo], **how: Any) -> Sources:
    """As if class folders held these videos."""
    classes = max((label for video in videos for label in video.labels), default=-1) + 1
    names, place = tuple(f"class{label}" for label in range(classes)), Path("/videos")
    return Sources(place, place, "class folders", names, tuple(videos), **how)


def settings_of(validation: float, test: float, seed: int = 0) -> Settings:
    """Settings with these fractions."""
    return make_settings(
        {"validation_fraction": validation, "test_fraction": test, "split_seed": seed}
    )


counts = st.lists(st.integers(3, 40), min_size=2, max_size=5)
fractions = st.tuples(st.floats(0.01, 0.49), st.floats(0, 0.49))


@given(counts, fractions, st.integers(0, 9), st.randoms())
def test_a_split_is_complete_disjoint_and_stratified(
    counts: list[int], fractions: tuple[float, float], seed: int, rng: object
) -> None:
    videos = videos_of(*counts)
    settings = settings_of(*fractions, seed)
    splits = split_videos(sources_of(videos), settings)
    assert list(splits) == list(SPLITS)
    assert sorted(v.path for part in splits.values() for v in part) == sorted(
        v.path for v in videos
    )
    for name, fraction in zip(SPLITS[1:], fractions, strict=True):
        found = Counter(video.labels[0] for video in splits[name])
        for label, count in enumerate(counts):
            assert abs(found[label] - fraction * count) <= 1
            assert (found[label] > 0) == (fraction > 0)
    assert {video.labels[0] for video in splits["train"]} == set(range(len(counts)))
    rng.shuffle(videos)  # type: ignore[attr-defined]
    assert split_videos(sources_of(videos), settings) == splits


def test_another_class_moves_no_video_and_another_seed_does() -> None:
    two, three = videos_of(20, 20), videos_of(20, 20, 20)
    settings = settings_of(0.2, 0.2)
    before = split_videos(sources_of(two), settings)
    after = split_videos(sources_of(three), settings)
    for name in SPLITS:
        assert set(before[name]) <= set(after[name])
    other = split_videos(sources_of(two), settings_of(0.2, 0.2, seed=1))
    assert set(other["train"]) != set(before["train"])


@given(st.integers(0, 200), fractions)
def test_shares_add_up_and_are_near(count: int, fractions: tuple[float, float]) -> None:
    wanted = dict(zip(SPLITS, (1 - sum(fractions), *fractions), strict=True))
    shares = share_out(count, wanted)
    positive = [name for name in SPLITS if wanted[name] > 0]
    assert sum(shares.values()) == count
    assert all(shares[name] == 0 for name in SPLITS if name not in positive)
    if count >= len(positive):
        assert all(shares[name] >= 1 for name in positive)


@pytest.mark.parametrize(
    ("count", "fractions", "shares"),
    [
        (10, (0.6, 0.2, 0.2), (6, 2, 2)),
        (100, (0.42, 0.29, 0.29), (42, 29, 29)),
        (7, (0.6, 0.2, 0.2), (4, 2, 1)),
        (3, (0.98, 0.01, 0.01), (1, 1, 1)),
        (50, (0.98, 0.01, 0.01), (48, 1, 1)),
        (2, (0.6, 0.2, 0.2), (1, 1, 0)),
        (1, (0.6, 0.2, 0.2), (1, 0, 0)),
        (0, (0.6, 0.2, 0.2), (0, 0, 0)),
        (2, (0.8, 0.2, 0.0), (1, 1, 0)),
    ],
)
def test_shares_by_hand(count: int, fractions: tuple[float, ...], shares: tuple[int, ...]) -> None:
    assert tuple(share_out(count, dict(zip(SPLITS, fractions, strict=True))).values()) == shares


@given(counts, st.integers(0, 5))
def test_every_stretch_of_the_order_has_all_classes_in_proportion(
    counts: list[int], seed: int
) -> None:
    videos = videos_of(*counts)
    order = mixed(videos, seed)
    assert sorted(order, key=lambda v: v.path) == sorted(videos, key=lambda v: v.path)
    for length in range(len(order)):
        found = Counter(video.labels[0] for video in order[:length])
        for label, count in enumerate(counts):
            expected = length * count / len(order)
            assert abs(found[label] - expected) <= len(counts)


def test_the_order_is_not_the_order_of_names() -> None:
    videos = videos_of(30, 30)
    order = mixed(videos, 0)
    assert order == mixed(reversed(videos), 0)
    assert order != mixed(videos, 1)
    of_first = [video.path for video in order if video.labels == (0,)]
    assert of_first != sorted(of_first)


@pytest.mark.parametrize(
    ("counts", "fractions", "sentence"),
    [
        ((5, 1), (0.2, 0.2), r"class 'class1' has 1 usable .*validation split; 3 or more"),
        ((5, 1), (0.2, 0.0), r"class 'class1' has 1 usable .*validation split; 2 or more"),
        ((2, 2), (0.2, 0.2), r"the test split is empty, of 4 usable .*test_fraction to 0"),
    ],
)
def test_too_few_videos(
    counts: tuple[int, ...], fractions: tuple[float, float], sentence: str
) -> None:
    with pytest.raises(DataError, match=sentence):
        split_videos(sources_of(videos_of(*counts)), settings_of(*fractions))


def test_a_class_may_lack_a_test_video() -> None:
    splits = split_videos(sources_of(videos_of(2, 3)), settings_of(0.2, 0.2))
    assert [video.labels for video in splits["test"]] == [(1,)]


GOLDEN = {
    "train": [
        "class0/0.mp4",
        "class1/2.mp4",
        "class0/1.mp4",
        "class1/4.mp4",
        "class0/3.mp4",
        "class1/0.mp4",
        "class0/5.mp4",
    ],
    "validation": [
        "class1/1.mp4",
        "class0/4.mp4",
    ],
    "test": [
        "class1/3.mp4",
        "class0/2.mp4",
    ],
}


def test_the_splits_of_class_folders_are_written_down() -> None:
    """A search that goes on has the shards of its first run: no video may change sides."""
    splits = split_videos(sources_of(videos_of(6, 5)), settings_of(0.2, 0.2))
    assert {name: [video.path for video in part] for name, part in splits.items()} == GOLDEN
