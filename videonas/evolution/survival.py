"""Who can be a parent in the next generation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

from videonas.search.population import Member


class Survival(Protocol):
    """Chooses who stays."""

    def __call__(self, ranked: Sequence[Member[Any]], rng: Random) -> list[Member[Any]]:
        """Some of `ranked`: parents and newborn of outcome `ok`, of different architectures, the
        best first. The order is kept.
        """


@dataclass(frozen=True)
class Fittest:
    """The fittest `size`: the least fit is dropped for each that comes in."""

    size: int

    def __call__(self, ranked: Sequence[Member[Any]], rng: Random) -> list[Member[Any]]:
        """See `Survival`."""
        return list(ranked[: self.size])


@dataclass(frozen=True)
class Youngest:
    """The last born `size`, however fit.

    Source: Real et al., arXiv 1802.01548, section 2.2.
    """

    size: int

    def __call__(self, ranked: Sequence[Member[Any]], rng: Random) -> list[Member[Any]]:
        """See `Survival`."""
        names = sorted((member.individual.name for member in ranked), reverse=True)
        staying = set(names[: self.size])
        return [member for member in ranked if member.individual.name in staying]


@dataclass(frozen=True)
class Chance:
    """Any `size`, each as likely as the other."""

    size: int

    def __call__(self, ranked: Sequence[Member[Any]], rng: Random) -> list[Member[Any]]:
        """See `Survival`."""
        staying = sorted(rng.sample(range(len(ranked)), min(self.size, len(ranked))))
        return [ranked[place] for place in staying]
