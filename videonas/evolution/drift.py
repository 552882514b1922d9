"""Drift: the search of `tournament` with selection replaced by chance.

What it finds, mutation alone finds; what `tournament` finds beyond that is due to selection.
"""

from __future__ import annotations

from videonas.evolution.algorithm import Algorithm
from videonas.evolution.ranking import ByFitness
from videonas.evolution.schedules import Decaying
from videonas.evolution.selectors import Uniform
from videonas.evolution.survival import Chance
from videonas.search.settings import Settings


def drift(settings: Settings) -> Algorithm:
    """Any parent is mutated; any stay."""
    return Algorithm(
        ranking=ByFitness(settings),
        parent=Uniform(),
        mutations=Decaying(settings.mutations, settings.mutation_decay),
        survival=Chance(settings.population),
    )
