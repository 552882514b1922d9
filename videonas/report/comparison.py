"""The best network in numbers, beside others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from videonas.report import formats
from videonas.report.quantities import COSTS, Quantity
from videonas.search.population import Member
from videonas.search.result import Latency


@dataclass(frozen=True)
class Beside:
    """What another network has of a quantity.

    Attributes:
        value: of the other.
        change: from the other to the best.
        better: whether the best is better; None where neither is, or where that is no question.
    """

    value: str
    change: str
    better: bool | None


@dataclass(frozen=True)
class ComparisonRow:
    """One quantity of the best, and of those beside it."""

    quantity: str
    best: str
    note: str
    beside: tuple[Beside, ...]


def comparison(
    best: Member[Any], others: Sequence[Member[Any]], metrics: Sequence[Quantity]
) -> list[ComparisonRow]:
    """The best beside others, quantity by quantity.

    Args:
        best: what is compared.
        others: the columns beside it, from left to right.
        metrics: those that the search has.
    """
    rows = []
    for quantity in (*metrics, *COSTS):
        value = quantity.value(best)
        text, note = quantity.text(value), ""
        if quantity.name == "latency":
            note, text = _quartiles(best.result.latency), text if value else "not measured"
        beside = tuple(_beside(quantity, best, other) for other in others)
        rows.append(ComparisonRow(quantity.label, text, note, beside))
    return rows


def latency_sentence(latency: Latency | None) -> str:
    """How latency was measured, and on what."""
    if latency is None:
        return "Latency was not measured."
    return (
        f"Latency is the median of {latency.repeats} passes of one clip with "
        f"{formats.plural(latency.threads, 'thread')} on {latency.device}; "
        "the quartiles stand below it."
    )


def _beside(quantity: Quantity, best: Member[Any], other: Member[Any]) -> Beside:
    now, before = quantity.value(best), quantity.value(other)
    text = quantity.text(before)
    if now is None or before is None or not _comparable(quantity, best, other):
        return Beside(text, formats.NOTHING, None)
    if quantity.is_share:
        change = formats.points(now - before)
    elif quantity in COSTS:
        change = formats.factor(now, before)
    else:
        change = formats.signed(now - before)
    judged = now != before and quantity.name not in ("parameters", "macs")
    return Beside(text, change, quantity.better(now, before) if judged else None)


def _comparable(quantity: Quantity, best: Member[Any], other: Member[Any]) -> bool:
    """Latencies are where they were measured in one way on one device."""
    here, there = best.result.latency, other.result.latency
    return quantity.name != "latency" or (
        here is not None and there is not None
        and (here.device, here.threads) == (there.device, there.threads)
    )


def _quartiles(latency: Latency | None) -> str:
    return "{:.2f} to {:.2f}".format(*latency.quartiles_ms) if latency else ""
