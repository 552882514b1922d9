"""Regularised (aging) evolution: the oldest are dropped, not the least fit.

Source: Real, Aggarwal, Huang and Le, arXiv 1802.01548, section 2.2, algorithm 1. A child is the
mutated winner of a tournament; it comes in, the oldest goes. There one child is born at a time;
here a generation's children are born together, so their number is kept small beside the
population, which a setting's check sees to.
"""

from __future__ import annotations

from videonas.evolution.algorithm import Algorithm
from videonas.evolution.ranking import ByFitness
from videonas.evolution.schedules import Decaying
from videonas.evolution.selectors import Tournament
from videonas.evolution.survival import Youngest
from videonas.search.settings import Settings


def regularised(settings: Settings) -> Algorithm:
    """The fittest of a few drawn parents is mutated; the youngest stay."""
    return Algorithm(
        ranking=ByFitness(settings),
        parent=Tournament(settings.tournament_size),
        mutations=Decaying(settings.mutations, settings.mutation_decay),
        survival=Youngest(settings.population),
    )
