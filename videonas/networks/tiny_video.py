"""Builds Tiny Video Networks.

Source of the order of operations: `tiny_video_nets/tiny_video_net.py` and `layers.py` in
google-research. docs/tiny_video.md lists each place where this builder differs, and why.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers as klayers
from keras import ops

from videonas.networks import layers
from videonas.networks.layers import Fold
from videonas.spaces.tiny_video.architecture import Layer, TinyVideoArchitecture
from videonas.spaces.tiny_video.architecture import layers as walk
from videonas.spaces.tiny_video.normalise import normalise
from videonas.task import Task


def build_tiny_video(
    architecture: TinyVideoArchitecture, task: Task, *, dropout: float = 0.5
) -> keras.Model:
    """The network of a Tiny Video architecture.

    Args:
        architecture: the genotype; it is normalised first.
        task: gives the number of classes and channels, and with it the head: with several labels
            a clip, logits are pooled over time.
        dropout: share of features dropped before the last layer in training; the released
            builder drops half.

    Returns:
        a model from `(batch, frames, size, size, channels)` float32 to `(batch, classes)` logits.

    Raises:
        InvalidArchitecture: the task does not allow the architecture.
    """
    architecture = normalise(architecture, task)
    frames, size = architecture.frames, architecture.image_size
    channels = task.streams["rgb"].channels
    clip = keras.Input((frames, size, size, channels), name="rgb")
    x = Fold((size, size, channels), name="frames")(clip)
    for layer in walk(architecture, channels):
        x = _layer(x, layer)
        frames = layer.after.frames
    return keras.Model(clip, _head(x, frames, task, dropout), name="tiny_video")


def _head(x: Any, frames: int, task: Task, dropout: float) -> Any:
    """Logits `(batch, classes)` of `(batch * frames, side, side, channels)`.

    With several labels each frame has logits of its own: what a label stands for may be seen in
    few of them. Where one frame is left, both heads are the same.
    """
    _, height, width, channels = x.shape
    by_frame = task.multi_label and frames > 1
    shape = (frames, height * width, channels) if by_frame else (frames * height * width, channels)
    x = ops.mean(Fold(shape, name="clips")(x), axis=-2)
    x = klayers.Dropout(dropout, name="dropout")(x)
    small = keras.initializers.RandomNormal(stddev=0.01)
    logits = klayers.Dense(task.classes, kernel_initializer=small, name="head")(x)
    return layers.softmax_pool(logits) if by_frame else logits


def _layer(x: Any, layer: Layer) -> Any:
    """One layer: `(batch * frames, side, side, channels)` before and after."""
    block, path, shortcut = layer.block, layer.path, x
    if block.inverted_bottleneck:
        x = layers.conv(x, block.expanded, 1, f"{path}.expand", activation="relu")
    if block.spatial_kernel > 1:
        x = _spatial(x, layer)
    if layer.temporal:
        x = _temporal(x, layer)
    if not block.inverted_bottleneck:
        x = layers.conv(x, block.expanded, 1, f"{path}.expand")
    if block.squeeze_width:
        x = layers.squeeze_excite(x, layer.after.frames, block.squeeze_width, f"{path}.squeeze")
    if block.context_gate:
        x = layers.context_gate(x, layer.after.frames, f"{path}.context")
    if block.non_local:
        x = layers.non_local(x, layer.after.frames, block.non_local, f"{path}.non_local")
    if block.inverted_bottleneck:
        x = layers.conv(x, block.filters, 1, f"{path}.project")
    if layer.shortcut:
        projected = layers.conv(
            shortcut, layer.after.channels, 1, f"{path}.shortcut", stride=layer.spatial_stride
        )
        x = klayers.Add(name=f"{path}.add")([x, projected])
    return layers.activate(x, block.activation, f"{path}.out")


def _spatial(x: Any, layer: Layer) -> Any:
    block, name, stride = layer.block, f"{layer.path}.spatial", layer.spatial_stride
    window = (block.spatial_kernel, block.spatial_kernel)
    if layer.pools_space:
        return layers.pool(x, block.spatial_type, window, (stride, stride), name)
    activation = block.spatial_activation
    x = layers.conv(x, layer.inner, 1, f"{name}.in", activation=activation)
    if block.spatial_type == "depthwise":
        return layers.depthwise(
            x, block.spatial_kernel, name, stride=stride, activation=activation
        )
    return layers.conv(x, layer.inner, window, name, stride=stride, activation=activation)


def _temporal(x: Any, layer: Layer) -> Any:
    block, name, stride = layer.block, f"{layer.path}.temporal", layer.temporal_stride
    _, height, width, channels = x.shape
    x = Fold((layer.before.frames, height * width, channels), name=f"{name}.fold")(x)
    window = (block.temporal_kernel, 1)
    if block.temporal_type == "conv":
        x = layers.conv(x, layer.inner, window, name, stride=(stride, 1),
                        activation=block.temporal_activation)
    else:
        x = layers.pool(x, block.temporal_type, window, (stride, 1), name)
    return Fold((height, width, x.shape[-1]), name=f"{name}.unfold")(x)
