"""Whether an AVI file is as long as it says itself."""

from __future__ import annotations

import os
from pathlib import Path


def is_whole(path: Path) -> bool:
    """Whether a file reaches the end of its last RIFF chunk.

    Each says its length; an AVI file of more than 1 GB has several (OpenDML). Where a recorder
    died, the length is still 0.
    """
    with path.open("rb") as file:
        size, end = os.fstat(file.fileno()).st_size, 0
        while end < size:
            file.seek(end + end % 2)  # chunks begin at even places
            if file.read(4) != b"RIFF":
                break
            end = file.tell() + 4 + int.from_bytes(file.read(4), "little")
        return end <= size
