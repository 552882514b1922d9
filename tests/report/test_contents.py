"""What the tables of a report say, against rows written by hand."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.synthetic import make_search
from videonas.report.contents import (
    ancestry_rows,
    budget_sentence,
    facts,
    outcome_table,
    setting_rows,
    under_way,
)
from videonas.report.quantities import QUANTITIES
from videonas.search.budget import Budget
from videonas.search.individual import Individual
from videonas.search.lineage import Lineage
from videonas.search.population import Member, Population
from videonas.search.result import OUTCOMES, Evaluation, Latency, Outcome, Result, Training
from videonas.search.settings import Settings, decides_of, make_settings
from videonas.spaces import Costs, Edit
from videonas.spaces.tiny_video import TinyVideoArchitecture

METRICS = {"top1": 0.5, "top5": 0.9, "loss": 1.25}


def latency(median: float, device: str = "a CPU", threads: int = 1) -> Latency:
    return Latency(median, (median - 0.1, median + 0.2), 30, threads, device)


def member(
    name: str = "000000-00", metrics: dict[str, float] | None = None,
    costs: Costs | None = None, measured: Latency | None = None, **birth: Any,
) -> Member[None]:
    """Somebody who was trained and evaluated."""
    origin = "mutated" if "parents" in birth else "sampled"
    individual: Individual[None] = Individual(name, "a" * 12, None, origin, **birth)  # type: ignore[arg-type]
    training = Training("ok", seconds={"train": 2.5})
    evaluation = Evaluation("ok", "", METRICS if metrics is None else metrics, 10, {"load": 0.25})
    result = Result("b" * 12, costs or Costs(5000, 20_000_000), measured, training, evaluation)
    return Member(individual, result)


# Sentences


@pytest.mark.parametrize(
    ("budget", "sentence"),
    [
        (Budget(), "none"),
        (Budget(max_latency_ms=40.0), "latency up to 40 ms"),
        (Budget(max_latency_ms=0.125), "latency up to 0.125 ms"),
        (Budget(max_parameters=2_000_000), "up to 2 M parameters"),
        (Budget(max_macs=123), "up to 123 multiply-adds"),
        (Budget(50_000, 10**9, 7.5),
         "latency up to 7.5 ms, up to 50 k parameters, up to 1 G multiply-adds"),
    ],
)
def test_a_budget_in_words(budget: Budget, sentence: str) -> None:
    assert budget_sentence(budget) == sentence


def test_what_was_searched_in_words(tmp_path: Path) -> None:
    root = make_search(tmp_path, 0, 4, 4, classes=[f"c{n}" for n in range(25)], seed=7,
                       fitness="top1+top5", algorithm="drift")
    found = dict(facts(root.settings, root.need_dataset(), Budget()))
    assert found == {
        "Space": "tiny_video", "Algorithm": "drift", "Seed": "7", "Fitness": "top-1 + top-5",
        "Budget": "none", "Clips": "420 train, 120 validation, 120 test",
        "Classes": "25: c0, c1, c2, c3, c4, c5, c6, c7 and 17 more",
    }
    assert dict(facts(root.settings, None, Budget()))["Data"] == "not prepared yet"


def test_how_far_a_generation_is_that_has_begun(tmp_path: Path) -> None:
    ended = make_search(tmp_path / "ended", 1, 5, 4, troubles={})
    root = make_search(tmp_path / "root", 0, 5, 4, troubles={})
    dataset = root.need_dataset()
    assert under_way(root, 0) == ""
    candidates = root.publish_candidates(ended.need_candidates(0))
    for done, individual in enumerate(candidates.individuals):
        sentence = f"Generation 0 is under way: {done} of 5 candidates done."
        assert under_way(root, 0) == sentence
        result = ended.lineage().members[individual.name].result
        folder = root.result_folder(individual.id, dataset.digest)
        folder.publish(result.training)
        assert under_way(root, 0) == sentence, "trained is not done"
        folder.publish(result.evaluation)
    assert under_way(root, 0) == "Generation 0 is under way: 5 of 5 candidates done."
    shutil.rmtree(tmp_path / "root/data")
    assert under_way(root, 0) == "", "nothing is known without the data"


# Tables


def test_outcomes_that_nobody_had_have_no_column() -> None:
    counts: list[dict[Outcome, int]] = [
        {**dict.fromkeys(OUTCOMES, 0), "ok": 3, "timed_out": 1},
        {**dict.fromkeys(OUTCOMES, 0), "ok": 2, "invalid": 2},
    ]
    table = outcome_table(counts)
    assert table.outcomes == ["ok", "invalid", "timed_out"]
    assert table.rows == [(0, [3, 0, 1], 4), (1, [2, 2, 0], 4)]
    assert table.totals == [5, 2, 1]
    assert outcome_table([]).rows == []


def test_settings_are_all_there_and_the_changed_ones_marked() -> None:
    settings = make_settings({
        "train_steps": 7, "random_flip": True, "space_options": {"filters": [8, 16]}, "seed": 0,
        "max_macs": 5,
    })
    rows = {row.name: row for row in setting_rows(settings)}
    assert list(rows) == list(Settings.model_fields)
    assert {name for name, row in rows.items() if row.changed} == {
        "train_steps", "random_flip", "space_options", "max_macs"
    }
    shown = {name: (rows[name].value, rows[name].default) for name in rows if rows[name].changed}
    assert shown == {
        "train_steps": ("7", "150"), "random_flip": ("true", "false"), "max_macs": ("5", "none"),
        "space_options": ('{"filters": [8, 16]}', "{}"),
    }
    assert all(row.fixed == (decides_of(name) != "run") for name, row in rows.items())


FILTERS = Edit("filters", "blocks.0.filters", 8, 16)
SKIP = Edit("skip", "blocks.0.skip", False, True)


def history(*members: Member[None], budget: Budget | None = None) -> Lineage:
    """Each born in a generation of its own."""
    return Lineage([
        Population(number, "", "data", budget or Budget(), (born,), (born,))
        for number, born in enumerate(members)
    ])


def test_an_ancestry_goes_from_the_sampled_one_to_the_best() -> None:
    lineage = history(
        member("000000-00", {**METRICS, "loss": 2.0}),
        member("000001-00", {**METRICS, "loss": 2.5}, parents=("000000-00",), edits=(FILTERS,)),
        member("000002-00", {**METRICS, "loss": 1.0}, parents=("000001-00",),
               edits=(FILTERS, SKIP)),
    )
    rows = ancestry_rows(
        lineage, "000002-00", Settings(), TinyVideoArchitecture, QUANTITIES["loss"]
    )
    assert [(r.name, r.generation, r.origin) for r in rows] == [
        ("000000-00", 0, "sampled"), ("000001-00", 1, "mutated"), ("000002-00", 2, "mutated")
    ]
    assert [[(e.path, e.before, e.after) for e in r.edits] for r in rows] == [
        [], [("blocks.0.filters", "8", "16")],
        [("blocks.0.filters", "8", "16"), ("blocks.0.skip", "no", "yes")],
    ]
    assert [(r.fitness, r.change, r.better) for r in rows] == [
        ("−2.000", "–", None), ("−2.500", "−0.500", False), ("−1.000", "+1.500", True)
    ]
    assert [r.metric for r in rows] == ["2.000", "2.500", "1.000"]
