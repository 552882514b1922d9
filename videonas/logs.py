"""Log lines of steps and of the processes that they start."""

from __future__ import annotations

import logging
import os
import sys


def set_up_logging(name: str) -> None:
    """Sends log lines to standard error, whole lines with the time and the step's name.

    TensorFlow's remarks on how it was built, and on GPUs that are not there, are left out unless
    TF_CPP_MIN_LOG_LEVEL asks for them.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(f"%(asctime)s {name}: %(message)s", "%H:%M:%S"))
    logger = logging.getLogger("videonas")
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
