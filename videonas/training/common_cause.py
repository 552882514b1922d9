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
"""Networks that fail in one way before a common cause is assumed, where none has succeeded."""

IN_A_ROW = 5
"""Networks that fail in one way, one after another, before a later cause is assumed."""

VARYING = re.compile(r"(0x[0-9a-f]+|[-\d\[\](),. ])+")


class CommonCause(VideonasError):
    """Networks fail in one way, through no fault of theirs."""


class FailureWatch:
    """Compares the failures of networks at one task, as a process meets them."""

    def __init__(self) -> None:
        self._in_a_row: dict[str, str] = {}  # kinds of failure by network, since the last success

    def succeeded(self) -> None:
        """Takes in that a network succeeded."""
        self._in_a_row.clear()

    def failed(self, task: str, name: str, message: str, others: Iterable[ResultFolder]) -> None:
        """Takes in that a network failed.

        Args:
            task: such as `training`.
            name: of the network.
            message: of the failure.
            others: results of the other networks of the generation.

        Raises:
            CommonCause: a few networks failed like this and none succeeded, or some more did one
                after another.
        """
        kind = _kind(message)
        self._in_a_row[name] = kind
        in_a_row = sum(each == kind for each in self._in_a_row.values())
        alike = 0 if in_a_row >= IN_A_ROW else _alike(task, kind, others)
        if in_a_row < IN_A_ROW and alike < FEW:
            return
        how = f"{in_a_row} networks in a row" if alike < FEW else (
            f"{alike} networks, and succeeded for none"
        )
        raise CommonCause(
            f"{task} failed in the same way for {how}: {message}; that is the machine, the image "
            "or the data rather than the networks. The log of this step has the traceback; fix the "
            "cause and run again"
        )


def _alike(task: str, kind: str, others: Iterable[ResultFolder]) -> int:
    """How many networks failed at a task in one way, this one included; 0 where one succeeded."""
    alike = 1
    for folder in others:
        if folder.succeeded(task):
            return 0
        alike += any(_kind(each.message) == kind for each in folder.failures(task).values())
    return alike


def _kind(message: str) -> str:
    """A message without its numbers, such as shapes and addresses."""
    return VARYING.sub(" ", message)
