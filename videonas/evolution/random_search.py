"""Random search: the baseline that every search has to beat.

Source: Li and Talwalkar, arXiv 1902.07638, on why.
"""

from __future__ import annotations

from videonas.evolution.algorithm import Algorithm
from videonas.evolution.ranking import ByFitness
from videonas.evolution.schedules import Decaying
from videonas.evolution.survival import Fittest
from videonas.search.settings import Settings


def random_search(settings: Settings) -> Algorithm:
    """Every child is sampled anew; the fittest are remembered."""
    return Algorithm(
        ranking=ByFitness(settings),
        parent=None,
        mutations=Decaying(settings.mutations, settings.mutation_decay),
        survival=Fittest(settings.population),
    )
