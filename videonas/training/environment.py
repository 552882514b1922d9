"""The environment as TensorFlow sees it."""

from __future__ import annotations

from dataclasses import replace

import tensorflow as tf

from videonas.networks.device import device_name, uses_onednn
from videonas.search.environment import Environment, installed


def environment_job(_: None) -> Environment:
    """Asks TensorFlow for its devices; a job of a child process, since TensorFlow may be broken."""
    gpus = tf.config.list_physical_devices("GPU")
    return replace(installed(), device=device_name(), gpus=len(gpus), onednn=uses_onednn())
