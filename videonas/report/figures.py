"""The charts of progress: by generation, and by number of trainings beside a baseline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from videonas.report import formats
from videonas.report.axes import Axis, count_axis, value_axis
from videonas.report.charts import Series, legend_line, line_chart
from videonas.report.quantities import QUANTITIES, Quantity, headline, metrics_of, selected
from videonas.report.summary import (
    Progress,
    by_generation,
    by_trained,
)
from videonas.search.lineage import Lineage
from videonas.search.settings import Settings

LINES = (
    ("so-far", "best so far"),
    ("median", "median of the newborn"),
    ("newborn", "best of the newborn"),
)
"""Lines of the progress charts, the first at the back: style and meaning."""

BASELINE = ("baseline", "best so far of the baseline")
"""The line of a baseline: style and meaning."""


@dataclass(frozen=True)
class Key:
    """One entry of a legend."""

    mark: Markup
    text: str


@dataclass(frozen=True)
class Figure:
    """A picture, or several side by side, with what explains them.

    Attributes:
        pictures: inline SVG.
        legend: what the marks mean.
    """

    pictures: Sequence[Markup]
    legend: Sequence[Key]


@dataclass(frozen=True)
class NumbersRow:
    """One generation in numbers; `cells` has median, best and best so far of each quantity."""

    generation: int
    born: int
    ok: int
    cells: list[str]


@dataclass(frozen=True)
class Numbers:
    """What stands in place of the charts for who wants numbers."""

    labels: list[str]
    rows: list[NumbersRow]


def shown(lineage: Lineage, settings: Settings) -> list[Quantity]:
    """The two quantities that charts show: what people look at, and what selection looks at."""
    first, second = headline(metrics_of(lineage)), selected(settings)
    if first.name == second.name:
        second = QUANTITIES["loss"]
    return [first] if first.name == second.name else [first, second]


def progress_figure(
    lineage: Lineage, settings: Settings, baseline: Lineage | None = None
) -> Figure:
    """What was reached, by generation."""
    pictures = []
    for quantity in shown(lineage, settings):
        rows = by_generation(lineage, quantity)
        others = by_generation(baseline, quantity) if baseline else []
        pictures.append(_by_generation(quantity, rows, others))
    lines = [*LINES, BASELINE] if baseline else LINES
    return Figure(pictures, [Key(legend_line(style), text) for style, text in lines])


def progress_numbers(lineage: Lineage, settings: Settings) -> Numbers:
    """What the charts by generation show, in numbers."""
    quantities = shown(lineage, settings)
    columns = [by_generation(lineage, quantity) for quantity in quantities]
    rows = [
        NumbersRow(row[0].generation, row[0].born, row[0].ok, [
            quantity.text(value)
            for quantity, one in zip(quantities, row, strict=True)
            for value in (one.median, one.best, one.so_far)
        ])
        for row in zip(*columns, strict=True)
    ]
    return Numbers([quantity.label for quantity in quantities], rows)


def trained_figure(lineage: Lineage, settings: Settings, baseline: Lineage) -> Figure | None:
    """What both reached, by number of trainings; None where generations tell the same."""
    if lineage.trainings() == baseline.trainings():
        return None
    pictures = [
        _by_trained(quantity, by_trained(lineage, quantity), by_trained(baseline, quantity))
        for quantity in shown(lineage, settings)
    ]
    legend = [
        Key(legend_line("so-far"), "this search"), Key(legend_line("baseline"), "the baseline")
    ]
    return Figure(pictures, legend)


def _by_generation(
    quantity: Quantity, rows: Sequence[Progress], others: Sequence[Progress]
) -> Markup:
    columns = {
        "median": [row.median for row in rows],
        "newborn": [row.best for row in rows],
        "so-far": [row.so_far for row in rows],
    }
    lines = [
        Series(text, style, _points(enumerate(columns[style]), quantity), step=style == "so-far")
        for style, text in LINES
    ]
    if others:
        style, text = BASELINE
        so_far = _points(((row.generation, row.so_far) for row in others), quantity)
        lines.insert(0, Series(text, style, so_far, step=True))
    last = max(row.generation for row in (*rows, *others))
    return line_chart(
        f"progress-{quantity.name}", f"{quantity.label} by generation",
        _told(quantity, rows, others), count_axis("generation", last), _up(quantity, lines), lines,
    )


def _by_trained(
    quantity: Quantity, here: Sequence[tuple[int, float]], there: Sequence[tuple[int, float]]
) -> Markup:
    lines = [
        Series("the baseline", "baseline", _points(there, quantity), step=True),
        Series("this search", "so-far", _points(here, quantity), step=True),
    ]
    last = max((n for n, _ in (*here, *there)), default=0)
    told = [
        f"{name}: {quantity.text(points[0][1])} after {points[0][0]}, "
        f"{quantity.text(points[-1][1])} after {points[-1][0]}"
        for name, points in (("This search", here), ("the baseline", there)) if points
    ]
    return line_chart(
        f"trained-{quantity.name}", f"{quantity.label} by trainings",
        f"{quantity.label}, best so far by number of trainings. {'; '.join(told)}.",
        count_axis("trainings", last), _up(quantity, lines), lines,
    )


def _points(found: Any, quantity: Quantity) -> list[tuple[float, float | None]]:
    """Points in the unit of the figure."""
    return [(x, None if y is None else y * quantity.scale) for x, y in found]


def _up(quantity: Quantity, lines: Sequence[Series]) -> Axis:
    values = [y for line in lines for _, y in line.points if y is not None]
    limits = (0.0, 100.0) if quantity.is_share else (0.0, math.inf)
    return value_axis(quantity.axis, values, lambda value: f"{value:.4g}", limits)


def _told(quantity: Quantity, rows: Sequence[Progress], others: Sequence[Progress]) -> str:
    """A chart of progress in a sentence."""
    known = [row for row in rows if row.median is not None and row.so_far is not None]
    if not known:
        return "No individual has the outcome ok."

    def text(value: float | None) -> str:
        """A value for people."""
        return formats.NOTHING if value is None else f"{value * quantity.scale:.4g}"

    first, last = known[0], known[-1]
    beside = f" The best of the baseline: {text(others[-1].so_far)}." if others else ""
    return (
        f"{quantity.axis}. Median {text(first.median)} in generation {first.generation} and "
        f"{text(last.median)} in generation {last.generation}; best so far "
        f"{text(first.so_far)} and {text(last.so_far)}.{beside}"
    )
