"""I3D: an Inception of two-dimensional convolutions, each inflated to three dimensions.

Sources: Carreira and Zisserman, arXiv 1705.07750, figure 3, for where it strides; Szegedy et al.,
arXiv 1409.4842, table 1, for the widths.
"""

from __future__ import annotations

from typing import Any

import keras

from benchmarks.handmade import scaled, stem_window, strides
from videonas.networks import layers
from videonas.task import Clip

LEAST_SIDE, LEAST_FRAMES = 3, 2

MODULES = (
    ((64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64)),
    ((192, 96, 208, 16, 48, 64), (160, 112, 224, 24, 64, 64), (128, 128, 256, 24, 64, 64),
     (112, 144, 288, 32, 64, 64), (256, 160, 320, 32, 128, 128)),
    ((256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128)),
)
"""Of each stage the widths of its modules' paths: 1; 1 then 3; 1 then 3; 1 after pooling."""

WINDOWS = ((1, 3, 3), (3, 3, 3), (2, 2, 2))
"""Of the pooling before each stage, in frames and pixels."""


def inflated_inception(clip: Clip, classes: int, dropout: float, *, width: float) -> Any:
    """An I3D network.

    Args:
        clip: what it is given.
        classes: number of classes.
        dropout: share of features before the last layer.
        width: share of the published channels.
    """
    inputs = keras.Input(clip.shape)
    stem, pool, *in_space = strides(clip.size, 5, LEAST_SIDE)
    stem_time, *in_time = strides(clip.frames, 3, LEAST_FRAMES)
    window = (stem_window(stem_time), stem_window(stem), stem_window(stem))
    x = _conv(inputs, scaled(64, width), window, "stem", (stem_time, stem, stem))
    x = _shrink(x, (1, 3, 3), (1, pool, pool), "pool")
    x = _conv(x, scaled(64, width), 1, "before")
    x = _conv(x, scaled(192, width), 3, "behind")
    for stage, modules in enumerate(MODULES):
        spatial, temporal = in_space[stage], (1, *in_time)[stage]
        x = _shrink(x, WINDOWS[stage], (temporal, spatial, spatial), f"stage{stage}.pool")
        for place, widths in enumerate(modules):
            x = _module(x, [scaled(w, width) for w in widths], f"stage{stage}.module{place}")
    features = keras.layers.GlobalAveragePooling3D(name="pooled")(x)
    dropped = keras.layers.Dropout(dropout, name="dropout")(features)
    logits = keras.layers.Dense(classes, name="logits")(dropped)
    return keras.Model(inputs, logits, name="inflated_inception")


def _module(x: Any, widths: list[int], name: str) -> Any:
    """Four paths side by side, each of which sees the same input."""
    straight, before, three, small_before, small, pooled = widths
    paths = [
        _conv(x, straight, 1, f"{name}.straight"),
        _conv(_conv(x, before, 1, f"{name}.before"), three, 3, f"{name}.three"),
        _conv(_conv(x, small_before, 1, f"{name}.small_before"), small, 3, f"{name}.small"),
        _conv(_pool(x, (3, 3, 3), (1, 1, 1), f"{name}.pool"), pooled, 1, f"{name}.pooled"),
    ]
    return keras.layers.Concatenate(name=f"{name}.join")(paths)


def _conv(
    x: Any, filters: int, kernel: int | tuple[int, int, int], name: str,
    stride: tuple[int, int, int] = (1, 1, 1),
) -> Any:
    x = keras.layers.Conv3D(
        filters, kernel, strides=stride, padding="same", use_bias=False,
        kernel_initializer="he_normal", name=name,
    )(x)
    return layers.normalise(x, name, activation="relu")


def _shrink(
    x: Any, window: tuple[int, int, int], stride: tuple[int, int, int], name: str
) -> Any:
    """Pooling where it strides; nothing where the clip is too small for that."""
    return x if max(stride) == 1 else _pool(x, window, stride, name)


def _pool(
    x: Any, window: tuple[int, int, int], stride: tuple[int, int, int], name: str
) -> Any:
    """Max pooling, in space and then in time: the same, and half the time in training."""
    parts = {"space": (1, *window[1:]), "time": (window[0], 1, 1)}
    steps = {"space": (1, *stride[1:]), "time": (stride[0], 1, 1)}
    for axis, size in parts.items():
        if max(size) > 1:
            x = keras.layers.MaxPooling3D(
                size, strides=steps[axis], padding="same", name=f"{name}.{axis}"
            )(x)
    return x
