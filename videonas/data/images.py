"""Frames as people see them: upright, in their shape, in their colours, and square."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from videonas.data.packets import UnreadableVideo

Image = NDArray[np.uint8]

_MAX_ASPECT = 16
"""Longest side of a frame, in shortest sides: scaling a strip up would fill the memory."""

_CONVERTED = {0, 1, 2, 4, 5, 6, 7, 9}
"""Values of FFmpeg's `AVColorSpace` that swscale converts: RGB, BT.709, unspecified, FCC, BT.470BG,
SMPTE 170M, SMPTE 240M, BT.2020 with non-constant luminance."""

_BT2020_CL = 10
"""BT.2020 with constant luminance."""


@dataclass(frozen=True)
class Look:
    """What kept frames are made to.

    Attributes:
        pixels: FFmpeg's name of their format.
        size: side in pixels.
        scaler: keeps what it needs for one size and format.
    """

    pixels: str
    size: int
    scaler: VideoReformatter = field(default_factory=VideoReformatter)


def square_image(frame: VideoFrame, pixel_aspect: float, look: Look) -> Image:
    """A frame scaled so that its short side is `look.size`, cropped to its central square, upright.

    Args:
        frame: of any size, format and colour space.
        pixel_aspect: width of a pixel over its height.
        look: what to make of it.

    Returns:
        `(size, size, 3)`, or `(size, size)` where the format is grey.

    Raises:
        UnreadableVideo: one side is much longer than the other.
    """
    size = look.size
    shape = _shown_shape(frame, pixel_aspect)
    width, height = (max(size, round(side * size / min(shape))) for side in shape)
    scaled = look.scaler.reformat(
        frame, width, height, look.pixels, src_colorspace=_colour_space(frame),
        interpolation=Interpolation.AREA, threads=1,
    )
    image: Any = scaled.to_ndarray()
    top, left = (height - size) // 2, (width - size) // 2
    return upright(image[top : top + size, left : left + size], frame)


def _shown_shape(frame: VideoFrame, pixel_aspect: float) -> tuple[float, int]:
    """Width and height in square pixels, the height as stored.

    An implausible pixel aspect is a mistake in a header, and pixels count as square then.
    """
    for width in (frame.width * pixel_aspect, frame.width):
        if max(width, frame.height) <= _MAX_ASPECT * min(width, frame.height):
            return width, frame.height
    raise UnreadableVideo(
        f"its frames are {frame.width} x {frame.height}; "
        f"one side may be {_MAX_ASPECT} times the other at most"
    )


def _colour_space(frame: VideoFrame) -> Colorspace | None:
    """The space to convert from; None for that of the frame.

    What swscale cannot convert is taken as FFmpeg's program does: for BT.601.
    """
    if frame.colorspace in _CONVERTED:
        return None
    return Colorspace.BT2020 if frame.colorspace == _BT2020_CL else Colorspace.ITU601


def upright(image: Image, frame: VideoFrame) -> Image:
    """An image turned and mirrored as its frame's display matrix says, to the nearest quarter turn.

    Phones record sideways, and front cameras mirrored. The matrix `(a, b, u, c, d, v, x, y, w)`
    shows the pixel at (x, y) at (a x + c y, b x + d y), down and to the right (libavutil's
    `display.h`).
    """
    a, b, c, d = _display_matrix(frame)
    if abs(b) + abs(c) > abs(a) + abs(d):
        image, a, d = image.swapaxes(0, 1), c, b
    # a and d now say which way columns and rows go
    image = image[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]
    return np.ascontiguousarray(image)


def _display_matrix(frame: VideoFrame) -> tuple[float, float, float, float]:
    """The part of the display matrix that turns and mirrors."""
    try:
        side_data: Any = frame.side_data
        a, b, _, c, d, *_ = np.frombuffer(side_data["DISPLAYMATRIX"], np.int32).tolist()
    except KeyError:
        return 1, 0, 0, 1
    except ValueError:  # PyAV gives nothing where one kind is newer than itself, such as Exif
        angle = np.deg2rad(frame.rotation)
        return np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)
    return a, b, c, d
