"""The iTGM layer: known curves, and both of its forms against a plain inflated kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.networks.plain import plain
from videonas.networks.itgm import InflatedTGM, temporal_bands, temporal_curves
from videonas.spaces.evanet.architecture import Curve

KNOWN: list[tuple[Curve, float, float, list[float]]] = [
    ("released", 0.0, 0.0, [0.2702, 0.4596, 0.2702]),
    ("released", 0.0, 0.0, [0.0973, 0.2176, 0.3702, 0.2176, 0.0973]),
    ("released", 0.5, 0.1, [0.1767, 0.4226, 0.4007]),
    ("gaussian", 0.0, 0.0, [0.3306, 0.3389, 0.3306]),
    ("gaussian", 0.0, 0.0, [0.1901, 0.2049, 0.2100, 0.2049, 0.1901]),
    ("gaussian", 0.5, 0.1, [0.3180, 0.3415, 0.3405]),
]
"""Worked out from the formulas without the layer."""


@pytest.mark.parametrize(("curve", "centre", "width", "values"), KNOWN)
def test_the_curves_are_those_of_the_formulas(
    curve: Curve, centre: float, width: float, values: list[float]
) -> None:
    found = temporal_curves(tf.constant([centre]), tf.constant([width]), len(values), curve)
    np.testing.assert_allclose(found[0], values, atol=6e-5)


@pytest.mark.parametrize("curve", ["released", "gaussian"])
def test_every_curve_has_the_sum_1(curve: Any) -> None:
    rng = np.random.default_rng(0)
    centre, width = (tf.constant(rng.normal(size=4), tf.float32) for _ in range(2))
    np.testing.assert_allclose(
        tf.reduce_sum(temporal_curves(centre, width, 9, curve), axis=1), np.ones(4), rtol=1e-5
    )


@given(length=st.sampled_from((1, 3, 5, 7, 9, 11)), frames=st.integers(1, 20),
       stride=st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_bands_filter_as_a_convolution_does(length: int, frames: int, stride: int) -> None:
    rng = np.random.default_rng(length)
    curve, clip = (rng.normal(size=size).astype("float32") for size in (length, frames))
    banded = temporal_bands(tf.constant(curve[None]), frames, stride)[0] @ clip[:, None]
    plain = tf.nn.conv1d(clip[None, :, None], curve[:, None, None], stride, "SAME")
    np.testing.assert_allclose(banded[:, 0], plain[0, :, 0], atol=1e-5)


def plain_form(layer: InflatedTGM, clips: Any) -> Any:
    """What the layer stands for, written out: a kernel of time and space, and a convolution."""
    spatial, centre, width, mixing = (tf.cast(each, tf.float64) for each in layer.weights)
    curves = temporal_curves(centre, width, layer.window[0], layer.curve)
    temporal = tf.einsum("iom,ml->lio", tf.nn.softmax(mixing), curves)
    kernel = tf.einsum("yxio,lio->lyxio", spatial, temporal)
    time, side = layer.strides
    return plain("Conv3D", tf.cast(clips, tf.float64), kernel, kernel.shape[:3],
                 (time, side, side), "SAME")


@given(
    length=st.sampled_from((3, 5, 7, 11)), side=st.sampled_from((1, 3)), frames=st.integers(1, 12),
    size=st.integers(1, 7), given_channels=st.integers(1, 6), made=st.integers(1, 6),
    time_stride=st.integers(1, 3), side_stride=st.integers(1, 2),
    factorised=st.sampled_from((None, False, True)),
    curve=st.sampled_from(("released", "gaussian")),
)
@settings(max_examples=30, deadline=None)
def test_both_forms_and_their_gradients_are_those_of_the_inflated_kernel(
    length: int, side: int, frames: int, size: int, given_channels: int, made: int,
    time_stride: int, side_stride: int, factorised: bool | None, curve: Any,
) -> None:
    rng = np.random.default_rng(7)
    clips = tf.constant(rng.normal(size=(2, frames, size, size, given_channels)), tf.float32)
    layer = InflatedTGM(
        made, (length, side), (time_stride, side_stride), curve=curve, factorised=factorised
    )
    layer(clips)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(clips)
        ours, theirs = layer(clips), plain_form(layer, clips)
        scores = [tf.reduce_sum(tf.sin(each)) for each in (ours, theirs)]
    np.testing.assert_allclose(ours, theirs, atol=2e-5)
    assert layer.compute_output_shape(clips.shape) == ours.shape
    variables = [clips, *layer.trainable_weights]
    for one, other in zip(*(tape.gradient(score, variables) for score in scores), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-4)


def test_at_length_1_it_is_a_convolution_over_space() -> None:
    clips = tf.random.stateless_normal((1, 4, 6, 6, 3), (1, 2))
    layer = InflatedTGM(5, (1, 3))
    made = layer(clips)
    assert [weight.shape for weight in layer.weights] == [(3, 3, 3, 5)]
    frames = tf.nn.conv2d(clips[0], layer.weights[0], 1, "SAME")
    np.testing.assert_allclose(made[0], frames, atol=1e-5)


@pytest.mark.parametrize("curve", ["released", "gaussian"])
@pytest.mark.parametrize("factorised", [False, True])
def test_a_saved_layer_gives_the_same(factorised: bool, curve: Any, tmp_path: Path) -> None:
    clip = keras.Input((8, 6, 6, 3))
    layer = InflatedTGM(4, (7, 3), (2, 1), curve=curve, factorised=factorised)
    model = keras.Model(clip, layer(clip))
    model.save(tmp_path / "layer.keras")
    clips = tf.random.stateless_normal((1, 8, 6, 6, 3), (3, 4))
    again = keras.models.load_model(tmp_path / "layer.keras")
    np.testing.assert_array_equal(again(clips), model(clips))


def gradients_of(layer: InflatedTGM, clips: Any, *, compiled: bool = False) -> list[Any]:
    """What a layer gives, and the gradients of its clips and weights, as float64."""

    def run() -> list[Any]:
        """Forward and back."""
        with tf.GradientTape() as tape:
            tape.watch(clips)
            made = tf.cast(layer(clips), tf.float64)
            score = tf.reduce_sum(tf.sin(made))
        return [made, *tape.gradient(score, [clips, *layer.trainable_weights])]

    found = tf.function(run, jit_compile=True, autograph=False)() if compiled else run()
    return [tf.cast(each, tf.float64).numpy() for each in found]


@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    [("float64", 1e-5), ("mixed_float16", 0.02), ("mixed_bfloat16", 0.15)],
)
@pytest.mark.parametrize("factorised", [False, True])
def test_other_dtypes_give_the_same_to_their_rounding(
    factorised: bool, dtype: str, tolerance: float
) -> None:
    clips = tf.random.stateless_normal((1, 8, 6, 6, 3), (5, 6))
    layer = InflatedTGM(4, (7, 3), factorised=factorised)
    exact = gradients_of(layer, clips)
    other = InflatedTGM(4, (7, 3), factorised=factorised, dtype=dtype)
    assert other(clips).dtype == dtype.removeprefix("mixed_")
    other.set_weights(layer.get_weights())
    for one, same in zip(gradients_of(other, clips), exact, strict=True):
        np.testing.assert_allclose(one, same, atol=tolerance * max(np.abs(same).max(), 1))


@pytest.mark.parametrize("factorised", [False, True])
def test_xla_gives_the_same(factorised: bool) -> None:
    clips = tf.random.stateless_normal((1, 8, 6, 6, 3), (5, 6))
    layer = InflatedTGM(4, (7, 3), factorised=factorised)
    exact = gradients_of(layer, clips)
    for one, same in zip(gradients_of(layer, clips, compiled=True), exact, strict=True):
        np.testing.assert_allclose(one, same, atol=2e-5 * max(np.abs(same).max(), 1))
