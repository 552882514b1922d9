"""Optical flow of clips, by OpenCV: how far what a frame shows moves until the next frame.

A value is a byte, from 0 for `-bound` pixels to 255 for `+bound`, 127.5 being no motion; 0 is the
horizontal component, to the right, and 1 the vertical one, downwards. `to_input` makes -1 to 1 of
it. Bytes have no middle: no motion becomes 128, which is 0.4 % of the bound. All other motion is
symmetrical, so that 255 minus a byte is the opposite motion, and that of no motion is 127.

The bound is 20 pixels of a side of 224, as I3D has it (kinetics-i3d, README.md: "truncated to the
range [-20, 20], then rescaled between -1 and 1", and central squares of 224). It is the same share
of every side, so a clip that is reduced by area needs no other scale: the means of bytes are the
bytes of the means.

Clips of networks can be as small as 24 pixels, and flow of so small frames is poor. So frames are
decoded once more, in grey, at a larger side, see `flow_side`, and their flow is reduced by area.
Tried on clips of 32 pixels from scenes of 256 with a moving disc, the mean error of DIS was 0.058
pixels with frames of 32, 0.029 with 128 and 0.016 with 256, for 0.4, 2.1 and 8.4 ms a frame; a
byte is 0.022 pixels there. Frames scaled up were no help: with the demo videos of 64 pixels 0.066
with 128, and 0.032 with 64.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from videonas.errors import VideonasError
from videonas.search.dataset import OpticalFlow

Grey = NDArray[np.uint8]
"""A frame, `(side, side)`."""

BOUND = 20 / 224
"""Of motion from one frame to the next, in sides of the clip."""

LARGEST_SIDE = 128
"""Of frames that flow is computed with, in pixels; larger only where the clips are."""

LEAST_SIDE = 16
"""OpenCV's DIS takes no frames below 12 pixels."""


def flow_side(size: int, available: int) -> int:
    """The side of the frames that flow is computed with, a multiple of the clip's.

    It is the largest up to `LARGEST_SIDE` for which no frame is scaled up.

    Args:
        size: side of the clip, in pixels.
        available: short side of the video.
    """
    times = max(min(LARGEST_SIDE, available) // size, -(-LEAST_SIDE // size))
    return size * times


def need_opencv(method: OpticalFlow) -> Any:
    """OpenCV, which computes flow in one thread: there is one for each core already.

    Args:
        method: `dis` or `tvl1`.

    Raises:
        VideonasError: it is not installed, or without the method.
    """
    try:
        import cv2
    except ImportError as error:
        raise VideonasError(
            f"optical_flow is {method}, and OpenCV cannot be loaded ({error}); "
            "pip install 'videonas[train]'"
        ) from None
    if method == "tvl1" and not hasattr(cv2, "optflow"):
        raise VideonasError(
            f"optical_flow is {method}, and OpenCV {cv2.__version__} here is without it; pip "
            "uninstall it, then pip install 'videonas[train]'"
        )
    cv2.setNumThreads(1)
    return cv2


def flow_of_clips(
    frames: Mapping[int, Grey],
    plan: Sequence[Sequence[int]],
    step: int,
    size: int,
    method: OpticalFlow,
) -> NDArray[np.uint8]:
    """The flow of clips: at each place the way from its frame to the next one of the clip.

    The last place has no next one and repeats the flow before; the only place of a clip of one
    frame has no motion. Nor has a place after which a short video begins again: the jump from its
    end to its start shows nothing that moved.

    Args:
        frames: square frames of one side, a multiple of `size`, by index in the video.
        plan: the frames of each clip, see `plan_clips`.
        step: source frames from one place to the next.
        size: side of the clips, in pixels.
        method: `dis` (Kroeger et al. 2016, OpenCV's medium preset) or `tvl1` (Zach et al. 2007,
            OpenCV's defaults; some 150 times slower).

    Returns:
        uint8, `(clips, frames, size, size, 2)`.

    Raises:
        VideonasError: see `need_opencv`.
    """
    opencv = need_opencv(method)
    solver = _solver(opencv, method)
    still = encode_flow(np.zeros((size, size, 2), np.float32), size)
    moved: dict[int, NDArray[np.uint8]] = {}  # clips may overlap
    clips = []
    for indices in plan:
        clip = []
        for index, following in pairwise(indices):
            if following - index != step:
                clip.append(still)
                continue
            if index not in moved:
                pixels = solver.calc(frames[index], frames[following], None)
                small = opencv.resize(pixels, (size, size), interpolation=opencv.INTER_AREA)
                moved[index] = encode_flow(small * (size / len(pixels)), size)
            clip.append(moved[index])
        clips.append([*clip, clip[-1] if clip else still])
    return np.array(clips)


def encode_flow(pixels: NDArray[np.float32], size: int) -> NDArray[np.uint8]:
    """Displacements as bytes; what is beyond the bound becomes the bound.

    Args:
        pixels: float32 of any shape, in pixels of a clip.
        size: side of that clip.
    """
    share = np.clip(pixels / np.float32(BOUND * size), -1, 1)
    # not rint, which rounds halves to even: then opposite motions would not be opposite bytes
    forward = np.floor(128 + 127.5 * np.abs(share))
    values: NDArray[np.uint8] = np.where(share < 0, 255 - forward, forward).astype(np.uint8)
    return values


def _solver(opencv: Any, method: OpticalFlow) -> Any:
    """What computes flow between two frames; it keeps buffers, so each thread needs its own."""
    if method == "dis":
        return opencv.DISOpticalFlow_create(opencv.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return opencv.optflow.DualTVL1OpticalFlow_create()
