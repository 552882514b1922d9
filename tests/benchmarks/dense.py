"""A network that is built and traced in no time."""

from __future__ import annotations

from typing import Any

import keras

from videonas.task import Clip


def dense(clip: Clip, classes: int, dropout: float, *, width: float) -> Any:
    """One dense layer on the mean frame; its width is ignored."""
    inputs = keras.Input(clip.shape)
    mean = keras.ops.mean(inputs, axis=1)
    return keras.Model(inputs, keras.layers.Dense(classes)(keras.layers.Flatten()(mean)))
