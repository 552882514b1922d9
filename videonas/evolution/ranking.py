"""Ways to put individuals in order, the best first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from videonas.evolution.pareto import crowded_order
from videonas.search.lineage import fitness
from videonas.search.objectives import point
from videonas.search.population import Member
from videonas.search.settings import Settings


def different(members: Sequence[Member[Any]]) -> list[Member[Any]]:
    """Members in the order of birth; of equal architectures the first born."""
    by_architecture: dict[str, Member[Any]] = {}
    for member in sorted(members, key=lambda m: m.individual.name):
        by_architecture.setdefault(member.individual.id, member)
    return list(by_architecture.values())


class Ranking(Protocol):
    """Puts members in order."""

    def __call__(self, members: Sequence[Member[Any]]) -> list[Member[Any]]:
        """All of `members`, whose outcome is `ok`, the best first; among equals the order is
        kept.
        """


@dataclass(frozen=True)
class ByFitness:
    """The fittest first."""

    settings: Settings

    def __call__(self, members: Sequence[Member[Any]]) -> list[Member[Any]]:
        """See `Ranking`."""
        return sorted(members, key=self._unfitness)

    def _unfitness(self, member: Member[Any]) -> float:
        score = fitness(member, self.settings)
        return math.inf if score is None else -score


@dataclass(frozen=True)
class ByFronts:
    """Who is dominated by nobody first; within a front, who has it least crowded.

    Attributes:
        objectives: names of `OBJECTIVES`.
    """

    objectives: tuple[str, ...]

    def __call__(self, members: Sequence[Member[Any]]) -> list[Member[Any]]:
        """See `Ranking`.

        Raises:
            VideonasError: an objective that was never measured.
        """
        order = crowded_order([point(member, self.objectives) for member in members])
        return [members[place] for place in order]
