"""ResNet-18 for clips: (2+1)D, and frame by frame.

Sources: Tran et al., arXiv 1711.11248, for the factored convolutions and the widths between them;
He et al., arXiv 1512.03385, for the two-dimensional one. Frames are folded into the batch, as in
the searched networks, so that every convolution is a two-dimensional one with a fast kernel.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras

from benchmarks.handmade import scaled, stem_window, strides
from videonas.networks import layers
from videonas.networks.layers import Fold
from videonas.task import Clip

WIDTHS = (64, 128, 256, 512)
BLOCKS = 2
LEAST_SIDE, LEAST_FRAMES = 3, 2


class _Frames(NamedTuple):
    """Features `(batch * frames, height, width, channels)`, and how many frames a clip has."""

    x: Any
    frames: int


def residual_2plus1d(clip: Clip, classes: int, dropout: float, *, width: float) -> Any:
    """A (2+1)D ResNet-18: every convolution is one in space and one in time.

    Args:
        clip: what it is given.
        classes: number of classes.
        dropout: share of features before the last layer.
        width: share of the published channels.
    """
    inputs = keras.Input(clip.shape)
    # the published stem strides in space alone, the later three stages in space and time
    stem_stride, *in_space = strides(clip.size, 4, LEAST_SIDE)
    in_time = strides(clip.frames, 3, LEAST_FRAMES)
    x = Fold(clip.shape[1:], name="frames")(inputs)
    x = layers.conv(x, scaled(45, width), stem_window(stem_stride), "stem.space",
                    stride=stem_stride, activation="relu")
    flow = _in_time(_Frames(x, clip.frames), scaled(64, width), 3, 1, "stem.time", "relu")
    steps = zip(WIDTHS, (1, *in_space), (1, *in_time), strict=True)
    for stage, (channels, spatial, temporal) in enumerate(steps):
        for block in range(BLOCKS):
            first = block == 0
            flow = _block_2plus1d(
                flow, scaled(channels, width), spatial if first else 1,
                temporal if first else 1, f"stage{stage}.block{block}",
            )
    _, height, side, channels = flow.x.shape
    features = keras.layers.GlobalAveragePooling3D(name="pooled")(
        Fold((flow.frames, height, side, channels), name="clips")(flow.x)
    )
    return keras.Model(inputs, _logits(features, classes, dropout), name="residual_2plus1d")


def residual_2d(clip: Clip, classes: int, dropout: float, *, width: float) -> Any:
    """A ResNet-18 on every frame; the logits of a clip are the mean of its frames'.

    Args:
        clip: what it is given.
        classes: number of classes.
        dropout: share of features before the last layer.
        width: share of the published channels.
    """
    inputs = keras.Input(clip.shape)
    stem_stride, pool_stride, *in_space = strides(clip.size, 5, LEAST_SIDE)
    x = Fold(clip.shape[1:], name="frames")(inputs)
    x = layers.conv(x, scaled(64, width), stem_window(stem_stride), "stem", stride=stem_stride,
                    activation="relu")
    if pool_stride > 1:
        x = layers.pool(x, "maxpool", (3, 3), (pool_stride, pool_stride), "pool")
    for stage, (channels, stride) in enumerate(zip(WIDTHS, (1, *in_space), strict=True)):
        for block in range(BLOCKS):
            name = f"stage{stage}.block{block}"
            x = _block_2d(x, scaled(channels, width), stride if block == 0 else 1, name)
    features = keras.layers.GlobalAveragePooling2D(name="pooled")(x)
    logits = Fold((clip.frames, classes), name="clips")(_logits(features, classes, dropout))
    return keras.Model(inputs, keras.ops.mean(logits, axis=1), name="residual_2d")


def _block_2plus1d(flow: _Frames, channels: int, spatial: int, temporal: int, name: str) -> _Frames:
    before = flow.x.shape[-1]
    inner = _factored(flow, channels, spatial, temporal, f"{name}.first", "relu")
    inner = _factored(inner, channels, 1, 1, f"{name}.second", None)
    shortcut = flow.x
    if temporal > 1:
        _, height, width, _ = flow.x.shape
        clips = Fold((flow.frames, height, width, before), name=f"{name}.open")(flow.x)
        shortcut = Fold((height, width, before), name=f"{name}.close")(clips[:, ::temporal])
    if spatial > 1 or before != channels:
        shortcut = layers.conv(shortcut, channels, 1, f"{name}.shortcut", stride=spatial)
    added = keras.layers.Add(name=f"{name}.add")([inner.x, shortcut])
    return _Frames(layers.activate(added, "relu", f"{name}.out"), inner.frames)


def _factored(
    flow: _Frames, channels: int, spatial: int, temporal: int, name: str, activation: str | None
) -> _Frames:
    """3 x 3 in space, then 3 in time, with as many weights as 3 x 3 x 3 would have."""
    before = flow.x.shape[-1]
    between = max(27 * before * channels // (9 * before + 3 * channels), 1)
    x = layers.conv(flow.x, between, 3, f"{name}.space", stride=spatial, activation="relu")
    return _in_time(
        _Frames(x, flow.frames), channels, 3, temporal, f"{name}.time", activation
    )


def _in_time(
    flow: _Frames, channels: int, kernel: int, stride: int, name: str, activation: str | None
) -> _Frames:
    _, height, width, before = flow.x.shape
    x = Fold((flow.frames, height * width, before), name=f"{name}.fold")(flow.x)
    x = layers.conv(x, channels, (kernel, 1), name, stride=(stride, 1), activation=activation)
    x = Fold((height, width, channels), name=f"{name}.unfold")(x)
    return _Frames(x, -(-flow.frames // stride))


def _block_2d(x: Any, channels: int, stride: int, name: str) -> Any:
    inner = layers.conv(x, channels, 3, f"{name}.first", stride=stride, activation="relu")
    inner = layers.conv(inner, channels, 3, f"{name}.second")
    shortcut = x
    if stride > 1 or x.shape[-1] != channels:
        shortcut = layers.conv(x, channels, 1, f"{name}.shortcut", stride=stride)
    added = keras.layers.Add(name=f"{name}.add")([inner, shortcut])
    return layers.activate(added, "relu", f"{name}.out")


def _logits(features: Any, classes: int, dropout: float) -> Any:
    dropped = keras.layers.Dropout(dropout, name="dropout")(features)
    return keras.layers.Dense(classes, name="logits")(dropped)
