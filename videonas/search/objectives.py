"""What a search can optimise. Values are computed from results whenever they are asked, never
stored, so that objectives may change between runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from videonas.errors import VideonasError
from videonas.search.population import Member
from videonas.search.result import Result


@dataclass(frozen=True)
class Objective:
    """One thing to optimise.

    Attributes:
        maximised: whether more is better.
        value: of a result; None where it was not measured.
    """

    maximised: bool
    value: Callable[[Result], float | None]


def _metric(name: str, *, maximised: bool) -> Objective:
    return Objective(maximised, lambda result: result.metrics.get(name))


OBJECTIVES: Mapping[str, Objective] = {
    "loss": _metric("loss", maximised=False),
    "top1": _metric("top1", maximised=True),
    "top5": _metric("top5", maximised=True),
    "map": _metric("map", maximised=True),
    "latency": Objective(
        False, lambda result: result.latency.median_ms if result.latency else None
    ),
    "parameters": Objective(False, lambda result: result.costs.parameters),
    "macs": Objective(False, lambda result: result.costs.macs),
}
"""Every objective by the name that settings give it."""


def point(member: Member[Any], objectives: Sequence[str]) -> tuple[float, ...]:
    """The objectives' values of an evaluated member, each to be minimised.

    Raises:
        VideonasError: one was never measured.
    """
    values = []
    for name in objectives:
        objective = OBJECTIVES[name]
        value = objective.value(member.result)
        if value is None:
            measured = [n for n, o in OBJECTIVES.items() if o.value(member.result) is not None]
            raise VideonasError(
                f"objectives: {name!r} was never measured for {member.individual.name}; "
                f"allowed in this search: {', '.join(measured)}"
            )
        values.append(-value if objective.maximised else value)
    return tuple(values)
