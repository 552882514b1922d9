"""Builds EvaNets.

Source of the order of operations: `evanet/model_dna.py` in google-research. docs/evanet.md lists
each place where this builder differs, and why.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers as klayers
from keras import ops

from videonas.networks.layers import activate, softmax_pool
from videonas.networks.space_time import convolution, max_pool
from videonas.spaces.evanet.architecture import (
    Conv,
    EvaNetArchitecture,
    Operation,
    Repetition,
    parts,
)
from videonas.spaces.evanet.normalise import normalise
from videonas.task import Task


def build_evanet(
    architecture: EvaNetArchitecture, task: Task, *, dropout: float = 0.5
) -> keras.Model:
    """The network of an EvaNet architecture.

    Args:
        architecture: the genotype; it is normalised first.
        task: gives the number of classes and channels, and with it the head: with several labels
            a clip, logits are pooled over time by a softmax instead of a mean.
        dropout: share of features dropped before the last layer in training; the released builder
            drops half.

    Returns:
        a model from `(batch, frames, size, size, channels)` float32 to `(batch, classes)` logits.

    Raises:
        InvalidArchitecture: the task does not allow the architecture.
    """
    architecture = normalise(architecture, task)
    channels = task.streams[architecture.stream].channels
    clip = keras.Input(architecture.clip(channels).shape, name=architecture.stream)
    x = clip
    for part in parts(architecture, channels):
        x = _repetition(x, part) if isinstance(part, Repetition) else _operation(x, part)
    return keras.Model(clip, _head(x, task, dropout), name="evanet")


def _repetition(x: Any, part: Repetition) -> Any:
    """Parallel branches on one input; what comes in is added to their joined outputs."""
    made = []
    for branch in part.branches:
        y = x
        for operation in branch:
            y = _operation(y, operation)
        made.append(y)
    joined = klayers.Concatenate(name=f"{part.path}.join")(made) if len(made) > 1 else made[0]
    if not part.shortcut:
        return joined
    shortcut = convolution(x, part.projection) if part.projection else x
    joined = klayers.Add(name=f"{part.path}.add")([joined, shortcut])
    return activate(joined, "relu", f"{part.path}.out")


def _operation(x: Any, operation: Operation) -> Any:
    return convolution(x, operation) if isinstance(operation, Conv) else max_pool(x, operation)


def _head(x: Any, task: Task, dropout: float) -> Any:
    """Logits of `(batch, frames, side, side, channels)`: the mean over space and two frames, a
    dense layer at each of these, and the mean of its answers.
    """
    features = ops.mean(x, axis=(2, 3))
    if features.shape[1] > 1:
        features = klayers.AveragePooling1D(2, strides=1, name="pairs")(features)
    features = klayers.Dropout(dropout, name="dropout")(features)
    small = keras.initializers.RandomNormal(stddev=0.01)
    logits = klayers.Dense(task.classes, kernel_initializer=small, name="head")(features)
    return softmax_pool(logits) if task.multi_label else ops.mean(logits, axis=1)
