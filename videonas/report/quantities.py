"""The quantities that a report shows: how they are called and written, and which way is better."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from videonas.report import formats
from videonas.search.lineage import Lineage, fitness
from videonas.search.objectives import OBJECTIVES
from videonas.search.population import Member
from videonas.search.settings import Settings

Measure = Callable[[Member[Any]], "float | None"]
"""A number of a member, None where it has none."""


@dataclass(frozen=True)
class Quantity:
    """One thing that networks are measured by.

    Attributes:
        name: as metrics and objectives name it.
        label: for the heading of a table.
        axis: for an axis: what it is and its unit.
        text: writes a value.
        value: of a member.
        highest: whether more is better.
        scale: what a value is multiplied with on an axis.
    """

    name: str
    label: str
    axis: str
    text: Callable[[float | None], str]
    value: Measure
    highest: bool
    scale: float = 1.0

    @property
    def words(self) -> str:
        """What it is called within a sentence: abbreviations stay as they are."""
        return self.label if self.name in ("map", "macs") else self.label.lower()

    @property
    def is_share(self) -> bool:
        """Whether it goes from 0 to 1 and is shown in percent."""
        return self.scale == 100.0

    def better(self, one: float, other: float) -> bool:
        """Whether a value is better than another, not only as good."""
        return one > other if self.highest else one < other


def _quantity(
    name: str, label: str, axis: str, text: Callable[[float | None], str], scale: float = 1.0
) -> Quantity:
    """What the objective of that name measures."""
    measured = OBJECTIVES[name]
    return Quantity(
        name, label, axis, text, lambda member: measured.value(member.result), measured.maximised,
        scale,
    )


def _share(name: str, label: str) -> Quantity:
    return _quantity(name, label, f"{label}, %", formats.percent, 100.0)


METRICS: tuple[Quantity, ...] = (
    _share("top1", "Top-1"),
    _share("map", "mAP"),
    _share("top5", "Top-5"),
    _quantity("loss", "Loss", "Loss, lower is better", formats.decimal),
)
"""What evaluation measures. The first that a search has is the one that people look at."""

COSTS: tuple[Quantity, ...] = (
    _quantity("parameters", "Parameters", "parameters", formats.quantity),
    _quantity("macs", "MACs", "multiply-adds of one clip", formats.quantity),
    _quantity("latency", "Latency", "latency, ms (median, one clip)", formats.milliseconds),
)

QUANTITIES: Mapping[str, Quantity] = {q.name: q for q in (*METRICS, *COSTS)}
"""Every quantity by its name; all objectives are among them."""


def metrics_of(lineage: Lineage) -> list[Quantity]:
    """The metrics that somebody has, the one that people look at first."""
    return [quantity for quantity in METRICS if quantity.name in lineage.metrics]


def headline(metrics: Sequence[Quantity]) -> Quantity:
    """The metric that people look at first; the loss where there is none."""
    return metrics[0] if metrics else QUANTITIES["loss"]


def selected(settings: Settings) -> Quantity:
    """What selection looks at."""
    if settings.fitness in QUANTITIES:
        return QUANTITIES[settings.fitness]
    label = "Top-1 + top-5"
    return Quantity(
        "fitness", label, label, formats.decimal, lambda member: fitness(member, settings), True
    )
