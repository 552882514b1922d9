"""Inputs that failed for people, with their right answers, where the folder of them is there."""

from __future__ import annotations

import logging
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.data.test_images import BLUE, GREEN, RED, YELLOW, corners
from tests.data.test_prepare import STREAMS, prepared
from videonas.data.decoding import read_clips
from videonas.data.layouts.recognise import find_sources
from videonas.search.settings import make_settings
from videonas.task import Clip

CASES = Path(__file__).parents[3] / "shared/cases"

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the folder of cases is not there")

FOLDERS: dict[str, tuple[dict[str, int], dict[str | None, int], tuple[str, ...]]] = {
    "split_folders": (
        {"left": 9, "right": 9}, {"train": 6, "validation": 6, "test": 6},
        ("train", "validation", "test"),
    ),
    "other_suffixes": ({"left": 6, "right": 6, "down": 6}, {None: 18}, ()),
    "nested_symlink": ({"left": 5, "right": 8}, {None: 13}, ()),
}
"""Videos by class and by split, and the splits that are what was given."""

SHOWN = {
    "plain": ((RED, GREEN), (BLUE, YELLOW)),
    "hflip": ((GREEN, RED), (YELLOW, BLUE)),
    "vflip": ((BLUE, YELLOW), (RED, GREEN)),
    "transpose": ((RED, BLUE), (GREEN, YELLOW)),
    "antitranspose": ((YELLOW, GREEN), (BLUE, RED)),
}


@pytest.fixture
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a case, with the link that belongs to it."""
    name: str = request.param
    copy = tmp_path / name
    shutil.copytree(CASES / name, copy)
    if name == "nested_symlink":
        (copy / "videos/right/more").symlink_to("../../elsewhere")
    return copy


@pytest.mark.parametrize("case", FOLDERS, indirect=True)
def test_a_folder_of_videos(case: Path, tmp_path: Path) -> None:
    by_class, by_split, given = FOLDERS[case.name]
    settings = make_settings({"videos": str(case / "videos")})
    sources = find_sources(settings)
    assert Counter(sources.classes[video.labels[0]] for video in sources.videos) == by_class
    assert Counter(video.split for video in sources.videos) == by_split
    dataset = prepared(sources, tmp_path / "out", STREAMS, settings)
    assert dataset.skipped == ()
    assert sum(split.videos for split in dataset.splits.values()) == sum(by_class.values())
    assert all(dataset.splits[name].videos == by_split[name] for name in given)


@pytest.mark.parametrize("case", ["nested_symlink"], indirect=True)
def test_a_loop_of_links(case: Path, caplog: pytest.LogCaptureFixture) -> None:
    (case / "elsewhere/back").symlink_to("../videos/right")
    (case / "videos/left/loop").symlink_to("..")
    with caplog.at_level(logging.WARNING, "videonas"):
        sources = find_sources(make_settings({"videos": str(case / "videos")}))
    assert len(sources.videos) == 13
    assert "more/back" in caplog.text
    assert "left/loop" in caplog.text


@pytest.mark.parametrize("name", SHOWN)
def test_a_mirrored_video(name: str) -> None:
    path = CASES / f"mirrored_matrix/{name}.mp4"
    assert corners(read_clips(path, Clip(1, 32)).clips[0, 0]) == SHOWN[name]
