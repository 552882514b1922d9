"""Augmented flow is the flow of the augmented clip: by hand, and as OpenCV finds it."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest

from tests.data.test_flow import STILL, moving
from videonas.data.flow import flow_of_clips
from videonas.search.settings import make_settings
from videonas.training.augmentation import augment

SEED = (3, 4)
CLIPS, SIDE = 12, 48

EARLIER = "c9f119e9050cfd553c7cd5c72790c5043e2f0f1d4cda61aef749ee0ef46491df"
"""SHA-256 of clips that were augmented before there was flow."""


def augmented(clips: Any, stream: str, **values: Any) -> Any:
    changed = np.asarray(augment(clips, make_settings(values), SEED, stream))
    assert (changed.shape, changed.dtype) == (clips.shape, clips.dtype)
    return changed


def noise(frames: int = 3, side: int = 5) -> Any:
    """Flow of any kind."""
    shape = (CLIPS, frames, side, side, 2)
    return np.random.default_rng(1).integers(0, 256, shape, np.uint8)


def of_noise(chosen: Any, changed: Any) -> Any:
    """The clips of `noise` that are changed, before and after; the others are as they were."""
    clips = noise(*changed.shape[1:3])
    assert 2 < chosen.sum() < CLIPS - 2
    assert (changed[~chosen] == clips[~chosen]).all()
    return clips[chosen].astype(int), changed[chosen].astype(int)


def drawn(side: int = 5, **values: Any) -> Any:
    """Which clips of RGB are changed under the same seed, `(clips,)` bool."""
    plain = np.arange(3 * side * side, dtype=np.uint8).reshape(1, 3, side, side, 1)
    clips = np.repeat(plain, CLIPS, 0)
    return (augmented(clips, "rgb", **values) != clips).any((1, 2, 3, 4))


# By hand

def test_mirrored_flow_goes_the_other_way_across() -> None:
    before, after = of_noise(
        drawn(random_flip=True), augmented(noise(), "flow", random_flip=True)
    )
    assert (after[..., 0] == 255 - before[:, :, :, ::-1, 0]).all()
    assert (after[..., 1] == before[:, :, :, ::-1, 1]).all()


def test_flow_backwards_goes_the_other_way_from_the_frame_before() -> None:
    before, after = of_noise(
        drawn(random_reverse=True), augmented(noise(), "flow", random_reverse=True)
    )
    assert (after[:, 0] == 255 - before[:, 1]).all(), "from frame 2 to 1"
    assert (after[:, 1] == 255 - before[:, 0]).all(), "from frame 1 to 0"
    assert (after[:, 2] == after[:, 1]).all(), "the last place repeats"


def test_backwards_twice_is_forwards() -> None:
    clips = noise()
    clips[:, -1] = clips[:, -2]  # as data preparation leaves it
    twice = augmented(augmented(clips, "flow", random_reverse=True), "flow", random_reverse=True)
    assert (twice == clips).all()


def test_flow_of_one_place_only_changes_its_sign() -> None:
    before, after = of_noise(
        drawn(random_reverse=True), augmented(noise(1), "flow", random_reverse=True)
    )
    assert (after == 255 - before).all()


def test_shifted_flow_has_its_motion_mirrored_in_the_mirrored_border() -> None:
    margin, side = 2, 8
    places = np.indices((side, side)).astype(np.uint8)
    rgb = np.broadcast_to(np.moveaxis(places, 0, -1), (CLIPS, 1, side, side, 2))
    shown = augmented(rgb, "rgb", random_crop=0.25).astype(int)
    flow = np.broadcast_to(np.array([200, 30], np.uint8), (CLIPS, 1, side, side, 2))
    changed = augmented(flow, "flow", random_crop=0.25)
    middle = side // 2
    # where the clip was taken, from what its middle shows
    shifts = shown[:, 0, middle, middle] - middle
    assert {tuple(shift) for shift in shifts} != {(0, 0)}
    for shift, of_clip in zip(shifts, changed[:, 0], strict=True):
        rows, columns = (np.arange(side) + by for by in shift)
        across = (columns < 0) | (columns >= side)
        down = (rows < 0) | (rows >= side)
        assert max(across.sum(), down.sum()) <= margin
        assert (of_clip[..., 0] == np.where(across, 55, 200)[None, :]).all()
        assert (of_clip[..., 1] == np.where(down, 225, 30)[:, None]).all()


# As OpenCV finds it

def scene() -> tuple[Any, Any]:
    """One clip many times, grey and its flow: the same at all places but for the border."""
    frames = moving(4, SIDE, (2, -1), seed=5)
    clip = np.array([frames[number] for number in range(4)])
    return np.repeat(clip[None, ..., None], CLIPS, 0), np.repeat(computed(clip)[None], CLIPS, 0)


def computed(clip: Any) -> Any:
    """Flow of grey frames `(frames, side, side)`."""
    frames = {number: np.ascontiguousarray(frame) for number, frame in enumerate(clip)}
    return flow_of_clips(frames, [sorted(frames)], 1, SIDE, "dis")[0]


@pytest.mark.parametrize("values", [
    {"random_flip": True}, {"random_reverse": True}, {"random_crop": 0.1},
    {"random_flip": True, "random_reverse": True, "random_crop": 0.1},
])
def test_augmented_flow_is_that_of_the_augmented_clip(values: dict[str, Any]) -> None:
    clips, flow = scene()
    changed, its_flow = augmented(clips, "rgb", **values), augmented(flow, "flow", **values)
    unlike = 0
    for clip, given in zip(changed[..., 0], its_flow, strict=True):
        found = computed(clip)[:, 8:-8, 8:-8].astype(float)
        inside = given[:, 8:-8, 8:-8].astype(float)
        assert np.abs(inside - found).mean() < 6
        assert np.abs(found - STILL).mean() > 20
        unlike += np.abs(inside - flow[0, :, 8:-8, 8:-8]).mean() > 20
    assert ("random_crop" in values and len(values) == 1) == (unlike == 0)


def test_rgb_is_changed_as_ever() -> None:
    clips = np.random.default_rng(7).integers(0, 256, (16, 4, 9, 9, 3), np.uint8)
    changed = augmented(clips, "rgb", random_crop=0.3, random_flip=True, random_reverse=True)
    assert hashlib.sha256(changed.tobytes()).hexdigest() == EARLIER
