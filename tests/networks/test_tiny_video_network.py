"""Tiny Video Networks as Keras models: counts, shapes, and what the operations do."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from tests.architectures import PUBLISHED_TASK, TASK, architectures, one_block, with_block
from videonas.networks import build, layers
from videonas.spaces.base import Costs
from videonas.spaces.tiny_video import Block, TinyVideoArchitecture, TinyVideoSpace
from videonas.spaces.tiny_video.architecture import layers as walk
from videonas.spaces.tiny_video.costs import costs
from videonas.spaces.tiny_video.normalise import normalise
from videonas.spaces.tiny_video.presets import PRESETS
from videonas.task import Clip, Task

pytestmark = pytest.mark.filterwarnings("ignore:You are using a softmax over axis -1")
"""Where one position is left, a non-local operation has nothing to choose from."""

SMALL = Task({"rgb": Clip(8, 12)}, 3)
SEVERAL = replace(SMALL, multi_label=True)

small = architectures(SMALL, most_blocks=2, filters=6, repeats=3, expand=3)


EVERYTHING = TinyVideoArchitecture(12, 4, 1, (
    Block("depthwise", 3, 2, "conv", 3, 1, 4, 2, 2, True, 0.9, True, 2, "hswish", "hswish",
          "hswish", False),
    Block("avgpool", 2, 2, "maxpool", 2, 2, 4, 3, 1, False, 0.5, True, 3, "relu", "relu", "relu",
          True),
))
"""A network with every kind of layer."""

ALSO = TinyVideoArchitecture(11, 5, 1, (
    Block("conv", 4, 3, "avgpool", 2, 2, 5, 1, 3, True, 0.0, True, 0, "relu", "hswish", "relu",
          True),
    Block("maxpool", 3, 1, "conv", 5, 2, 6, 2, 2, True, 0.7, False, 2, "hswish", "relu", "hswish"),
))
"""With `EVERYTHING`, every kind of layer in every kind of block."""


def few(examples: int) -> Callable[[Any], Any]:
    """Networks take long to build: so many examples, always the same."""
    slow = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)
    return settings(
        max_examples=examples, deadline=None, derandomize=True, database=None,
        suppress_health_check=slow,
    )


def build_net(architecture: TinyVideoArchitecture, task: Task = SMALL) -> Any:
    """The network with random weights, so that no gate, norm or bias is at a neutral value."""
    model = build("tiny_video", architecture, task)
    rng = np.random.default_rng(0)
    for weight in model.weights:
        if len(weight.shape) == 1:  # biases, and all of batch normalisation
            weight.assign(rng.uniform(0.5, 1.5, weight.shape))
        else:
            scale = math.prod(weight.shape[:-1]) ** -0.5
            weight.assign(rng.normal(0, scale, weight.shape))
    return model


def clips(architecture: TinyVideoArchitecture, batch: int, channels: int = 3) -> Any:
    """Random clips: `(batch, frames, size, size, channels)`."""
    frames, size = architecture.frames, architecture.image_size
    shape = (batch, frames, size, size, channels)
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def run(model: Any, x: Any) -> Any:
    """What a model gives in inference, as numpy."""
    return keras.tree.map_structure(np.asarray, model(x, training=False))


def run_layers(model: Any, x: Any) -> dict[str, Any]:
    """What every layer of a model gives, by name."""
    outputs = {layer.name: layer.output for layer in model.layers}
    return run(keras.Model(model.input, outputs), x)  # type: ignore[no-any-return]


def close(a: Any, b: Any) -> bool:
    """Whether two arrays differ by rounding only."""
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-3, atol=1e-4))


# Counts and shapes


tasks = st.sampled_from([SMALL, SEVERAL])


@given(small, tasks)
@example(EVERYTHING, SMALL)
@example(ALSO, SMALL)
@example(EVERYTHING, SEVERAL)
@example(ALSO, SEVERAL)
@few(16)
def test_counts_and_shapes_are_those_of_the_arithmetic(
    raw: TinyVideoArchitecture, task: Task
) -> None:
    net = normalise(raw, task)
    model = build_net(net, task)
    outputs = run_layers(model, clips(net, 1))
    parameters = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    assert costs(net, task) == Costs(parameters, count_macs(model, outputs))
    for layer in walk(net):
        size = layer.after
        found = outputs[f"{layer.path}.out.{layer.block.activation}"].shape
        assert found == (size.frames, size.side, size.side, size.channels)


def count_macs(model: Any, outputs: dict[str, Any]) -> int:
    """Multiply-adds of one clip, from the built layers and what they gave for one clip."""
    macs = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D
                      | keras.layers.Dense):
            kernel = next(w for w in layer.weights if w.path.endswith("kernel"))
            macs += math.prod(kernel.shape) * math.prod(outputs[layer.name].shape[:-1])
        elif layer.name.endswith(".queries"):
            _, queries, width = outputs[layer.name].shape
            _, keys, _ = outputs[layer.name.replace(".queries", ".keys")].shape
            macs += 2 * queries * keys * width
    return macs


@pytest.mark.parametrize("channels", [1, 2])
def test_counts_hold_for_other_channels(channels: int) -> None:
    task = Task({"rgb": Clip(4, 16, channels)}, 3)
    net = one_block(skip=True, temporal_kernel=3, repeats=2)
    model = build_net(net, task)
    assert costs(net, task).parameters == model.count_params() - sum(
        math.prod(w.shape) for w in model.non_trainable_weights
    )
    assert model.input_shape == (None, 4, 16, 16, channels)


@given(small, tasks)
@example(EVERYTHING, SMALL)
@example(ALSO, SEVERAL)
@few(6)
def test_logits_come_for_any_number_of_clips(raw: TinyVideoArchitecture, task: Task) -> None:
    model = build_net(raw, task)
    three = clips(raw, 3)
    logits = run(model, three)
    assert model.output_shape == (None, SMALL.classes)
    assert logits.shape == (3, SMALL.classes)
    assert np.isfinite(logits).all()
    for number in range(3):
        assert close(run(model, three[number : number + 1]), logits[number : number + 1])


@given(small, tasks)
@example(EVERYTHING, SMALL)
@example(ALSO, SEVERAL)
@few(6)
def test_no_clip_of_a_batch_sees_another(raw: TinyVideoArchitecture, task: Task) -> None:
    model = build_net(raw, task)
    three = clips(raw, 3)
    before = run_layers(model, three)
    three[1] += 1
    after = run_layers(model, three)
    for name, value in before.items():
        for clip in (0, 2):  # the first axis is clips, or frames clip by clip
            shares = np.split(value, 3)[clip], np.split(after[name], 3)[clip]
            assert close(*shares), name
    assert not close(before["frames"], after["frames"])


@given(small, tasks)
@few(8)
def test_the_normal_form_is_the_same_network(raw: TinyVideoArchitecture, task: Task) -> None:
    assume(raw != normalise(raw, task))
    normal = build_net(normalise(raw, task), task)
    literal = build_as_written(raw, task)
    assert weight_shapes(literal) == weight_shapes(normal)
    x = clips(raw, 2)
    assert close(run(copied(normal, literal), x), run(normal, x))


def build_as_written(architecture: TinyVideoArchitecture, task: Task = SMALL) -> Any:
    """The network of an architecture that is not normalised, ignored fields and all."""
    with patch("videonas.networks.tiny_video.normalise", lambda architecture, task: architecture):
        return build_net(architecture, task)


def weight_shapes(model: Any) -> dict[str, list[tuple[int, ...]]]:
    """The shapes of each layer's weights, by the layer's name."""
    return {la.name: [tuple(w.shape) for w in la.weights] for la in model.layers if la.weights}


def copied(source: Any, target: Any) -> Any:
    """The target with the source's weights, layer by layer of the same name."""
    for name in weight_shapes(source):
        target.get_layer(name).set_weights(source.get_layer(name).get_weights())
    return target


