"""Log lines of steps and of the processes that they start."""

from __future__ import annotations

import logging
import sys

from videonas.tensorflow_start import quieten_tensorflow


def set_up_logging(name: str) -> None:
    """Sends log lines to standard error, whole lines with the time and the step's name.

    TensorFlow's remarks on how it was built, and on GPUs that are not there, do not come between
    them.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(f"%(asctime)s {name}: %(message)s", "%H:%M:%S"))
    logger = logging.getLogger("videonas")
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
    quieten_tensorflow()
