"""What TensorFlow runs on here, and with which kernels."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path

import tensorflow as tf


@cache
def uses_onednn() -> bool:
    """Whether TensorFlow runs oneDNN's kernels: on x86 with AVX512-VNNI or AMX, or where
    `TF_ENABLE_ONEDNN_OPTS=1` asks for them.
    """
    try:
        # TensorFlow has no public way to ask; this is what its own tests ask
        from tensorflow.python.util import _pywrap_util_port
    except ImportError:
        return False
    return bool(_pywrap_util_port.IsMklEnabled())


def device_name() -> str:
    """The name of the GPU that TensorFlow would use, or of the processor."""
    for gpu in tf.config.list_physical_devices("GPU"):
        details = tf.config.experimental.get_device_details(gpu)
        return str(details.get("device_name", gpu.name))
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:  # not Linux
        pass
    return platform.processor() or platform.machine()
