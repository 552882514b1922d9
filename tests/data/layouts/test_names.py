"""Names of classes and files: alike, unprintable, of other kinds, and written on Windows."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.data.test_walking import place
from videonas.data.layouts import class_folders
from videonas.data.layouts.recognise import find_sources
from videonas.data.sources import Sources
from videonas.errors import DataError, NoVideos
from videonas.search.settings import make_settings


def find(where: Path, **values: object) -> Sources:
    """The sources at a place."""
    return find_sources(make_settings({"videos": str(where), **values}))


# Alike


@pytest.mark.parametrize(
    ("classes", "twins"),
    [
        (["Walk", "walk", "run"], ["'Walk', 'walk'"]),
        (["walk", "walk ", "run"], ["'walk', 'walk '"]),
        (["sit down", "sit  down", "Sitdown"], ["'Sitdown', 'sit  down', 'sit down'"]),
        (["läuft", "la\u0308uft"], ["'la\u0308uft', 'läuft'"]),
        (["A", "a", "B", "b"], ["'A', 'a'", "'B', 'b'"]),
    ],
)
def test_classes_that_look_alike_are_named_in_a_warning(
    tmp_path: Path, classes: list[str], twins: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    place(tmp_path, *(f"{name}/1.mp4" for name in classes))
    if len(list(tmp_path.iterdir())) < len(classes):
        pytest.skip("this file system takes such names for one")
    assert find(tmp_path).classes == tuple(sorted(classes))
    (warning,) = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert all(twin in warning for twin in twins)


def test_classes_of_a_list_that_look_alike(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place(tmp_path, "1.mp4", "2.mp4")
    (tmp_path / "list.csv").write_text("path,label\n1.mp4,Run\n2.mp4,run\n")
    find(tmp_path / "list.csv")
    assert "'Run', 'run'" in caplog.text


def test_other_classes_are_not_alike(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    place(tmp_path, "walk/1.mp4", "walks/1.mp4", "walk-1/1.mp4")
    find(tmp_path)
    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    "name", ["a\nb/1", "a\x1b[31m/1", "a\x7f/1", "\t/1", "train/a\b/1", "a/1\r"]
)
def test_a_control_character_in_a_class_folder_is_refused_as_in_lists(
    tmp_path: Path, name: str
) -> None:
    place(tmp_path, f"{name}.mp4", "b/1.mp4")
    with pytest.raises(DataError, match="holds a control character") as caught:
        find(tmp_path)
    assert str(caught.value).isprintable()


# Left out


def test_what_is_left_out_is_counted_by_ending_in_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place(tmp_path, "a/1.mp4", "b/1.MPG", "a/x.txt", "b/deep/y.TXT", "a/cover.jpg", "b/README",
          "a/.DS_Store", "a/._1.mp4", "b/Thumbs.db", "list.csv", "b/1.mp4.part")
    with caplog.at_level(logging.INFO, "videonas"):
        sources = class_folders.read(tmp_path)
    assert [video.path for video in sources.videos] == ["a/1.mp4", "b/1.MPG"]
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith(f"{tmp_path}: 9 file(s) left out: ")
    kinds = {"2 .txt", "2 hidden", "1 .jpg", "1 .csv", "1 .db", "1 .part", "1 without an ending"}
    assert set(line.partition("left out: ")[2].split(", ")) == kinds


def test_a_video_in_no_class_folder_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place(tmp_path, "a/1.mp4", "b/1.mp4", "stray.mkv", "other.mp4")
    class_folders.read(tmp_path)
    assert "2 video(s) lie in no class folder and are left out, the first is other" in caplog.text


def test_many_endings_are_cut_short(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    place(tmp_path, "a/1.mp4", "b/1.mp4", *(f"a/x.{number}" for number in range(20)))
    with caplog.at_level(logging.INFO, "videonas"):
        class_folders.read(tmp_path)
    assert "20 file(s) left out: 1 .0, " in caplog.text
    assert "12 of other kinds" in caplog.text


def test_where_there_is_no_video_the_endings_are_told(tmp_path: Path) -> None:
    place(tmp_path, "a/1.jpg", "b/2.jpg")
    with pytest.raises(NoVideos, match=r"found no video file .* \(2 file\(s\) left out: 2 \.jpg\)"):
        class_folders.read(tmp_path)


# Backslashes


def test_paths_of_a_list_may_be_written_as_on_windows(tmp_path: Path) -> None:
    place(tmp_path, "right/1.mp4", "right/deep/2.mp4", "left/3.mp4")
    (tmp_path / "list.csv").write_text(
        "path,label\nright\\1.mp4,x\n.\\right\\deep\\2.mp4,x\nleft\\3.mp4,y\nleft/3.mp4,y\n"
    )
    sources = find(tmp_path / "list.csv")
    assert [video.path for video in sources.videos] == [
        "left/3.mp4", "right/1.mp4", "right/deep/2.mp4"
    ]


def test_a_name_that_has_a_backslash_stays(tmp_path: Path) -> None:
    place(tmp_path, "a\\1.mp4", "a/1.mp4", "b/2.mp4")
    (tmp_path / "list.csv").write_text("path,label\na\\1.mp4,x\nb\\2.mp4,y\nb\\3.mp4,y\n")
    sources = find(tmp_path / "list.csv", max_bad_videos=0.5)
    assert [video.path for video in sources.videos] == ["a\\1.mp4", "b/2.mp4", "b\\3.mp4"]


def test_a_clip_of_a_published_list_is_found_with_another_ending(tmp_path: Path) -> None:
    """One of the endings that were always known comes first, whatever the alphabet says."""
    (tmp_path / "train.csv").write_text(
        "label,youtube_id,time_start,time_end,split\n"
        "x,abcdefghijk,0,10,train\ny,bbcdefghijk,0,10,train\n"
    )
    place(tmp_path, "x/abcdefghijk_000000_000010.3gp", "x/abcdefghijk_000000_000010.mp4",
          "y/bbcdefghijk_000000_000010.flv")
    assert [video.path for video in find(tmp_path).videos] == [
        "x/abcdefghijk_000000_000010.mp4", "y/bbcdefghijk_000000_000010.flv"
    ]
