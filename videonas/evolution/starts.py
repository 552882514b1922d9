"""The networks that a search begins with, before any is sampled."""

from __future__ import annotations

from typing import Any

from videonas.search.budget import Budget
from videonas.search.dataset import streams_of
from videonas.search.settings import Settings
from videonas.search.start_from import UnfitStart, starting_architectures
from videonas.spaces import SearchSpace, open_space
from videonas.task import Task


def starts(settings: Settings, space: SearchSpace[Any], task: Task, budget: Budget) -> list[Any]:
    """The normalised architectures of `start_from`, each inside the static budget.

    Args:
        settings: of the search.
        space: with the options of the search.
        task: what they must do.
        budget: whose limits on parameters and multiply-adds count.

    Raises:
        UnfitStart: the task does not allow one, or the budget does not.
    """
    architectures = starting_architectures(
        settings.start_from, space, task, shrink=settings.shrink_start_from
    )
    for place, architecture in enumerate(architectures):
        excess = budget.excess_of_costs(space.costs(architecture, task))
        if excess:
            raise UnfitStart(place, f"{excess}; raise the limit, or begin without this network")
    return architectures


def check_starts(settings: Settings) -> None:
    """Tells, before there is any data, which network can never be inside the budget.

    The number of classes is not known yet, so the fewest are counted.

    Raises:
        UnfitStart: see `starts`.
    """
    space = open_space(settings.space, settings.space_options)
    task = Task(streams_of(space, settings.optical_flow), classes=2)
    starts(settings, space, task, Budget.of(settings))
