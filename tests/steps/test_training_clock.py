"""What is told of the time that trainings take, on made-up results in a real search root."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.synthetic import make_search
from videonas.progress import Event, Finished, Note, TimeLeft
from videonas.search.result import Latency, Training
from videonas.search.root import SearchRoot
from videonas.steps.candidates import Batch
from videonas.steps.mutate import mutate
from videonas.steps.training_clock import TrainingClock

Measured = Callable[..., Batch]


@pytest.fixture
def measured(tmp_path: Path) -> Measured:
    """Makes a first generation of which only latencies are known."""

    def make(*latencies: float) -> Batch:
        root = make_search(tmp_path / "root", generations=0, population=len(latencies), children=2)
        mutate(root, 0)
        batch = Batch(SearchRoot(root.uri), 0, None)
        for individual, ms in zip(batch.individuals, latencies, strict=True):
            batch.folder(individual).publish(Latency(ms, (ms, ms), 3, 1, "here"))
        return batch

    return make


def test_time_left_is_told_first_and_falls_with_each_training(measured: Measured) -> None:
    batch, heard = measured(5.0, 5.0, 5.0), list[Event]()
    clock = TrainingClock(batch, 1, heard.append)
    clock.begin()
    for individual in batch.individuals:
        training = Training("ok", seconds={"start": 1.0, "train": 30.0}, steps=150)
        batch.folder(individual).publish(training)
        clock(Finished(individual.name, "ok"))
    left = [event.seconds for event in heard if isinstance(event, TimeLeft)]
    assert left[1:] == pytest.approx([62, 31, 0])


def test_several_at_a_time_take_less_but_no_less_than_the_longest(measured: Measured) -> None:
    batch, heard = measured(1.0, 1.0, 50.0), list[Event]()
    for parallelism in (1, 3):
        TrainingClock(batch, parallelism, heard.append).begin()
    alone, together = (event.seconds for event in heard if isinstance(event, TimeLeft))
    assert 0.8 * alone < together < alone


def test_a_network_that_takes_most_of_the_time_is_named(measured: Measured) -> None:
    batch, heard = measured(1.0, 200.0, 1.0), list[Event]()
    TrainingClock(batch, 1, heard.append).begin()
    (note,) = [event for event in heard if isinstance(event, Note)]
    assert batch.individuals[1].name in note.text
    assert "max_latency_ms" in note.text


def test_what_is_over_budget_takes_no_time(tmp_path: Path, measured: Measured) -> None:
    batch, heard = measured(1.0, 500.0), list[Event]()
    root = SearchRoot(batch.root.uri)
    root.start({"max_latency_ms": 100.0})
    TrainingClock(Batch(root, 0, None), 1, heard.append).begin()
    (left,) = [event for event in heard if isinstance(event, TimeLeft)]
    assert left.seconds < 30
    assert not [event for event in heard if isinstance(event, Note)]


def test_a_resumed_batch_is_told_by_what_was_trained_before(measured: Measured) -> None:
    batch, heard = measured(5.0, 5.0, 5.0), list[Event]()
    for individual in batch.individuals[:2]:
        training = Training("ok", seconds={"start": 1.0, "train": 30.0}, steps=150)
        batch.folder(individual).publish(training)
    TrainingClock(batch, 1, heard.append).begin()
    (left,) = [event for event in heard if isinstance(event, TimeLeft)]
    assert (left.seconds, left.each, left.networks) == pytest.approx((31, 31, 1))
