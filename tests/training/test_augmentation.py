from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from videonas.search.settings import Settings, make_settings
from videonas.training.augmentation import augment, to_input

SEED = (3, 4)
OTHER_SEED = (3, 5)


def mapped(clips: int, frames: int, side: int) -> Any:
    """Clips whose four channels tell the clip, the frame, the row and the column."""
    places = np.meshgrid(
        np.arange(clips), np.arange(frames), np.arange(side), np.arange(side), indexing="ij"
    )
    return np.stack(places, axis=-1).astype(np.uint16)


def augmented(clips: Any, seed: Any = SEED, **values: Any) -> Any:
    settings: Settings = make_settings(values)
    changed = np.asarray(augment(clips, settings, seed, "rgb"))
    assert (changed.shape, changed.dtype) == (clips.shape, clips.dtype)
    return changed


def mirrored(place: Any, side: int) -> Any:
    """Where the mirrored border takes its pixels from: -1 is 1, `side` is `side - 2`."""
    return side - 1 - abs(side - 1 - abs(place))


def shifts_of(changed: Any) -> Any:
    """By how many rows and columns each clip of `mapped` clips was shifted."""
    middle = changed.shape[2] // 2
    return changed[:, 0, middle, middle, 2:].astype(int) - middle


# Pixels

def test_pixels_become_minus_one_to_one() -> None:
    given = to_input({"rgb": np.array([0, 51, 102, 255], np.uint8)})
    assert given.dtype == "float32"
    assert given.numpy() == pytest.approx([-1.0, -0.6, -0.2, 1.0])


def test_several_streams_stay_apart() -> None:
    given = to_input({"rgb": np.zeros(2, np.uint8), "flow": np.full(3, 255, np.uint8)})
    assert {name: pixels.numpy().tolist() for name, pixels in given.items()} == {
        "rgb": [-1, -1], "flow": [1, 1, 1],
    }


# Augmentation

def test_without_augmentation_nothing_changes() -> None:
    clips = mapped(20, 3, 5)
    assert (augmented(clips) == clips).all()


@pytest.mark.parametrize(("setting", "axis"), [("random_flip", 3), ("random_reverse", 1)])
def test_half_of_the_clips_are_mirrored(setting: str, axis: int) -> None:
    clips = mapped(400, 3, 4)
    changed = augmented(clips, **{setting: True})
    backwards = np.flip(clips, axis)
    same = (changed == clips).all(axis=(1, 2, 3, 4))
    turned = (changed == backwards).all(axis=(1, 2, 3, 4))
    assert (same ^ turned).all()
    assert 160 < turned.sum() < 240


def test_clips_are_mirrored_in_space_and_time_independently() -> None:
    changed = augmented(mapped(400, 2, 2), random_flip=True, random_reverse=True)
    flipped, reversed_ = changed[:, 0, 0, 0, 3], changed[:, 0, 0, 0, 1]
    counts = np.bincount(2 * flipped + reversed_, minlength=4)
    assert counts.min() > 60
    assert (changed[:, 0, 0, 0, 2] == 0).all()


@pytest.mark.parametrize(("side", "share", "most"), [
    (12, 0.25, 3), (12, 0.3, 3), (9, 0.12, 1), (5, 0.5, 2), (3, 1.0, 2), (9, 0.1, 0),
])
def test_random_crop_moves_each_clip_by_up_to_a_share_of_its_side(
    side: int, share: float, most: int
) -> None:
    clips = mapped(1000, 2, side)
    changed = augmented(clips, random_crop=share)
    assert (changed[..., :2] == clips[..., :2]).all(), "clips or frames got mixed up"
    rows, columns = shifts_of(changed).T[:, :, None]
    if side > 2 * most:  # else the pixel looked at can be a mirrored one
        pairs = set(zip(rows.flat, columns.flat, strict=True))
        reach = range(-most, most + 1)
        assert pairs == {(row, column) for row in reach for column in reach}
        places = np.arange(side)
        expected_rows = mirrored(places + rows, side)[:, None, :, None]
        expected_columns = mirrored(places + columns, side)[:, None, None, :]
        assert (changed[..., 2] == expected_rows).all()
        assert (changed[..., 3] == expected_columns).all()
        inside = (places + rows >= 0) & (places + rows < side)
        assert inside.sum(axis=1).min() == side - most
    else:
        lines = {mirrored(np.arange(side) + by, side).tobytes()
                 for by in range(-most, most + 1)}
        shown = changed.astype(int)
        assert {line.tobytes() for line in shown[:, 0, :, 0, 2]} == lines
        assert {line.tobytes() for line in shown[:, 1, 0, :, 3]} == lines


def test_every_frame_of_a_clip_is_shifted_alike() -> None:
    changed = augmented(mapped(50, 4, 8), random_crop=0.25)
    assert (changed[..., 2:] == changed[:, :1, ..., 2:]).all()


def test_a_clip_of_one_pixel_cannot_be_shifted() -> None:
    clips = mapped(5, 2, 1)
    assert (augmented(clips, random_crop=0.5) == clips).all()


@pytest.mark.parametrize(
    "values", [{"random_crop": 0.25}, {"random_flip": True}, {"random_reverse": True}]
)
def test_the_seed_decides_the_augmentation(values: dict[str, Any]) -> None:
    clips = mapped(50, 2, 8)
    first = augmented(clips, **values)
    assert (augmented(clips, **values) == first).all()
    assert (augmented(clips, OTHER_SEED, **values) != first).any()
