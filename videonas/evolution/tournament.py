"""Tournament selection with a decaying number of mutations, the search of EvaNet.

Source: arXiv 1811.10636. A child is a mutated tournament winner; the number of mutations falls
from round to round; the least fit are dropped.
"""

from __future__ import annotations

from videonas.evolution.algorithm import Algorithm
from videonas.evolution.ranking import ByFitness
from videonas.evolution.schedules import Decaying
from videonas.evolution.selectors import Tournament
from videonas.evolution.survival import Fittest
from videonas.search.settings import Settings


def tournament(settings: Settings) -> Algorithm:
    """The fittest of a few drawn parents is mutated; the fittest stay."""
    return Algorithm(
        ranking=ByFitness(settings),
        parent=Tournament(settings.tournament_size),
        mutations=Decaying(settings.mutations, settings.mutation_decay),
        survival=Fittest(settings.population),
    )
