"""What the tables of a report say, against rows written by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.synthetic import make_search
from videonas.report.contents import (
    Comparison,
    ancestry_rows,
    budget_sentence,
    comparison,
    facts,
    latency_sentence,
    outcome_table,
    setting_rows,
    under_way,
)
from videonas.report.individuals import individual_rows
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


# The best beside the best of the first generation


def test_every_quantity_is_compared_in_its_own_way() -> None:
    best = member(measured=latency(4.0))
    first = member(metrics={"top1": 0.375, "top5": 1.0, "loss": 1.0},
                   costs=Costs(10_000, 1_000_000), measured=latency(2.0))
    assert comparison(best, first) == [
        Comparison("Top-1", "50.0 %", "", "37.5 %", "+12.5 points", True),
        Comparison("Top-5", "90.0 %", "", "100.0 %", "−10.0 points", False),
        Comparison("Loss", "1.250", "", "1.000", "+0.250", False),
        Comparison("Parameters", "5,000", "", "10 k", "×0.50", None),
        Comparison("MACs", "20 M", "", "1 M", "×20", None),
        Comparison("Latency", "4.00 ms", "3.90 to 4.20", "2.00 ms", "×2.00", False),
    ]


def test_a_loss_that_fell_and_a_latency_that_fell_are_better() -> None:
    before = member(metrics={**METRICS, "loss": 2.0}, measured=latency(5.0))
    rows = {row.quantity: row for row in comparison(member(measured=latency(4.0)), before)}
    assert (rows["Loss"].change, rows["Loss"].better) == ("−0.750", True)
    assert (rows["Latency"].change, rows["Latency"].better) == ("×0.80", True)


def test_who_is_compared_with_itself_is_neither_better_nor_worse() -> None:
    one = member(measured=latency(4.0))
    assert {row.better for row in comparison(one, one)} == {None}


def test_without_a_first_generation_there_is_nothing_beside_the_best() -> None:
    rows = comparison(member(measured=latency(4.0)), None)
    assert {(row.first, row.change, row.better) for row in rows} == {("–", "–", None)}


@pytest.mark.parametrize(
    ("now", "before", "change"),
    [
        (latency(4.0), latency(2.0, "another CPU"), "–"),
        (latency(4.0), latency(2.0, threads=2), "–"),
        (latency(4.0), None, "–"),
        (None, latency(2.0), "–"),
    ],
    ids=["another device", "other threads", "not measured before", "not measured now"],
)
def test_latencies_that_cannot_be_compared_are_not(
    now: Latency | None, before: Latency | None, change: str
) -> None:
    row = comparison(member(measured=now), member(measured=before))[-1]
    assert (row.change, row.better) == (change, None)
    assert row.best == ("4.00 ms" if now else "not measured")
    assert row.first == ("2.00 ms" if before else "–")


def test_a_metric_that_is_missing_is_left_open() -> None:
    rows = {r.quantity: r for r in comparison(member(metrics={"loss": 1.0}), member())}
    assert (rows["Top-1"].best, rows["Top-1"].first, rows["Top-1"].change) == ("–", "50.0 %", "–")
    assert rows["Loss"].change == "−0.250"


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


@pytest.mark.parametrize(("threads", "words"), [(1, "1 thread on"), (4, "4 threads on")])
def test_how_latency_was_measured(threads: int, words: str) -> None:
    sentence = latency_sentence(latency(1.0, "a <CPU>", threads))
    assert f"the median of 30 passes of one clip with {words} a <CPU>" in sentence


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
    assert under_way(root, dataset, 0) == ""
    candidates = root.publish_candidates(ended.need_candidates(0))
    for done, individual in enumerate(candidates.individuals):
        sentence = f"Generation 0 is under way: {done} of 5 candidates done."
        assert under_way(root, dataset, 0) == sentence
        result = ended.lineage().members[individual.name].result
        folder = root.result_folder(individual.id, dataset.digest)
        folder.publish(result.training)
        assert under_way(root, dataset, 0) == sentence, "trained is not done"
        folder.publish(result.evaluation)
    assert under_way(root, dataset, 0) == "Generation 0 is under way: 5 of 5 candidates done."
    assert under_way(root, None, 0) == ""


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
    rows = ancestry_rows(lineage, "000002-00", Settings(), TinyVideoArchitecture)
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


def test_an_individual_is_a_row_of_numbers_as_they_were_recorded() -> None:
    born = member("000001-00", measured=latency(4.06789), parents=("000000-00",), edits=(SKIP,))
    data = individual_rows(history(member(), born), Settings(), TinyVideoArchitecture)
    first, row = (dict(zip(data["columns"], row, strict=True)) for row in data["rows"])
    assert row == {
        "name": "000001-00", "id": "a" * 12, "outcome": OUTCOMES.index("ok"),
        "parents": ["000000-00"], "edits": [["", "blocks.0.skip", "no", "yes"]],
        "fitness": -1.25, "top1": 0.5, "top5": 0.9, "loss": 1.25, "parameters": 5000,
        "macs": 20_000_000, "latency": 4.0679, "quartiles": [3.968, 4.268], "seconds": 2.8,
        "message": "",
    }
    assert (first["parents"], first["edits"], first["latency"], first["quartiles"]) == (
        [], [], None, None
    )


def test_who_was_not_evaluated_has_a_message_and_no_metrics() -> None:
    ok = member("000000-00")
    failed = Member(ok.individual, replace(
        ok.result, training=Training("failed", "x" * 2000), evaluation=None
    ))
    data = individual_rows(history(failed), Settings(), TinyVideoArchitecture)
    row = dict(zip(data["columns"], data["rows"][0], strict=True))
    assert data["outcomes"][row["outcome"]] == "failed"
    assert [row[name] for name in ("fitness", "top1", "top5", "loss")] == [None] * 4
    assert row["message"] == "x" * 599 + "…"


def test_who_is_over_budget_is_told_by_how_much() -> None:
    born = member("000000-00", costs=Costs(5000, 100))
    data = individual_rows(
        history(born, budget=Budget(max_parameters=4000)), Settings(), TinyVideoArchitecture
    )
    row = dict(zip(data["columns"], data["rows"][0], strict=True))
    assert data["outcomes"][row["outcome"]] == "over_budget"
    assert row["message"] == "5,000 parameters; allowed: 4,000"
    assert row["top1"] == 0.5, "a limit that was lowered does not take back what is known"
