"""Evolution: algorithms by name, each a sentence of small operators.

An algorithm says in which order individuals stand (`ranking`), how a parent is chosen
(`selectors`), how many mutations a child gets (`schedules`) and who stays (`survival`); `birth`
brings one individual into the world.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from videonas.evolution.algorithm import Algorithm
from videonas.evolution.birth import BirthPlace
from videonas.evolution.drift import drift
from videonas.evolution.front import front, front_objectives
from videonas.evolution.nsga2 import nsga2
from videonas.evolution.random_search import random_search
from videonas.evolution.ranking import different
from videonas.evolution.regularised import regularised
from videonas.evolution.tournament import tournament
from videonas.search.settings import Settings

ALGORITHMS: Mapping[str, Callable[[Settings], Algorithm]] = {
    "tournament": tournament,
    "regularised": regularised,
    "nsga2": nsga2,
    "random": random_search,
    "drift": drift,
}
"""Every algorithm by the name that settings give it."""


def open_algorithm(settings: Settings) -> Algorithm:
    """The algorithm that the settings name."""
    return ALGORITHMS[settings.algorithm](settings)


__all__ = [
    "ALGORITHMS", "Algorithm", "BirthPlace", "different", "front", "front_objectives",
    "open_algorithm",
]
