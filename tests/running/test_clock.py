"""The time left of a run, from that of a batch of trainings."""

from __future__ import annotations

import pytest

from videonas.progress import Event, Generations, Note, Stage, TimeLeft
from videonas.running.clock import RunClock
from videonas.search.settings import make_settings


def told(*events: Event, **settings: object) -> list[Event]:
    heard: list[Event] = []
    clock = RunClock(make_settings({"children": 10, "finish_best": 0, **settings}), heard.append)
    for event in events:
        clock(event)
    return heard


def left(seconds: float, networks: int) -> TimeLeft:
    """Of a batch whose networks take equally long."""
    return TimeLeft(seconds, networks=networks, each=seconds / networks)


def run_left(heard: list[Event]) -> list[float]:
    assert all(event.of == "run" for event in heard if isinstance(event, TimeLeft))
    return [event.seconds for event in heard if isinstance(event, TimeLeft)]


def test_later_generations_are_like_this_one() -> None:
    heard = told(Generations(0, 3), Stage("training candidates", 20, 0), left(40.0, 20),
                 left(20.0, 10))
    assert run_left(heard) == pytest.approx([40 + 2 * 10 * 2, 20 + 2 * 10 * 2])
    (note,) = [event for event in heard if isinstance(event, Note)]
    assert "40 networks" in note.text


def test_final_trainings_take_as_much_longer_as_they_have_more_steps() -> None:
    heard = told(Generations(0, 1), Stage("training candidates", 10, 0), left(30.0, 10),
                 finish_best=2, train_steps=100, finish_train_steps=500)
    assert run_left(heard) == pytest.approx([30 + 2 * 3 * 5])


def test_a_generation_with_slower_networks_corrects_the_estimate() -> None:
    heard = told(
        Generations(0, 2), Stage("training candidates", 10, 0), left(10.0, 10),
        Stage("selecting", generation=0), Generations(1, 2),
        Stage("training candidates", 10, 1), left(50.0, 10),
    )
    first, second = run_left(heard)
    assert first == pytest.approx(20)
    assert second == pytest.approx(50, abs=1)


def test_first_trainings_correct_what_later_generations_take() -> None:
    first = TimeLeft(20.0, networks=10, each=2.0)
    second = TimeLeft(90.0, networks=9, each=10.0)
    heard = told(Generations(0, 2), Stage("training candidates", 10, 0), first, second)
    assert run_left(heard) == pytest.approx([20 + 10 * 2, 90 + 10 * 10])


def test_later_generations_count_where_all_of_a_resumed_one_is_trained() -> None:
    heard = told(Generations(0, 2), Stage("training candidates", 10, 0),
                 TimeLeft(0.0, networks=0, each=3.0), finish_best=1, train_steps=100,
                 finish_train_steps=200)
    assert run_left(heard) == pytest.approx([10 * 3 + 6])
    (note,) = [event for event in heard if isinstance(event, Note)]
    assert "training 10 networks" in note.text


def test_nothing_is_told_as_long_as_no_network_says_how_long_it_takes() -> None:
    stage = Stage("training candidates", 10, 0)
    assert told(Generations(0, 2), stage, TimeLeft(0.0)) == [Generations(0, 2), stage]


def test_other_events_pass() -> None:
    events: list[Event] = [Generations(0, 1), Stage("mutating"), Note("a word")]
    assert told(*events) == events
