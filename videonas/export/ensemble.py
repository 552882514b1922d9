"""Several networks as one: each takes its part of a clip, and their logits are averaged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from videonas.export.about import StreamSettings


@keras.saving.register_keras_serializable("videonas")
class Part(keras.layers.Layer):
    """What one network takes of a clip that holds more, at its size, as in testing.

    Args:
        first: place of its first frame.
        frames: number of frames.
        stride: frames of the clip from one to the next.
        size: height and width in pixels.
    """

    def __init__(
        self, first: int, frames: int, stride: int, size: int, **options: Any
    ) -> None:
        super().__init__(**options)
        self.first, self.frames, self.stride, self.size = first, frames, stride, size

    def call(self, clips: Any) -> Any:
        """Takes a part of clips that are scaled to -1 to 1.

        Args:
            clips: float32 `(batch, frames, height, width, channels)`.

        Returns:
            float32 `(batch, frames, size, size, channels)`.
        """
        end = self.first + (self.frames - 1) * self.stride + 1
        taken = clips[:, self.first : end : self.stride]
        height, width, channels = clips.shape[2:]
        if (height, width) == (self.size, self.size):
            return taken
        # whole pixels first: means of others would be rounded to other pixels
        pixels = tf.reshape(tf.round((taken + 1.0) * 127.5), (-1, height, width, channels))
        means = tf.image.resize(pixels, (self.size, self.size), tf.image.ResizeMethod.AREA)
        shape = (-1, self.frames, self.size, self.size, channels)
        return tf.reshape(tf.round(means) / 127.5 - 1.0, shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """See `call`."""
        return (input_shape[0], self.frames, self.size, self.size, input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        """What the layer is made from."""
        own = {name: getattr(self, name) for name in ("first", "frames", "stride", "size")}
        return {**super().get_config(), **own}


@dataclass(frozen=True)
class Member:
    """A network of an ensemble.

    Attributes:
        name: of the finalist.
        model: from float32 clips to logits.
        streams: what it takes, by stream.
    """

    name: str
    model: keras.Model
    streams: Mapping[str, StreamSettings]


def ensemble_network(
    members: Sequence[Member], streams: Mapping[str, StreamSettings]
) -> keras.Model:
    """One network of several, whose logits are averaged.

    Args:
        members: 2 or more, with names of their own.
        streams: the clips that they take together, see `common_streams`.

    Returns:
        a model from float32 clips, by stream or of the only one, to `(batch, classes)` logits.
    """
    clips = {
        name: keras.Input((s.frames, s.size, s.size, s.prepared.channels), name=name)
        for name, s in streams.items()
    }
    logits = []
    for member in members:
        # a name of its own: networks of one builder are named alike
        model = keras.Model(member.model.input, member.model.output, name=member.name)
        parts = {
            name: _part(f"{member.name}.{name}", own, streams[name], clips[name])
            for name, own in member.streams.items()
        }
        logits.append(model(_alone(parts)))
    return keras.Model(_alone(clips), keras.layers.Average(name="mean")(logits), name="ensemble")


def _part(name: str, own: StreamSettings, common: StreamSettings, clips: Any) -> Any:
    """What a network takes of the clips that all take together."""
    if own == common:
        return clips
    return Part(own.first - common.first, own.frames, own.stride, own.size, name=name)(clips)


def _alone(by_stream: Mapping[str, Any]) -> Any:
    """As networks take clips: those of a single stream without its name."""
    return by_stream if len(by_stream) > 1 else next(iter(by_stream.values()))
