"""Another search beside this one: what it reached on the same data, with how many networks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from videonas.errors import VideonasError
from videonas.report import formats
from videonas.report.bill import charges
from videonas.report.contents import budget_sentence, fitness_words, setting_text
from videonas.report.quantities import Quantity, selected
from videonas.report.summary import first_reached
from videonas.search.budget import Budget
from videonas.search.lineage import Lineage
from videonas.search.population import Member
from videonas.search.root import SearchRoot
from videonas.search.settings import Settings


@dataclass(frozen=True)
class Baseline:
    """A search that another one is held against.

    Both are judged alike: by the fitness of the other one's settings, under its last budget.

    Attributes:
        uri: its search root.
        settings: of the baseline.
        lineage: of the baseline, as if it had had the other one's budget.
        best: of the baseline.
        differences: sentences on what was not alike.
    """

    uri: str
    settings: Settings
    lineage: Lineage
    best: Member[Any]
    differences: tuple[str, ...]


def open_baseline(root: SearchRoot, lineage: Lineage, other: SearchRoot) -> Baseline:
    """Reads a baseline.

    Another data set makes figures that cannot be compared, so it is refused. Whatever else differs
    leaves them comparable and is told: a baseline of another algorithm, space or fitness is what
    people may want to see.

    Args:
        root: of the search.
        lineage: of the search.
        other: of the baseline.

    Raises:
        VideonasError: it is the search itself, one of the two has no generation that ended, their
            data differ, or none of the baseline's networks is `ok` under the search's budget.
    """
    if other.uri == root.uri:
        raise VideonasError(f"{other.uri}: is the search itself; a baseline is another search")
    settings, theirs = other.settings, other.lineage()
    for uri, history in ((root.uri, lineage), (other.uri, theirs)):
        if not history.generations:
            raise VideonasError(
                f"{uri}: no generation of this search has ended, and a comparison takes one of each"
            )
    here, there = lineage.generations[-1], theirs.generations[-1]
    if here.data != there.data:
        raise VideonasError(
            f"{other.uri}: its data set is {there.data}, that of {root.uri} is {here.data}; "
            "a baseline has the same data set"
        )
    judged = Lineage([replace(g, budget=here.budget) for g in theirs.generations])
    best = judged.best(root.settings)
    if best is None:
        raise VideonasError(
            f"{other.uri}: none of its networks is ok under the budget of {root.uri}, "
            f"{budget_sentence(here.budget)}"
        )
    told = differences(root.settings, here.budget, settings, there.budget)
    return Baseline(other.uri, settings, judged, best, tuple(told))


def differences(
    here: Settings, here_budget: Budget, there: Settings, there_budget: Budget
) -> list[str]:
    """What is not alike in two searches on the same data, in sentences on the other one."""
    said = []
    ours, theirs = here.deciding("result"), there.deciding("result")
    listed = [
        f"{name} is {setting_text(theirs[name])} there, {setting_text(ours[name])} here"
        for name in ours if ours[name] != theirs[name]
    ]
    if listed:
        said.append(f"Its networks were trained or measured otherwise: {', '.join(listed)}.")
    if (here.space, here.space_options) != (there.space, there.space_options):
        said.append(f"It searched another space: {_space(there)}, where this one has "
                    f"{_space(here)}.")
    if here.fitness != there.fitness:
        said.append(f"It selected by {fitness_words(there)}; here both are judged by "
                    f"{fitness_words(here)}.")
    if here_budget != there_budget:
        said.append(f"Its budget was {budget_sentence(there_budget)}; here both are judged under "
                    f"the budget of this search, {budget_sentence(here_budget)}.")
    return said


def verdict(settings: Settings, best: Member[Any], baseline: Baseline) -> str:
    """Which of the two found the better network, in a sentence."""
    quantity, ours, theirs = _selected(settings, best, baseline)
    word = "as good as" if ours == theirs else (
        "better than" if quantity.better(ours, theirs) else "worse than"
    )
    return (
        f"The best network of this search is {word} that of the baseline: "
        f"{quantity.words} {quantity.text(ours)} against {quantity.text(theirs)}."
    )


def effort(lineage: Lineage, settings: Settings, best: Member[Any], baseline: Baseline) -> str:
    """How many trainings each took until both were as good as the worse of the two."""
    quantity, ours, theirs = _selected(settings, best, baseline)
    goal = theirs if quantity.better(ours, theirs) else ours
    counts = []
    for history in (lineage, baseline.lineage):
        reached = first_reached(history, quantity, goal)
        trained = history.trainings()[-1]
        seconds = formats.duration(sum(charge.seconds for charge in charges(history)))
        counts.append((f"{reached:,} of {trained:,}" if reached else f"all {trained:,}", seconds))
    (here, our_time), (there, their_time) = counts
    return (
        f"A {quantity.words} of {quantity.text(goal)} or better came after {here} "
        f"trainings in this search, and after {there} in the baseline. Measuring, training and "
        f"evaluation took {our_time} here and {their_time} there."
    )


def _selected(
    settings: Settings, best: Member[Any], baseline: Baseline
) -> tuple[Quantity, float, float]:
    """What selection looks at, of both."""
    quantity = selected(settings)
    ours, theirs = quantity.value(best), quantity.value(baseline.best)
    assert ours is not None, "who is best has a fitness"
    assert theirs is not None, "who is best has a fitness"
    return quantity, ours, theirs


def _space(settings: Settings) -> str:
    options = settings.space_options
    return settings.space + (f" with {setting_text(options)}" if options else "")
