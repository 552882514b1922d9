"""Finding videos and digesting them; the files need not be videos for that."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from videonas.data.layouts import class_folders
from videonas.data.sources import SourceVideo, source_digest
from videonas.errors import DataError
from videonas.search.settings import Settings, make_settings
from videonas.task import Clip

STREAMS = {"rgb": Clip(8, 32)}


def place(folder: Path, *names: str) -> Path:
    """Files whose content is their name."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def digest_of(folder: Path, settings: Settings | None = None, clip: Clip | None = None) -> str:
    """The digest of a folder with everything else at its default."""
    streams = {"rgb": clip} if clip else STREAMS
    return source_digest(class_folders.read(folder), streams, settings or Settings())


def test_videos_are_found_at_any_depth_and_sorted(tmp_path: Path) -> None:
    place(tmp_path, "walk/b.MP4", "walk/deep/er/a.webm", "run/z.AvI", "run/y.mkv", "run/x.mov")
    place(tmp_path, "walk/c.gif")
    sources = class_folders.read(tmp_path)
    assert sources.videos == (
        SourceVideo("run/x.mov", (0,)),
        SourceVideo("run/y.mkv", (0,)),
        SourceVideo("run/z.AvI", (0,)),
        SourceVideo("walk/b.MP4", (1,)),
        SourceVideo("walk/c.gif", (1,)),
        SourceVideo("walk/deep/er/a.webm", (1,)),
    )
    assert sources.classes == ("run", "walk")
    assert not sources.multi_label


def test_other_files_hidden_ones_and_empty_classes_are_left_out(tmp_path: Path) -> None:
    place(tmp_path, "a/1.mp4", "b/1.mp4", "a/.2.mp4", "a/.c/3.mp4", ".d/4.mp4", "a/notes.txt")
    place(tmp_path, "readme.md", "e/list.csv", "stray.mp4")
    assert [video.path for video in class_folders.read(tmp_path).videos] == ["a/1.mp4", "b/1.mp4"]


def test_a_class_folder_may_be_a_link_and_a_broken_link_is_a_video(tmp_path: Path) -> None:
    place(tmp_path, "videos/a/1.mp4", "elsewhere/1.mp4")
    (tmp_path / "videos/b").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "videos/a/2.mp4").symlink_to(tmp_path / "gone.mp4")
    paths = [video.path for video in class_folders.read(tmp_path / "videos").videos]
    assert paths == ["a/1.mp4", "a/2.mp4", "b/1.mp4"]


def test_a_pipe_is_not_a_video(tmp_path: Path) -> None:
    place(tmp_path, "a/1.mp4", "b/1.mp4")
    os.mkfifo(tmp_path / "a/2.mp4")
    assert len(class_folders.read(tmp_path).videos) == 2


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([], r"found no video file in .*/<class>/$"),
        (["a/notes.txt", "a/b.txt"], r"found no video file .* \(2 file\(s\) left out: 2 \.txt\)$"),
        (["x.mp4", "w.avi"], r"2 such file\(s\) lie directly in .*the first is w\.avi.*one folder"),
        (["a/1.mp4", "a/2.mp4"], r"one class only in .*'a'; 2 or more folders"),
        (["x/1.mp4", "all.csv"], r"one class only in .*; if all\.csv there lists them, give its"),
        (["1.mp4", "all.json"], r"found no video .*; if all\.json there lists them, give its"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, files: list[str], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        class_folders.read(place(tmp_path, *files))


def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    place(tmp_path, "a/1.mp4", "b/1.mp4")
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/a/\xff.mp4")).touch()
    except OSError:
        pytest.skip("this file system has UTF-8 names only")
    with pytest.raises(DataError, match=r"a/\\xff\.mp4.* is not a UTF-8 name; rename it"):
        class_folders.read(tmp_path)


def test_the_digest_ignores_place_date_and_order(tmp_path: Path) -> None:
    one = place(tmp_path / "one", "a/1.mp4", "b/1.mp4", "b/2.mp4")
    two = place(tmp_path / "two/deeper", "b/2.mp4", "b/1.mp4", "a/1.mp4")
    os.utime(two / "a/1.mp4", (1, 1))
    found = class_folders.read(one)
    backwards = source_digest(replace(found, videos=found.videos[::-1]), STREAMS, Settings())
    assert digest_of(one) == digest_of(two) == backwards


def test_the_digest_sees_content_names_settings_and_geometry(tmp_path: Path) -> None:
    place(tmp_path, "a/1.mp4", "b/1.mp4")
    (tmp_path / "a/1.mp4").write_bytes(bytes(300_000))
    seen = {digest_of(tmp_path)}

    def changed() -> bool:
        before = len(seen)
        seen.add(digest_of(tmp_path))
        return len(seen) > before

    for place_of_change in (0, 299_999):
        content = bytearray(300_000)
        content[place_of_change] = 1
        (tmp_path / "a/1.mp4").write_bytes(content)
        assert changed()
    (tmp_path / "a/1.mp4").write_bytes(bytes(300_001))
    assert changed()
    (tmp_path / "a/1.mp4").rename(tmp_path / "a/2.mp4")
    assert changed()
    (tmp_path / "a/2.mp4").unlink()
    (tmp_path / "a/2.mp4").symlink_to("gone")
    assert changed()
    assert digest_of(tmp_path, make_settings({"frame_step": 2})) not in seen
    assert digest_of(tmp_path, make_settings({"split_seed": 1})) not in seen
    assert digest_of(tmp_path, clip=Clip(8, 33)) not in seen
    assert digest_of(tmp_path, make_settings({"decode_threads": 7, "seed": 3})) in seen


def test_the_digest_is_written_down(tmp_path: Path) -> None:
    """It names folders of finished data: a change here makes every search prepare anew."""
    place(tmp_path, "a/1.mp4", "b/1.mp4")
    assert digest_of(tmp_path).startswith("a04c76369f8ab88ceee2")
