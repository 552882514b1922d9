"""Keras networks, one builder a search space."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from videonas.task import Task

if TYPE_CHECKING:
    import keras

def build(space: str, architecture: Any, task: Task, *, dropout: float = 0.5) -> keras.Model:
    """The network of an architecture.

    It takes clips `(batch, frames, height, width, channels)` as float32 and gives logits
    `(batch, classes)`. Every layer is named by its path in the architecture.

    Args:
        space: the architecture's search space.
        architecture: normalised.
        task: gives the number of classes and channels.
        dropout: share of features dropped before the last layer in training.

    Raises:
        InvalidArchitecture: the task does not allow it.
    """
    from videonas.networks.tiny_video import build_tiny_video

    builders: Mapping[str, Callable[..., keras.Model]] = {"tiny_video": build_tiny_video}
    return builders[space](architecture, task, dropout=dropout)
