"""What a search cost, against sums by hand, and sums that must agree."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.test_page import checked
from tests.report.test_summary import HISTORY, lineage, member
from tests.synthetic import make_search
from videonas.report import build_report
from videonas.report.bill import (
    charges,
    lines,
    seconds_by_generation,
    seconds_by_outcome,
    seconds_of,
    stopped_early,
)
from videonas.search.lineage import Lineage
from videonas.search.population import Member
from videonas.search.records import Timing
from videonas.search.result import Outcome
from videonas.search.settings import Settings

SETTINGS = Settings()


def with_parents(history: Lineage, *names: str) -> Lineage:
    """The history with these as the parents of the next generation."""
    *before, last = history.generations
    parents = tuple(history.members[name] for name in names)
    return Lineage([*before, replace(last, parents=parents)])


def test_seconds_of_a_generation_are_those_of_its_new_results() -> None:
    again = lineage(*(list(g.newborn) for g in HISTORY.generations),
                    [member("000004-00", 0.2, "000003-00", key="000000-00")])
    timings = [
        Timing(step, generation, 0.0, seconds, 0.5, 1.0, 0.0)
        for step, generation, seconds in (
            ("mutate", 0, 1.0), ("select", 0, 2.0), ("data_prep", None, 50.0), ("mutate", 5, 9.0),
        )
    ]
    bills = seconds_by_generation(again, charges(again), timings)
    assert [(b.generation, b.ok, b.rejected, b.steps) for b in bills] == [
        (0, 6.0, 2.0, 3.0), (1, 3.0, 2.0, 0.0), (2, 0.0, 2.0, 0.0), (3, 9.0, 0.0, 0.0),
        (4, 0.0, 0.0, 0.0),
    ]


def test_seconds_by_what_became_of_the_networks() -> None:
    bills = seconds_by_outcome(charges(HISTORY))
    assert [(b.outcome, b.results, b.seconds) for b in bills] == [
        ("ok", 6, 18.0), ("diverged", 1, 2.0), ("failed", 2, 4.0)
    ]


def test_lines_that_are_alive_and_those_that_died_out() -> None:
    found = lines(with_parents(HISTORY, "000003-00", "000001-00"), charges(HISTORY), SETTINGS)
    (line,) = found.alive
    assert (line.founder, line.born, line.alive) == ("000000-01", 5, 2)
    assert line.seconds == 3 + 3 + 2 + 2 + 3
    assert line.best == pytest.approx(-0.3)
    assert (found.extinct, found.born, found.seconds) == (2, 4, 2 + 3 + 3 + 3)


def test_a_parent_that_nobody_knows_does_not_count() -> None:
    stray = member("000009-00", 0.5)
    *before, last = HISTORY.generations
    history = Lineage([*before, replace(last, parents=(stray,))])
    assert lines(history, charges(history), SETTINGS).alive == []


@given(st.data())
def test_every_second_is_on_one_line_one_generation_and_one_outcome(data: st.DataObject) -> None:
    generations: list[list[Member[None]]] = []
    known: list[str] = []
    for number in range(data.draw(st.integers(1, 5))):
        born = []
        for index in range(data.draw(st.integers(1, 5))):
            parent = data.draw(st.sampled_from([*known, ""])) if known else ""
            share = data.draw(st.none() | st.floats(0, 1))
            outcome: Outcome = "failed" if share is None else "ok"
            key = data.draw(st.sampled_from("abcdef"))
            name = f"{number:06d}-{index:02d}"
            born.append(member(name, share, parent, outcome=outcome, key=key))
        generations.append(born)
        known += [m.individual.name for m in born]
    history = lineage(*generations)
    parents = data.draw(st.lists(st.sampled_from(known), unique=True))
    history = with_parents(history, *parents)
    charged = charges(history)
    total = sum(charge.seconds for charge in charged)
    found = lines(history, charged, SETTINGS)
    assert sum(line.seconds for line in found.alive) + found.seconds == pytest.approx(total)
    assert sum(line.born for line in found.alive) + found.born == len(known)
    assert sum(line.alive for line in found.alive) == len(parents)
    rows = seconds_by_generation(history, charged, [])
    assert sum(row.total for row in rows) == pytest.approx(total)
    assert sum(row.seconds for row in seconds_by_outcome(charged)) == pytest.approx(total)
    assert len(charged) == len({m.result.key for m in history.members.values()})


def stopped(one: Member[Any], steps: int | None) -> Member[Any]:
    training = one.result.training
    assert training is not None
    return Member(one.individual, replace(one.result, training=replace(training, steps=steps)))


def test_trainings_that_ended_early() -> None:
    full = SETTINGS.train_steps
    whole = stopped(member("000000-00", 0.5), full)
    unknown = stopped(member("000000-01", 0.5), None)
    assert stopped_early(charges(lineage([whole, unknown])), SETTINGS) is None
    early = [stopped(member(f"000000-{n:02d}", 0.1), steps) for n, steps in ((2, 10), (3, 30))]
    found = stopped_early(charges(lineage([whole, unknown, *early])), SETTINGS)
    assert found is not None
    assert (found.results, found.steps, found.of, found.seconds) == (2, 20, full, 6.0)


def test_a_report_shows_what_ended_early(tmp_path: Path) -> None:
    root = make_search(tmp_path, 2, 6, 4, troubles={})
    generations = [
        replace(g, newborn=tuple(stopped(m, 40) for m in g.newborn))
        for g in root.lineage().generations
    ]
    html = build_report(root, Lineage(generations))
    said = said_of_time(html)
    assert f"ended early, after 40 of {root.settings.train_steps} steps (median)" in said


def said_of_time(html: str) -> str:
    """What the section on time says."""
    return checked(html).text("time")


def test_a_report_names_lines_and_what_was_rejected(tmp_path: Path) -> None:
    root = make_search(tmp_path, 6, 12, 10, troubles={"failed": 0.2})
    history = root.lineage()
    said, found = said_of_time(build_report(root)), lines(history, charges(history), root.settings)
    assert found.alive
    assert all(line.founder in said for line in found.alive)
    assert "that died out" in said
    assert "failed" in said


def test_many_lines_are_added_up(tmp_path: Path) -> None:
    """Under random search everybody is a line of its own."""
    root = make_search(tmp_path, 3, 40, 10, algorithm="random", troubles={})
    found = lines(root.lineage(), charges(root.lineage()), root.settings)
    assert len(found.alive) == 40
    assert "20 more lines alive" in said_of_time(build_report(root))


def test_everything_that_has_seconds_counts() -> None:
    one = member("000000-00", 0.5)
    assert one.result.latency is not None
    measured = replace(one.result, latency=replace(one.result.latency, seconds={"latency": 0.25}))
    assert seconds_of(one.result) == 3.0
    assert seconds_of(measured) == 3.25
    assert seconds_of(replace(measured, training=None, evaluation=None)) == 0.25
