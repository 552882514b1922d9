"""What a search found when several objectives count: the networks that no other one dominates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from videonas.evolution.pareto import first_front
from videonas.search.lineage import Lineage
from videonas.search.objectives import OBJECTIVES, point
from videonas.search.population import Member
from videonas.search.settings import Settings


def front_objectives(members: Sequence[Member[Any]], settings: Settings) -> tuple[str, ...]:
    """The objectives of the settings that were measured for everybody.

    NSGA-II refuses to select by one that was not. Other algorithms never look at them, so their
    front is that of what is there.
    """
    return tuple(
        name for name in settings.objectives
        if all(OBJECTIVES[name].value(member.result) is not None for member in members)
    )


def front(lineage: Lineage, settings: Settings) -> list[Member[Any]]:
    """Whom nobody born in the search dominates in the objectives of the settings.

    Only `Lineage.able` count; survival may have let them die.

    Returns:
        the front, the best in the first objective first; empty where nobody is `ok`.
    """
    able = lineage.able()
    objectives = front_objectives(able, settings)
    points = [point(member, objectives) for member in able]
    places = sorted(first_front(points), key=lambda place: points[place])
    return [able[place] for place in places]
