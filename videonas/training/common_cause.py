"""Tells failures of a network from those of the machine, the image or the data.

What is broken around a network fails every network in one way. Then there is no use in trying all
of them three times, and none of them is to blame.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from videonas.errors import VideonasError
from videonas.search.result_folder import ResultFolder

FEW = 3
"""Networks that fail in one way before a common cause is assumed."""

VARYING = re.compile(r"(0x[0-9a-f]+|[-\d\[\](),. ])+")


class CommonCause(VideonasError):
    """Networks fail in one way, and none succeeds."""


def check_common_cause(task: str, message: str, others: Iterable[ResultFolder]) -> None:
    """Compares a failure with those of other networks at the same task.

    Args:
        task: such as `training`.
        message: of the failure.
        others: results of the other networks of the generation.

    Raises:
        CommonCause: a few networks failed like this, and none succeeded.
    """
    alike = 1
    for folder in others:
        if folder.succeeded(task):
            return
        failures = folder.failures(task).values()
        alike += any(_signature(each.message) == _signature(message) for each in failures)
    if alike >= FEW:
        raise CommonCause(
            f"{task} failed in the same way for {alike} networks and succeeded for none: "
            f"{message}; that is the machine, the image or the data rather than the networks. The "
            "log of this step has the traceback; fix the cause and run again"
        )


def _signature(message: str) -> str:
    """A message without its numbers, such as shapes and addresses."""
    return VARYING.sub(" ", message)
