"""Folders of splits, folders of classes, and what may be either."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.data.test_walking import place
from videonas.data.layouts import class_folders
from videonas.data.sources import Sources, SourceVideo, source_digest
from videonas.data.splits import split_videos
from videonas.errors import DataError
from videonas.search.settings import Settings, make_settings
from videonas.task import Clip


def names(*folders: str, count: int = 2) -> list[str]:
    """So many videos in each of some folders."""
    return [f"{folder}/{number}.mp4" for folder in folders for number in range(count)]


def read(tmp_path: Path, *folders: str) -> Sources:
    """Folders with two videos each."""
    return class_folders.read(place(tmp_path, *names(*folders)))


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [
        ("train", "val", "test"), ("training", "valid", "testing"), ("Train", "DEV", "TEST"),
        ("TRAINING", "Validation", "Testing"), ("train", "validate", "test"),
    ],
)
def test_folders_named_as_splits_are_splits(
    tmp_path: Path, train: str, validation: str, test: str
) -> None:
    sources = read(tmp_path, *(f"{s}/{c}" for s in (train, validation, test) for c in "ba"))
    assert sources.classes == ("a", "b")
    assert sources.layout == "split folders"
    assert not sources.multi_label
    splits = {train: "train", validation: "validation", test: "test"}
    assert set(sources.videos) == {
        SourceVideo(f"{folder}/{label}/{number}.mp4", ("ab".index(label),), split)
        for folder, split in splits.items() for label in "ab" for number in range(2)
    }
    assert [video.path for video in sources.videos] == sorted(v.path for v in sources.videos)
    kept = split_videos(sources, Settings())
    assert all(video.split == name for name, part in kept.items() for video in part)


def test_videos_may_lie_deeper_in_a_class(tmp_path: Path) -> None:
    place(tmp_path, "train/a/x/y/1.mp4", "train/b/2.mp4", "val/a/3.mp4", "val/b/4/5.mp4")
    videos = class_folders.read(tmp_path).videos
    assert [(video.labels, video.split) for video in videos] == [
        ((0,), "train"), ((1,), "train"), ((0,), "validation"), ((1,), "validation")
    ]


@pytest.mark.parametrize(
    ("given", "cut"), [(["train", "test"], ["validation"]), (["train", "val"], ["test"]),
                       (["train"], ["validation", "test"])],
)
def test_a_split_that_is_not_there_is_cut_from_training(
    tmp_path: Path, given: list[str], cut: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    place(tmp_path, *names(*(f"{split}/{label}" for split in given for label in "ab"), count=5))
    sources = class_folders.read(tmp_path)
    with caplog.at_level(logging.INFO, "videonas"):
        splits = split_videos(sources, make_settings({}))
    for name in cut:
        assert {video.labels for video in splits[name]} == {(0,), (1,)}
        assert all(video.path.startswith("train/") for video in splits[name])
        assert f"the {name} split is not given: it is cut from" in caplog.text


def test_none_is_cut_that_is_not_wanted(tmp_path: Path) -> None:
    sources = read(tmp_path, "train/a", "train/b", "val/a", "val/b")
    assert split_videos(sources, make_settings({"test_fraction": 0}))["test"] == []


def test_the_test_split_may_lack_a_class(tmp_path: Path) -> None:
    sources = read(tmp_path, "train/a", "train/b", "val/a", "val/b", "test/a")
    assert sources.classes == ("a", "b")


@pytest.mark.parametrize(
    "folders",
    [
        ["left", "right", "test"],  # a class that is called so, among others
        ["bus", "car", "train"],
        ["car/1", "car/2", "bus/3", "train/4", "train/5"],  # recordings
        ["bus/day", "bus/night", "car/day", "car/night", "train/day", "train/night"],
        ["trains/a", "tests/b"],
    ],
)
def test_a_class_may_be_called_as_a_split(tmp_path: Path, folders: list[str]) -> None:
    sources = read(tmp_path, *folders)
    assert sources.layout == "class folders"
    assert sources.classes == tuple(sorted({folder.partition("/")[0] for folder in folders}))
    assert all(video.split is None for video in sources.videos)


@pytest.mark.parametrize(
    ("folders", "words"),
    [
        (["train/a", "train/b", "a", "b"], "'train'.*'a'.*may be splits or classes"),
        (["train/a", "train/b", "eval/a", "eval/b"], "'train'.*'eval'.*may be splits or classes"),
        (["train/a", "train/b", "test/a", "test/b", "more"], "'more'.*may be splits or classes"),
        (["train/a", "train/b", "unlabelled"], "'train'.*'unlabelled'.*may be splits or classes"),
        (["test/a", "test/b"], "'test' and no folder train; add one, or give .*/test as --vid"),
        (["val/a", "val/b", "test/a", "test/b"], "and no folder train"),
        (["train", "test"], r"2 video\(s\) lie directly in .*/test, .*where test is a split"),
        (["train/a", "train/b", "train", "val/a", "val/b"], r"directly in .*/train, the first"),
        (["train/a", "train/b", "val/a", "valid/b"], "'val', 'valid', which are all the valida"),
        (["Train/a", "train/b"], "'Train', 'train', which are all the train split"),
        (["train/a", "val/a", "val/b"], "/train has no videos of 'b', which another split has"),
        (["train/a", "train/b", "val/a"], "/val has no videos of 'b'"),
        (["train/a", "test/a"], "one class only in .*, 'a'"),
    ],
)
def test_what_is_ambiguous_is_refused_in_one_sentence(
    tmp_path: Path, folders: list[str], words: str
) -> None:
    with pytest.raises(DataError, match=words) as caught:
        read(tmp_path, *folders)
    assert str(caught.value).startswith("videos: ")
    assert "\n" not in str(caught.value)


def test_many_missing_classes_are_counted(tmp_path: Path) -> None:
    folders = [f"train/{number}" for number in range(9)]
    with pytest.raises(DataError, match=r"has no videos of '1', '2', '3' and 5 more classes"):
        read(tmp_path, *folders, "val/0")


def test_a_split_folder_without_videos_does_not_count(tmp_path: Path) -> None:
    place(tmp_path, "test/notes.txt", "other/a/notes.txt")
    sources = read(tmp_path, "train/a", "train/b", "val/a", "val/b")
    assert {video.split for video in sources.videos} == {"train", "validation"}


def test_splits_inside_of_classes_do_not_count_and_that_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sources = read(tmp_path, *(f"{label}/{split}" for label in "ab" for split in ("train", "val")))
    assert sources.classes == ("a", "b")
    assert {video.split for video in sources.videos} == {None}
    assert "hold train, val, which do not count as splits" in caplog.text


def test_the_digest_tells_splits_from_classes(tmp_path: Path) -> None:
    """A data set of the same files that was prepared with these as classes is another."""
    sources = read(tmp_path, "train/a", "train/b", "val/a", "val/b")
    streams = {"rgb": Clip(8, 32)}
    classes = Sources(sources.place, sources.folder, "class folders", ("train", "val"), tuple(
        SourceVideo(video.path, (0,)) for video in sources.videos
    ), listed=False)
    found = {source_digest(each, streams, Settings()) for each in (sources, classes)}
    assert len(found) == 2
