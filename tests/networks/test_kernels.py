"""Kernels made of others do what those do, wherever they say so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from videonas.networks.convolution import SpaceTimeConv, convolve
from videonas.networks.itgm import InflatedTGM
from videonas.networks.kernels import composed, flatten, inflate, mixed
from videonas.networks.layers import NORM_EPSILON
from videonas.spaces.windows import padding_before

FRAMES = 11


def drawn(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def over(clips: Any, kernel: Any, stride: int = 1) -> Any:
    return np.asarray(convolve(clips, np.asarray(kernel, np.float32), (stride, 1)))


@given(st.sampled_from((1, 3, 5, 7, 9, 11)), st.integers(1, 9), st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_a_centred_kernel_gives_the_same_on_any_clip(length: int, frames: int, stride: int) -> None:
    kernel, clips = drawn(3, 3, 2, 4), drawn(1, frames, 4, 4, 2, seed=1)
    at = padding_before(frames, length, stride)
    np.testing.assert_allclose(
        over(clips, inflate(kernel, length, "centred", at), stride),
        over(clips, kernel[None], stride), atol=1e-5,
    )


@pytest.mark.parametrize("length", [1, 3, 5])
def test_the_middle_is_where_a_kernel_without_strides_belongs(length: int) -> None:
    kernel, clips = drawn(3, 3, 2, 4), drawn(1, FRAMES, 4, 4, 2, seed=1)
    np.testing.assert_allclose(
        over(clips, inflate(kernel, length)), over(clips, kernel[None]), atol=1e-5
    )


@pytest.mark.parametrize("length", [1, 3, 5])
def test_a_repeated_kernel_gives_the_same_on_still_clips_alone(length: int) -> None:
    kernel, clips = drawn(3, 3, 2, 4), drawn(1, FRAMES, 4, 4, 2, seed=1)
    whole = inflate(kernel, length, "repeated")
    within = slice(length // 2, FRAMES - length // 2)
    still = np.repeat(clips[:, :1], FRAMES, axis=1)
    np.testing.assert_allclose(
        over(still, whole)[:, within], over(still, kernel[None])[:, within], atol=1e-5
    )
    differ = np.abs(over(clips, whole) - over(clips, kernel[None]))[:, within].max()
    assert differ > 0.1 or length == 1


def test_a_flattened_kernel_does_the_same_to_still_clips() -> None:
    kernel, within = drawn(5, 3, 3, 2, 4), slice(2, FRAMES - 2)
    still = np.repeat(drawn(1, 1, 4, 4, 2, seed=1), FRAMES, axis=1)
    np.testing.assert_allclose(
        over(still, kernel)[:, within], over(still, flatten(kernel)[None])[:, within], atol=1e-4
    )


@pytest.mark.parametrize("curve", ["released", "gaussian"])
@pytest.mark.parametrize("length", [3, 9])
def test_a_mixed_kernel_is_that_of_the_layer_and_flat_it_is_its_kernel_over_space(
    length: int, curve: Any
) -> None:
    layer, clips = InflatedTGM(4, (length, 3), curve=curve), drawn(1, FRAMES, 4, 4, 2)
    made = np.asarray(layer(clips))
    spatial, centre, width, mixing = (
        np.asarray(each) for each in (layer.kernel, layer.centre, layer.width, layer.mixing)
    )
    whole = mixed(spatial, centre, width, mixing, length, curve)
    np.testing.assert_allclose(over(clips, whole), made, atol=1e-5)
    np.testing.assert_allclose(flatten(whole), spatial, atol=1e-5)


def test_two_convolutions_without_relu_between_them_are_one() -> None:
    clips, gamma, variance = drawn(1, FRAMES, 4, 4, 2), drawn(3, seed=2), np.full(3, 1.7, "float32")
    temporal, spatial = SpaceTimeConv(3, (5, 1)), SpaceTimeConv(4, (1, 3))
    scaled = np.asarray(temporal(clips)) * gamma / np.sqrt(variance + NORM_EPSILON)
    made = np.asarray(spatial(scaled))
    whole = composed(np.asarray(temporal.kernel), gamma, variance, np.asarray(spatial.kernel))
    assert whole.shape == (5, 3, 3, 2, 4)
    np.testing.assert_allclose(over(clips, whole), made, atol=1e-5)
