"""`measure` as a step of its own, as it runs on nodes that are kept for it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from videonas.search.root import SearchRoot
from videonas.steps.measure import measure
from videonas.steps.mutate import mutate
from videonas.steps.train_candidate import train_candidate
from videonas.training import supervisor
from videonas.training.jobs import MEASURE

NewRoot = Callable[..., SearchRoot]


def latencies(root: SearchRoot) -> dict[str, bytes]:
    files = Path(root.uri).glob("results/*/*/latency.json")
    return {str(file.relative_to(root.uri)): file.read_bytes() for file in files}


def parts(root: SearchRoot) -> set[str]:
    """The parts of results that are there."""
    return {file.name for file in Path(root.uri).glob("results/*/*/*")}


def test_measuring_gives_latency_alone_and_training_takes_it_over(
    new_root: NewRoot, caplog: pytest.LogCaptureFixture
) -> None:
    root = new_root()
    mutate(root, 0)
    names = [individual.name for individual in root.need_candidates(0).individuals]
    assert measure(root, 0, names[:1]) == {names[0]: None}
    assert parts(root) == {"latency.json"}
    assert len(latencies(root)) == 1
    first = latencies(root)
    assert measure(root, 0) == dict.fromkeys(names)
    measured = latencies(root)
    assert len(measured) == len(names)
    assert first.items() <= measured.items(), "measured twice"
    caplog.set_level(logging.INFO)
    assert train_candidate(root, 0, names[:1]) == {names[0]: None}
    assert latencies(root) == measured, "training measured again"
    assert {"training.json", "proxy.weights.h5"} <= parts(root)


def test_who_is_over_the_budget_is_known_before_any_training(new_root: NewRoot) -> None:
    root = new_root(max_latency_ms=1e-6)
    mutate(root, 0)
    assert set(measure(root, 0).values()) == {"over_budget"}
    assert set(train_candidate(root, 0).values()) == {"over_budget"}
    assert parts(root) == {"latency.json"}


def test_what_cannot_be_measured_has_an_outcome(new_root: NewRoot) -> None:
    root = new_root(candidate_memory_mb=50)
    mutate(root, 0)
    name = root.need_candidates(0).individuals[0].name
    assert measure(root, 0, [name]) == {name: "out_of_memory"}
    assert measure(root, 0, [name]) == {name: "out_of_memory"}


def test_who_crashes_again_and_again_is_given_up(
    new_root: NewRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = new_root(attempts=2)
    mutate(root, 0)
    name = root.need_candidates(0).individuals[0].name
    ran = []

    def crash(_: object, job: str, *__: object) -> supervisor.Ending:
        ran.append(job)
        return supervisor.Ending("crashed", message="killed by signal 11")

    monkeypatch.setattr(supervisor.Supervisor, "run", crash)
    assert measure(root, 0, [name]) == {name: "failed"}
    assert ran.count(MEASURE) == 2
    result = root.result(root.need_candidates(0).individuals[0], root.need_dataset())
    assert result.training is not None
    assert "killed by signal 11" in result.training.message


@pytest.mark.parametrize("names", [[], None])
def test_with_latency_off_or_nobody_named_nothing_happens(
    new_root: NewRoot, names: list[str] | None
) -> None:
    root = new_root(measure_latency=names == [])
    mutate(root, 0)
    assert set(measure(root, 0, names).values()) <= {None}
    assert parts(root) == set()
