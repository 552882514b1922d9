"""The inflated temporal Gaussian mixture layer of EvaNet, exact and fast.

Source: `evanet/tgm_layer.py` in google-research, the released layer of arXiv 1811.10636. Its
temporal kernel is a mixture of few curves over time, the same for the whole layer; multiplied with
a kernel over space it is a three-dimensional kernel, of which few numbers are learned.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from videonas.networks.convolution import convolve, size_after
from videonas.networks.device import uses_onednn
from videonas.spaces.evanet.architecture import Curve
from videonas.spaces.windows import padding_before

EPSILON = 1e-6
"""Added to the sum of a curve before it is divided by that."""


def factorises(length: int, frames: int, gaussians: int, onednn: bool) -> bool:
    """Whether the factorised form runs: the one place that decides.

    It filters over time M times what the inflated kernel filters L times, so it can only be faster
    where M is less than both the window and the clip. With M = 4 it is, in training, from 5 frames
    on with TensorFlow's own kernels, whose gradients of three-dimensional convolutions are slow,
    and from 7 on with oneDNN's (benchmarks/itgm.py).

    Args:
        length: of the window, in frames.
        frames: of the clip.
        gaussians: curves of the layer: M.
        onednn: whether TensorFlow runs oneDNN's kernels, see `uses_onednn`.
    """
    return min(length, frames) > gaussians + (2 if onednn else 0)


@keras.saving.register_keras_serializable("videonas")
class InflatedTGM(keras.layers.Layer):
    """Convolves over time and space with a temporal kernel that is a mixture of curves.

    With L frames and M curves, of which `c` and `w` are learned: curve m has its middle at
    `(L - 1) (tanh(c) + 1) / 2` frames and the width `g = exp(1.5 - 2 |tanh(w)|)`. Each pair of an
    input and an output channel mixes the curves by a softmax of M numbers. At length 1 the layer
    is a convolution over space.

    Args:
        filters: channels that it gives.
        window: frames, and pixels of a side.
        strides: in frames and in pixels.
        gaussians: curves: M.
        curve: `released`: `1 / (1 + pi g ((t - mu) / g)^2)`; `gaussian`:
            `exp(-(t - mu)^2 / (2 g^2))`, the curve of the TGM paper (arXiv 1803.06316), with the
            released width. Both are divided by their sum over time.
        factorised: the form that is run; None for the faster one, see `factorises`. Both give the
            same to rounding.
        options: of every layer.
    """

    def __init__(
        self,
        filters: int,
        window: tuple[int, int],
        strides: tuple[int, int] = (1, 1),
        gaussians: int = 4,
        curve: Curve = "released",
        factorised: bool | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        length, side = window  # a saved layer has lists
        self.filters, self.window = filters, (length, side)
        self.strides = strides[0], strides[1]
        self.gaussians, self.curve, self.factorised = gaussians, curve, factorised

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights for clips `(batch, frames, height, width, channels)`."""
        length, side = self.window
        channels = input_shape[-1]
        self.kernel = self.add_weight(
            shape=(side, side, channels, self.filters), initializer="he_normal", name="kernel"
        )
        if length == 1:
            return
        normal = keras.initializers.RandomNormal
        self.centre = self.add_weight(
            shape=(self.gaussians,), initializer=normal(stddev=0.5), name="centre"
        )
        self.width = self.add_weight(
            shape=(self.gaussians,), initializer=normal(stddev=0.1), name="width"
        )
        self.mixing = self.add_weight(
            shape=(channels, self.filters, self.gaussians), name="mixing",
            initializer=keras.initializers.TruncatedNormal(stddev=1.0),
        )

    def call(self, clips: Any) -> Any:
        """`(batch, frames, height, width, channels)` before and after."""
        length = self.window[0]
        if length == 1:
            return convolve(clips, ops.cast(self.kernel, clips.dtype)[None], self.strides)
        frames = clips.shape[1]
        factorised = self.factorised
        if factorised is None:
            factorised = factorises(length, frames, self.gaussians, uses_onednn())
        curves = temporal_curves(self.centre, self.width, length, self.curve)
        shares = ops.softmax(self.mixing, axis=-1)
        if not factorised:
            temporal = ops.transpose(ops.matmul(shares, curves), (2, 0, 1))  # (L, in, out)
            inflated = temporal[:, None, None] * self.kernel[None]
            return convolve(clips, ops.cast(inflated, clips.dtype), self.strides)
        return self._factorised(clips, curves, shares)

    def _factorised(self, clips: Any, curves: Any, shares: Any) -> Any:
        """The same as M filters over time and one convolution over space, in the cheaper order."""
        _, frames, height, width, channels = ops.shape(clips)
        after = -(-frames // self.strides[0])
        bands = ops.cast(
            temporal_bands(curves, frames, self.strides[0]), clips.dtype
        )  # (M, after, frames)
        mixed = ops.cast(self.kernel[..., None] * shares, clips.dtype)  # (y, x, in, out, M)
        side, step = mixed.shape[0], self.strides[1]
        if side == 1 and step > 1:  # as in `convolve`
            clips, step = clips[:, :, ::step, ::step], 1
            _, frames, height, width, channels = ops.shape(clips)
        many = self.gaussians
        if channels <= self.filters:
            filtered = ops.einsum("mat,bthwc->bahwcm", bands, clips)
            planes = ops.reshape(filtered, (-1, height, width, channels * many))
            kernel = ops.reshape(
                ops.transpose(mixed, (0, 1, 2, 4, 3)), (side, side, channels * many, self.filters)
            )
            made = ops.conv(planes, kernel, step, padding="same")
            return ops.reshape(made, (-1, after, *made.shape[1:]))
        planes = ops.reshape(clips, (-1, height, width, channels))
        kernel = ops.reshape(mixed, (side, side, channels, self.filters * many))
        made = ops.conv(planes, kernel, step, padding="same")
        apart = ops.reshape(made, (-1, frames, *made.shape[1:3], self.filters, many))
        return ops.einsum("mat,bthwom->bahwo", bands, apart)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Sizes shrink as under `same` padding."""
        return size_after(input_shape, self.strides, self.filters)

    def get_config(self) -> dict[str, Any]:
        """What is needed to make the layer again."""
        return {
            **super().get_config(), "filters": self.filters, "window": self.window,
            "strides": self.strides, "gaussians": self.gaussians, "curve": self.curve,
            "factorised": self.factorised,
        }


def temporal_curves(centre: Any, width: Any, length: int, curve: Curve = "released") -> Any:
    """The curves of a layer over time, each with the sum 1.

    Args:
        centre: `(M,)`, learned.
        width: `(M,)`, learned.
        length: of the window, in frames.
        curve: see `InflatedTGM`.

    Returns:
        `(M, length)`.
    """
    middle = (length - 1) * (ops.tanh(centre) + 1) / 2
    spread = ops.exp(1.5 - 2 * ops.abs(ops.tanh(width)))
    away = ops.arange(length, dtype=middle.dtype)[None] - middle[:, None]
    if curve == "gaussian":
        curves = ops.exp(-(away**2) / (2 * spread[:, None] ** 2))
    else:
        curves = 1 / (1 + math.pi * away**2 / spread[:, None])
    return curves / (ops.sum(curves, axis=1, keepdims=True) + EPSILON)


def temporal_bands(curves: Any, frames: int, stride: int) -> Any:
    """Curves as matrices that filter clips over time, padded as `same` pads.

    Args:
        curves: `(M, length)`.
        frames: of a clip.
        stride: in frames.

    Returns:
        `(M, frames after, frames)`.
    """
    length = curves.shape[1]
    after = -(-frames // stride)
    before = padding_before(frames, length, stride)
    places = [
        [frame - place * stride + before for frame in range(frames)] for place in range(after)
    ]
    inside = [[0 <= at < length for at in row] for row in places]
    clipped = [[min(max(at, 0), length - 1) for at in row] for row in places]
    taken = ops.take(curves, ops.convert_to_tensor(clipped), axis=1)
    return ops.where(ops.convert_to_tensor(inside), taken, 0.0)
