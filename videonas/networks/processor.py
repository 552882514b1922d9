"""Which kernels TensorFlow runs on this processor."""

from __future__ import annotations

from functools import cache


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
