"""What a network must do: which clips it is given, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge

from videonas.codec import STRICT

StreamName = Literal["rgb", "flow"]
"""What a data set can hold: frames, and optical flow between them."""

CHANNELS: Mapping[str, int] = {"rgb": 3, "flow": 2}
"""Of a clip of each stream."""


@dataclass(frozen=True)
class Clip:
    """The geometry of one clip: `(frames, size, size, channels)`.

    Attributes:
        frames: number of frames.
        size: height and width in pixels; clips are square.
        channels: 3 for RGB, 2 for optical flow.
    """

    __pydantic_config__ = STRICT

    frames: Annotated[int, Ge(1)]
    size: Annotated[int, Ge(1)]
    channels: Annotated[int, Ge(1)] = 3

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """`(frames, height, width, channels)`."""
        return (self.frames, self.size, self.size, self.channels)


@dataclass(frozen=True)
class Sampling:
    """What a network takes of a stored clip.

    Attributes:
        frames: number of frames.
        stride: stored frames from one to the next.
        size: height and width in pixels that they are resized to.
    """

    frames: int
    stride: int
    size: int

    @property
    def span(self) -> int:
        """Stored frames from the first to the last, both counted."""
        return (self.frames - 1) * self.stride + 1


@dataclass(frozen=True)
class Task:
    """What a network must do.

    Attributes:
        streams: the largest clip that the data set offers, by stream, see `CHANNELS`.
        classes: number of classes, 2 or more.
        multi_label: whether a clip can have several labels.
    """

    __pydantic_config__ = STRICT

    streams: Mapping[str, Clip]
    classes: Annotated[int, Ge(2)]
    multi_label: bool = False
