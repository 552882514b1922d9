"""The benchmark of what a candidate costs beside its training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import fixed_cost
from benchmarks.common.pods import Load, load_of
from benchmarks.wall_time import seconds_by_kind
from tests.synthetic import make_search
from videonas.search.root import SearchRoot

TOP = Path(__file__).parents[2]


def dag(**tasks: dict[str, Any]) -> dict[str, Any]:
    return {"dag": {"tasks": tasks}}


def task(component: str, **more: Any) -> dict[str, Any]:
    return {"componentRef": {"name": component}, **more}


PIPELINE = {
    "components": {
        "train": {"executorLabel": "exec-train"},
        "turn": dag(train=task("train"), evaluate=task("train", dependentTasks=["train"])),
        "fan": dag(loop=task("turn", parameterIterator={}),
                   select=task("train", dependentTasks=["loop"])),
        "generation": dag(mutate=task("train"), fan=task("fan", dependentTasks=["mutate"])),
    }
}


@pytest.mark.parametrize("turns", [0, 1, 4, 16])
def test_pods_are_those_of_the_usual_shape(turns: int) -> None:
    """Mutation, a loop over training and evaluation, selection, in two nested pipelines."""
    found = load_of(PIPELINE, "generation", turns)
    # in series: two drivers, and mutate, the loop, a turn of it and select
    series = 2 + 2 + 1 + (1 + 2 + 2 if turns else 0) + 2
    assert found == Load(tasks=2 + 2 * turns, pods=7 + 5 * turns, series=series)


def test_a_condition_and_a_nested_pipeline_have_a_driver_each() -> None:
    wrapped = {"components": {
        **PIPELINE["components"], "if": dag(only=task("train", triggerPolicy={"condition": "x"})),
        "nested": dag(inner=task("if")),
    }}
    assert load_of(wrapped, "nested", 1) == Load(1, 4, 4)
    assert load_of(wrapped, "train", 1) == Load(1, 2, 2)


def test_the_pods_of_the_real_pipeline_are_those_that_a_cluster_was_seen_to_start() -> None:
    """Ten in series a generation, and 15 with two batches; 5 of a generation that is not wanted.

    Beside the generations a run has 8: a driver and `start`, a driver and `data-prep`, `finish`.
    """
    pytest.importorskip("kfp")
    assert fixed_cost.generation_load(networks=4, batch=2) == Load(tasks=6, pods=15, series=10)
    unwanted = fixed_cost.generation_load(networks=0, batch=2)
    assert unwanted == Load(tasks=2, pods=5, series=5)
    run = load_of(fixed_cost.compiled(1), "root", 2)
    assert run - fixed_cost.generation_load(4, 2) == Load(tasks=3, pods=8, series=8)


def test_larger_batches_make_fewer_tasks_and_pods_of_the_real_pipeline() -> None:
    pytest.importorskip("kfp")
    loads = [fixed_cost.generation_load(16, batch) for batch in (1, 4, 5, 16, 100)]
    steps = 2  # mutate and select
    assert [load.tasks - steps for load in loads[:2]] == [2 * 16, 2 * 4], "train and evaluate"
    assert loads[2] == loads[1], "five a task make four tasks, as four do"
    assert loads[3] == loads[4], "less than a whole batch is a batch"
    assert all(load.pods > 2 * load.tasks for load in loads), "drivers of what is no task, too"


def test_the_seconds_of_a_generation_are_those_that_its_steps_kept(tmp_path: Path) -> None:
    root: SearchRoot = make_search(tmp_path, 1, 5, 4, troubles={})
    cost = fixed_cost.cost_of(root, 4, Load(10, 30))
    timings = [t for t in root.timings() if t.generation == 0]
    assert (cost.batch, cost.networks, cost.tasks, cost.pods) == (4, 5, 10, 30)
    assert sum(cost.steps.values()) == pytest.approx(sum(t.seconds for t in timings))
    assert cost.wall == pytest.approx(sum(t.seconds for t in timings)), "one after another"
    assert cost.between == pytest.approx(0, abs=1e-6)
    assert cost.startup == pytest.approx(sum(t.startup for t in timings))
    kinds = seconds_by_kind(root)
    assert cost.useful == pytest.approx(kinds["train"] + kinds["evaluate"])


def test_steps_are_called_as_they_call_themselves() -> None:
    for name in fixed_cost.STEPS:
        component = TOP / "components" / name.replace("-", "_") / "component.py"
        assert f'step("{name}", ' in component.read_text()


def test_the_table_tells_seconds_a_network() -> None:
    steps = {"mutate": 2.0, "train-candidate": 20.0, "evaluate": 8.0, "select": 4.0}
    cost = fixed_cost.Cost(4, 8, 40.0, steps, 10.0, 4.0, 6, 20)
    assert fixed_cost.table([cost]).splitlines()[2] == (
        "| 4 | 5.00 | 0.25 | 2.50 | 1.00 | 0.50 | 0.75 | 1.25 | 0.50 | 6 | 20 | 2.5 |"
    )
