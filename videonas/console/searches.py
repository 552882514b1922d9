"""Searches side by side: what they found, with how many networks, in how many seconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from videonas.console.screen import printed, printed_json, table
from videonas.console.subjects import Born, Search
from videonas.errors import VideonasError
from videonas.report import formats
from videonas.report.bill import Charge, charges
from videonas.report.contents import setting_text
from videonas.report.quantities import COSTS, METRICS, Quantity, selected
from videonas.search.budget import Budget
from videonas.search.settings import decides_of

OF_A_RUN = ("objectives", *(limit.name for limit in fields(Budget)))
"""Settings of a run that say which networks are wanted."""


@dataclass(frozen=True)
class Compared:
    """One of the searches.

    Attributes:
        search: the search.
        quantity: by which all of them are judged.
    """

    search: Search
    quantity: Quantity

    @cached_property
    def charges(self) -> list[Charge]:
        """Every different result, in the order of birth."""
        return charges(self.search.lineage)

    @cached_property
    def best_so_far(self) -> list[float | None]:
        """The best value after each evaluation, see `Lineage.best_so_far`."""
        return self.search.lineage.best_so_far(
            self.quantity.value, highest=self.quantity.highest
        )

    @cached_property
    def best(self) -> Born | None:
        """The first born of those with the best value; None where nobody is `ok`."""
        if not self.best_so_far or self.best_so_far[-1] is None:
            return None
        lineage = self.search.lineage
        reached = (
            member.individual.name for ok in lineage.ok[lineage.counts_from() :] for member in ok
            if self.quantity.value(member) == self.best_so_far[-1]
        )
        return self.search.born(next(reached))

    @property
    def seconds(self) -> float:
        """Spent on measuring, training and evaluation."""
        return sum(charge.seconds for charge in self.charges)

    @property
    def data(self) -> str:
        """Digest of the data set; empty where there is none yet."""
        return self.search.lineage.data or ""


def print_searches(roots: Sequence[str], *, as_json: bool = False) -> None:
    """Prints what searches found, and the best so far by evaluations.

    All are judged by what the first one maximises.

    Args:
        roots: paths or URIs.
        as_json: as a program reads it: `quantity`, whether it is the `highest` that is best,
            `settings` that differ, and `searches`, see `_record`.

    Raises:
        VideonasError: there is no search, or no generation of one has ended.
    """
    searches = [Search(root) for root in roots]
    for search in searches:
        if not search.lineage.generations:
            raise VideonasError(f"{search.uri}: no generation of this search has ended")
    quantity = selected(searches[0].settings)
    compared = [Compared(search, quantity) for search in searches]
    differ = _settings(searches)
    if as_json:
        printed_json({
            "quantity": quantity.name,
            "highest": quantity.highest,
            "settings": differ,
            "searches": [_record(each) for each in compared],
        })
        return
    labels = list(roots)
    right = range(1, len(labels) + 1)
    printed(
        table(["", *labels], [*_rows(compared), *_setting_rows(differ)], right),
        f"best {quantity.words} so far",
        table(["evaluations", *labels], _curve(compared), [0, *right]),
    )
    if len({each.data for each in compared}) > 1:
        printed("Their data sets differ: accuracies and losses cannot be compared.")


def _record(each: Compared) -> dict[str, Any]:
    """One search for a program: `search_root`, `algorithm`, `data`, `generations`, `born`,
    `evaluations`, `seconds`, `best` (name, id, value, metrics, costs, latency_ms; None where
    nobody is ok) and `best_so_far`, the best value after each evaluation.
    """
    search, best = each.search, each.best
    result = best.member.result if best else None
    return {
        "search_root": search.uri,
        "algorithm": search.settings.algorithm,
        "data": each.data,
        "generations": len(search.lineage.generations),
        "born": len(search.lineage.members),
        "evaluations": len(each.best_so_far),
        "seconds": round(each.seconds, 3),
        "best": {
            "name": best.name,
            "id": best.member.individual.id,
            "value": each.best_so_far[-1],
            "metrics": result.metrics,
            "parameters": result.costs.parameters,
            "macs": result.costs.macs,
            "latency_ms": result.latency.median_ms if result.latency else None,
        } if best and result else None,
        "best_so_far": each.best_so_far,
    }


def _rows(compared: Sequence[Compared]) -> list[tuple[str, ...]]:
    def row(name: str, told: Callable[[Compared], str]) -> tuple[str, ...]:
        """What is told of each search, behind its name."""
        return (name, *(told(each) for each in compared))

    rows: list[tuple[str, ...]] = [
        row("data set", lambda each: each.data or "none"),
        row("generations", lambda each: f"{len(each.search.lineage.generations):,}"),
        row("born", lambda each: f"{len(each.search.lineage.members):,}"),
        row("evaluations", lambda each: f"{len(each.best_so_far):,}"),
        row("time", lambda each: formats.duration(each.seconds)),
        row("best", lambda each: each.best.name if each.best else formats.NOTHING),
    ]
    for quantity in (*METRICS, *COSTS):
        values = [quantity.value(each.best.member) if each.best else None for each in compared]
        if any(value is not None for value in values):
            rows.append((quantity.words, *map(quantity.text, values)))
    return rows


def _settings(searches: Sequence[Search]) -> dict[str, list[Any]]:
    """The settings that are not alike, of those that decide what a search finds."""
    plain = [search.settings.model_dump(mode="json") for search in searches]
    return {
        name: [values[name] for values in plain]
        for name in plain[0]
        if (decides_of(name) != "run" or name in OF_A_RUN)
        and any(values[name] != plain[0][name] for values in plain)
    }


def _setting_rows(differ: dict[str, list[Any]]) -> list[tuple[str, ...]]:
    return [
        (name, *(formats.shortened(setting_text(value), 60) for value in values))
        for name, values in differ.items()
    ]


def _curve(compared: Sequence[Compared]) -> list[tuple[str, ...]]:
    """The best so far after 1, 2, 4, ... evaluations, and at the end of each search."""
    ends = {len(each.best_so_far) for each in compared if each.best_so_far}
    marks = {2**power for power in range(max(ends, default=0).bit_length())} | ends
    return [
        (f"{mark:,}", *(_after(each, mark) for each in compared))
        for mark in sorted(marks) if mark <= max(ends)
    ]


def _after(each: Compared, mark: int) -> str:
    curve = each.best_so_far
    return each.quantity.text(curve[mark - 1]) if mark <= len(curve) else formats.NOTHING
