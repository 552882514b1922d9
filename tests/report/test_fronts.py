"""Accuracy against costs, and the Pareto front of the objectives."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.report.test_summary import lineage, member
from tests.synthetic import make_search
from videonas.evolution.front import front
from videonas.evolution.pareto import dominates
from videonas.report.charts import AGES
from videonas.report.figures import Figure
from videonas.report.fronts import FrontTable, front_table, scatter_figure
from videonas.search.budget import Budget
from videonas.search.lineage import Lineage
from videonas.search.objectives import point
from videonas.search.population import Member
from videonas.search.settings import Settings

SPREAD = lineage(
    [member("000000-00", 0.2, latency=1.0), member("000000-01", 0.5, latency=3.0)],
    [member("000001-00", 0.4, latency=2.0), member("000001-01", 0.4, latency=2.5)],
    [member("000002-00", 0.4, latency=2.0, key="000001-00"), member("000002-01", 0.1)],
)
FAILED = lineage([member("000000-00", outcome="failed")])


def plot_of(history: Lineage, settings: Settings, best: Member[Any] | None) -> Figure | None:
    """The scatter plots, the front ringed."""
    return scatter_figure(history, settings, best, front(history, settings))


def table_of(history: Lineage, settings: Settings) -> FrontTable:
    """The front in numbers."""
    return front_table(history, settings, front(history, settings))


def drawn(history: Lineage, settings: Settings | None = None) -> list[ElementTree.Element]:
    """The scatter plots of a history."""
    figure = plot_of(history, settings or Settings(), None)
    assert figure is not None
    return [ElementTree.fromstring(picture) for picture in figure.pictures]


def test_an_architecture_is_drawn_once_under_its_first_name() -> None:
    (svg,) = drawn(SPREAD)
    assert svg.findtext("desc") == (
        "5 different networks; 3 on the front, from 20.0 % at 1.00 ms to 50.0 % at 3.00 ms."
    )
    ages = [g for g in svg.iter("g") if (g.get("class") or "").startswith("cloud age")]
    names = [title.text for group in ages for title in group.iter("title")]
    assert sorted(map(str, names)) == [
        "000000-00", "000000-01", "000001-00", "000001-01", "000002-01"
    ]


@pytest.mark.parametrize("generations", [1, 2, 4, 5, 9, 40])
def test_everybody_is_in_one_group_of_generations(generations: int) -> None:
    history = lineage(*([member(f"{g:06d}-00", 0.5)] for g in range(generations)))
    figure = plot_of(history, Settings(), None)
    assert figure is not None
    svg = ElementTree.fromstring(figure.pictures[0])
    marks = [u for g in svg.iter("g") if "age" in (g.get("class") or "") for u in g.iter("use")]
    assert len(marks) == generations
    stretches = [re.findall(r"\d+", key.text) for key in figure.legend[:-2]]
    inside = [g for s in stretches for g in range(int(s[0]), int(s[-1]) + 1)]
    assert inside == list(range(generations))
    assert len(stretches) == min(generations, len(AGES))


def test_a_limit_of_the_budget_is_on_the_axis_however_far_it_is() -> None:
    far = lineage([member("000000-00", 0.5, latency=1.0)], budget=Budget(max_latency_ms=900.0))
    (svg,) = drawn(far)
    assert "budget 900 ms" in [text.text for text in svg.iter("text")]


def test_who_is_over_the_last_budget_is_drawn_and_not_on_the_front() -> None:
    first, *others = SPREAD.generations
    tight = [replace(generation, budget=Budget(max_latency_ms=2.2)) for generation in others]
    (svg,) = drawn(Lineage([first, *tight]))
    assert "3.00 ms" not in (svg.findtext("desc") or "")
    assert "000000-01" in {title.text for title in svg.iter("title")}


def test_the_best_is_marked_with_its_name() -> None:
    figure = plot_of(SPREAD, Settings(), SPREAD.members["000000-01"])
    assert figure is not None
    assert "best, 000000-01" in figure.pictures[0]


def test_nobody_ok_is_no_picture_and_no_front() -> None:
    assert plot_of(FAILED, Settings(), None) is None
    assert table_of(FAILED, Settings()).rows == []


def test_the_front_in_numbers_has_the_best_of_each_column_marked() -> None:
    table = table_of(SPREAD, Settings())
    assert table.objectives == ["Loss", "Latency"]
    assert table.columns == ["Loss", "Latency", "Top-1", "Parameters"]
    shown = [(name, [cell.text for cell in cells]) for name, cells in table.rows]
    assert shown == [
        ("000000-01", ["0.500", "3.00 ms", "50.0 %", "100"]),
        ("000001-00", ["0.600", "2.00 ms", "40.0 %", "100"]),
        ("000000-00", ["0.800", "1.00 ms", "20.0 %", "100"]),
    ]
    marked = [[cell.best for cell in cells] for _, cells in table.rows]
    assert marked[0] == [True, False, True, True]
    assert marked[2] == [False, True, False, True]


@pytest.mark.parametrize(
    ("objectives", "pictures"),
    [(("top1", "latency"), 1), (("loss", "macs"), 2), (("top1", "parameters", "macs"), 3)],
)
def test_costs_that_are_objectives_have_a_picture(
    tmp_path: Path, objectives: tuple[str, ...], pictures: int
) -> None:
    root = make_search(tmp_path, 3, 12, 8, objectives=objectives, algorithm="nsga2")
    history, settings = root.lineage(), root.settings
    svgs = drawn(history, settings)
    assert len(svgs) == pictures
    ids = [e.get("id") for svg in svgs for e in svg.iter() if e.get("id")]
    assert len(ids) == len(set(ids)), "pictures of one page have no id in common"
    table = table_of(history, settings)
    on_front = [member.individual.name for member in front(history, settings)]
    assert [name for name, _ in table.rows] == on_front
    for svg in svgs:
        ringed = [g for g in svg.iter("g") if g.get("class") == "cloud chosen"]
        assert {t.text for g in ringed for t in g.iter("title")} == set(on_front)


def test_nobody_of_the_front_is_dominated(tmp_path: Path) -> None:
    root = make_search(tmp_path, 4, 16, 12, objectives=("loss", "latency", "parameters"))
    history, settings = root.lineage(), root.settings
    points = {
        name: point(m, settings.objectives)
        for name, m in history.members.items()
        if m.result.outcome(history.generations[-1].budget) == "ok"
    }
    names = {name for name, _ in table_of(history, settings).rows}
    for name in points:
        beaten = any(dominates(other, points[name]) for other in points.values())
        assert not (beaten and name in names)
        assert beaten or points[name] in {points[n] for n in names}


def test_objectives_that_were_not_measured_do_not_count(tmp_path: Path) -> None:
    root = make_search(tmp_path, 2, 8, 6, latency=False)
    table = table_of(root.lineage(), root.settings)
    assert table.objectives == ["Loss"]
    assert len(table.rows) >= 1
    assert plot_of(root.lineage(), root.settings, None) is None
