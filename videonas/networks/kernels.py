"""Kernels over time and space that are made of other kernels.

Two convolutions of different kinds can do the same, or the same to a still clip: one whose frames
are all alike. A kernel over time acts on a still clip as the sum of its frames does on one of them,
but where the window reaches beyond the clip.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from keras import ops

from videonas.networks.itgm import temporal_curves
from videonas.networks.layers import NORM_EPSILON
from videonas.spaces.evanet.architecture import Curve

How = Literal["centred", "repeated"]


def inflate(kernel: Any, length: int, how: How = "centred", at: int | None = None) -> Any:
    """Bootstraps a kernel over time from one that sees a single frame.

    Args:
        kernel: `(side, side, in, out)`.
        length: of the new window, in frames.
        how: `centred`: the kernel in one frame and zeros in the others, which gives what the kernel
            gave on any clip; `repeated`: the kernel in every frame, divided by the length, which
            gives that on still clips, away from their ends. The second is the way of I3D (arXiv
            1705.07750, "Bootstrapping 3D filters from 2D Filters").
        at: with `centred` the frame of the window, counted from 0, that lies over the frame that
            the kernel saw; None for the middle. Strides can move it, see `padding_before`.

    Returns:
        `(length, side, side, in, out)`.
    """
    if how == "repeated":
        return np.repeat(kernel[None] / length, length, axis=0)
    whole = np.zeros((length, *kernel.shape), kernel.dtype)
    whole[(length - 1) // 2 if at is None else at] = kernel
    return whole


def flatten(kernel: Any) -> Any:
    """What a kernel over time does to a still clip, as a kernel that sees a single frame.

    Args:
        kernel: `(time, side, side, in, out)`.

    Returns:
        `(side, side, in, out)`, the sum over time.
    """
    return kernel.sum(axis=0)


def mixed(
    spatial: Any, centre: Any, width: Any, mixing: Any, length: int, curve: Curve = "released"
) -> Any:
    """The kernel that an iTGM layer convolves with, see `InflatedTGM`.

    Args:
        spatial: `(side, side, in, out)`.
        centre: `(M,)`, of its curves.
        width: `(M,)`, of its curves.
        mixing: `(in, out, M)`, before the softmax.
        length: of its window, in frames.
        curve: of the layer.

    Returns:
        `(length, side, side, in, out)`.
    """
    learned = ops.convert_to_tensor(centre), ops.convert_to_tensor(width)
    curves = temporal_curves(*learned, length, curve)
    shares = ops.softmax(ops.convert_to_tensor(mixing), axis=-1)
    over_time = np.asarray(ops.matmul(shares, curves))  # (in, out, length)
    return spatial[None] * over_time.transpose(2, 0, 1)[:, None, None]


def composed(temporal: Any, gamma: Any, variance: Any, spatial: Any) -> Any:
    """The kernel of a (2+1)D convolution, as if no relu stood between its two.

    What the inner batch normalisation adds is left out: behind the kernel it would be the same in
    every frame, which the next normalisation takes away.

    Args:
        temporal: `(time, 1, 1, in, between)`.
        gamma: `(between,)`, the scale of the inner batch normalisation.
        variance: `(between,)`, its moving variance.
        spatial: `(1, side, side, between, out)`.

    Returns:
        `(time, side, side, in, out)`.
    """
    scaled = temporal[:, 0, 0] * (gamma / np.sqrt(variance + NORM_EPSILON))
    return np.einsum("tim,yxmo->tyxio", scaled, spatial[0])
