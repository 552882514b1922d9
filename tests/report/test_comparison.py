"""The best beside others, against rows written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from videonas.report.comparison import Beside, ComparisonRow, comparison, latency_sentence
from videonas.report.quantities import METRICS, QUANTITIES, metrics_of
from videonas.search.budget import Budget
from videonas.search.individual import Individual
from videonas.search.lineage import Lineage
from videonas.search.objectives import OBJECTIVES
from videonas.search.population import Member, Population
from videonas.search.result import Evaluation, Latency, Result, Training
from videonas.spaces import Costs

CLASSIFIED = {"top1": 0.5, "top5": 0.9, "loss": 1.25}
USUAL = [QUANTITIES[name] for name in ("top1", "top5", "loss")]


def latency(median: float, device: str = "a CPU", threads: int = 1) -> Latency:
    return Latency(median, (median - 0.1, median + 0.2), 30, threads, device)


def member(
    metrics: dict[str, float] | None = None, costs: Costs | None = None,
    measured: Latency | None = None,
) -> Member[None]:
    """Somebody who was trained and evaluated."""
    individual: Individual[None] = Individual("000000-00", "a" * 12, None, "sampled")
    evaluation = Evaluation("ok", "", CLASSIFIED if metrics is None else metrics, 10)
    costs = costs or Costs(5000, 20_000_000)
    return Member(individual, Result("b" * 12, costs, measured, Training("ok"), evaluation))


def rows_of(*members: Member[Any]) -> dict[str, ComparisonRow]:
    """The comparison of the first with the others, by quantity."""
    return {row.quantity: row for row in comparison(members[0], members[1:], USUAL)}


def test_every_quantity_is_compared_in_its_own_way() -> None:
    best = member(measured=latency(4.0))
    first = member({"top1": 0.375, "top5": 1.0, "loss": 1.0}, Costs(10_000, 1_000_000),
                   latency(2.0))
    assert comparison(best, [first], USUAL) == [
        ComparisonRow("Top-1", "50.0 %", "", (Beside("37.5 %", "+12.5 points", True),)),
        ComparisonRow("Top-5", "90.0 %", "", (Beside("100.0 %", "−10.0 points", False),)),
        ComparisonRow("Loss", "1.250", "", (Beside("1.000", "+0.250", False),)),
        ComparisonRow("Parameters", "5,000", "", (Beside("10 k", "×0.50", None),)),
        ComparisonRow("MACs", "20 M", "", (Beside("1 M", "×20", None),)),
        ComparisonRow("Latency", "4.00 ms", "3.90 to 4.20", (Beside("2.00 ms", "×2.00", False),)),
    ]


def test_a_loss_that_fell_and_a_latency_that_fell_are_better() -> None:
    before = member({**CLASSIFIED, "loss": 2.0}, measured=latency(5.0))
    rows = rows_of(member(measured=latency(4.0)), before)
    assert rows["Loss"].beside == (Beside("2.000", "−0.750", True),)
    assert rows["Latency"].beside == (Beside("5.00 ms", "×0.80", True),)


def test_who_is_compared_with_itself_is_neither_better_nor_worse() -> None:
    one = member(measured=latency(4.0))
    assert {row.beside[0].better for row in comparison(one, [one], USUAL)} == {None}


def test_as_many_columns_as_there_are_others() -> None:
    one, two, three = (member({**CLASSIFIED, "loss": loss}) for loss in (1.0, 2.0, 0.5))
    assert all(row.beside == () for row in comparison(one, [], USUAL))
    assert [b.better for b in rows_of(one, two, three)["Loss"].beside] == [True, False]


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
    row = rows_of(member(measured=now), member(measured=before))["Latency"]
    assert row.beside == (Beside("2.00 ms" if before else "–", change, None),)
    assert row.best == ("4.00 ms" if now else "not measured")


def test_a_metric_that_is_missing_is_left_open() -> None:
    rows = rows_of(member({"loss": 1.0}), member())
    assert (rows["Top-1"].best, rows["Top-1"].beside) == ("–", (Beside("50.0 %", "–", None),))
    assert rows["Loss"].beside[0].change == "−0.250"


def test_a_search_of_several_labels_is_compared_by_mean_average_precision() -> None:
    best, first = member({"map": 0.75, "loss": 0.2}), member({"map": 0.5, "loss": 0.1})
    history = Lineage([Population(0, "", "data", Budget(), (best, first), (best,))])
    metrics = metrics_of(history)
    assert [metric.name for metric in metrics] == ["map", "loss"]
    rows = comparison(best, [first], metrics)
    assert rows[0] == ComparisonRow("mAP", "75.0 %", "", (Beside("50.0 %", "+25.0 points", True),))
    assert rows[1].beside[0].better is False


def test_every_objective_is_a_quantity_of_a_report() -> None:
    one = member({"top1": 0.5, "top5": 0.9, "map": 0.75, "loss": 1.25}, measured=latency(4.0))
    assert set(QUANTITIES) == set(OBJECTIVES)
    for name, objective in OBJECTIVES.items():
        assert QUANTITIES[name].value(one) == objective.value(one.result)
        assert QUANTITIES[name].better(1.0, 0.0) is objective.maximised


def test_every_metric_says_which_way_is_better() -> None:
    assert [m.name for m in METRICS if m.better(0.1, 0.9)] == ["loss"]
    assert not any(m.better(0.5, 0.5) for m in METRICS)


@pytest.mark.parametrize(("threads", "words"), [(1, "1 thread on"), (4, "4 threads on")])
def test_how_latency_was_measured(threads: int, words: str) -> None:
    sentence = latency_sentence(latency(1.0, "a <CPU>", threads))
    assert f"the median of 30 passes of one clip with {words} a <CPU>" in sentence
    assert latency_sentence(None) == "Latency was not measured."
