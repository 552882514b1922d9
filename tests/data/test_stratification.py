"""Groups stay whole and every class comes near its share, whatever the labels."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from videonas.data.sources import Sources, SourceVideo
from videonas.data.splits import split_videos, warn_of_rare
from videonas.data.stratification import stratified
from videonas.errors import DataError
from videonas.search.dataset import SPLITS
from videonas.search.settings import Settings, make_settings

SHARES = {"train": 0.6, "validation": 0.2, "test": 0.2}


@st.composite
def grouped(draw: st.DrawFn) -> list[SourceVideo]:
    """Some classes, each in some groups of one to six videos."""
    found = []
    for label in range(draw(st.integers(1, 4))):
        for group, size in enumerate(draw(st.lists(st.integers(1, 6), min_size=3, max_size=12))):
            found += [
                SourceVideo(f"{label}/{group}-{n}.mp4", (label,), None, f"{label}-{group}")
                for n in range(size)
            ]
    return found


@st.composite
def labelled(draw: st.DrawFn) -> list[SourceVideo]:
    """Videos with any labels, none too, some of them in groups that classes share."""
    sets = draw(st.lists(st.sets(st.integers(0, 4)), min_size=1, max_size=40))
    groups = draw(st.lists(st.none() | st.integers(0, 9), min_size=len(sets), max_size=len(sets)))
    index = {label: n for n, label in enumerate(sorted(set().union(*sets)))}
    return [
        SourceVideo(f"{n}.mp4", tuple(sorted(index[label] for label in labels)), None,
                    None if group is None else f"g{group}")
        for n, (labels, group) in enumerate(zip(sets, groups, strict=True))
    ]


@given(st.one_of(grouped(), labelled()), st.integers(0, 5), st.randoms())
def test_complete_disjoint_whole_and_without_an_order(
    videos: list[SourceVideo], seed: int, rng: Any
) -> None:
    splits = stratified(videos, SHARES, seed)
    placed = {video: name for name, part in splits.items() for video in part}
    assert sorted(splits) == sorted(SPLITS)
    assert sum(map(len, splits.values())) == len(videos) == len(placed)
    by_group: dict[str, set[str]] = {}
    for video, name in placed.items():
        by_group.setdefault(video.group or video.path, set()).add(name)
    assert all(len(names) == 1 for names in by_group.values()), "a group is in two splits"
    rng.shuffle(videos)
    assert stratified(videos, SHARES, seed) == splits


@given(grouped(), st.floats(0.01, 0.45), st.floats(0, 0.45))
def test_every_class_is_everywhere_and_as_near_its_share_as_its_groups_allow(
    videos: list[SourceVideo], validation: float, test: float
) -> None:
    shares = {"train": 1 - validation - test, "validation": validation, "test": test}
    splits = stratified(videos, shares, 0)
    largest: Counter[int] = Counter()
    for group, size in Counter((video.labels[0], video.group) for video in videos).items():
        largest[group[0]] = max(largest[group[0]], size)
    totals = Counter(video.labels[0] for video in videos)
    for name, share in shares.items():
        found = Counter(video.labels[0] for video in splits[name])
        for label, total in totals.items():
            assert (found[label] > 0) == (share > 0)
            # one group too many, and one more that makes sure of another split
            assert abs(found[label] - share * total) <= 2 * largest[label]


@pytest.mark.parametrize("several", [False, True])
def test_large_data_comes_close(several: bool) -> None:
    """UCF101 in small: 25 groups a class; or three labels a video, some of them rare."""
    videos = [
        SourceVideo(f"{n}.mp4", tuple(sorted({n % 7, n % 11, 11 + n % 40 // 38})) if several
                    else (n % 8,), None, None if several else f"{n % 8}-{n // 8 % 25}")
        for n in range(1000)
    ]
    splits = stratified(videos, SHARES, 1)
    totals = Counter(label for video in videos for label in video.labels)
    for name, share in SHARES.items():
        found = Counter(label for video in splits[name] for label in video.labels)
        assert len(splits[name]) == pytest.approx(share * len(videos), rel=0.05)
        for label, total in totals.items():
            assert found[label] == pytest.approx(share * total, rel=0.15), (name, label)


def test_another_seed_gives_other_splits() -> None:
    videos = [SourceVideo(f"{n}.mp4", (0,), None, f"g{n // 2}") for n in range(60)]
    one, other = (set(stratified(videos, SHARES, seed)["train"]) for seed in (0, 1))
    assert one != other


# Splits that a list gives


def sources_of(videos: list[SourceVideo]) -> Sources:
    """As if a list named these videos."""
    place, labels = Path("/list.csv"), {label for video in videos for label in video.labels}
    return Sources(place, place.parent, "CSV list", tuple(f"c{n}" for n in labels), tuple(videos))


def given_splits(*names: str, each: int = 20, **how: Any) -> list[SourceVideo]:
    """Two classes with so many videos in each of the splits."""
    return [
        SourceVideo(f"{name}/{label}-{n}.mp4", (label,), name, **how)
        for name in names for label in (0, 1) for n in range(each)
    ]


def test_given_splits_are_kept() -> None:
    videos = given_splits(*SPLITS)
    splits = split_videos(sources_of(videos), Settings(split_seed=7))
    for name in SPLITS:
        assert {video.path for video in splits[name]} == {
            video.path for video in videos if video.split == name
        }


@pytest.mark.parametrize(
    ("names", "counts"),
    [
        (("train", "test"), (32, 8, 40)),
        (("train", "validation"), (32, 40, 8)),
        (("train",), (24, 8, 8)),
    ],
)
@pytest.mark.parametrize("group", [None, "each"])
def test_a_split_that_is_not_given_is_cut_from_training(
    names: tuple[str, ...], counts: tuple[int, ...], group: str | None
) -> None:
    videos = given_splits(*names)
    if group:
        videos = [
            replace(video, group=f"{video.split} {video.labels} {number // 2}")
            for number, video in enumerate(videos)
        ]
    splits = split_videos(sources_of(videos), Settings())
    assert tuple(len(splits[name]) for name in SPLITS) == counts
    for name in names[1:]:
        assert {video.split for video in splits[name]} == {name}
    cut = [name for name in SPLITS if name not in names]
    for name in cut:
        assert splits[name]
        assert {video.split for video in splits[name]} == {"train"}
        if group:
            assert not {v.group for v in splits[name]} & {v.group for v in splits["train"]}


def test_no_test_split_is_cut_where_none_is_wanted() -> None:
    splits = split_videos(sources_of(given_splits("train")), make_settings({"test_fraction": 0}))
    assert not splits["test"]
    kept = split_videos(
        sources_of(given_splits("train", "test")), make_settings({"test_fraction": 0})
    )
    assert len(kept["test"]) == 40, "the list gives it"


@pytest.mark.parametrize(
    ("videos", "sentence"),
    [
        (given_splits("test", "validation"), r"train split is empty, of 80 videos; give some the"),
        ([*given_splits("train", "test"), SourceVideo("a.mp4", (0,), "validation")],
         r"class 'c1' has 40 usable video\(s\), and none for the validation split; give some the "
         r"split 'validation' in /list\.csv"),
        ([SourceVideo(f"{n}.mp4", (n % 2,), None, f"g{n % 2}") for n in range(20)],
         r"class 'c0' has 10 .* validation split; they are in 1 group\(s\), and a group is in one"),
        ([SourceVideo("a.mp4", (0, 1)), SourceVideo("b.mp4", (0,))], r"class 'c1' has 1 usable|"
         r"the test split is empty, of 2"),
    ],
)
def test_splits_that_cannot_be_used(videos: list[SourceVideo], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        split_videos(sources_of(videos), Settings())


def test_of_several_labels_validation_may_lack_a_rare_class(
    caplog: pytest.LogCaptureFixture,
) -> None:
    videos = [SourceVideo(f"{n}.mp4", (0, 1)) for n in range(20)]
    videos.append(SourceVideo("rare.mp4", (0, 2)))
    splits = split_videos(sources_of(videos), Settings())
    assert "rare.mp4" in {video.path for video in splits["train"]}
    warn_of_rare(splits, sources_of(videos))
    assert caplog.messages == ["validation: no video of class 'c2' is in it"]


@given(labelled())
@settings(max_examples=50)
def test_any_labels_are_split_or_refused_in_one_sentence(videos: list[SourceVideo]) -> None:
    try:
        splits = split_videos(sources_of(videos), Settings())
    except DataError as error:
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert all(splits.values())
