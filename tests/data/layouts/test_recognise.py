"""Which layout is taken for which, and what is said where none fits."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from tests.data.layouts.test_published import CHARADES, HMDB51, KINETICS, UCF101, videos, write
from videonas.data.layouts.recognise import find_sources
from videonas.data.sources import Sources, source_digest
from videonas.errors import DataError, SettingsError, VideonasError
from videonas.search.settings import make_settings
from videonas.task import Clip

LENIENT = {"max_bad_videos": 1.0}


def find(place: Path, **values: object) -> Sources:
    """The sources at a place."""
    return find_sources(make_settings({"videos": str(place), **values}))


@pytest.mark.parametrize(
    ("files", "layout", "found"),
    [
        (UCF101, "UCF101 split 1", "YoYo/v_YoYo_g08_c01.avi"),
        (HMDB51, "HMDB51 split 1", "brush_hair/April_09_brush_hair_u_nm_np1_ba_goo_0.avi"),
        (KINETICS, "Kinetics CSV", "x/abcdefghijk_000000_000010.mp4"),
        (CHARADES, "Charades CSV", "46GP8.mp4"),
    ],
)
def test_a_published_layout_is_told_by_its_files(
    tmp_path: Path, files: dict[str, str], layout: str, found: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    place = videos(write(tmp_path, **files), found, "a/1.mp4", "b/1.mp4")
    with caplog.at_level(logging.INFO, "videonas"):
        sources = find(place, **LENIENT)
    assert sources.layout == layout, "although there are class folders too"
    assert found in [video.path for video in sources.videos]
    assert f"from {layout}" in caplog.text


def test_class_folders_are_what_is_left(tmp_path: Path) -> None:
    """Tables and texts that say nothing of a published data set change nothing."""
    place = videos(tmp_path, "a/1.mp4", "b/1.gif")
    before = find(place)
    assert (before.layout, before.listed) == ("class folders", False)
    write(place, list__csv="path,label\n1.mp4,x\n", classInd__txt="1 a\n", notes__txt="b",
          odd__csv="\xff\0\n", bad__csv='"')
    (place / "latin.csv").write_bytes(b"\xff\xfe\x00")
    assert find(place) == before


def test_a_list_with_its_videos_elsewhere(tmp_path: Path) -> None:
    folder = videos(tmp_path / "v", "1.mp4", "2.mp4")
    place = write(tmp_path / "l", list__CSV="path,label\n1.mp4,x\n2.mp4,y\n") / "list.CSV"
    there = find(place, video_folder=str(folder))
    assert (there.place, there.folder) == (place, folder)
    beside = write(folder, list__csv=place.read_text()) / "list.csv"
    settings, streams = make_settings({}), {"rgb": Clip(8, 32)}
    digests = {source_digest(sources, streams, settings) for sources in (there, find(beside))}
    assert len(digests) == 1, "the place of a list does not matter"


@pytest.mark.parametrize(
    "text",
    [
        "path,label,split\n1.mp4,x,train\n2.mp4,y,train\n",
        "path,label,group\n1.mp4,x,p\n2.mp4,y,p\n",
        "path,label\n1.mp4,y\n2.mp4,x\n",
        "path,label\n1.mp4,x\n2.mp4,z\n",
        "path,labels\n1.mp4,x;y\n2.mp4,y\n",
    ],
)
def test_the_digest_sees_what_a_list_says(tmp_path: Path, text: str) -> None:
    place = videos(tmp_path, "1.mp4", "2.mp4") / "list.csv"
    settings, streams = make_settings({}), {"rgb": Clip(8, 32)}
    place.write_text("path,label\n1.mp4,x\n2.mp4,y\n")
    before = source_digest(find(place), streams, settings)
    place.write_text("path,label\n2.mp4,y\n1.mp4,x\n")
    assert source_digest(find(place), streams, settings) == before, "rows have no order"
    place.write_text(text)
    assert source_digest(find(place), streams, settings) != before


def test_the_digest_of_a_list_is_written_down(tmp_path: Path) -> None:
    """It names folders of finished data: a change here makes every search prepare anew."""
    place = videos(tmp_path, "1.mp4", "2.mp4") / "list.csv"
    place.write_text("path,labels,split,group\n1.mp4,x;y,train,p\n2.mp4,y,test,q\n")
    found = source_digest(find(place), {"rgb": Clip(8, 32)}, make_settings({}))
    assert found.startswith("7e7ed3d23ab48e3583057e")


# Missing files


def listed(folder: Path, there: int, gone: int) -> Path:
    """A list of so many files that are there, and so many that are not."""
    folder.mkdir()
    videos(folder, *(f"{number}.mp4" for number in range(there)))
    rows = [f"{number}.mp4,{'xy'[number % 2]}" for number in range(there + gone)]
    return write(folder, list__csv="\n".join(["path,label", *rows])) / "list.csv"


def test_a_few_missing_files_are_left_for_later(tmp_path: Path) -> None:
    assert len(find(listed(tmp_path / "v", 9, 1)).videos) == 10


@pytest.mark.parametrize(
    ("there", "gone", "allowed", "words"),
    [
        (8, 2, 0.1, r"8 of the 10 files that .*list\.csv names are in .*/v \(missing: 8\.mp4, 9"),
        (2, 8, 0.1, r"2 of the 10 files .* \(missing: 2\.mp4, 3\.mp4, 4\.mp4\); set video_folder"),
        (9, 1, 0.0, r"9 of the 10 .*mend the list, or raise max_bad_videos \(0\)"),
        (0, 4, 0.1, r"none of the 4 files that .* names are in .*/v \(.*\); set video_folder to"),
        (0, 4, 1.0, r"none of the 4 files"),
    ],
)
def test_many_missing_files_are_told_with_the_folder(
    tmp_path: Path, there: int, gone: int, allowed: float, words: str
) -> None:
    place = listed(tmp_path / "v", there, gone)
    with pytest.raises(DataError, match=words):
        find(place, max_bad_videos=allowed)
    if there:
        assert len(find(place, max_bad_videos=1.0).videos) == there + gone


def test_a_name_too_long_for_the_system_counts_as_missing(tmp_path: Path) -> None:
    place = listed(tmp_path / "v", 19, 0)
    with place.open("a") as file:
        file.write(f"\n{'n' * 300}.mp4,x")
    assert len(find(place).videos) == 20


def test_a_pipe_counts_as_missing(tmp_path: Path) -> None:
    place = listed(tmp_path / "v", 2, 1)
    os.mkfifo(place.parent / "2.mp4")
    with pytest.raises(DataError, match="2 of the 3 files"):
        find(place)


# What does not fit


@pytest.mark.parametrize(
    ("make", "words"),
    [
        ({}, r"found nothing at .*/v; give a folder that holds one folder a class, or a list"),
        ({"x__txt": ""}, r"v/x\.txt, and a list ends in \.csv, .*; give a list or a folder$"),
        ({**HMDB51}, r"found a file at .*split1\.txt, and .*; give its folder, .*/v$"),
    ],
)
def test_what_is_no_source(
    tmp_path: Path, make: dict[str, str], words: str
) -> None:
    place = tmp_path / "v"
    if make:
        place = min(write(place, **make).iterdir())
    with pytest.raises(DataError, match=words):
        find(place)


def test_a_folder_for_a_list_that_is_none(tmp_path: Path) -> None:
    place = videos(tmp_path, "a/1.mp4", "b/1.mp4")
    with pytest.raises(SettingsError, match=r"video_folder is '/v', and .* holds class folders"):
        find(place, video_folder="/v")


def test_no_videos() -> None:
    with pytest.raises(VideonasError, match="no videos: give --videos"):
        find_sources(make_settings({}))
