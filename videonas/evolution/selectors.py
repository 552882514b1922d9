"""Ways to choose a parent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

from videonas.search.population import Member


class Selector(Protocol):
    """Chooses one parent."""

    def __call__(self, parents: Sequence[Member[Any]], rng: Random) -> Member[Any]:
        """One of `parents`, which stand in order, the best first."""


@dataclass(frozen=True)
class Tournament:
    """The best of `size` drawn without replacement; of all when there are fewer.

    Source: Goldberg and Deb 1991; as used for architectures by Real et al., arXiv 1703.01041.
    """

    size: int

    def __call__(self, parents: Sequence[Member[Any]], rng: Random) -> Member[Any]:
        """See `Selector`."""
        drawn = rng.sample(range(len(parents)), min(self.size, len(parents)))
        return parents[min(drawn)]


@dataclass(frozen=True)
class Uniform:
    """Any parent, each as likely as the other."""

    def __call__(self, parents: Sequence[Member[Any]], rng: Random) -> Member[Any]:
        """See `Selector`."""
        return rng.choice(parents)
