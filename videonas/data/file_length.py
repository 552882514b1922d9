"""Whether a file is as long as it says itself, where its container format says that."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

_EBML = b"\x1a\x45\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"


def is_whole(path: Path) -> bool | None:
    """Whether an AVI or Matroska file reaches its own end; None where it does not say.

    Other formats do not say it, or FFmpeg reads less of them than they promise and so tells.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(4)
        file.seek(0)
        if start == b"RIFF":
            return _riff_end(file, size) <= size
        end = _segment_end(file) if start == _EBML else None
        return None if end is None else end <= size


def _riff_end(file: IO[bytes], size: int) -> int:
    """Where the last RIFF chunk ends: an AVI file of more than 1 GB has several (OpenDML)."""
    end = 0
    while end < size:
        file.seek(end + end % 2)  # chunks begin at even places
        if file.read(4) != b"RIFF":
            break
        end = file.tell() + 4 + int.from_bytes(file.read(4), "little")
    return end


def _segment_end(file: IO[bytes]) -> int | None:
    """Where the Matroska segment ends; None where its length was not known when it was begun."""
    file.seek(len(_EBML))
    header = _ebml_number(file)
    if header is None:
        return None
    file.seek(header, os.SEEK_CUR)
    if file.read(4) != _SEGMENT:
        return None
    length = _ebml_number(file)
    return None if length is None else file.tell() + length


def _ebml_number(file: IO[bytes]) -> int | None:
    """A length as EBML has it (RFC 8794, 4): its leading zero bits say in how many bytes.

    All ones stand for a length that is not known.
    """
    first = file.read(1)
    if not first or not first[0]:
        return None
    extra = 8 - first[0].bit_length()
    rest = file.read(extra)
    value = int.from_bytes(first + rest, "big") - (1 << 7 * (extra + 1))
    return None if len(rest) < extra or value == (1 << 7 * (extra + 1)) - 1 else value