TOLD_APART: list[tuple[str, TinyVideoArchitecture, dict[str, Any]]] = [
    ("a temporal stride beyond the frames",
     one_block(8, 2, temporal_kernel=3, temporal_stride=2), {"temporal_stride": 3}),
    ("a spatial stride beyond the side",
     one_block(2, spatial_stride=2, skip=True), {"spatial_stride": 4}),
    ("a window of pooling beyond the side",
     one_block(2, spatial_type="maxpool", spatial_kernel=3), {"spatial_kernel": 4}),
    ("a window of pooling over time beyond the frames",
     one_block(8, 2, temporal_type="avgpool", temporal_kernel=3), {"temporal_kernel": 5}),
    ("a ratio of the same hidden width that rounds down",
     one_block(8, filters=100, squeeze=0.291), {"squeeze": 0.292}),
]


@pytest.mark.parametrize(("net", "change"), [t[1:] for t in TOLD_APART],
                         ids=[t[0] for t in TOLD_APART])
def test_networks_that_ids_tell_apart_at_the_edges_are_equal(
    net: TinyVideoArchitecture, change: dict[str, Any]
) -> None:
    """The evidence for an expected failure in tests/spaces/test_codec_and_ids.py."""
    one, other = build_net(net, TASK), build_net(with_block(net, 0, **change), TASK)
    assert weight_shapes(one) == weight_shapes(other)
    assert close(run(one, clips(net, 2)), run(copied(one, other), clips(net, 2)))


