"""When a search has met its goal, and the sentence that says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.synthetic import make_search
from videonas.report import build_report
from videonas.search.budget import Budget
from videonas.search.goal import goal_met, why_met
from videonas.search.individual import Individual, individual_name
from videonas.search.lineage import Lineage
from videonas.search.new_data import DataChange
from videonas.search.population import Member, Population
from videonas.search.result import Evaluation, Result, Training
from videonas.search.root import SearchRoot
from videonas.search.settings import Settings, make_settings
from videonas.spaces import Costs
from videonas.steps.mutate import mutate
from videonas.steps.start import start


def member(generation: int, top1: float, name: str = "top1") -> Member[None]:
    """Somebody whose loss is what is missing to the accuracy."""
    evaluation = Evaluation("ok", metrics={name: top1, "loss": 1 - top1})
    who = Individual(individual_name(generation, 0), f"{generation:012x}", None, "sampled")
    return Member(who, Result("0" * 12, Costs(1, 1), None, Training("ok"), evaluation))


def history(*top1: float, name: str = "top1") -> Lineage:
    """One individual a generation."""
    return Lineage([
        Population(g, "", "a" * 12, Budget(), (member(g, value, name),), ())
        for g, value in enumerate(top1)
    ])


@pytest.mark.parametrize(
    ("goals", "sentence"),
    [
        ({}, ""),
        ({"target_accuracy": 0.9}, "top-1 0.93 of 000001-00 reaches target_accuracy 0.9"),
        ({"target_accuracy": 0.93}, "top-1 0.93 of 000001-00 reaches target_accuracy 0.93"),
        ({"target_accuracy": 0.94}, ""),
        ({"max_generations": 4}, "4 generations ended, and max_generations is 4"),
        ({"max_generations": 5}, ""),
        ({"patience": 2}, "nobody was fitter than 000001-00 in the 2 generations after it, and "
         "patience is 2"),
        ({"patience": 3}, ""),
        ({"target_accuracy": 0.99, "patience": 1, "max_generations": 9},
         "nobody was fitter than 000001-00 in the 2 generations after it, and patience is 1"),
    ],
)
def test_the_sentence_that_says_why(goals: dict[str, Any], sentence: str) -> None:
    assert why_met(history(0.5, 0.93, 0.8, 0.93), make_settings(goals)) == sentence


def test_of_several_labels_the_mean_average_precision_counts() -> None:
    settings = make_settings({"target_accuracy": 0.5, "fitness": "map"})
    assert why_met(history(0.6, name="map"), settings) == (
        "mAP 0.6 of 000000-00 reaches target_accuracy 0.5"
    )


def test_the_accuracy_is_that_of_the_best_and_not_of_anybody() -> None:
    best = member(0, 0.5)
    evaluation = Evaluation("ok", metrics={"top1": 0.99, "loss": 0.7})
    lucky = replace(member(1, 0.5), result=replace(best.result, evaluation=evaluation))
    lineage = Lineage([
        Population(g, "", "a" * 12, Budget(), (m,), ()) for g, m in enumerate((best, lucky))
    ])
    assert why_met(lineage, make_settings({"target_accuracy": 0.9})) == ""


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.integers(1, 12))
def test_patience_by_its_definition(top1: list[float], patience: int) -> None:
    losses = [1 - value for value in top1]
    improved = max(g for g, loss in enumerate(losses) if loss < min(losses[:g], default=2))
    waited = len(top1) - 1 - improved
    assert bool(why_met(history(*top1), make_settings({"patience": patience}))) == (
        waited >= patience
    )


def test_nothing_is_met_before_the_first_generation() -> None:
    goals = make_settings({"target_accuracy": 0.01, "patience": 1, "max_generations": 1})
    assert why_met(Lineage(()), goals) == ""


def test_old_results_do_not_reach_a_goal_on_new_videos() -> None:
    goals = make_settings({"target_accuracy": 0.9, "patience": 1})
    old = history(0.95, 0.5)
    assert why_met(old, goals)
    assert why_met(old, goals, fresh=True) == "", "the next generation has new videos"
    change = DataChange("a" * 12, "reevaluate")
    new = Lineage([old.generations[0], replace(old.generations[1], change=change)])
    assert why_met(new, goals) == ""
    kept = replace(old.generations[1], change=replace(change, policy="keep"))
    assert why_met(Lineage([old.generations[0], kept]), goals)
    assert why_met(new, make_settings({"max_generations": 2}), fresh=True), "they are counted"


@pytest.mark.parametrize(
    ("name", "value"),
    [("target_accuracy", 0), ("target_accuracy", 1.1), ("max_generations", 0), ("patience", 0)],
)
def test_goals_that_make_no_sense_are_refused(name: str, value: float) -> None:
    with pytest.raises(Exception, match=f"setting {name} is {value}"):
        make_settings({name: value})


# Where steps look at it


def test_a_run_of_a_search_that_met_its_goal_has_nothing_to_do(tmp_path: Path) -> None:
    root = make_search(tmp_path / "root", 3, 4, 3, troubles={})
    started = start(SearchRoot(root.uri), {"max_generations": 3, "finish_best": 0})
    assert (started.first, started.last, started.go) == (3, 2, False)
    assert started.goal == "3 generations ended, and max_generations is 3"
    assert started.metadata["goal_met"] == started.goal
    assert not mutate(SearchRoot(root.uri), 3).go
    assert SearchRoot(root.uri).candidates(3) is None
    report = build_report(SearchRoot(root.uri))
    assert "Goal met" in report
    assert started.goal in report
    more = start(SearchRoot(root.uri), {"max_generations": 4, "generations": 2})
    assert (more.first, more.last, more.go, more.goal) == (3, 4, True, "")
    assert mutate(SearchRoot(root.uri), 3).go
    assert "Goal met" not in build_report(SearchRoot(root.uri))


def test_a_repeated_step_sees_what_it_saw(tmp_path: Path) -> None:
    """A goal that a generation has met does not undo this generation."""
    root = make_search(tmp_path / "root", 2, 4, 3, troubles={}, max_generations=2,
                       finish_best=0)
    assert mutate(root, 1).go
    assert goal_met(root, 1) == ""
    assert not mutate(root, 2).go


def test_a_goal_is_taken_back(tmp_path: Path) -> None:
    root = make_search(tmp_path / "root", 2, 4, 3, troubles={}, max_generations=2,
                       finish_best=0)
    assert not start(SearchRoot(root.uri), {}).go, "the search remembers it"
    assert start(SearchRoot(root.uri), {"max_generations": None}).go


def test_no_goal_by_default() -> None:
    settings = Settings()
    assert (settings.target_accuracy, settings.max_generations, settings.patience) == (None,) * 3
