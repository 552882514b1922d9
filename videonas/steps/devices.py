"""The GPUs of a step: a network that was to train on one must not train on the processor unnoticed.

TensorFlow falls back to the processor where its image lacks the libraries of the GPU, or the driver
is older than they are.
"""

from __future__ import annotations

from videonas.errors import VideonasError
from videonas.training.jobs import PRELOAD
from videonas.training.supervisor import Supervisor


def need_gpus(requested: str) -> None:
    """Makes sure that TensorFlow sees the GPUs that a container was given.

    Args:
        requested: how many, as a form or a command line has it; empty for none.

    Raises:
        VideonasError: it is no count, or TensorFlow sees fewer.
    """
    if not requested.strip():
        return
    if not requested.strip().isdigit():
        raise VideonasError(f"gpus is {requested!r}; allowed: a count such as 1, or nothing")
    count = int(requested)
    visible = Supervisor(*PRELOAD).environment.gpus if count else 0
    if visible < count:
        raise VideonasError(
            f"{count} GPU{'s' if count > 1 else ''} requested, TensorFlow sees {visible}; allowed: "
            "the image train-gpu, whose libraries need an NVIDIA driver 525 or later, or no GPUs"
        )