# Files

@given(small)
@few(2)
def test_a_saved_network_gives_the_same(
    tmp_path_factory: pytest.TempPathFactory, raw: TinyVideoArchitecture
) -> None:
    check_saving(raw, tmp_path_factory.mktemp("saved"))


def test_a_saved_network_with_everything_gives_the_same(tmp_path: Path) -> None:
    check_saving(EVERYTHING, tmp_path)


def test_a_saved_network_for_several_labels_gives_the_same(tmp_path: Path) -> None:
    check_saving(one_block(8, 4), tmp_path, SEVERAL)


def check_saving(architecture: TinyVideoArchitecture, folder: Path, task: Task = SMALL) -> None:
    """Saves a network, loads it, and compares what both give; so with weights alone."""
    model, x = build_net(architecture, task), clips(architecture, 2)
    model.save(folder / "whole.keras")
    loaded: Any = keras.saving.load_model(folder / "whole.keras")
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]
    np.testing.assert_array_equal(run(loaded, x), run(model, x))

    model.save_weights(folder / "some.weights.h5")
    fresh = build("tiny_video", architecture, task)
    assert not close(run(fresh, x), run(model, x))
    fresh.load_weights(folder / "some.weights.h5")
    np.testing.assert_array_equal(run(fresh, x), run(model, x))


# What the operations do


def of_one_layer(
    shape: tuple[int, ...], layer: Callable[[Any], Any]
) -> tuple[Any, dict[str, Any], Any, Any]:
    """A model of one operation on two clips of two frames.

    Returns:
        the model, its weights by path, what goes in and what comes out.
    """
    given_ = keras.Input(shape)
    model = keras.Model(given_, layer(given_))
    rng = np.random.default_rng(0)
    for weight in model.weights:
        positive = weight.path.endswith(("gamma", "variance"))
        weight.assign(rng.uniform(0.5, 1.5, weight.shape) if positive
                      else rng.normal(size=weight.shape))
    x = rng.normal(size=(4, *shape)).astype(np.float32)
    return model, {w.path: np.asarray(w) for w in model.weights}, x, run(model, x)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def test_a_context_gate_scales_by_one_gate_a_clip() -> None:
    _, weights, x, found = of_one_layer((5, 5, 6), lambda x: layers.context_gate(x, 2, "net"))
    means = x.reshape(2, 2 * 25, 6).mean(1)
    gate = sigmoid(means @ weights["net.gate/kernel"] + weights["net.gate/bias"])
    assert close(found.reshape(2, 2, 5, 5, 6), x.reshape(2, 2, 5, 5, 6) * gate[:, None, None, None])
    assert not close(gate[0], gate[1])


