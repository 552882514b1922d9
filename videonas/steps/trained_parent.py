"""What a parent leaves to a child that inherits its weights."""

from __future__ import annotations

from typing import Any

from videonas.errors import DamagedRecord, NothingThere
from videonas.search.individual import Individual
from videonas.search.population import Member
from videonas.search.root import SearchRoot
from videonas.training.jobs import TrainedParent


class WeightsGone(Exception):
    """The weights that an individual was to begin with are no longer there."""


def trained_parent(root: SearchRoot, individual: Individual[Any]) -> TrainedParent | None:
    """What an individual begins with, as its birth decided; None for new weights.

    Args:
        root: where the search is kept.
        individual: to be trained.

    Raises:
        WeightsGone: the parent's weights were deleted since: new ones would give another result.
        DamagedRecord: the parent is not in the population that the individual was drawn from.
    """
    if individual.inherits is None:
        return None
    parent = _parent(root, individual)
    folder = root.folder_of(parent)
    try:
        weights = folder.fetch_weights()
    except NothingThere:
        raise WeightsGone(
            f"inherits from {parent.individual.name}, whose weights in {folder.folder} are gone; "
            "allowed: the weights that were there at its birth"
        ) from None
    training = parent.result.training
    steps = training.total_steps if training else None
    return TrainedParent(
        parent.individual.name, parent.individual.architecture, individual.edits, weights,
        parent.result.key, steps or 0,
    )


def _parent(root: SearchRoot, individual: Individual[Any]) -> Member[Any]:
    """The member of the population before that an individual inherits from."""
    before = root.population(individual.generation - 1) if individual.generation else None
    for member in before.parents if before else ():
        if individual.inherits and member.result.key == individual.inherits.key:
            return member
    raise DamagedRecord(
        f"{root.uri}: {individual.name} inherits from {', '.join(individual.parents) or 'nobody'}, "
        f"who is no parent in generation {individual.generation - 1}; restore the files of one "
        "search"
    )
