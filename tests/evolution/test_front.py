"""The front of a search, against its definition."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.synthetic import make_search
from videonas.evolution import front, front_objectives
from videonas.evolution.pareto import dominates
from videonas.search.lineage import Lineage
from videonas.search.objectives import point
from videonas.search.root import SearchRoot


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> SearchRoot:
    """Four generations, with troubles and with some over their budget."""
    return make_search(
        tmp_path_factory.mktemp("search"), 4, 10, 8, seed=2, max_latency_ms=3.0,
        objectives=["top1", "latency", "parameters"],
    )


def test_nobody_able_dominates_the_front_and_the_front_dominates_the_rest(root: SearchRoot) -> None:
    lineage, objectives = root.lineage(), root.settings.objectives
    budget = lineage.generations[-1].budget
    able = [m for m in lineage.members.values() if m.result.outcome(budget) == "ok"]
    found = front(lineage, root.settings)
    on_it = [point(m, objectives) for m in found]
    ids = {m.individual.id for m in found}
    assert len(ids) == len(found) > 1
    for member in able:
        above = [p for p in on_it if dominates(p, point(member, objectives))]
        assert bool(above) != (member.individual.id in ids)


def test_the_best_in_the_first_objective_comes_first(root: SearchRoot) -> None:
    accuracies = [m.result.metrics["top1"] for m in front(root.lineage(), root.settings)]
    assert accuracies == sorted(accuracies, reverse=True)


def test_the_budget_of_now_counts(tmp_path: Path) -> None:
    root = make_search(tmp_path, 2, 8, 6, troubles={}, max_latency_ms=2.0)
    found = front(root.lineage(), root.settings)
    assert found
    assert all(m.result.latency and m.result.latency.median_ms <= 2.0 for m in found)


def test_the_objectives_can_be_others_afterwards(root: SearchRoot) -> None:
    sizes = root.settings.model_copy(update={"objectives": ("parameters",)})
    (smallest,) = {m.result.costs.parameters for m in front(root.lineage(), sizes)}
    budget = root.lineage().generations[-1].budget
    assert smallest == min(
        m.result.costs.parameters for m in root.lineage().members.values()
        if m.result.outcome(budget) == "ok"
    )


def test_what_was_never_measured_is_left_out(tmp_path: Path) -> None:
    root = make_search(tmp_path, 1, 4, 2, latency=False, troubles={})
    lineage = root.lineage()
    assert front_objectives([*lineage.members.values()], root.settings) == ("loss",)
    best = lineage.best(root.settings)
    assert best is not None
    assert [m.individual.name for m in front(lineage, root.settings)] == [best.individual.name]


def test_where_nobody_is_able_there_is_none(tmp_path: Path) -> None:
    root = make_search(tmp_path, 1, 4, 2, troubles={"failed": 1.0})
    assert front(root.lineage(), root.settings) == []
    assert front(Lineage(()), root.settings) == []
