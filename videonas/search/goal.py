"""Whether a search has met its goal, and why: a run of one that has ends at once."""

from __future__ import annotations

from videonas.search.lineage import Lineage
from videonas.search.new_data import policy_between
from videonas.search.root import SearchRoot
from videonas.search.settings import Settings


def has_goal(settings: Settings) -> bool:
    """Whether a search has any goal."""
    goals = (settings.target_accuracy, settings.max_generations, settings.patience)
    return any(goal is not None for goal in goals)


def goal_met(root: SearchRoot, before: int | None = None) -> str:
    """Why a search has met its goal, in a sentence; empty where it has not, or has none.

    Args:
        root: where the search is kept.
        before: only generations before this one count; by default all that ended.

    Raises:
        DamagedRecord: the history cannot be read.
    """
    if not has_goal(root.settings):
        return ""
    lineage = root.lineage()
    until = Lineage(lineage.generations[:before])
    return why_met(until, root.settings, fresh=_will_be_discarded(root, until))


def why_met(lineage: Lineage, settings: Settings, *, fresh: bool = False) -> str:
    """See `goal_met`.

    Args:
        lineage: the generations that count.
        settings: of the search.
        fresh: whether the next generation has other videos, for which no earlier result counts.
    """
    ended = len(lineage.generations)
    if settings.max_generations is not None and ended >= settings.max_generations:
        plural = "generation" if ended == 1 else "generations"
        return f"{ended} {plural} ended, and max_generations is {settings.max_generations}"
    if fresh:
        return ""
    return _reached(lineage, settings) or _no_progress(lineage, settings)


def _reached(lineage: Lineage, settings: Settings) -> str:
    best, target = lineage.best(settings), settings.target_accuracy
    if best is None or target is None:
        return ""
    metrics = best.result.metrics
    name, words = ("map", "mAP") if "map" in metrics else ("top1", "top-1")
    found = metrics.get(name)
    if found is None or found < target:
        return ""
    return f"{words} {found:.4g} of {best.individual.name} reaches target_accuracy {target:g}"


def _no_progress(lineage: Lineage, settings: Settings) -> str:
    best, patience = lineage.best(settings), settings.patience
    if best is None or patience is None:
        return ""
    # of equal fitness the first born is the best, so nobody after it was fitter
    since = lineage.generations[-1].generation - best.individual.generation
    if since < patience:
        return ""
    plural = "generation" if since == 1 else "generations"
    return (
        f"nobody was fitter than {best.individual.name} in the {since} {plural} after it, and "
        f"patience is {patience}"
    )


def _will_be_discarded(root: SearchRoot, lineage: Lineage) -> bool:
    """Whether the generation that comes next has videos for which no earlier result counts."""
    if lineage.data is None:
        return False
    drawn = root.candidates(len(lineage.generations))
    if drawn is not None:
        return drawn.change is not None and drawn.change.discards
    choices = root.data_choices()
    now = choices[-1].digest if choices else lineage.data
    return policy_between(choices, lineage.data, now) in ("reevaluate", "restart")