def test_squeeze_and_excitation_scales_by_one_gate_a_clip() -> None:
    _, w, x, found = of_one_layer((5, 5, 6), lambda x: layers.squeeze_excite(x, 2, 4, "net"))
    means = x.reshape(2, 2 * 25, 6).mean(1)
    hidden = np.maximum(means @ w["net.reduce/kernel"] + w["net.reduce/bias"], 0)
    gate = sigmoid(hidden @ w["net.expand/kernel"] + w["net.expand/bias"])
    assert hidden.shape == (2, 4)
    assert close(found.reshape(2, 2, 5, 5, 6), x.reshape(2, 2, 5, 5, 6) * gate[:, None, None, None])
    assert not close(gate[0], gate[1])


def test_non_local_begins_as_the_identity() -> None:
    given_ = keras.Input((6, 6, 4))
    model = keras.Model(given_, layers.non_local(given_, 2, 3, "net"))
    x = np.random.default_rng(0).normal(size=(4, 6, 6, 4)).astype(np.float32)
    np.testing.assert_array_equal(run(model, x), x)
    np.testing.assert_array_equal(np.asarray(model(x, training=True)), x)
    model.get_layer("net.output.norm").gamma.assign(np.ones(4))
    assert not close(run(model, x), x)


def test_non_local_adds_a_weighted_mean_over_the_clip() -> None:
    model, w, x, found = of_one_layer((6, 6, 4), lambda x: layers.non_local(x, 2, 3, "net"))
    half = x.reshape(2, 2, 3, 2, 3, 2, 4).max((3, 5)).reshape(2, 2 * 9, 4)
    all_ = x.reshape(2, 2 * 36, 4)
    queries, keys, values = (
        source @ w[f"net.{part}/kernel"][0, 0]
        for source, part in ((all_, "query"), (half, "key"), (half, "value"))
    )
    scores = np.exp(queries @ keys.transpose(0, 2, 1) / math.sqrt(3))
    mixed = scores / scores.sum(-1, keepdims=True) @ values @ w["net.output/kernel"][0, 0]
    normed = model.get_layer("net.output.norm")(mixed[:, :, None], training=False)
    assert close(found.reshape(2, 72, 4), all_ + np.asarray(normed)[:, :, 0])


def test_every_second_layer_has_a_temporal_operation() -> None:
    for kind in ("conv", "maxpool"):
        net = one_block(8, filters=4, temporal_type=kind, temporal_kernel=2, repeats=5)
        names = {layer.name for layer in build("tiny_video", net, SMALL).layers}
        assert [f"blocks.0.layers.{n}.temporal" in names for n in range(5)] == [
            True, False, True, False, True
        ]


def test_no_temporal_operation_stands_where_one_frame_is_left() -> None:
    net = one_block(8, 2, filters=4, temporal_kernel=2, temporal_stride=2, repeats=3)
    names = {layer.name for layer in build("tiny_video", net, SMALL).layers}
    assert [f"blocks.0.layers.{n}.temporal" in names for n in range(3)] == [True, False, False]


EXPANDED, POOLED = {"inverted_bottleneck": True}, {"spatial_type": "maxpool"}
ALWAYS = {"spatial.in.hswish", "spatial.hswish", "temporal.relu", "out.hswish"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ALWAYS),
        ({"spatial_type": "depthwise"}, ALWAYS),
        (EXPANDED, ALWAYS | {"expand.relu"}),
        (POOLED, {"temporal.relu", "out.hswish"}),
        ({"temporal_type": "avgpool"}, ALWAYS - {"temporal.relu"}),
    ],
    ids=["plain", "depthwise", "inverted", "pooled", "temporal pooling"],
)
def test_activations_stand_behind_these_operations_and_no_others(
    change: dict[str, Any], expected: set[str]
) -> None:
    net = one_block(
        8, filters=4, temporal_kernel=3, skip=True, non_local=2, activation="hswish",
        spatial_activation="hswish", temporal_activation="relu",
    )
    model = build("tiny_video", with_block(net, 0, **change), SMALL)
    activations = [la for la in model.layers if isinstance(la, keras.layers.Activation)]
    found = {la.name.removeprefix("blocks.0.layers.0.") for la in activations}
    assert found == expected
    for layer in activations:
        kind = {"relu": "relu", "hswish": "hard_silu"}[layer.name.rpartition(".")[2]]
        assert layer.get_config()["activation"] == kind


