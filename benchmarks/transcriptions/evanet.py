"""EvaNets as the released builder reads, with the layers that Keras has for it.

Source: the order of operations of `evanet/model_dna.py` and `evanet/tgm_layer.py` in
google-research, from which nothing was copied. Layers have the names that this project's builder
gives them, so that weights can be handed over; everything else is as plain as it can be.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import layers, ops

from videonas.spaces.evanet.architecture import Branch, ConvKind, EvaNetArchitecture
from videonas.task import Task

GAUSSIANS = 4


class TGMConv3D(keras.layers.Layer):
    """A three-dimensional convolution whose kernel is made of curves over time.

    Args:
        filters: channels that it gives.
        time: of the window, in frames, 2 or more.
        side: of the window, in pixels.
        strides: in frames and in pixels.
        options: of every layer.
    """

    def __init__(
        self, filters: int, time: int, side: int, strides: tuple[int, int], **options: Any
    ) -> None:
        super().__init__(**options)
        self.filters, self.time, self.side, self.strides = filters, time, side, strides

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights for clips `(batch, frames, height, width, channels)`."""
        channels, normal = input_shape[-1] or 0, keras.initializers.RandomNormal
        self.kernel = self.add_weight(
            shape=(1, self.side, self.side, channels, self.filters), initializer="he_normal"
        )
        self.centre = self.add_weight(shape=(GAUSSIANS,), initializer=normal(stddev=0.5))
        self.gamma = self.add_weight(shape=(GAUSSIANS,), initializer=normal(stddev=0.1))
        self.mixing = self.add_weight(
            shape=(channels * self.filters, GAUSSIANS),
            initializer=keras.initializers.TruncatedNormal(stddev=1.0),
        )

    def call(self, clips: Any) -> Any:
        """`(batch, frames, height, width, channels)` before and after."""
        channels = clips.shape[-1]
        centre = (self.time - 1) * (ops.tanh(self.centre)[:, None] + 1) / 2
        gamma = ops.exp(1.5 - 2 * ops.abs(ops.tanh(self.gamma)))[:, None]
        steps = ops.arange(self.time, dtype="float32")[None]
        curves = 1 / (1 + math.pi * gamma * ((steps - centre) / gamma) ** 2)
        curves = curves / (ops.sum(curves, axis=1, keepdims=True) + 1e-6)
        mixed = ops.matmul(ops.softmax(self.mixing, axis=1), curves)
        temporal = ops.reshape(
            ops.transpose(mixed), (self.time, 1, 1, channels, self.filters)
        )
        time, side = self.strides
        return ops.conv(clips, self.kernel * temporal, (time, side, side), padding="same")

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """That of a convolution under `same` padding."""
        conv = layers.Conv3D(
            self.filters, 1, (self.strides[0], self.strides[1], self.strides[1]), padding="same"
        )
        shape: tuple[int | None, ...] = conv.compute_output_shape(input_shape)
        return shape


def build_evanet(
    architecture: EvaNetArchitecture, task: Task, *, dropout: float = 0.5
) -> keras.Model:
    """An EvaNet with shortcuts, as published.

    Args:
        architecture: the genotype.
        task: gives the number of classes and channels; one label a clip.
        dropout: share of features dropped before the last layer in training.

    Returns:
        a model from `(batch, frames, size, size, channels)` float32 to `(batch, classes)` logits.

    Raises:
        ValueError: a network without shortcuts, or a task of several labels: neither is published.
    """
    frame = architecture.skeleton
    if frame.form != "residual":
        raise ValueError(f"the form is {frame.form}; allowed: residual")
    if task.multi_label:
        raise ValueError("the task has several labels; allowed: one a clip")
    channels = task.streams[architecture.stream].channels
    clip = keras.Input(architecture.clip(channels).shape, name=architecture.stream)
    time_strides, side_strides = frame.time_strides, frame.side_strides
    x = conv(clip, architecture.stem, frame.stem_filters, architecture.stem_time, frame.stem_side,
             "stem", strides=(time_strides[0], side_strides[0]))
    x = layers.ReLU()(x)
    for number, module in enumerate(architecture.modules):
        window = 3 if number == 0 else 2
        time_stride = time_strides[1] if number == 0 else 1
        stride = side_strides[number + 1]
        time = architecture.pool_times[max(number - 1, 0)]
        x = layers.MaxPooling3D(
            (time, window, window), strides=(time_stride, stride, stride), padding="same"
        )(x)
        filters = frame.filters[number] // len(module.branches)
        for repeat in range(module.repeats):
            x = block(x, module.branches, filters, repeat, f"modules.{number}.layers.{repeat}")
    return keras.Model(clip, head(x, task, dropout), name="evanet_transcribed")


