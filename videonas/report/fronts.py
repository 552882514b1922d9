"""Accuracy against costs, and the Pareto front of the objectives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from videonas.evolution.front import front_objectives
from videonas.evolution.pareto import first_front
from videonas.report import formats
from videonas.report.axes import ratio_axis, tick_text, value_axis
from videonas.report.charts import (
    AGES,
    Cloud,
    Scatter,
    legend_line,
    legend_mark,
)
from videonas.report.figures import Figure, Key
from videonas.report.quantities import (
    COSTS,
    QUANTITIES,
    Quantity,
    headline,
    metrics_of,
)
from videonas.report.summary import ok_members
from videonas.search.budget import Budget
from videonas.search.lineage import Lineage
from videonas.search.population import Member
from videonas.search.settings import Settings


@dataclass(frozen=True)
class FrontCell:
    """A number of the table of the front; `best` of all in its column."""

    text: str
    best: bool


@dataclass(frozen=True)
class FrontTable:
    """The Pareto front of the objectives.

    Attributes:
        objectives: labels of those that make the front.
        columns: labels of all that is shown, the objectives first.
        rows: names with their numbers, the best in the first objective first.
    """

    objectives: list[str]
    columns: list[str]
    rows: list[tuple[str, list[FrontCell]]]


def front_table(
    lineage: Lineage, settings: Settings, members: Sequence[Member[Any]]
) -> FrontTable:
    """Whom nobody dominates in the objectives of the settings, in numbers.

    Args:
        lineage: of the search.
        settings: of the search.
        members: of the front, see `evolution.front`.
    """
    names = front_objectives(lineage.able(), settings)
    quantities = [QUANTITIES[name] for name in names]
    usual = [headline(metrics_of(lineage)), QUANTITIES["latency"], QUANTITIES["parameters"]]
    columns = [*quantities, *(quantity for quantity in usual if quantity.name not in names)]
    cells = [_cells(quantity, members) for quantity in columns]
    rows = [
        (member.individual.name, list(row))
        for member, row in zip(members, zip(*cells, strict=True), strict=True)
    ]
    return FrontTable([q.label for q in quantities], [q.label for q in columns], rows)


def _cells(quantity: Quantity, members: Sequence[Member[Any]]) -> list[FrontCell]:
    values = [quantity.value(member) for member in members]
    known = [value for value in values if value is not None]
    best = (max if quantity.highest else min)(known) if known else None
    return [FrontCell(quantity.text(v), v is not None and v == best) for v in values]


def scatter_figure(
    lineage: Lineage,
    settings: Settings,
    best: Member[Any] | None,
    on_front: Sequence[Member[Any]],
) -> Figure | None:
    """The metric that people look at against what networks cost; None where nobody has both.

    Latency is always shown, other costs where they are objectives.

    Args:
        lineage: of the search.
        settings: of the search.
        best: of all, which is circled.
        on_front: members of the front, which are ringed.
    """
    metric, members = headline(metrics_of(lineage)), _once(ok_members(lineage))
    chosen = {member.individual.name for member in on_front}
    pictures, groups = [], _groups(lineage.generations[-1].generation)
    costs = [c for c in COSTS if c.name == "latency" or c.name in settings.objectives]
    for cost in sorted(costs, key=lambda cost: cost.name != "latency"):
        known = [m for m in members if None not in (metric.value(m), cost.value(m))]
        if known:
            plane = _Plane(metric, cost, known, lineage.generations[-1].budget)
            pictures.append(plane.picture(groups, chosen, best))
    if not pictures:
        return None
    legend = [Key(legend_mark(group.style, group.shape), group.text) for group in groups]
    legend.append(Key(legend_line("front"), "the front of the two that are drawn"))
    labels = ", ".join(QUANTITIES[name].label for name in settings.objectives)
    legend.append(Key(legend_mark("chosen", "ring"), f"on the front of the objectives: {labels}"))
    return Figure(pictures, legend)


def _once(members: Sequence[Member[Any]]) -> list[Member[Any]]:
    """Without repetitions of one result: the first born stands for them."""
    by_result: dict[str, Member[Any]] = {}
    for member in members:
        by_result.setdefault(member.result.key, member)
    return list(by_result.values())


@dataclass(frozen=True)
class _Group:
    """A stretch of generations whose points look alike."""

    first: int
    end: int
    style: str
    shape: str

    @property
    def text(self) -> str:
        """For the legend."""
        if self.end - self.first == 1:
            return f"generation {self.first}"
        return f"generations {self.first} to {self.end - 1}"


def _groups(last: int) -> list[_Group]:
    """Stretches of generations, as many as there are shapes, the newest at the end."""
    parts = min(last + 1, len(AGES))
    return [
        # the newest has the strongest colour, however few there are
        _Group(part * (last + 1) // parts, (part + 1) * (last + 1) // parts,
               f"age-{len(AGES) - parts + part}", shape)
        for part, shape in zip(range(parts), AGES, strict=False)
    ]


@dataclass(frozen=True)
class _Plane:
    """A metric against a cost.

    Attributes:
        metric: upwards.
        cost: to the right.
        known: who has both.
        budget: that holds now; only who is inside can be on the front.
    """

    metric: Quantity
    cost: Quantity
    known: Sequence[Member[Any]]
    budget: Budget

    def picture(
        self, groups: Sequence[_Group], chosen: set[str], best: Member[Any] | None
    ) -> Markup:
        """The plane as a scatter plot."""
        limit, front = self._limit(), self._front()
        shown = [*map(self._x, self.known), *([limit] if limit else [])]
        unit = " ms" if self.cost.name == "latency" else ""
        plot = Scatter(
            across=ratio_axis(self.cost.axis, shown, self._tick),
            up=value_axis(self.metric.axis, [self._y(m) for m in self.known],
                          within=(0.0, 100.0 if self.metric.is_share else float("inf"))),
            clouds=[*(self._cloud(group) for group in groups), self._ringed(chosen)],
            front=[(self._x(m), self._y(m)) for m in front],
            limit=(limit, f"budget {self._tick(limit)}{unit}") if limit else None,
            best=self._marked(best),
        )
        cost = self.cost.words
        title = f"{self.metric.label} against {cost}"
        name = f"scatter-{self.cost.name}"
        return plot.draw(name, title, self._told(front), (480.0, 330.0))

    def _x(self, member: Member[Any]) -> float:
        value = self.cost.value(member)
        assert value is not None, "only who has it is known"
        return value

    def _y(self, member: Member[Any]) -> float:
        value = self.metric.value(member)
        assert value is not None, "only who has it is known"
        return value * self.metric.scale

    def _tick(self, value: float) -> str:
        return tick_text(value) if self.cost.name == "latency" else formats.quantity(value)

    def _limit(self) -> float | None:
        limits = {
            "latency": self.budget.max_latency_ms, "macs": self.budget.max_macs,
            "parameters": self.budget.max_parameters,
        }
        return limits[self.cost.name]

    def _front(self) -> list[Member[Any]]:
        """Nobody is both better and cheaper, the cheapest first."""
        inside = [m for m in self.known if m.result.outcome(self.budget) == "ok"]
        sign = -1 if self.metric.highest else 1
        points = [(self._x(m), sign * self._y(m)) for m in inside]
        return [inside[place] for place in sorted(first_front(points), key=points.__getitem__)]

    def _cloud(self, group: _Group) -> Cloud:
        inside = [m for m in self.known if group.first <= m.individual.generation < group.end]
        points = [(self._x(m), self._y(m), m.individual.name) for m in inside]
        return Cloud(group.style, group.shape, points)

    def _ringed(self, chosen: set[str]) -> Cloud:
        points = [
            (self._x(m), self._y(m), m.individual.name)
            for m in self.known if m.individual.name in chosen
        ]
        return Cloud("chosen", "ring", points)

    def _marked(self, best: Member[Any] | None) -> tuple[float, float, str] | None:
        if best is None or self.metric.value(best) is None or self.cost.value(best) is None:
            return None
        return self._x(best), self._y(best), f"best, {best.individual.name}"

    def _told(self, front: Sequence[Member[Any]]) -> str:
        """The plot in a sentence."""
        count = formats.plural(len(self.known), "different network")
        if not front:
            return f"{count}; none is inside the budget."
        ends = " to ".join(
            f"{self.metric.text(self.metric.value(m))} at {self.cost.text(self._x(m))}"
            for m in (front[0], front[-1])
        )
        return f"{count}; {len(front)} on the front, from {ends}."
