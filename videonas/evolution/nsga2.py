"""NSGA-II: several objectives at once, towards the whole front between them.

Source: Deb, Pratap, Agarwal and Meyarivan 2002. Who stays and who wins a tournament of two is
decided by front, then by crowding. There children come of crossover and mutation; here of
mutation alone, since no crossover of these networks was published.
"""

from __future__ import annotations

from videonas.evolution.algorithm import Algorithm
from videonas.evolution.ranking import ByFronts
from videonas.evolution.schedules import Decaying
from videonas.evolution.selectors import Tournament
from videonas.evolution.survival import Fittest
from videonas.search.settings import Settings


def nsga2(settings: Settings) -> Algorithm:
    """The better of two drawn parents is mutated; the best fronts stay."""
    return Algorithm(
        ranking=ByFronts(settings.objectives),
        parent=Tournament(2),
        mutations=Decaying(settings.mutations, settings.mutation_decay),
        survival=Fittest(settings.population),
    )
