"""The operations of EvaNets on clips `(batch, frames, height, width, channels)`.

Max pooling is faster over space and then over time, which gives the same; for convolutions see
`convolution.py`.
"""

from __future__ import annotations

from typing import Any

from videonas.networks.convolution import SpaceTimeConv
from videonas.networks.itgm import InflatedTGM
from videonas.networks.layers import Fold, normalise, pool
from videonas.spaces.evanet.architecture import GAUSSIANS, Conv, Pool


def convolution(x: Any, conv: Conv) -> Any:
    """A convolution of any kind, without bias, then batch normalisation, and relu where it says.

    Args:
        x: a clip of the size `conv.before`.
        conv: what to do.
    """
    activation = "relu" if conv.relu else None
    time, side = conv.window
    filters, name = conv.after.channels, conv.path
    if conv.kind == "itgm" and time > 1:
        made = InflatedTGM(
            filters, conv.window, conv.strides, GAUSSIANS, conv.curve, name=name
        )(x)
    elif conv.kind == "2plus1d":
        return _two_plus_one(x, conv)
    else:
        made = SpaceTimeConv(filters, (time, side), conv.strides, name=name)(x)
    return normalise(made, name, activation=activation)


def _two_plus_one(x: Any, conv: Conv) -> Any:
    """Over time first, to half of the channels, as released; then over space.

    The batch normalisation between them trains, which it does not in the released code: there it
    is left in inference mode, since only inference was released.
    """
    (time, side), (time_stride, side_stride) = conv.window, conv.strides
    filters, name = conv.after.channels, conv.path
    x = SpaceTimeConv(filters // 2, (time, 1), (time_stride, 1), name=f"{name}.time")(x)
    x = normalise(x, f"{name}.time", activation="relu")
    x = SpaceTimeConv(filters, (1, side), (1, side_stride), name=name)(x)
    return normalise(x, name, activation="relu" if conv.relu else None)


def max_pool(x: Any, of: Pool) -> Any:
    """Max pooling over space, then over time.

    Args:
        x: a clip of the size `of.before`.
        of: what to do.
    """
    (time, side), (time_stride, side_stride) = of.window, of.strides
    frames, height, channels = of.before.frames, of.before.side, of.before.channels
    if side > 1 or side_stride > 1:
        x = Fold((height, height, channels), name=f"{of.path}.frames")(x)
        x = pool(x, "maxpool", (side, side), (side_stride, side_stride), f"{of.path}.space")
    height = of.after.side
    if time > 1 or time_stride > 1:
        x = Fold((frames, height * height, channels), name=f"{of.path}.fold")(x)
        x = pool(x, "maxpool", (time, 1), (time_stride, 1), f"{of.path}.time")
    return Fold((of.after.frames, height, height, channels), name=f"{of.path}.clip")(x)
