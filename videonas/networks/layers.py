"""Pieces that the networks are made of. Tensors are channels-last.

Between operations a clip is kept as `(batch * frames, height, width, channels)`: spatial
operations act on frames, and a temporal one folds height and width into one axis for the time
that it takes. That way everything is a two-dimensional operation with a fast kernel.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from videonas.spaces.windows import covered

NORM_MOMENTUM = 0.9
NORM_EPSILON = 1e-5
"""Of batch normalisation. Source: `tiny_video_nets/batch_norm.py` in google-research."""


def normalise(x: Any, name: str, *, activation: str | None, gamma: str = "ones") -> Any:
    """Batch normalisation, then an activation: `relu`, `hswish` or None."""
    x = layers.BatchNormalization(
        momentum=NORM_MOMENTUM, epsilon=NORM_EPSILON, gamma_initializer=gamma, name=f"{name}.norm"
    )(x)
    return activate(x, activation, name)


def activate(x: Any, activation: str | None, name: str) -> Any:
    """`relu`, or `hswish`: `x * relu6(x + 3) / 6`; None changes nothing."""
    if activation is None:
        return x
    kind = "hard_silu" if activation == "hswish" else activation
    return layers.Activation(kind, name=f"{name}.{activation}")(x)


def conv(x: Any, filters: int, kernel: int | tuple[int, int], name: str, *,
         stride: int | tuple[int, int] = 1, activation: str | None = None,
         gamma: str = "ones") -> Any:
    """Convolution without bias, batch normalisation, activation."""
    if kernel == 1 and isinstance(stride, int) and stride > 1:
        # the same by slicing: of some widths the strided one writes past its memory in oneDNN
        x, stride = x[:, ::stride, ::stride], 1
    x = layers.Conv2D(
        filters, kernel, strides=stride, padding="same", use_bias=False,
        kernel_initializer="he_normal", name=name,
    )(x)
    return normalise(x, name, activation=activation, gamma=gamma)


def depthwise(x: Any, kernel: int, name: str, *, stride: int, activation: str | None) -> Any:
    """Depthwise convolution without bias, batch normalisation, activation."""
    x = layers.DepthwiseConv2D(
        kernel, strides=stride, padding="same", use_bias=False,
        depthwise_initializer="he_normal", name=name,
    )(x)
    return normalise(x, name, activation=activation)


def pool(x: Any, kind: str, window: tuple[int, int], stride: tuple[int, int], name: str) -> Any:
    """`maxpool` or `avgpool` over two axes, its padding left out of the mean."""
    if kind == "maxpool":
        return layers.MaxPooling2D(window, strides=stride, padding="same", name=name)(x)
    if window[0] > x.shape[1] or window[1] > x.shape[2]:
        # TensorFlow's gradient of average pooling is wrong there: it also counts the padding
        return MatrixAveragePooling(window, stride, name=name)(x)
    return layers.AveragePooling2D(window, strides=stride, padding="same", name=name)(x)


@keras.saving.register_keras_serializable("videonas")
class MatrixAveragePooling(layers.Layer):
    """Average pooling as a product of matrices, one an axis, for windows larger than the input.

    Args:
        window: of the two axes behind the batch.
        strides: of the same axes.
        options: of every layer.
    """

    def __init__(
        self, window: tuple[int, int], strides: tuple[int, int], **options: Any
    ) -> None:
        super().__init__(**options)
        self.window, self.strides = tuple(window), tuple(strides)  # a saved layer has lists

    def call(self, x: Any) -> Any:
        """`(batch, height, width, channels)` before and after."""
        rows, columns = (
            ops.convert_to_tensor(window_means(*along), dtype=x.dtype)
            for along in zip(x.shape[1:3], self.window, self.strides, strict=True)
        )
        return ops.einsum("ah,bw,nhwc->nabc", rows, columns, x)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Sizes shrink as under `same` padding."""
        batch, *sizes, channels = input_shape
        after = [-(-size // step) for size, step in zip(sizes, self.strides, strict=True)]
        return (batch, *after, channels)

    def get_config(self) -> dict[str, Any]:
        """What is needed to make the layer again."""
        return {**super().get_config(), "window": self.window, "strides": self.strides}


def window_means(size: int, window: int, stride: int) -> Any:
    """Average pooling along one axis as a matrix, `(positions, size)`; each row has the sum 1."""
    means = np.zeros((-(-size // stride), size))
    for row, (first, end) in zip(means, covered(size, window, stride), strict=True):
        row[first:end] = 1 / (end - first)
    return means


@keras.saving.register_keras_serializable("videonas")
class Fold(layers.Layer):
    """Reshapes everything behind the batch axis, whatever the batch is.

    Args:
        shape: the shape behind the first axis; the first axis takes what is left.
    """

    def __init__(self, shape: tuple[int, ...], **options: Any) -> None:
        super().__init__(**options)
        self.shape = tuple(shape)

    def call(self, x: Any) -> Any:
        """Reshapes to `(-1, *shape)`."""
        return ops.reshape(x, (-1, *self.shape))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """`(None, *shape)`: how many there are is known only when it runs."""
        return (None, *self.shape)

    def get_config(self) -> dict[str, Any]:
        """What is needed to make the layer again."""
        return {**super().get_config(), "shape": self.shape}


def squeeze_excite(x: Any, frames: int, hidden: int, name: str) -> Any:
    """Scales channels by a gate of two dense layers on their mean over time and space.

    Args:
        x: `(batch * frames, height, width, channels)`.
        frames: of one clip.
        hidden: channels between the two dense layers.
        name: of the layers.
    """
    channels = x.shape[-1]
    gate = layers.Dense(
        hidden, activation="relu", kernel_initializer="he_normal", name=f"{name}.reduce"
    )(_clip_mean(x, frames, name))
    gate = layers.Dense(channels, activation="sigmoid", name=f"{name}.expand")(gate)
    return _scale(x, gate, frames, name)


def context_gate(x: Any, frames: int, name: str) -> Any:
    """Scales channels by a gate of one dense layer on their mean over time and space.

    Source: the feature gating of S3D-G (arXiv 1712.04851), which the released builder follows.

    Args:
        x: `(batch * frames, height, width, channels)`.
        frames: of one clip.
        name: of the layers.
    """
    gate = layers.Dense(x.shape[-1], activation="sigmoid", name=f"{name}.gate")(
        _clip_mean(x, frames, name)
    )
    return _scale(x, gate, frames, name)


def non_local(x: Any, frames: int, width: int, name: str) -> Any:
    """Adds to each position a weighted mean over all positions of the clip.

    The embedded-Gaussian non-local block of arXiv 1711.07971, section 3.2, in its sub-sampled
    form: keys and values are taken after spatial max pooling by 2. The last batch normalisation
    begins at zero, so that the block begins as the identity.

    Args:
        x: `(batch * frames, height, width, channels)`.
        frames: of one clip.
        width: channels of queries, keys and values.
        name: of the layers.
    """
    side, channels = x.shape[1], x.shape[-1]
    half = pool(x, "maxpool", (2, 2), (2, 2), f"{name}.pool")
    queries, keys, values = (
        layers.Conv2D(width, 1, use_bias=False, kernel_initializer="he_normal",
                      name=f"{name}.{part}")(source)
        for part, source in (("query", x), ("key", half), ("value", half))
    )
    small = half.shape[1]
    queries = Fold((frames * side**2, width), name=f"{name}.queries")(queries)
    keys = Fold((frames * small**2, width), name=f"{name}.keys")(keys)
    values = Fold((frames * small**2, width), name=f"{name}.values")(values)
    weights = ops.softmax(ops.matmul(queries, ops.transpose(keys, (0, 2, 1))) * width**-0.5)
    mixed = Fold((side, side, width), name=f"{name}.frames")(ops.matmul(weights, values))
    mixed = conv(mixed, channels, 1, f"{name}.output", gamma="zeros")
    return layers.Add(name=f"{name}.add")([x, mixed])


def softmax_pool(x: Any) -> Any:
    """Sums over time, each value weighted by a softmax over time: nearly a maximum, but smooth.

    One frame alone can decide. The softmax is taken of the values divided by the square root of
    the number of frames, and of each class on its own.

    Args:
        x: `(batch, frames, classes)`.

    Returns:
        `(batch, classes)`.
    """
    weights = ops.softmax(x * x.shape[1] ** -0.5, axis=1)
    return ops.sum(x * weights, axis=1)


def _clip_mean(x: Any, frames: int, name: str) -> Any:
    """Mean over time and space: `(batch, channels)`."""
    _, height, width, channels = x.shape
    clips = Fold((frames * height * width, channels), name=f"{name}.clip")(x)
    return ops.mean(clips, axis=1)


def _scale(x: Any, gate: Any, frames: int, name: str) -> Any:
    """Multiplies every position of a clip with the clip's `(batch, channels)` gate."""
    _, height, width, channels = x.shape
    clips = Fold((frames * height, width, channels), name=f"{name}.open")(x)
    scaled = clips * ops.reshape(gate, (-1, 1, 1, channels))
    return Fold((height, width, channels), name=f"{name}.close")(scaled)