def block(x: Any, branches: tuple[Branch, ...], filters: int, repeat: int, name: str) -> Any:
    """A module once: branches side by side, the shortcut, and ReLU after the addition.

    Args:
        x: a clip.
        branches: of the module.
        filters: of each branch.
        repeat: the place of the repetition: at odd ones convolutions have length 1.
        name: of the layers.
    """
    outputs = []
    for place, branch in enumerate(branches):
        path = f"{name}.branches.{place}"
        time, time2 = (branch.time, branch.time2) if repeat % 2 == 0 else (1, 1)
        y = x
        if branch.kind == "pool_conv":
            y = layers.MaxPooling3D((branch.time, 3, 3), strides=1, padding="same")(y)
        if branch.kind in ("conv1x1", "pool_conv"):
            y = conv(y, "3d", filters, 1, 1, f"{path}.conv1x1")
        elif branch.kind == "conv":
            y = layers.ReLU()(conv(y, "3d", filters // 2, 1, 1, f"{path}.conv1x1"))
            y = conv(y, branch.conv, filters, time, 3, f"{path}.conv")
        else:
            y = layers.ReLU()(conv(y, "3d", filters // 4, 1, 1, f"{path}.conv1x1"))
            y = layers.ReLU()(conv(y, branch.conv, filters // 2, time, 3, f"{path}.conv"))
            y = conv(y, branch.conv2, filters, time2, 3, f"{path}.conv2")
        outputs.append(y)
    joined = layers.Concatenate()(outputs) if len(outputs) > 1 else outputs[0]
    if repeat == 0:
        x = conv(x, "3d", joined.shape[-1], 1, 1, f"{name}.shortcut")
    return layers.ReLU()(layers.Add()([joined, x]))


def conv(
    x: Any, kind: ConvKind, filters: int, time: int, side: int, name: str,
    strides: tuple[int, int] = (1, 1),
) -> Any:
    """A convolution of any kind without bias, and batch normalisation.

    Args:
        x: a clip.
        kind: of the convolution.
        filters: channels that it gives.
        time: of the window, in frames.
        side: of the window, in pixels.
        name: of the layers.
        strides: in frames and in pixels.
    """
    time_stride, stride = strides
    if kind == "2plus1d":
        x = _conv3d(filters // 2, (time, 1, 1), (time_stride, 1, 1), f"{name}.time")(x)
        x = layers.ReLU()(_norm(x, f"{name}.time"))
        x = _conv3d(filters, (1, side, side), (1, stride, stride), name)(x)
    elif kind == "itgm" and time > 1:
        x = TGMConv3D(filters, time, side, strides, name=name)(x)
    else:
        x = _conv3d(filters, (time, side, side), (time_stride, stride, stride), name)(x)
    return _norm(x, name)


def head(x: Any, task: Task, dropout: float) -> Any:
    """Average pooling over two frames and the whole picture, a 1x1x1 convolution, the mean."""
    frames, side = x.shape[1:3]
    x = layers.AveragePooling3D((min(frames, 2), side, side), strides=1)(x)
    x = layers.Dropout(dropout)(x)
    x = layers.Conv3D(task.classes, 1, name="head")(x)
    return layers.GlobalAveragePooling3D()(x)


def _conv3d(
    filters: int, window: tuple[int, int, int], strides: tuple[int, int, int], name: str
) -> Any:
    return layers.Conv3D(
        filters, window, strides=strides, padding="same", use_bias=False,
        kernel_initializer="he_normal", name=name,
    )


def _norm(x: Any, name: str) -> Any:
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}.norm")(x)
