"""The Keras file of an export."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import keras

from videonas.networks import BUILDER_MODULES


def load_network(path: Path) -> keras.Model:
    """The network of a `network.keras`, from clips scaled to -1 to 1 to logits.

    Args:
        path: the file; what it says is run, so load only files from people whom you trust.
    """
    for module in (*BUILDER_MODULES, "videonas.export.ensemble"):  # each registers its layers
        import_module(module)
    model: keras.Model = keras.saving.load_model(path, compile=False)
    return model
