"""Real trainings, some of which are ended early."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from videonas.search.individual import Individual
from videonas.search.result import Training
from videonas.search.root import SearchRoot
from videonas.spaces import architecture_id
from videonas.spaces.tiny_video import Block, TinyVideoArchitecture
from videonas.steps.evaluate import evaluate
from videonas.steps.mutate import mutate
from videonas.steps.select import select
from videonas.steps.train_candidate import train_candidate

NewRoot = Callable[..., SearchRoot]
STEPS = 60


def learns(filters: int) -> TinyVideoArchitecture:
    """A network that sees all frames and how they change."""
    first = Block("conv", 3, 2, "conv", 3, 2, filters=filters)
    return TinyVideoArchitecture(12, 8, 1, (first, Block("conv", 3, 2, filters=16)))


def learns_nothing(filters: int) -> TinyVideoArchitecture:
    """A network that sees one frame of one pixel, which tells no class of the demo."""
    return TinyVideoArchitecture(1, 1, 1, (Block("conv", 1, filters=filters),))


GENERATIONS = (
    [learns(8), learns(10), learns_nothing(1), learns(12)],
    [learns_nothing(2)],
)
"""From the third training on there are enough curves, later those of the generation before."""


def be_born(root: SearchRoot, generation: int, networks: list[TinyVideoArchitecture]) -> None:
    """Puts networks in place of those that are drawn."""
    mutate(root, generation)
    candidates = root.need_candidates(generation)
    drawn = candidates.individuals
    assert len(drawn) == len(networks)
    born: list[Individual[Any]] = [
        replace(individual, id=architecture_id("tiny_video", network), architecture=network)
        for individual, network in zip(drawn, networks, strict=True)
    ]
    Path(root.generation_address(generation), "candidates.json").unlink()
    root.publish_candidates(replace(candidates, individuals=tuple(born)))


def trainings(root: SearchRoot, generation: int) -> list[Training]:
    """How each training of a generation ended."""
    results = [root.result(i, root.need_dataset())
               for i in root.need_candidates(generation).individuals]
    return [r.training for r in results if r.training is not None]


def prepared_for(root: Callable[..., SearchRoot], name: str, **settings: Any) -> SearchRoot:
    return root(name, train_steps=STEPS, batch_size=8, measure_latency=False, **settings)


def test_a_network_that_learns_nothing_is_ended_and_good_ones_are_left_alone(
    new_root: NewRoot,
) -> None:
    root = prepared_for(
        new_root, "root", population=4, children=1, early_stopping=True, early_stopping_curves=2
    )
    saved = 0
    for generation, networks in enumerate(GENERATIONS):
        be_born(root, generation, networks)
        train_candidate(root, generation)
        assert set(evaluate(root, generation).values()) == {"ok"}, "it counts as it is"
        assert select(root, generation).metrics["ended_early"] == 1
        for network, training in zip(networks, trainings(root, generation), strict=True):
            assert training.steps is not None
            saved += STEPS - training.steps
            if network.image_size == 1:
                assert 0.3 * STEPS <= training.steps < 0.75 * STEPS
                assert len(training.curve) == training.steps // 3
            else:
                assert (training.steps, len(training.curve)) == (STEPS, 20)
                assert training.curve[-1] < training.curve[0] / 1.5
    assert saved > STEPS / 2


@pytest.mark.slow
def test_who_is_not_ended_gives_the_same_as_without_the_rule(new_root: NewRoot) -> None:
    networks = [learns(8), learns_nothing(1)]
    runs = []
    for name, on in (("with", True), ("without", False)):
        root = prepared_for(
            new_root, name, population=2, early_stopping=on, early_stopping_curves=1
        )
        be_born(root, 0, networks)
        train_candidate(root, 0)
        evaluate(root, 0)
        runs.append((trainings(root, 0), root.need_candidates(0).individuals, root))
    (good, ended), (same, whole) = runs[0][0], runs[1][0]
    assert (good.loss, good.curve, good.steps) == (same.loss, same.curve, same.steps)
    metrics = [root.result(born[0], root.need_dataset()).metrics for _, born, root in runs]
    assert metrics[0] == metrics[1], "not the same bits"
    assert whole.steps == STEPS
    assert ended.steps is not None
    assert ended.steps < STEPS
    # until then they were the same training
    assert ended.curve == whole.curve[: len(ended.curve)]


def test_others_at_work_on_the_generation_are_seen(new_root: NewRoot) -> None:
    """Two steps share a generation: the second knows what the first has finished."""
    root = prepared_for(new_root, "root", population=2, early_stopping=True,
                        early_stopping_curves=1)
    be_born(root, 0, [learns(12), learns_nothing(1)])
    first, second = (individual.name for individual in root.need_candidates(0).individuals)
    train_candidate(root, 0, [first])
    train_candidate(SearchRoot(root.uri), 0, [second])
    good, ended = trainings(root, 0)
    assert good.steps == STEPS
    assert ended.steps is not None
    assert ended.steps < STEPS
