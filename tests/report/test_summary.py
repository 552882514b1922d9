"""The numbers of a report, against values computed by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.synthetic import make_search
from videonas.errors import DamagedRecord
from videonas.report.bill import charges
from videonas.report.quantities import QUANTITIES
from videonas.report.summary import (
    ancestry,
    by_generation,
    by_trained,
    extent,
    failures,
    first_reached,
    outcome_counts,
    seconds_by_step,
    seconds_spent,
)
from videonas.search.budget import Budget
from videonas.search.individual import Individual, Origin
from videonas.search.lineage import Lineage
from videonas.search.new_data import DataChange
from videonas.search.population import Member, Population
from videonas.search.records import Timing
from videonas.search.result import Evaluation, Latency, Outcome, Result, Training
from videonas.search.settings import Settings
from videonas.spaces import Costs, Edit

SETTINGS = Settings()
TOP1, LOSS = QUANTITIES["top1"], QUANTITIES["loss"]


def member(
    name: str,
    top1: float | None = None,
    parent: str = "",
    *,
    outcome: Outcome = "ok",
    message: str = "",
    latency: float = 1.0,
    key: str = "",
) -> Member[None]:
    """An individual whose loss is 1 - top1, and whose result took 2 + 1 seconds."""
    edits = (Edit("filters", "blocks.0.filters", 8, 16),) if parent else ()
    origin: Origin = "mutated" if parent else "sampled"
    parents = (parent,) if parent else ()
    individual = Individual(name, key or name, None, origin, parents, edits)
    training = Training(outcome, message, seconds={"start": 0.5, "train": 1.5})
    evaluation = None
    if top1 is not None:
        metrics = {"top1": top1, "top5": 1.0, "loss": round(1 - top1, 6)}
        evaluation = Evaluation("ok", "", metrics, 10, {"start": 1.0})
    measured = Latency(latency, (latency, latency), 30, 1, "cpu")
    return Member(individual, Result(key or name, Costs(100, 1000), measured, training, evaluation))


def lineage(*generations: list[Member[None]], budget: Budget | None = None) -> Lineage:
    """A history in which everybody may be a parent."""
    return Lineage([
        Population(number, "", "data", budget or Budget(), tuple(newborn), tuple(newborn))
        for number, newborn in enumerate(generations)
    ])


HISTORY = lineage(
    [member("000000-00", 0.2), member("000000-01", 0.4), member("000000-02", outcome="failed",
                                                               message="no kernel")],
    [member("000001-00", 0.3, "000000-01"), member("000001-01", outcome="diverged",
                                                  parent="000000-01", message="NaN")],
    [member("000002-00", outcome="failed", parent="000001-00", message="no kernel")],
    [member("000003-00", 0.7, "000001-00"), member("000003-01", 0.5, "000000-00"),
     member("000003-02", 0.6, "000000-00")],
)


def test_best_and_median_by_generation() -> None:
    rows = by_generation(HISTORY, TOP1)
    assert [row.best for row in rows] == [0.4, 0.3, None, 0.7]
    assert [row.median for row in rows] == [pytest.approx(0.3), 0.3, None, 0.6]
    assert [row.so_far for row in rows] == [0.4, 0.4, 0.4, 0.7]
    assert [(row.born, row.ok) for row in rows] == [(3, 2), (2, 1), (1, 0), (3, 3)]


def test_lowest_loss_is_best() -> None:
    rows = by_generation(HISTORY, LOSS)
    assert [row.so_far for row in rows] == pytest.approx([0.6, 0.6, 0.6, 0.3])


def test_the_best_by_number_of_trainings() -> None:
    """Who failed was trained too, and a network that comes back is not trained again."""
    again = lineage(*(list(g.newborn) for g in HISTORY.generations),
                    [member("000004-00", 0.9, "000003-00", key="000000-00")])
    once = lineage(*(list(g.newborn) for g in HISTORY.generations))
    assert by_trained(once, TOP1) == [(1, 0.2), (2, 0.4), (7, 0.7), (9, 0.7)]
    assert by_trained(once, LOSS) == [(1, 0.8), (2, 0.6), (7, 0.3), (9, 0.3)]
    assert again.trainings() == [3, 5, 6, 9, 9]
    assert by_trained(lineage([member("000000-00", outcome="failed")]), TOP1) == []


@pytest.mark.parametrize(("goal", "after"), [(0.1, 1), (0.2, 1), (0.3, 2), (0.7, 7), (0.71, None)])
def test_after_how_many_trainings_a_goal_was_reached(goal: float, after: int | None) -> None:
    assert first_reached(HISTORY, TOP1, goal) == after


def test_a_raised_budget_lets_a_trained_network_count_without_training_it_again() -> None:
    slow = member("000000-00", 0.9, latency=5.0, key="one")
    again = member("000001-00", 0.9, latency=5.0, key="one")
    untrained = member("000000-02", latency=9.0)
    untrained = replace(untrained, result=replace(untrained.result, training=None))
    history = Lineage([
        Population(0, "", "d", Budget(max_latency_ms=2.0),
                   (slow, member("000000-01", 0.3), untrained), ()),
        Population(1, "", "d", Budget(max_latency_ms=6.0), (again, member("000001-01", 0.5)), ()),
    ])
    curve = history.best_so_far(TOP1.value, highest=True)
    assert curve == [None, 0.9, 0.9]
    assert history.trainings() == [2, 3]
    assert [m.individual.name for m in history.ok[1]] == ["000001-00", "000001-01"]


def test_what_was_found_on_other_videos_was_paid_for_and_does_not_count() -> None:
    first, later = [member("000000-00", 0.9)], [member("000001-00", 0.4), member("000001-01", 0.6)]
    before, after = lineage(first, later).generations
    for policy, expected in (("restart", [None, 0.4, 0.6]), ("keep", [0.9, 0.9, 0.9])):
        change = DataChange("data", policy)  # type: ignore[arg-type]
        history = Lineage([before, replace(after, change=change)])
        assert history.best_so_far(TOP1.value, highest=True) == expected


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_the_best_so_far_only_gets_better(shares: list[float]) -> None:
    history = lineage([member(f"000000-{n:02d}", share) for n, share in enumerate(shares)])
    points = by_trained(history, TOP1)
    assert points[0] == (1, shares[0])
    assert points[-1] == (len(shares), max(shares))
    assert all(best == max(shares[:number]) for number, best in points)
    assert {best for _, best in points} == {max(shares[:n]) for n in range(1, len(shares) + 1)}
    assert len(points) <= len(set(shares)) + 1


def test_ancestry_has_the_change_of_each_step() -> None:
    steps = ancestry(HISTORY, "000003-00", SETTINGS)
    assert [s.member.individual.name for s in steps] == ["000000-01", "000001-00", "000003-00"]
    assert [s.fitness for s in steps] == pytest.approx([-0.6, -0.7, -0.3])
    assert steps[0].change is None
    assert [s.change for s in steps[1:]] == pytest.approx([-0.1, 0.4])


def test_ancestry_tells_where_records_lead_in_a_circle() -> None:
    looped = member("000000-00", 0.5, "000000-00")
    with pytest.raises(DamagedRecord, match="its parent 000000-00 was not born before it"):
        ancestry(lineage([looped]), "000000-00", SETTINGS)


def test_outcomes_and_failures() -> None:
    counts = outcome_counts(HISTORY)
    assert [(row["ok"], row["failed"], row["diverged"]) for row in counts] == [
        (2, 1, 0), (1, 0, 1), (0, 1, 0), (3, 0, 0)
    ]
    found = failures(HISTORY)
    assert [(f.outcome, f.message, f.names) for f in found] == [
        ("failed", "no kernel", ("000002-00", "000000-02")), ("diverged", "NaN", ("000001-01",))
    ]


def test_over_budget_is_no_failure() -> None:
    costly = lineage([member("000000-00", 0.5)], budget=Budget(max_parameters=10))
    assert outcome_counts(costly)[0]["over_budget"] == 1
    assert failures(costly) == []


def test_extent_counts_different_architectures_once() -> None:
    twins = [member("000000-00", 0.5, key="a"), member("000000-01", 0.5, key="a")]
    found = extent(lineage([*twins, member("000000-02", outcome="failed")]))
    assert (found.generations, found.born, found.architectures) == (1, 3, 2)
    assert (found.trained, found.ok) == (1, 2)


def test_time_counts_a_shared_result_once() -> None:
    twins = [member("000000-00", 0.5, key="a"), member("000000-01", 0.5, key="a")]
    history = lineage([*twins, member("000000-02", outcome="failed")])
    spent = seconds_spent(charges(history))
    assert [(k.kind, k.training, k.evaluation) for k in spent.kinds] == [
        ("train", 3.0, 0.0), ("start", 1.0, 1.0)
    ]
    assert (spent.total, spent.rejected) == (5.0, 2.0)


def test_time_by_step() -> None:
    timings = [Timing("mutate", 0, 0.0, 1.0, 0.5, 0.9, 0.0),
               Timing("mutate", 1, 9.0, 3.0, 0.5, 2.0, 0.0),
               Timing("select", 0, 0.0, 5.0, 0.0, 1.0, 0.0)]
    rows = seconds_by_step(timings)
    assert [(r.step, r.times, r.seconds, r.startup_share) for r in rows] == [
        ("select", 1, 5.0, 0.0), ("mutate", 2, 4.0, 0.25)
    ]
    assert seconds_by_step([]) == []


def test_synthetic_search_is_a_valid_search(tmp_path: Path) -> None:
    root = make_search(tmp_path, 4, 8, 6, max_latency_ms=5, troubles={"diverged": 0.3})
    history = root.lineage()
    assert [len(g.newborn) for g in history.generations] == [8, 6, 6, 6]
    task, space = root.need_dataset().task, root.space
    for one in history.members.values():
        architecture = one.individual.architecture
        assert space.normalise(architecture, task) == architecture
        assert space.costs(architecture, task) == one.result.costs
    outcomes = {g.outcome_of(m) for g in history.generations for m in g.newborn}
    assert len(outcomes) >= 3
    again = make_search(tmp_path / "again", 4, 8, 6, max_latency_ms=5, troubles={"diverged": 0.3})
    assert replace(again.lineage().generations[-1]) == history.generations[-1]
