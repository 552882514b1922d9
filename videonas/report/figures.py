"""The charts of a report: progress by generation, and accuracy against latency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from videonas.report import formats
from videonas.report.axes import count_axis, ratio_axis, value_axis
from videonas.report.charts import (
    SHAPES,
    Cloud,
    Scatter,
    Series,
    legend_line,
    legend_mark,
    line_chart,
)
from videonas.report.summary import (
    Progress,
    by_generation,
    metric,
    ok_members,
    pareto_front,
)
from videonas.search.lineage import Lineage, fitness
from videonas.search.population import Member
from videonas.search.settings import Settings

LINES = (
    ("so-far", "best so far"),
    ("median", "median of the newborn"),
    ("newborn", "best of the newborn"),
)
"""Lines of the progress charts, the first at the back: style and meaning."""


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
        numbers: what stands in the picture's place for who wants numbers.
    """

    pictures: Sequence[Markup]
    legend: Sequence[Key]
    numbers: Sequence[Any] = ()


@dataclass(frozen=True)
class GenerationNumbers:
    """One row of the table below the progress charts."""

    top1: Progress
    fitness: Progress


def progress_figure(lineage: Lineage, settings: Settings) -> Figure:
    """Top-1 and what selection looks at, by generation."""
    top1 = by_generation(lineage, metric("top1"))
    by_loss = settings.fitness == "loss"
    selected = (
        by_generation(lineage, metric("loss"), highest=False) if by_loss
        else by_generation(lineage, lambda member: fitness(member, settings))
    )
    label = "Loss, lower is better" if by_loss else "Top-1 + top-5"
    pictures = [
        _panel("progress-top1", "Top-1 accuracy by generation", "Top-1, %", top1, 100.0),
        _panel("progress-fitness", f"{label} by generation", label, selected, 1.0),
    ]
    legend = [Key(legend_line(style), text) for style, text in LINES]
    rows = [GenerationNumbers(*pair) for pair in zip(top1, selected, strict=True)]
    return Figure(pictures, legend, rows)


def _panel(
    name: str, title: str, label: str, rows: Sequence[Progress], scale: float
) -> Markup:
    def scaled(value: float | None) -> float | None:
        """A value in the unit of the figure."""
        return None if value is None else value * scale

    columns = {
        "median": [row.median for row in rows],
        "newborn": [row.best for row in rows],
        "so-far": [row.so_far for row in rows],
    }
    lines = [
        Series(
            text, style,
            [(row.generation, scaled(v)) for row, v in zip(rows, columns[style], strict=True)],
            step=style == "so-far",
        )
        for style, text in LINES
    ]
    values = [y for line in lines for _, y in line.points if y is not None]
    limits = (0.0, 100.0) if scale == 100.0 else (0.0, float("inf"))
    up = value_axis(label, values, lambda value: f"{value:.4g}", limits)
    return line_chart(
        name, title, _told(label, rows, scale), count_axis("generation", rows[-1].generation),
        up, lines,
    )


def _told(label: str, rows: Sequence[Progress], scale: float) -> str:
    """A progress chart in a sentence."""
    known = [row for row in rows if row.median is not None and row.so_far is not None]
    if not known:
        return "No individual has the outcome ok."
    first, last = known[0], known[-1]

    def text(value: float | None) -> str:
        """A value for people."""
        return formats.NOTHING if value is None else f"{value * scale:.4g}"

    return (
        f"{label}. Median {text(first.median)} in generation {first.generation} and "
        f"{text(last.median)} in generation {last.generation}; best so far "
        f"{text(first.so_far)} and {text(last.so_far)}."
    )


@dataclass(frozen=True)
class FrontMember:
    """A row of the table of the Pareto front."""

    member: Member[Any]
    top1: float
    latency_ms: float


def scatter_figure(
    lineage: Lineage, settings: Settings, best: Member[Any] | None
) -> Figure | None:
    """Top-1 against measured latency; None where nobody has both."""
    known = [
        FrontMember(member, member.result.metrics["top1"], member.result.latency.median_ms)
        for member in ok_members(lineage)
        if member.result.latency is not None and "top1" in member.result.metrics
    ]
    if not known:
        return None
    front = [known[i] for i in pareto_front([(m.latency_ms, -m.top1) for m in known])]
    limit = lineage.generations[-1].budget.max_latency_ms
    shown = [m.latency_ms for m in known] + ([limit] if limit else [])
    groups = _groups(known, lineage.generations[-1].generation)
    plot = Scatter(
        across=ratio_axis("latency, ms (median, one clip)", shown),
        up=value_axis("Top-1, %", [100 * m.top1 for m in known], within=(0.0, 100.0)),
        clouds=[cloud for _, cloud in groups],
        front=[(m.latency_ms, 100 * m.top1) for m in front],
        limit=(limit, f"budget {limit:g} ms") if limit else None,
        best=_marked(best),
    )
    described = (
        f"{formats.plural(len(known), 'individual')}; {len(front)} on the Pareto front, from "
        f"{formats.percent(front[0].top1)} at {formats.milliseconds(front[0].latency_ms)} to "
        f"{formats.percent(front[-1].top1)} at {formats.milliseconds(front[-1].latency_ms)}."
    )
    drawn = plot.draw("scatter", "Top-1 against latency", described, (480.0, 330.0))
    legend = [Key(legend_mark(cloud.style, cloud.shape), text) for text, cloud in groups]
    legend.append(Key(legend_line("front"), "Pareto front"))
    return Figure([drawn], legend, _once(front))


def _once(front: Sequence[FrontMember]) -> list[FrontMember]:
    """The front without repetitions of one architecture: the first born stands for them."""
    by_result: dict[str, FrontMember] = {}
    for row in front:
        by_result.setdefault(row.member.result.key, row)
    return list(by_result.values())


def _groups(known: Sequence[FrontMember], last: int) -> list[tuple[str, Cloud]]:
    """The points by stretches of generations, as many as there are shapes."""
    parts = min(last + 1, len(SHAPES))
    groups = []
    for part, shape in zip(range(parts), SHAPES, strict=False):
        first, end = part * (last + 1) // parts, (part + 1) * (last + 1) // parts
        inside = [
            (m.latency_ms, 100 * m.top1, m.member.individual.name)
            for m in known if first <= m.member.individual.generation < end
        ]
        text = f"generation {first}" if end - first == 1 else f"generations {first} to {end - 1}"
        # the newest has the strongest colour, however few there are
        groups.append((text, Cloud(f"age-{len(SHAPES) - parts + part}", shape, inside)))
    return groups


def _marked(best: Member[Any] | None) -> tuple[float, float, str] | None:
    if best is None or best.result.latency is None or "top1" not in best.result.metrics:
        return None
    label = f"best, {best.individual.name}"
    return best.result.latency.median_ms, 100 * best.result.metrics["top1"], label
