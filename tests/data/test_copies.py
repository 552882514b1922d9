"""Videos with the same bytes: found, kept in one split, and said where labels contradict."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.test_splits import sources_of, videos_of
from videonas.data.copies import copies_in, warn_of_copies
from videonas.data.layouts import class_folders, lists
from videonas.data.sources import Sources, SourceVideo, fingerprints
from videonas.data.splits import split_videos
from videonas.search.settings import Settings, make_settings

LONG = 300_000
"""Bytes of a file whose fingerprint does not cover its middle."""


def write(folder: Path, contents: Mapping[str, bytes]) -> Path:
    """Files with these contents."""
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def copies_of(sources: Sources) -> dict[str, str]:
    return copies_in(sources, fingerprints(sources))


def split_of(splits: Mapping[str, Sequence[SourceVideo]]) -> dict[str, str]:
    """The split of each video."""
    return {video.path: name for name, part in splits.items() for video in part}


def test_copies_are_found_whatever_their_names(tmp_path: Path) -> None:
    write(tmp_path, {"a/2.mp4": b"one", "a/1.avi": b"one", "b/3.mp4": b"one", "b/4.mp4": b"two",
                     "b/5.mp4": b"", "b/6.mp4": b""})
    (tmp_path / "b/7.mp4").symlink_to("gone.mp4")
    (tmp_path / "b/8.mp4").symlink_to("../nowhere/gone.mp4")
    assert copies_of(class_folders.read(tmp_path)) == {"a/2.mp4": "a/1.avi", "b/3.mp4": "a/1.avi"}


def test_files_that_differ_in_their_middle_only_are_no_copies(tmp_path: Path) -> None:
    other = bytearray(LONG)
    other[LONG // 2] = 1
    write(tmp_path, {"a/1.mp4": bytes(LONG), "a/2.mp4": bytes(other), "b/3.mp4": bytes(LONG)})
    sources = class_folders.read(tmp_path)
    assert len(set(fingerprints(sources).values())) == 1
    assert copies_of(sources) == {"b/3.mp4": "a/1.mp4"}


def test_only_what_may_be_a_copy_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"a/1.mp4": bytes(LONG), "a/2.mp4": bytes(LONG), "b/3.mp4": b"x" * LONG,
                     "b/4.mp4": b"short", "b/5.mp4": b"short"})
    sources = class_folders.read(tmp_path)
    prints = fingerprints(sources)
    read: list[str] = []

    def note(path: Path) -> str:
        read.append(path.name)
        return path.read_bytes().hex()

    monkeypatch.setattr("videonas.data.places.sha256_of_file", note)
    assert len(copies_in(sources, prints)) == 2
    assert sorted(read) == ["1.mp4", "2.mp4"]


@given(st.lists(st.integers(0, 30), min_size=30, max_size=30), st.integers(0, 5))
def test_copies_are_in_one_split_in_class_folders(kinds: list[int], seed: int) -> None:
    videos = videos_of(15, 15)
    copies = first_of_each(videos, [*range(100, 106), *kinds[6:15], *range(200, 206), *kinds[21:]])
    splits = split_videos(sources_of(videos), Settings(split_seed=seed), copies)
    side = split_of(splits)
    assert len(side) == 30
    assert all(side[path] == side[first] for path, first in copies.items())
    for part in splits.values():
        assert {video.labels for video in part} == {(0,), (1,)}


def first_of_each(videos: Sequence[SourceVideo], kinds: Sequence[int]) -> dict[str, str]:
    """As `copies_in` gives it, of videos of these kinds."""
    firsts: dict[int, str] = {}
    found = {}
    for kind, path in zip(kinds, sorted(video.path for video in videos), strict=True):
        first = firsts.setdefault(kind, path)
        if first != path:
            found[path] = first
    return found


def test_a_copy_moves_no_other_video() -> None:
    videos = videos_of(12, 12)
    before = split_of(split_videos(sources_of(videos), Settings()))
    more = [*videos, SourceVideo("class0/copy.mp4", (0,))]
    copies = {"class0/copy.mp4": "class0/3.mp4"}
    after = split_of(split_videos(sources_of(more), Settings(), copies))
    assert after.pop("class0/copy.mp4") == before["class0/3.mp4"]
    assert after == before


def test_groups_that_share_a_copy_are_in_one_split() -> None:
    videos = [
        SourceVideo(f"{group}/{label}.mp4", (label,), group=f"g{group}")
        for group in range(12) for label in range(2)
    ]
    copies = {"5/0.mp4": "3/0.mp4", "7/1.mp4": "5/1.mp4"}
    side = split_of(split_videos(sources_of(videos), Settings(), copies))
    together = {side[f"{group}/{label}.mp4"] for group in (3, 5, 7) for label in range(2)}
    assert len(together) == 1
    others = {side[f"{group}/0.mp4"] for group in (0, 1, 2, 4, 6, 8, 9, 10, 11)}
    assert others == {"train", "validation", "test"}


def test_copies_with_several_labels_are_in_one_split() -> None:
    videos = [SourceVideo(f"{n:02d}.mp4", (n % 2,) if n % 5 else (0, 1)) for n in range(30)]
    copies = {f"{n + 1:02d}.mp4": f"{n:02d}.mp4" for n in range(0, 30, 3)}
    side = split_of(split_videos(sources_of(videos), Settings(), copies))
    assert all(side[path] == side[first] for path, first in copies.items())


def test_a_class_of_copies_alone_is_split_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    """Kept together, they would leave a split without the class."""
    videos = videos_of(5, 5)
    copies = {f"class1/{number}.mp4": "class1/0.mp4" for number in range(1, 5)}
    splits = split_videos(sources_of(videos), Settings(), copies)
    assert {video.labels for video in splits["validation"]} == {(0,), (1,)}
    warn_of_copies(copies, splits)
    assert "4 of 10 videos are byte-equal copies of others" in caplog.text
    assert "in another split" in caplog.text


@pytest.mark.parametrize("given", [["train", "test"], ["train", "validation", "test"]])
def test_splits_that_are_given_are_kept_and_copies_in_two_are_counted(
    tmp_path: Path, given: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    contents, rows = {}, ["path,label,split"]
    for split in given:
        for number in range(8):
            name = f"{split}{number}.mp4"
            contents[name] = b"same" if number == 0 else name.encode()
            rows.append(f"{name},{'ab'[number % 2]},{split}")
    place = write(tmp_path, contents) / "list.csv"
    place.write_text("\n".join(rows))
    sources = lists.read(place, tmp_path)
    copies = copies_of(sources)
    splits = split_videos(sources, make_settings({}), copies)
    side = split_of(splits)
    assert all(side[f"test{number}.mp4"] == "test" for number in range(8))
    warn_of_copies(copies, splits)
    (record,) = [r for r in caplog.records if r.levelno == logging.WARNING]
    count = len(given) - 1
    assert f"{count} of {8 * len(given)} videos are byte-equal copies" in record.getMessage()
    assert f"{count} in another split, such as" in record.getMessage()


def test_copies_under_two_labels_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    splits = {"train": [SourceVideo("a/1.mp4", (0,)), SourceVideo("b/1.mp4", (1,)),
                        SourceVideo("b/2.mp4", (1,)), SourceVideo("b/3.mp4", (1,))]}
    warn_of_copies({"b/1.mp4": "a/1.mp4", "b/3.mp4": "b/2.mp4"}, splits)
    assert caplog.messages == [
        "2 of 4 videos are byte-equal copies of others; 1 under another label, such as b/1.mp4 and "
        "a/1.mp4"
    ]


def test_copies_that_do_no_harm_are_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    splits: dict[str, Any] = {"train": [SourceVideo("a/1.mp4", (0,)), SourceVideo("a/2.mp4", (0,))]}
    with caplog.at_level(logging.INFO, "videonas"):
        warn_of_copies({}, splits)
        assert caplog.messages == []
        warn_of_copies({"a/2.mp4": "a/1.mp4"}, splits)
    assert [record.levelname for record in caplog.records] == ["INFO"]
