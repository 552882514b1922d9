"""Files that say how long they are, whole and cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.videos import cut, write_numbered
from videonas.data.file_length import is_whole

FORMATS: dict[str, dict[str, Any]] = {
    "avi": {"codec": "mpeg4"}, "mkv": {}, "webm": {"codec": "libvpx-vp9"},
}


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_file_reaches_its_own_end_until_it_is_cut(tmp_path: Path, suffix: str) -> None:
    path = write_numbered(tmp_path / f"a.{suffix}", 30, **FORMATS[suffix])
    assert is_whole(path) is True
    path.write_bytes(path.read_bytes() + b"\0" * 999)
    assert is_whole(path) is True, "what comes after it does not matter"
    assert is_whole(cut(path, 0.4)) is False


def test_a_large_avi_has_several_parts(tmp_path: Path) -> None:
    """OpenDML: each is a RIFF chunk with a length of its own, and padded to an even one."""
    parts = [b"RIFF" + len(body).to_bytes(4, "little") + body
             for body in (b"AVI one", b"AVIXtwo")]
    path = tmp_path / "a.avi"
    path.write_bytes(parts[0] + b"\0" + parts[1])
    assert is_whole(path) is True
    path.write_bytes(parts[0] + b"\0" + parts[1][:-1])
    assert is_whole(path) is False


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_where_a_file_does_not_say_its_length(tmp_path: Path, suffix: str) -> None:
    """A live recording is begun before its length is known; MP4 has no length of the whole."""
    muxer = {"live": "1"} if suffix == "mkv" else {}
    path = write_numbered(tmp_path / f"a.{suffix}", 30, muxer=muxer)
    assert is_whole(path) is None


@pytest.mark.parametrize("content", [b"", b"\x1a\x45\xdf\xa3", b"\x1a\x45\xdf\xa3\x00", b"RIFF"])
def test_hardly_a_beginning(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mkv"
    path.write_bytes(content)
    assert is_whole(path) in (None, False)
