"""What a run found, for a terminal."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from videonas.evolution import front
from videonas.search.goal import why_met
from videonas.search.lineage import Lineage
from videonas.search.population import Member
from videonas.search.root import SearchRoot
from videonas.search.settings import Settings

Row = Callable[[Member[Any]], str]

MOST_OF_THE_FRONT = 12
"""Networks of the front that are listed; the report shows all of them."""


def print_summary(root: SearchRoot, console: Console, resume: Sequence[str]) -> None:
    """Prints the best network beside the best of the first generation, and how to go on.

    Where several objectives were asked for, their front is what was found: it is listed too.

    Args:
        root: of a search of which a generation ended.
        console: to print on.
        resume: the command that goes on with the search.
    """
    lineage, settings = root.lineage(), root.settings
    began = lineage.counts_from()
    first, best = lineage.best(settings, began), lineage.best(settings)
    if first is None or best is None:
        return
    results = [m.result for m in lineage.members.values()]
    trained = len({r.key for r in results if r.training and r.training.outcome == "ok"})
    console.print(_table(first, best, trained, began))
    if settings.algorithm == "nsga2":
        console.print(_front(front(lineage, settings), settings.objectives))
    for line in (
        _origin(lineage, best),
        *_turns(lineage, settings),
        f"network    {root.architecture_address(best.individual.id)}  (videonas show ROOT)",
        f"report     {root.report_address(len(lineage.generations) - 1)}",
        *_finished(root),
        f"everything {root.uri}",
        f"go on      {shlex.join(resume)}",
    ):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _origin(lineage: Lineage, best: Member[Any]) -> str:
    """How the best came about, and what its accuracy is worth."""
    ancestry = lineage.ancestry(best.individual.name)
    edits = sum(len(member.individual.edits) for member in ancestry)
    origin = ancestry[-1].individual
    away = "1 edit" if edits == 1 else f"{edits} edits"
    born = f"is {away} from {origin.name}, which was" if edits else "was"
    return (
        f"{best.individual.name} {born} {origin.origin}; "
        "accuracy is on the validation split, which selection saw."
    )


def _turns(lineage: Lineage, settings: Settings) -> Iterator[str]:
    """What happened to the videos, and why the search is over, if it is."""
    for change in lineage.changes:
        yield f"new videos {change}"
    if goal := why_met(lineage, settings):
        yield f"goal met   {goal}"


def _finished(root: SearchRoot) -> Iterator[str]:
    """Where the network lies that the last run trained at full length."""
    for folder in root.finish_folders()[-1:]:
        record = folder.record()
        if record is not None and record.best is not None:
            address = folder.network_address(record.best)
            yield f"finished   {address}  (card.md: how good it is)"


def _table(first: Member[Any], best: Member[Any], trained: int, began: int) -> Table:
    table = Table(title=f"after {trained} trained networks")
    generation = f"generation {began}" if began else "the first generation"
    for heading in ("", f"best of {generation}", "best"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, value in _rows(best).items():
        table.add_row(name, value(first), value(best))
    return table


def _front(members: Sequence[Member[Any]], objectives: Sequence[str]) -> Table:
    """The front, one network a line."""
    shown = members[:MOST_OF_THE_FRONT]
    more = f", {len(shown)} of them here" if len(shown) < len(members) else ""
    table = Table(title=f"the front of {', '.join(objectives)}: {len(members)} networks{more}")
    rows = _rows(members[0]) if members else {}
    for name in rows:
        table.add_column(name, justify="right")
    for member in shown:
        table.add_row(*(value(member) for value in rows.values()))
    return table


def _rows(member: Member[Any]) -> Mapping[str, Row]:
    """What is said of a network, by its name; the metrics are those that a member has."""
    return {
        "individual": lambda m: m.individual.name,
        "architecture": lambda m: m.individual.id,
        **{
            title: _metric(metric)
            for metric, title in (
                ("top1", "top-1 accuracy"), ("map", "mean average precision"), ("loss", "loss")
            )
            if metric in member.result.metrics
        },
        "parameters": lambda m: f"{m.result.costs.parameters:,}",
        "multiply-adds": lambda m: f"{m.result.costs.macs:,}",
        "latency": lambda m: f"{m.result.latency.median_ms:.2f} ms" if m.result.latency else "-",
    }


def _metric(name: str) -> Row:
    return lambda member: f"{member.result.metrics[name]:.3f}"
