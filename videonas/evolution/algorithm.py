"""What an algorithm consists of."""

from __future__ import annotations

from dataclasses import dataclass

from videonas.evolution.ranking import Ranking
from videonas.evolution.schedules import Schedule
from videonas.evolution.selectors import Selector
from videonas.evolution.survival import Survival


@dataclass(frozen=True)
class Algorithm:
    """How a search goes from one generation to the next.

    Attributes:
        ranking: puts parents, and those who may stay, in order.
        parent: chooses a child's parent; None: children are sampled anew.
        mutations: how many mutations a child gets.
        survival: who can be a parent in the next generation.
    """

    ranking: Ranking
    parent: Selector | None
    mutations: Schedule
    survival: Survival
