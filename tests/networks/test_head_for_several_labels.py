"""The head that pools logits over time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.architectures import one_block
from videonas.networks import build, layers
from videonas.spaces.tiny_video import TinyVideoArchitecture
from videonas.spaces.tiny_video.costs import costs
from videonas.spaces.tiny_video.diagram import draw
from videonas.task import Clip, Task

ONE = Task({"rgb": Clip(8, 12)}, 5)
SEVERAL = replace(ONE, multi_label=True)
TIMELESS = one_block(6, 4, filters=3)
"""Four frames, and no operation that sees more than one of them."""

by_frame = arrays.arrays(
    np.float32, st.tuples(st.just(2), st.integers(2, 9), st.just(3)),
    elements=st.floats(-50, 50, width=32),
)


def weighted(architecture: TinyVideoArchitecture, task: Task) -> Any:
    """A network whose last layer answers differently to each frame."""
    keras.utils.set_random_seed(0)
    model = build("tiny_video", architecture, task)
    rng = np.random.default_rng(0)
    head = model.get_layer("head")
    head.set_weights([3 * rng.normal(size=w.shape) for w in head.get_weights()])
    return model


def clips(frames: int) -> Any:
    """Two clips, each frame of another colour."""
    rng = np.random.default_rng(1)
    return rng.normal(rng.normal(0, 3, (2, frames, 1, 1, 3)), 1, (2, frames, 6, 6, 3))


def run(model: Any, x: Any) -> Any:
    return np.asarray(model(x, training=False))


def test_logits_of_frames_are_pooled_as_published() -> None:
    model, x = weighted(TIMELESS, SEVERAL), clips(4)
    logits = run(keras.Model(model.input, model.get_layer("head").output), x)
    assert logits.shape == (2, 4, 5)
    weights = np.exp(logits / np.sqrt(4))
    weights /= weights.sum(axis=1, keepdims=True)
    assert np.ptp(weights, axis=1).max() > 0.1
    np.testing.assert_allclose(run(model, x), (weights * logits).sum(axis=1), rtol=1e-4, atol=1e-5)


def test_a_frame_is_judged_by_its_own_mean_over_space() -> None:
    """So a clip of one frame, repeated, gets what the frame gets."""
    model, x = weighted(TIMELESS, SEVERAL), clips(4)
    for frame in range(4):
        repeated = np.repeat(x[:, frame : frame + 1], 4, axis=1)
        logits = run(keras.Model(model.input, model.get_layer("head").output), x)[:, frame]
        np.testing.assert_allclose(run(model, repeated), logits, rtol=1e-4, atol=1e-4)


@given(by_frame)
@example(np.zeros((2, 4, 3), np.float32))
@settings(deadline=None)
def test_pooling_lies_between_the_mean_and_the_maximum(x: Any) -> None:
    pooled = np.asarray(layers.softmax_pool(keras.ops.convert_to_tensor(x)))
    assert pooled.shape == (2, 3)
    assert (pooled >= x.mean(axis=1) - 1e-3).all()
    assert (pooled <= x.max(axis=1) + 1e-3).all()


@given(by_frame, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_pooling_knows_no_order_and_keeps_classes_apart(x: Any, random: Any) -> None:
    pooled = np.asarray(layers.softmax_pool(keras.ops.convert_to_tensor(x)))
    order = random.sample(range(x.shape[1]), x.shape[1])
    mixed = np.stack([x[:, :, 0], x[:, order, 1], x[:, ::-1, 2]], axis=-1)
    again = np.asarray(layers.softmax_pool(keras.ops.convert_to_tensor(mixed)))
    np.testing.assert_allclose(again, pooled, rtol=1e-4, atol=1e-4)


def test_one_frame_that_shows_it_is_enough() -> None:
    one_of_nine = np.full((1, 9, 1), -10.0, np.float32)
    one_of_nine[0, 4] = 10.0
    (pooled,) = np.asarray(layers.softmax_pool(keras.ops.convert_to_tensor(one_of_nine)))[0]
    assert pooled > 9
    assert one_of_nine.mean() < -7


@pytest.mark.parametrize("net", [
    one_block(6, 1), one_block(6, 4, temporal_kernel=3, temporal_stride=4),
], ids=["one frame", "one frame left"])
def test_where_one_frame_is_left_both_heads_are_the_same(net: TinyVideoArchitecture) -> None:
    one, several = weighted(net, ONE), weighted(net, SEVERAL)
    assert [layer.name for layer in several.layers] == [layer.name for layer in one.layers]
    several.set_weights(one.get_weights())
    np.testing.assert_array_equal(run(several, clips(net.frames)), run(one, clips(net.frames)))
    assert costs(net, SEVERAL) == costs(net, ONE)
    assert draw(net, SEVERAL) == draw(net, ONE)


def test_weights_serve_either_head() -> None:
    one, several = weighted(TIMELESS, ONE), weighted(TIMELESS, SEVERAL)
    several.set_weights(one.get_weights())
    assert not np.allclose(run(several, clips(4)), run(one, clips(4)))


@pytest.mark.parametrize("frames", [2, 5, 8])
def test_the_last_layer_works_at_every_frame_that_is_left(frames: int) -> None:
    net = one_block(6, frames, filters=3)
    one, several = costs(net, ONE), costs(net, SEVERAL)
    assert several.parameters == one.parameters
    assert several.macs - one.macs == (frames - 1) * 3 * ONE.classes


def test_the_diagram_says_which_head() -> None:
    ends = {task.multi_label: draw(TIMELESS, task).nodes[-1].lines for task in (ONE, SEVERAL)}
    assert ends == {
        False: ("mean over time and space",), True: ("mean over space, softmax over time",)
    }


def test_dropout_acts_on_each_frame_by_itself() -> None:
    """A feature that is dropped in one frame may stay in another."""
    alike = np.repeat(clips(1)[:1], 8, axis=1)
    kinds = []
    for dropout in (0.0, 0.5):
        model = build("tiny_video", one_block(6, 8, filters=32), SEVERAL, dropout=dropout)
        dropped = keras.Model(model.input, model.get_layer("dropout").output)
        frames = np.asarray(dropped(alike, training=True))[0]
        kinds.append(len({row.tobytes() for row in frames != 0}))
    assert kinds == [1, 8]
