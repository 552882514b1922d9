"""Keras networks, one builder a search space. TensorFlow is imported with the first network."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from videonas.task import Task

if TYPE_CHECKING:
    import keras

BUILDERS: Mapping[str, str] = {
    "tiny_video": "videonas.networks.tiny_video:build_tiny_video",
    "evanet": "videonas.networks.evanet:build_evanet",
}
"""The function that builds a network, as `module:name`, by search space."""

BUILDER_MODULES = tuple(builder.partition(":")[0] for builder in BUILDERS.values())


def build(space: str, architecture: Any, task: Task, *, dropout: float = 0.5) -> keras.Model:
    """The network of an architecture.

    It takes clips `(batch, frames, height, width, channels)` as float32 and gives logits
    `(batch, classes)`. Every layer is named by its path in the architecture.

    Args:
        space: the architecture's search space.
        architecture: normalised.
        task: gives the number of classes and channels, and whether a clip can have several labels.
        dropout: share of features dropped before the last layer in training.

    Raises:
        InvalidArchitecture: the task does not allow it.
    """
    builder = pkgutil.resolve_name(BUILDERS[space])
    model: keras.Model = builder(architecture, task, dropout=dropout)
    return model
