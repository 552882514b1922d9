"""Children that begin with their parents' weights, by real trainings."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SMALL
from videonas.errors import DamagedRecord
from videonas.search.individual import ParentWeights
from videonas.search.population import Population
from videonas.search.result import Training
from videonas.search.root import SearchRoot
from videonas.steps.evaluate import evaluate
from videonas.steps.mutate import mutate
from videonas.steps.select import select
from videonas.steps.start import start
from videonas.steps.train_candidate import train_candidate
from videonas.steps.trained_parent import trained_parent

STEPS = 4


def one_generation(root: SearchRoot, generation: int) -> Population[Any]:
    mutate(root, generation)
    train_candidate(root, generation)
    evaluate(root, generation)
    return select(root, generation).population


@pytest.fixture(scope="module")
def first_generation(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Path:
    """A search whose children inherit, after its first generation; not to be changed."""
    folder = tmp_path_factory.mktemp("begun") / "root"
    shutil.copytree(prepared / "data", folder / "data")
    root = SearchRoot(str(folder))
    start(root, {**SMALL, "inherit_weights": True, "measure_latency": False, "keep_weights": 0})
    one_generation(root, 0)
    return folder


@pytest.fixture
def begun(tmp_path: Path, first_generation: Path) -> SearchRoot:
    """A copy of it for a test."""
    shutil.copytree(first_generation, tmp_path / "root")
    return SearchRoot(str(tmp_path / "root"))


def first_parents(root: SearchRoot) -> tuple[Any, ...]:
    population = root.population(0)
    assert population is not None
    return population.parents


def training_of(root: SearchRoot, name: str) -> Training:
    training = root.lineage().members[name].result.training
    assert training is not None
    return training


def test_children_go_on_where_their_parents_ended(begun: SearchRoot) -> None:
    root = begun
    for generation in (1, 2):
        one_generation(root, generation)
    members = root.lineage().members
    for name, member in members.items():
        individual, training = member.individual, training_of(root, name)
        assert training.outcome == "ok"
        assert training.steps == STEPS
        if individual.generation == 0:
            assert (individual.inherits, training.inherited) == (None, None)
            assert training.total_steps == STEPS
            continue
        parent = members[individual.parents[0]]
        assert individual.inherits is not None
        assert training.inherited is not None
        assert individual.inherits.id == parent.individual.id
        assert individual.inherits.key == training.inherited.key == parent.result.key
        before = training_of(root, parent.individual.name).total_steps
        assert before is not None
        assert training.total_steps == before + STEPS
        assert sum(training.inherited.parameters.values()) == member.result.costs.parameters
        assert training.inherited.parameters["inherited"] > 0


def test_a_repeated_step_finds_the_same_results(begun: SearchRoot) -> None:
    root = begun
    second = one_generation(root, 1)
    again = SearchRoot(root.uri)
    for member in first_parents(root):  # what is written counts, whatever is there later
        again.folder_of(member).delete_weights()
    assert one_generation(again, 1) == second
    for member in second.newborn:
        assert again.result(member.individual, again.need_dataset()) == member.result


def test_a_parent_without_weights_means_new_ones_at_birth(begun: SearchRoot) -> None:
    root = begun
    for member in first_parents(root):
        root.folder_of(member).delete_weights()
    mutate(root, 1)
    assert all(i.inherits is None for i in root.need_candidates(1).individuals)
    assert set(train_candidate(root, 1).values()) == {None}


def test_weights_that_are_gone_after_birth_are_said_to_be(begun: SearchRoot) -> None:
    root = begun
    mutate(root, 1)
    for member in first_parents(root):
        root.folder_of(member).delete_weights()
    assert set(train_candidate(root, 1).values()) == {"failed"}
    for individual in root.need_candidates(1).individuals:
        training = root.result(individual, root.need_dataset()).training
        assert training is not None
        assert f"inherits from {individual.parents[0]}, whose weights in results/" in (
            training.message
        )


def test_damaged_weights_are_an_outcome(begun: SearchRoot) -> None:
    root = begun
    mutate(root, 1)
    for member in first_parents(root):
        root.folder_of(member).fetch_weights().write_bytes(b"not weights")
    assert set(train_candidate(root, 1).values()) == {"failed"}
    individual = root.need_candidates(1).individuals[0]
    training = root.result(individual, root.need_dataset()).training
    assert training is not None
    assert training.message.startswith(f"cannot inherit from {individual.parents[0]}: ")


def test_parents_that_are_no_parents_are_a_damaged_record(begun: SearchRoot) -> None:
    mutate(begun, 1)
    child = begun.need_candidates(1).individuals[0]
    stranger = replace(child, inherits=ParentWeights("0" * 12, "0" * 12))
    assert trained_parent(begun, child) is not None
    with pytest.raises(DamagedRecord, match="who is no parent in generation 0"):
        trained_parent(begun, stranger)


@pytest.mark.slow
def test_trainings_that_inherit_are_compared_with_such_alone(
    new_root: Callable[..., SearchRoot]
) -> None:
    """With one curve to compare with, later trainings would be compared with the first ones'."""
    root = new_root(inherit_weights=True, measure_latency=False, early_stopping=True,
                    early_stopping_curves=1, early_stopping_start=0.5)
    one_generation(root, 0)
    mutate(root, 1)
    first, *_ = root.need_candidates(1).individuals
    train_candidate(root, 1, [first.name])
    training = root.result(first, root.need_dataset()).training
    assert training is not None
    assert training.steps == STEPS, "the first that inherits has nothing to fall behind"
