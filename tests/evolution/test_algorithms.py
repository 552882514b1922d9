"""The algorithms as wholes, on fitness that is known."""

from __future__ import annotations

from random import Random
from statistics import mean
from typing import Any, get_args

import pytest

from tests.architectures import TASK
from tests.simulated import Simulation, Word, Words, towards
from videonas.evolution import ALGORITHMS, open_algorithm
from videonas.search.settings import Settings
from videonas.spaces.tiny_video import TinyVideoSpace

SPACE = TinyVideoSpace()
GENERATIONS = 20


def search(algorithm: Any, seed: int) -> Simulation:
    """A search for a hidden network, which the seed decides; all have equally many births."""
    target = SPACE.sample(TASK, Random(f"target {seed}"))
    settings = Settings(algorithm=algorithm, seed=seed)
    return Simulation(settings, towards(target, SPACE)).run(GENERATIONS)


def test_every_algorithm_of_the_settings_exists() -> None:
    assert set(get_args(Settings.model_fields["algorithm"].annotation)) == set(ALGORITHMS)


def test_selection_beats_chance_and_sampling() -> None:
    seeds = range(6)
    best = {name: [search(name, seed).best for seed in seeds] for name in ALGORITHMS}
    assert len({len(births) for runs in best.values() for births in runs}) == 1
    ended = {name: [births[-1] for births in runs] for name, runs in best.items()}
    for baseline in ("random", "drift"):
        ahead = [a > b for a, b in zip(ended["tournament"], ended[baseline], strict=True)]
        assert sum(ahead) >= 5, ended
        assert mean(ended["tournament"]) - mean(ended[baseline]) > 0.05, ended


def test_a_tournament_finds_the_best_word() -> None:
    """A hill without another top: twelve letters, 4,096 words, at most 196 births."""
    target = Word((0, 1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 1))
    space = Words(length=12)
    tops = []
    for seed in range(4):
        settings = Settings(seed=seed)
        tops.append(Simulation(settings, towards(target, space), space).run(16).best[-1])
    assert tops == [0] * 4


@pytest.mark.parametrize("algorithm", ["tournament", "random"])
def test_the_fittest_is_never_lost(algorithm: Any) -> None:
    running = Simulation(
        Settings(algorithm=algorithm, seed=3), towards(SPACE.sample(TASK, Random(9)), SPACE)
    )
    for _ in range(8):
        running.step()
        fitness = [-parent.result.metrics["loss"] for parent in running.parents]
        assert fitness[0] == running.best[-1]
        assert fitness == sorted(fitness, reverse=True)
        assert len(fitness) == running.settings.population


def test_random_search_never_uses_parents() -> None:
    assert open_algorithm(Settings(algorithm="random")).parent is None
    running = Simulation(Settings(algorithm="random"), lambda net: net.frames)
    for _ in range(3):
        for child in running.step():
            assert (child.origin, child.parents, child.edits) == ("sampled", (), ())
    assert running.parents


def test_drift_ignores_fitness() -> None:
    """Words of many ones and words of few are as many, whichever of them are the fittest."""
    high, low = (
        Simulation(Settings(algorithm="drift", seed=1, population=40, children=40), fitness, space)
        for space in [Words(length=16)]
        for fitness in (lambda word: sum(word.letters), lambda word: -sum(word.letters))
    )
    for running in (high, low):
        running.run(25)
    ones = [
        mean(sum(m.individual.architecture.letters) for m in running.parents)
        for running in (high, low)
    ]
    assert all(6 < one < 10 for one in ones), ones


def test_a_tournament_follows_the_fitness_where_drift_does_not() -> None:
    """The complement of the test before: the same measure moves when selection acts."""
    running = Simulation(
        Settings(seed=1, population=40, children=40), lambda word: sum(word.letters),
        Words(length=16),
    )
    running.run(25)
    assert mean(sum(m.individual.architecture.letters) for m in running.parents) > 13


@pytest.mark.parametrize("algorithm", ["tournament", "drift"])
def test_children_come_of_the_parents_of_the_generation_before(algorithm: Any) -> None:
    running = Simulation(Settings(algorithm=algorithm, seed=2), lambda net: net.image_size)
    running.step()
    for _ in range(4):
        able = {m.individual.name for m in running.parents}
        for child in running.step():
            assert child.origin == "mutated"
            assert len(child.parents) == 1
            assert set(child.parents) <= able


def test_the_number_of_mutations_falls_with_the_generations() -> None:
    running = Simulation(Settings(mutations=4, mutation_decay=1), lambda net: net.frames)
    counts = [{len(child.edits) for child in running.step()} for _ in range(6)]
    assert counts == [{0}, {4}, {3}, {2}, {1}, {1}]
