"""Flow of frames whose motion is known: what is found, how it is stored, where there is none."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from videonas.data.clips import resize
from videonas.data.flow import BOUND, encode_flow, flow_of_clips, flow_side, need_opencv
from videonas.errors import VideonasError
from videonas.search.dataset import OpticalFlow

STILL = 128
METHODS: tuple[OpticalFlow, ...] = ("dis", "tvl1")
EDGE = 8


def moving(count: int, side: int, motion: tuple[int, int], seed: int = 0) -> dict[int, Any]:
    """Grey frames of a smooth texture that moves by whole pixels to the right and down."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (side // 8 + 12, side // 8 + 12), np.uint8)
    texture = cv2.resize(coarse, None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC)
    middle = (len(texture) - side) // 2
    frames = {}
    for number in range(count):
        top, left = middle - motion[1] * number, middle - motion[0] * number
        assert min(top, left) >= 0
        frames[number] = texture[top : top + side, left : left + side].copy()
        assert frames[number].shape == (side, side)
    return frames


def in_pixels(values: Any, size: int) -> Any:
    """The motion that bytes stand for."""
    return (values.astype(float) / 127.5 - 1) * BOUND * size


def flow(
    frames: dict[int, Any], plan: Sequence[Sequence[int]], size: int, step: int = 1,
    method: OpticalFlow = "dis",
) -> Any:
    made = flow_of_clips(frames, plan, step, size, method)
    assert made.shape == (len(plan), len(plan[0]), size, size, 2)
    assert made.dtype == np.uint8
    return made


# What is found

@pytest.mark.parametrize("method", METHODS)
def test_a_known_motion_is_found(method: OpticalFlow) -> None:
    made = in_pixels(flow(moving(3, 64, (2, -1)), [[0, 1, 2]], 64, method=method), 64)
    inside = made[0, :, EDGE:-EDGE, EDGE:-EDGE]
    assert np.abs(inside.mean((1, 2)) - (2, -1)).max() < 0.1
    assert np.abs(inside - (2, -1)).mean() < 0.1


@pytest.mark.parametrize("method", METHODS)
def test_motion_is_told_in_pixels_of_the_clip(method: OpticalFlow) -> None:
    frames = moving(2, 64, (2, -1))
    (clip,) = in_pixels(flow(frames, [[0, 1]], 16, method=method), 16)
    assert np.abs(clip[:, 2:-2, 2:-2] - (0.5, -0.25)).mean() < 0.03


@pytest.mark.parametrize("method", METHODS)
def test_where_nothing_moves_there_is_no_motion(method: OpticalFlow) -> None:
    frames = moving(1, 24, (0, 0))
    assert (flow({0: frames[0], 1: frames[0]}, [[0, 1]], 24, method=method) == STILL).all()


def test_flow_of_a_clip_that_is_reduced_is_that_of_a_smaller_clip() -> None:
    """So a network that takes smaller clips can be given the stored ones, reduced by area."""
    frames = moving(4, 64, (3, 2))
    large, small = (flow(frames, [[0, 1, 2, 3]], size) for size in (32, 16))
    assert np.abs(resize(large, 16).astype(int) - small).max() <= 1
    assert np.abs(small.astype(int) - STILL).max() > 20, "it moves"


def test_the_least_frames_that_videos_can_have() -> None:
    side = flow_side(1, 1)
    assert flow(moving(2, side, (1, 0)), [[0, 1]], 1).shape == (1, 2, 1, 1, 2)


# Where there is none

def test_the_last_place_repeats_the_one_before() -> None:
    frames = moving(3, 48, (2, -1))
    frames[2] = moving(3, 48, (2, -1), seed=1)[2]  # so that the places differ
    (clip,) = flow(frames, [[0, 1, 2]], 24)
    assert (clip[2] == clip[1]).all()
    assert (clip[1] != clip[0]).any()


def test_a_clip_of_one_frame_has_no_motion() -> None:
    assert (flow(moving(1, 24, (0, 0)), [[0], [0]], 12) == STILL).all()


@pytest.mark.parametrize(("step", "indices", "jumps"), [
    (1, [1, 2, 0, 1], [1]),
    (1, [0, 0, 0], [0, 1, 2]),
    (2, [0, 2, 1], [1, 2]),  # the last place repeats
    (4, [0, 1, 2], [0, 1, 2]),  # three frames: each place is on another round
])
def test_the_jump_to_the_start_of_a_short_video_is_no_motion(
    step: int, indices: list[int], jumps: list[int]
) -> None:
    (clip,) = flow(moving(3, 48, (3, 0)), [indices], 24, step)
    still = [place for place in range(len(indices)) if (clip[place] == STILL).all()]
    assert still == jumps


def test_clips_that_overlap_have_the_flow_that_each_has_alone() -> None:
    frames, plan = moving(6, 32, (1, 1)), [[0, 1, 2], [1, 2, 3], [3, 4, 5]]
    together = flow(frames, plan, 16)
    alone = [flow(frames, [indices], 16)[0] for indices in plan]
    assert (together == np.array(alone)).all()


# Bytes

components = st.floats(-40, 40, width=32)


@given(components, st.integers(1, 400))
def test_a_byte_is_the_nearest_to_what_it_stands_for(pixels: float, size: int) -> None:
    value = encode_flow(np.array([pixels], np.float32), size)
    bound = BOUND * size
    kept = min(max(pixels, -bound), bound)
    assert abs(in_pixels(value, size)[0] - kept) <= bound / 255 * 1.001 + 1e-6


@given(st.floats(0, 40, width=32, exclude_min=True, allow_subnormal=False), st.integers(1, 400))
def test_opposite_motions_are_opposite_bytes(pixels: float, size: int) -> None:
    there, back = encode_flow(np.array([pixels, -pixels], np.float32), size)
    assert int(there) + int(back) == 255


def test_what_the_ends_and_the_middle_become() -> None:
    bound = 20.0  # of clips of 224 pixels, as in I3D
    given_ = np.array([-999, -bound, -1e-6, 0, 1e-6, bound, 999], np.float32)
    assert encode_flow(given_, 224).tolist() == [0, 0, 127, STILL, 128, 255, 255]


@given(st.integers(1, 300), st.integers(1, 4000))
def test_the_side_of_the_frames_that_flow_is_computed_with(size: int, available: int) -> None:
    side = flow_side(size, available)
    assert side % size == 0
    assert side >= 12, "OpenCV takes no less"
    assert side <= 128 or side == size
    if side > size:
        assert side <= available or side - size < 16, "no frame is scaled up without need"
    assert side + size > min(128, available), "as large as can be"


# Without OpenCV

@pytest.mark.parametrize("method", METHODS)
def test_without_opencv_it_is_said_what_to_install(
    method: OpticalFlow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(VideonasError, match=(
        rf"^optical_flow is {method}, and OpenCV cannot be loaded \(.*\); "
        r"pip install 'videonas\[train\]'$"
    )):
        need_opencv(method)


def test_an_opencv_without_tv_l1_is_told_where_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(cv2, "optflow")
    assert need_opencv("dis") is cv2
    with pytest.raises(VideonasError, match=r"OpenCV .* here is without it; pip uninstall it"):
        need_opencv("tvl1")
