"""Convolutions and pooling written out in float64, of nothing but pads, slices and products.

None of TensorFlow's kernels for them takes part, so that these and their gradients can be a
reference for all of them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import tensorflow as tf

from videonas.spaces.windows import padding_before


def plain(
    kind: str, x: Any, kernel: Any, window: Sequence[int], strides: Sequence[int], padding: str
) -> Any:
    """What an operation gives, in float64.

    Args:
        kind: TensorFlow's name of the operation, such as `Conv2D` or `AvgPool3D`.
        x: `(batch, *sizes, channels)` float64.
        kernel: `(*window, in, out)` of a convolution, else None.
        window: elements along each axis.
        strides: along each axis.
        padding: `SAME` or `VALID`.
    """
    takes_largest = kind.startswith("MaxPool")
    seen = list(slices(x, window, strides, padding, -math.inf if takes_largest else 0.0))
    if takes_largest:
        return tf.reduce_max(tf.stack(seen), axis=0)
    if kind.startswith("AvgPool"):
        ones = tf.ones_like(x)
        return tf.add_n(seen) / tf.add_n(list(slices(ones, window, strides, padding, 0.0)))
    taps = tf.reshape(kernel, (len(seen), *kernel.shape[-2:]))
    if kind == "DepthwiseConv2dNative":
        return tf.add_n([part * taps[at, :, 0] for at, part in enumerate(seen)])
    return tf.add_n([part @ taps[at] for at, part in enumerate(seen)])


def slices(
    x: Any, window: Sequence[int], strides: Sequence[int], padding: str, fill: float
) -> Iterator[Any]:
    """What each element of the window sees, at all of its places."""
    pads, reaches = [(0, 0)], []
    for size, width, stride in zip(x.shape[1:-1], window, strides, strict=True):
        places = -(-size // stride) if padding == "SAME" else (size - width) // stride + 1
        reach = (places - 1) * stride + 1
        before = padding_before(size, width, stride) if padding == "SAME" else 0
        pads.append((before, max(reach - 1 + width - size - before, 0)))
        reaches.append(reach)
    padded = tf.pad(x, [*pads, (0, 0)], constant_values=tf.constant(fill, x.dtype))
    for offset in itertools.product(*map(range, window)):
        yield padded[(slice(None), *(
            slice(first, first + reach, stride)
            for first, reach, stride in zip(offset, reaches, strides, strict=True)
        ))]