@pytest.mark.parametrize("name", ["activation", "spatial_activation", "temporal_activation"])
def test_each_activation_changes_the_answer(name: str) -> None:
    net = one_block(8, filters=4, temporal_kernel=3)
    other = with_block(net, 0, **{name: "hswish"})
    model = build_net(net)
    changed = copied(model, build_net(other))
    assert not close(run(model, clips(net, 2)), run(changed, clips(net, 2)))


WITHOUT_TIME = one_block(
    8, 4, filters=4, expand=2, repeats=2, skip=True, squeeze=0.5, context_gate=True, non_local=3
)


@pytest.mark.parametrize(
    ("change", "ordered"),
    [
        ({}, False),
        ({"inverted_bottleneck": True}, False),
        ({"temporal_kernel": 3, "temporal_type": "conv"}, True),
        ({"temporal_kernel": 2, "temporal_type": "maxpool"}, True),
        ({"temporal_kernel": 2, "temporal_type": "avgpool"}, True),
    ],
    ids=str,
)
def test_only_temporal_operations_see_the_order_of_frames(
    change: dict[str, Any], ordered: bool
) -> None:
    net = with_block(WITHOUT_TIME, 0, **change)
    model, x = build_net(net), clips(net, 2)
    assert close(run(model, x), run(model, x[:, [2, 0, 3, 1]])) is not ordered


def test_every_frame_counts() -> None:
    for frame in range(4):
        model, x = build_net(WITHOUT_TIME), clips(WITHOUT_TIME, 1)
        before = run(model, x)
        x[:, frame] *= 2
        assert not close(run(model, x), before)


def test_dropout_is_before_the_last_layer_and_in_training_only() -> None:
    model = build("tiny_video", one_block(8), SMALL, dropout=0.25)
    assert model.get_layer("dropout").rate == 0.25
    assert [layer.name for layer in model.layers[-2:]] == ["dropout", "head"]
    x = clips(one_block(8), 2)
    assert close(run(model, x), run(model, x))
    assert not np.array_equal(np.asarray(model(x, training=True)), run(model, x))


def test_hard_swish_is_as_published() -> None:
    given_ = keras.Input((9,))
    model = keras.Model(given_, layers.activate(given_, "hswish", "net"))
    x = np.linspace(-4, 4, 9, dtype=np.float32)[None]
    assert close(run(model, x), x * np.clip(x + 3, 0, 6) / 6)


def test_pooling_leaves_its_padding_out_of_the_mean() -> None:
    _, _, _, found = of_one_layer(
        (3, 3, 1), lambda x: layers.pool(x * 0 + 1, "avgpool", (2, 2), (2, 2), "net")
    )
    assert close(found, np.ones((4, 2, 2, 1)))


# What the space draws, and what was published


def test_what_a_space_samples_builds() -> None:
    space, rng = TinyVideoSpace(image_sizes=(8, 12), filters=(4, 8), repeats=(1, 2)), Random(3)
    for _ in range(3):
        net = space.sample(SMALL, rng)
        model = build_net(net)
        assert run(model, clips(net, 2)).shape == (2, SMALL.classes)


def check_preset(name: str, classes: int) -> None:
    task = Task(PUBLISHED_TASK.streams, classes)
    net = normalise(PRESETS[name], task)
    model = build("tiny_video", net, task)
    parameters = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    assert parameters == costs(net, task).parameters
    names = {layer.name for layer in model.layers}
    assert all(f"{la.path}.out.{la.block.activation}" in names for la in walk(net))


def test_mobile2_builds_with_the_published_number_of_parameters() -> None:
    check_preset("mobile2", 339)


@pytest.mark.slow
@pytest.mark.parametrize("name", PRESETS)
def test_the_published_networks_build(name: str) -> None:
    check_preset(name, 5)
