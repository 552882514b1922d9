"""What became of each video: `data/<digest>/videos.json`. A later data set begins with it."""

from __future__ import annotations

from dataclasses import dataclass

from videonas.codec import STRICT


@dataclass(frozen=True)
class PreparedVideo:
    """One video that was decoded, or why it was not.

    Attributes:
        path: relative to the folder of videos, or as a list names it.
        size: in bytes; with `checksum` its fingerprint when it was decoded.
        checksum: of the file, as the place that it was in tells it.
        shard: name of the file that its first clip is in; None where it was skipped.
        position: number of its first clip there; its others come next, in the next shard where
            this one ends.
        frames: how many were decoded.
        short: whether frames were repeated.
        reason: why it was skipped, in words; None where it was not.
    """

    __pydantic_config__ = STRICT

    path: str
    size: int
    checksum: str
    shard: str | None = None
    position: int = 0
    frames: int = 0
    short: bool = False
    reason: str | None = None


@dataclass(frozen=True)
class PreparedVideos:
    """All videos of a data set.

    Attributes:
        recipe: digest of what decides about clips beside the videos.
        videos: sorted by path.
    """

    __pydantic_config__ = STRICT

    recipe: str
    videos: tuple[PreparedVideo, ...]
