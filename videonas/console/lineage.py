"""Whom an individual descends from, edit by edit, and who descends from it."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from videonas.console.records import birth_record
from videonas.console.screen import printed, printed_json, table
from videonas.console.subjects import Born, Search
from videonas.console.wording import made_by, worth
from videonas.report import formats
from videonas.report.contents import fitness_words
from videonas.search.goal import why_met


def print_lineage(
    search_root: str, name: str | None = None, *, descendants: bool = False, as_json: bool = False
) -> None:
    """Prints an ancestry, the first ancestor first, with each edit and the change of fitness.

    Args:
        search_root: path or URI.
        name: of the individual; by default the best.
        descendants: also print everybody who descends from it by first parents.
        as_json: as a program reads it: `search_root`, `individual`, `fitness` (in words), `goal`
            (why it is met, empty where it is not), `new_videos` (every change of the data set, in
            a sentence), `ancestry` and `descendants` (None unless asked for), see `birth_record`.

    Raises:
        VideonasError: no search is there, or nobody is named so.
    """
    search = Search(search_root)
    born = search.born(name) if name else search.best()
    below = list(descendants_of(born)) if descendants else None
    if as_json:
        printed_json({
            "search_root": search.uri,
            "individual": born.name,
            "fitness": fitness_words(search.settings),
            "goal": why_met(search.lineage, search.settings),
            "new_videos": search.lineage.changes,
            "ancestry": [birth_record(each) for each in born.ancestry],
            "descendants": None if below is None else [birth_record(each) for each in below],
        })
        return
    which = born.name if name else f"{born.name}, the best"
    printed(f"ancestry of {which}", _ancestry(born))
    if below:
        count = formats.plural(len(below), "descendant")
        printed(f"{count} of {which}", _descendants(below))
    elif below is not None:
        printed(f"{born.name} has no descendants.")
    printed(f"Fitness is {fitness_words(search.settings)}; changes are against the first parent.")
    for change in search.lineage.changes:
        printed(f"New videos {change}.")
    if goal := why_met(search.lineage, search.settings):
        printed(f"The goal is met: {goal}.")


def descendants_of(born: Born) -> Iterator[Born]:
    """Everybody in whose line of first parents somebody stands, in the order of birth."""
    line = {born.name}
    for name, member in born.search.lineage.members.items():
        if member.individual.parents and member.individual.parents[0] in line:
            line.add(name)
            yield born.search.born(name)


def _ancestry(born: Born) -> Table:
    headings = ("individual", "edits", "fitness", "change")
    rows = ((each.name, *_told(each)) for each in born.ancestry)
    return table(headings, rows, right=[2, 3], whole=[0])


def _descendants(below: list[Born]) -> Table:
    headings = ("individual", "parent", "edits", "fitness", "change")
    rows = ((each.name, each.member.individual.parents[0], *_told(each)) for each in below)
    return table(headings, rows, right=[3, 4], whole=[0, 1])


def _told(born: Born) -> tuple[str, str, str]:
    made = made_by(born.member.individual, born.search.root.space.kind)
    return made, worth(born), formats.signed(born.change)
