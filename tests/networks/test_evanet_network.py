"""EvaNets as Keras models: counts, sizes, and what the operations do."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.evanets import SMALL, evanets
from tests.networks.plain import plain
from videonas.networks import build
from videonas.networks.convolution import SpaceTimeConv
from videonas.networks.itgm import InflatedTGM
from videonas.networks.space_time import max_pool
from videonas.spaces import Costs
from videonas.spaces.evanet.architecture import (
    Branch,
    EvaNetArchitecture,
    Module,
    Pool,
    Repetition,
    Size,
    Skeleton,
    parts,
)
from videonas.spaces.evanet.costs import costs
from videonas.spaces.evanet.normalise import normalise
from videonas.spaces.evanet.presets import PRESETS
from videonas.task import Clip, Task

NARROW = Skeleton("residual", 4, 3, (13, 14), (1, 2), (2, 1, 2))
EVERYTHING = EvaNetArchitecture(
    (
        Module((Branch("conv1x1"), Branch("conv", "itgm", 3), Branch("pool_conv", time=5)), 3),
        Module((Branch("conv_conv", "2plus1d", 5, "itgm", 7), Branch("conv", "3d", 3)), 2),
    ),
    "itgm", 3, (3,), "rgb", 10, 8, 1, NARROW,
)
"""A network with every kind of branch and of convolution."""


def few(examples: int) -> Callable[[Any], Any]:
    """Networks take long to build: so many examples, always the same."""
    return settings(
        max_examples=examples, deadline=None, derandomize=True, database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def outputs_of(model: Any) -> dict[str, Any]:
    """The shape that each layer gives for one clip, by name."""
    return {layer.name: (1, *layer.output.shape[1:]) for layer in model.layers}


def count(model: Any) -> Costs:
    """Parameters by Keras, and multiply-adds from the built layers and what they give."""
    shapes, macs = outputs_of(model), 0
    for layer in model.layers:
        if isinstance(layer, InflatedTGM):
            macs += layer.window[0] * math.prod(layer.kernel.shape) * math.prod(
                shapes[layer.name][:-1]
            )
        elif isinstance(layer, SpaceTimeConv | keras.layers.Dense):
            macs += math.prod(layer.kernel.shape) * math.prod(shapes[layer.name][:-1])
    return Costs(sum(math.prod(weight.shape) for weight in model.trainable_weights), macs)


@given(evanets(most_repeats=2), st.booleans())
@example(EVERYTHING, False)
@example(EVERYTHING, True)
@few(10)
def test_counts_and_sizes_are_those_of_the_arithmetic(
    raw: EvaNetArchitecture, multi_label: bool
) -> None:
    task = replace(SMALL, multi_label=multi_label)
    net = normalise(raw, task)
    model = build("evanet", net, task)
    clip = task.streams[net.stream]
    assert model.input_shape == (None, net.frames, net.image_size, net.image_size, clip.channels)
    assert model.output_shape == (None, task.classes)
    assert count(model) == costs(net, task)
    shapes = outputs_of(model)
    for part in parts(net, clip.channels):
        if isinstance(part, Repetition) and part.shortcut:
            size = part.after
            expected = (1, size.frames, size.side, size.side, size.channels)
            assert shapes[f"{part.path}.add"] == expected


@pytest.mark.slow
@pytest.mark.parametrize("stream", ["rgb", "flow"])
@pytest.mark.parametrize("name", PRESETS)
def test_the_presets_are_built_at_their_published_size(name: str, stream: Any) -> None:
    task = Task({"rgb": Clip(64, 224), "flow": Clip(64, 224, 2)}, 400)
    net = normalise(replace(PRESETS[name], stream=stream), task)
    assert count(build("evanet", net, task)) == costs(net, task)


def test_normalisation_between_two_convolutions_learns_like_every_other() -> None:
    """The released code leaves that of (2+1)D in inference mode."""
    model = build("evanet", normalise(EVERYTHING, SMALL), SMALL)
    inner = [layer for layer in model.layers if layer.name.endswith(".time.norm")]
    assert inner
    clips = np.random.default_rng(0).normal(2, 3, (4, *model.input_shape[1:])).astype("float32")
    before = [np.array(layer.moving_mean) for layer in inner]
    with tf.GradientTape() as tape:
        score = tf.reduce_sum(tf.sin(model(clips, training=True)))
    learned = [weight for layer in inner for weight in layer.trainable_weights]
    assert len(learned) == 2 * len(inner)
    for gradient in tape.gradient(score, [weight.value for weight in learned]):
        assert np.abs(gradient).max() > 0
    assert all(
        not np.allclose(old, layer.moving_mean) for old, layer in zip(before, inner, strict=True)
    )


def test_a_repetition_is_its_branches_joined_and_the_shortcut() -> None:
    net = normalise(EVERYTHING, SMALL)
    model = build("evanet", net, SMALL)
    rng = np.random.default_rng(1)
    for weight in model.weights:
        if len(weight.shape) == 1:  # no normalisation at its neutral value
            weight.assign(rng.uniform(0.5, 1.5, weight.shape))
    names = ["modules.0.layers.1.join", "modules.0.layers.1.add", "modules.0.layers.1.out.relu",
             "modules.0.layers.0.out.relu"]
    ends = [f"modules.0.layers.1.branches.{place}.{last}.norm"
            for place, last in enumerate(("conv1x1", "conv", "conv1x1"))]
    clips = rng.normal(size=(2, *model.input_shape[1:])).astype("float32")
    chosen = {layer.name: layer.output for layer in model.layers if layer.name in {*names, *ends}}
    joined, added, out, before = (
        np.array(keras.Model(model.input, chosen)(clips)[name]) for name in names
    )
    given = [np.array(keras.Model(model.input, chosen)(clips)[name]) for name in ends]
    np.testing.assert_allclose(joined, np.concatenate(given, axis=-1), atol=1e-6)
    assert (joined < 0).any(), "no relu before the shortcut is added"
    np.testing.assert_allclose(added, joined + before, atol=1e-5)
    np.testing.assert_allclose(out, np.maximum(added, 0), atol=1e-6)


@given(
    time=st.sampled_from((1, 3, 7)), side=st.sampled_from((1, 2, 3)), frames=st.integers(1, 9),
    size=st.integers(1, 6), strides=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    channels=st.sampled_from((3, 5)),
)
@few(40)
def test_a_convolution_and_its_gradients_are_those_of_three_dimensions_in_every_form(
    time: int, side: int, frames: int, size: int, strides: tuple[int, int], channels: int
) -> None:
    rng = np.random.default_rng(6)
    clips = tf.constant(rng.normal(size=(2, frames, size, size, channels)), tf.float32)
    layer = SpaceTimeConv(4, (time, side), strides)
    layer(clips)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(clips)
        made = layer(clips)
        whole = plain(
            "Conv3D", tf.cast(clips, tf.float64), tf.cast(layer.kernel, tf.float64),
            (time, side, side), (strides[0], strides[1], strides[1]), "SAME",
        )
        scores = [tf.reduce_sum(tf.sin(each)) for each in (made, whole)]
    np.testing.assert_allclose(made, whole, atol=1e-5)
    assert layer.compute_output_shape(clips.shape) == made.shape
    for ours, theirs in zip(
        *(tape.gradient(score, [clips, layer.kernel]) for score in scores), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


@given(
    time=st.sampled_from((1, 3, 5, 11)), side=st.integers(1, 3), frames=st.integers(1, 9),
    size=st.integers(1, 6), strides=st.tuples(st.integers(1, 3), st.integers(1, 2)),
)
@few(20)
def test_pooling_is_that_of_the_whole_window(
    time: int, side: int, frames: int, size: int, strides: tuple[int, int]
) -> None:
    before = Size(frames, size, 3)
    clip = keras.Input((frames, size, size, 3))
    made = max_pool(clip, Pool("pool", (time, side), before, before.after(*strides, 3), strides))
    clips = np.random.default_rng(2).normal(size=(2, frames, size, size, 3)).astype("float32")
    whole = plain("MaxPool", tf.constant(clips), None, (time, side, side),
                  (strides[0], strides[1], strides[1]), "SAME")
    np.testing.assert_array_equal(keras.Model(clip, made)(clips), whole)


def test_a_saved_network_gives_the_same(tmp_path: Path) -> None:
    model = build("evanet", normalise(EVERYTHING, SMALL), SMALL)
    path = tmp_path / "net.keras"
    model.save(path)
    clips = np.random.default_rng(3).normal(size=(2, *model.input_shape[1:])).astype("float32")
    np.testing.assert_array_equal(keras.models.load_model(path)(clips), model(clips))
