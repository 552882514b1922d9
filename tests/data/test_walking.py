"""Files in folders with links in them: each is found once, and no walk goes on for ever."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from videonas.data.layouts import class_folders
from videonas.data.walking import Walk


def place(folder: Path, *names: str) -> Path:
    """Files whose content is their name."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def link(path: Path, target: str) -> None:
    """A link, in folders that are made where they are missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def found(top: Path, start: str = "") -> list[str]:
    """The files below a folder, sorted."""
    return sorted(
        Path(path).relative_to(top).as_posix() for path in Walk(str(top), str(top / start)).files()
    )


def test_linked_folders_are_followed_at_any_depth(tmp_path: Path) -> None:
    place(tmp_path, "v/a/1.mp4", "far/2.mp4", "far/deep/3.mp4", "further/4.mp4")
    link(tmp_path / "v/a/more", "../../far")
    link(tmp_path / "far/deep/on", "../../further")
    assert found(tmp_path / "v", "a") == [
        "a/1.mp4", "a/more/2.mp4", "a/more/deep/3.mp4", "a/more/deep/on/4.mp4"
    ]


@pytest.mark.parametrize("target", [".", "..", "../..", "../a"])
def test_a_link_to_where_it_lies_ends_and_is_named(
    tmp_path: Path, target: str, caplog: pytest.LogCaptureFixture
) -> None:
    place(tmp_path, "v/a/1.mp4", "v/b/2.mp4")
    link(tmp_path / "v/a/loop", target)
    with caplog.at_level(logging.INFO, "videonas"):
        assert found(tmp_path / "v", "a") == ["a/1.mp4"]
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert str(tmp_path / "v/a/loop") in record.getMessage()


def test_a_circle_of_several_links_ends(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    place(tmp_path, "v/a/1.mp4", "far/2.mp4")
    link(tmp_path / "v/a/out", "../../far")
    link(tmp_path / "far/back", "../v/a")
    link(tmp_path / "far/back_to_all", "../v")
    assert found(tmp_path / "v", "a") == ["a/1.mp4", "a/out/2.mp4"]
    assert "back_to_all" in caplog.text


def test_links_between_neighbours_end(tmp_path: Path) -> None:
    place(tmp_path, "v/a/x/1.mp4", "v/a/y/2.mp4")
    link(tmp_path / "v/a/x/to", "../y")
    link(tmp_path / "v/a/y/to", "../x")
    assert found(tmp_path / "v", "a") == ["a/x/1.mp4", "a/y/2.mp4"]


def test_a_ladder_of_links_is_climbed_once(tmp_path: Path) -> None:
    """Followed by every path, forty steps with two links each would be 2^40 files."""
    for step in range(40):
        place(tmp_path, f"v/a/{step:02d}/{step}.mp4")
        for side in "lr" if step < 39 else "":
            link(tmp_path / f"v/a/{step:02d}/{side}", f"../{step + 1:02d}")
    assert len(found(tmp_path / "v", "a")) == 40


def test_links_to_themselves_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    place(tmp_path, "v/a/1.mp4")
    link(tmp_path / "v/a/self", "self")
    link(tmp_path / "v/a/to", "fro")
    link(tmp_path / "v/a/fro", "to")
    assert found(tmp_path / "v", "a") == ["a/1.mp4", "a/fro", "a/self", "a/to"]
    assert caplog.text.count("leads back to itself") == 3


def test_a_file_reached_twice_counts_once_where_it_lies(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place(tmp_path, "v/a/z/1.mp4", "far/2.mp4", "far/sub/3.mp4")
    link(tmp_path / "v/a/0.mp4", "z/1.mp4")
    link(tmp_path / "v/a/b/1", "../../../far")
    link(tmp_path / "v/a/b/2", "../../../far")
    link(tmp_path / "v/a/b/3", "../../../far/sub")
    link(tmp_path / "v/a/2.mp4", "../../far/2.mp4")
    with caplog.at_level(logging.INFO, "videonas"):
        paths = found(tmp_path / "v", "a")
    assert len(paths) == 3
    assert "a/z/1.mp4" in paths
    assert len({os.path.realpath(tmp_path / "v" / path) for path in paths}) == 3
    assert "each counts once" in caplog.text


def test_a_class_folder_that_is_a_link_to_all_classes_is_none(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place(tmp_path, "v/a/1.mp4", "v/b/1.mp4")
    link(tmp_path / "v/all", ".")
    sources = class_folders.read(tmp_path / "v")
    assert sources.classes == ("a", "b")
    assert [video.path for video in sources.videos] == ["a/1.mp4", "b/1.mp4"]
    assert str(tmp_path / "v/all") in caplog.text


def test_hidden_folders_are_left_out_linked_or_not(tmp_path: Path) -> None:
    place(tmp_path, "v/a/1.mp4", "v/a/.trash/2.mp4", "far/3.mp4", "v/.b/4.mp4")
    link(tmp_path / "v/a/.far", "../../far")
    assert found(tmp_path / "v") == ["a/1.mp4"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place(tmp_path, "v/a/1.mp4", "v/a/closed/2.mp4")
    (tmp_path / "v/a/closed").chmod(0)
    try:
        assert found(tmp_path / "v", "a") == ["a/1.mp4"]
    finally:
        (tmp_path / "v/a/closed").chmod(0o755)
    assert "closed cannot be read" in caplog.text
