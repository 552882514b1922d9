"""AVI files say how long they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.videos import cut, write_numbered
from videonas.data.riff import is_whole


def test_a_file_reaches_its_own_end_until_it_is_cut(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.avi", 30, codec="mpeg4")
    assert is_whole(path)
    path.write_bytes(path.read_bytes() + b"\0" * 999)
    assert is_whole(path), "what comes after it does not matter"
    assert not is_whole(cut(path, 0.4))


def test_a_large_file_has_several_chunks(tmp_path: Path) -> None:
    """Each has a length of its own, and is padded to an even one."""
    one, two = (b"RIFF" + len(body).to_bytes(4, "little") + body for body in (b"AVI 1", b"AVIX2"))
    path = tmp_path / "a.avi"
    path.write_bytes(one + b"\0" + two)
    assert is_whole(path)
    path.write_bytes(one + b"\0" + two[:-1])
    assert not is_whole(path)


@pytest.mark.parametrize(("content", "whole"), [(b"", True), (b"RIFF", False), (b"RI", True),
                                                (b"RIFF\x09\0\0\0AVI ", False)])
def test_hardly_a_beginning(tmp_path: Path, content: bytes, whole: bool) -> None:
    path = tmp_path / "a.avi"
    path.write_bytes(content)
    assert is_whole(path) is whole
