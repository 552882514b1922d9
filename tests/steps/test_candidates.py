"""What is tried again by which step, and what a user is advised to try again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.synthetic import make_search
from videonas.errors import VideonasError
from videonas.search.environment import Environment, installed
from videonas.search.result import Latency, Training
from videonas.search.root import SearchRoot
from videonas.steps import evaluate, measure
from videonas.steps.candidates import Batch
from videonas.steps.evaluate import evaluate as evaluate_step
from videonas.steps.measure import measure as measure_step
from videonas.steps.mutate import mutate
from videonas.steps.select import select
from videonas.steps.train_candidate import train_candidate
from videonas.training.supervisor import Ending, Supervisor

ELSEWHERE = replace(installed(), device="a processor of another node")


class Here(Supervisor):
    """A supervisor whose jobs are done at once, in this process."""

    environment: Environment = installed()

    def run(self, *_: object) -> Ending:
        return Ending("finished", Latency(1.0, (1.0, 1.0), 3, 1, "here"))


@pytest.fixture
def batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Batch:
    """The first generation of a search, drawn and not trained."""
    for module in (evaluate, measure):
        monkeypatch.setattr(f"{module.__name__}.Supervisor", Here)
    root = make_search(tmp_path / "root", generations=0, population=2, children=2)
    mutate(root, 0)
    return Batch(SearchRoot(root.uri), 0, None)


@pytest.mark.parametrize("environment", [ELSEWHERE, None], ids=["elsewhere", "not recorded"])
def test_evaluation_leaves_failed_trainings_which_it_does_not_repeat(
    batch: Batch, environment: Environment | None
) -> None:
    """Training and evaluation may run on different nodes: select needs a result of each."""
    first, second = batch.individuals
    batch.folder(first).publish(Training("failed", "broken", environment=environment))
    batch.folder(second).publish(Training("failed", "broken", environment=environment))
    assert set(evaluate_step(batch.root, 0).values()) == {"failed"}


def test_measurement_leaves_failures_of_what_is_measured(batch: Batch) -> None:
    measured, unmeasured = batch.individuals
    for each in batch.individuals:
        batch.folder(each).publish(Training("failed", "broken", environment=ELSEWHERE))
    batch.folder(measured).publish(Latency(1.0, (1.0, 1.0), 3, 1, "here"))
    assert measure_step(batch.root, 0) == {measured.name: "failed", unmeasured.name: None}
    assert batch.result(unmeasured).latency is not None


def test_where_measuring_has_nodes_of_its_own_training_never_measures(batch: Batch) -> None:
    first, second = batch.individuals
    batch.folder(first).publish(Training("failed", "no latency", environment=ELSEWHERE))
    with pytest.raises(VideonasError, match=f"{second.name} was not measured"):
        train_candidate(batch.root, 0, measures=False)
    assert train_candidate(batch.root, 0, [first.name], measures=False) == {first.name: "failed"}
    assert batch.folder(first).latency() is None


def test_where_some_networks_can_be_tried_again_that_is_the_advice(batch: Batch) -> None:
    """The first in the order of birth failed through its own fault."""
    first, second = batch.individuals
    for each in batch.individuals:
        batch.folder(each).publish(Latency(1.0, (1.0, 1.0), 3, 1, "here"))
    batch.folder(first).publish(Training("diverged", "the loss is nan"))
    batch.folder(second).publish(Training("timed_out", "not finished after 60 s"))
    with pytest.raises(VideonasError) as told:
        select(batch.root, 0)
    assert second.name in str(told.value)
    assert "retry" in str(told.value)
    assert "--outcome timed_out" in str(told.value)
