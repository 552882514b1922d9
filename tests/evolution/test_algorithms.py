"""The algorithms as wholes, on fitness that is known."""

from __future__ import annotations

from random import Random
from statistics import mean
from typing import Any, get_args

import pytest

from tests.architectures import TASK
from tests.simulated import Simulation, Word, Words, towards
from videonas.errors import SettingsError, VideonasError
from videonas.evolution import ALGORITHMS, open_algorithm
from videonas.search.objectives import OBJECTIVES
from videonas.search.settings import ObjectiveName, Settings, make_settings
from videonas.spaces.tiny_video import TinyVideoSpace

SPACE = TinyVideoSpace()
GENERATIONS = 60


def search(algorithm: Any, seed: int) -> Simulation:
    """A search for a hidden network, which the seed decides; all have equally many births."""
    target = SPACE.sample(TASK, Random(f"target {seed}"))
    settings = Settings(
        algorithm=algorithm, seed=seed, population=16, children=4, objectives=("loss", "macs")
    )
    return Simulation(settings, towards(target, SPACE)).run(GENERATIONS)


def test_every_algorithm_of_the_settings_exists() -> None:
    assert set(get_args(Settings.model_fields["algorithm"].annotation)) == set(ALGORITHMS)


def test_selection_beats_chance_and_sampling() -> None:
    seeds = range(6)
    best = {name: [search(name, seed).best for seed in seeds] for name in ALGORITHMS}
    assert len({len(births) for runs in best.values() for births in runs}) == 1
    ended = {name: [births[-1] for births in runs] for name, runs in best.items()}
    for algorithm in ("tournament", "regularised"):
        for baseline in ("random", "drift"):
            ahead = [a > b for a, b in zip(ended[algorithm], ended[baseline], strict=True)]
            assert sum(ahead) >= 5, (algorithm, baseline, ended)
            assert mean(ended[algorithm]) - mean(ended[baseline]) > 0.05, (algorithm, ended)


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


# Regularised evolution

AGING = Settings(algorithm="regularised", population=12, children=3, seed=4)


def test_the_oldest_go_however_fit() -> None:
    running = Simulation(AGING, lambda word: sum(word.letters), Words(length=16))
    running.step()
    names = [sorted(m.individual.name for m in running.parents)]
    for _ in range(8):
        born = [child.name for child in running.step()]
        names.append(sorted(m.individual.name for m in running.parents))
        assert names[-1] == sorted([*names[-2], *born])[-12:]
    assert names[4][0].startswith("000001"), "nobody of the first generation is left after four"


def test_the_best_may_die_of_age_and_is_still_the_best_of_the_search() -> None:
    running = Simulation(AGING, lambda word: -sum(word.letters), Words(length=16)).run(12)
    assert min(m.result.metrics["loss"] for m in running.parents) >= -running.best[-1]


@pytest.mark.parametrize(("population", "children", "allowed"), [
    (16, 4, True), (16, 5, False), (4, 1, True), (3, 1, False), (100, 25, True),
])
def test_few_are_born_beside_the_population(
    population: int, children: int, allowed: bool
) -> None:
    values = {"algorithm": "regularised", "population": population, "children": children}
    if allowed:
        make_settings(values)
        return
    with pytest.raises(SettingsError, match=f"children is {children}; .* a quarter of the pop"):
        make_settings(values)


# NSGA-II

def ones_against_zeros(word: Any) -> float:
    """A fitness against which the cost, the number of ones, works."""
    return float(sum(word.letters[:8]))


def nsga2(**values: Any) -> Simulation:
    settings = Settings(algorithm="nsga2", objectives=("loss", "macs"), seed=1, **values)
    return Simulation(settings, ones_against_zeros, Words(length=16))


def test_the_front_between_two_objectives_is_found() -> None:
    """Any word with zeros behind its first half is on the front; there are nine kinds."""
    running = nsga2(population=24, children=24).run(30)
    found = {(m.result.metrics["loss"], m.result.costs.macs) for m in running.parents}
    assert {(-float(n), n) for n in range(9)} <= found


def test_only_one_objective_is_the_search_for_its_top() -> None:
    settings = Settings(algorithm="nsga2", objectives=("loss",), seed=1)
    running = Simulation(settings, ones_against_zeros, Words(length=16)).run(15)
    assert running.parents[0].result.metrics["loss"] == -8


def test_objectives_may_change_between_runs() -> None:
    running = nsga2(population=16, children=12).run(8)
    running.settings = running.settings.model_copy(update={"objectives": ("macs",)})
    running.run(8)
    costs = [m.result.costs.macs for m in running.parents]
    assert costs == sorted(costs)
    assert costs[0] <= 1


def test_an_objective_that_was_never_measured_is_named() -> None:
    settings = Settings(algorithm="nsga2", objectives=("loss", "latency"))
    sentence = "objectives: 'latency' was never measured for 000000-.*allowed in this search: loss"
    with pytest.raises(VideonasError, match=sentence):
        Simulation(settings, ones_against_zeros, Words(length=16)).run(1)


def test_every_objective_of_the_settings_exists() -> None:
    assert set(get_args(ObjectiveName)) == set(OBJECTIVES)


@pytest.mark.parametrize(("given", "sentence"), [
    ("top1,latncy", "latncy"),
    ("", "objectives"),
    ("loss,loss", "names one twice"),
    ([], "objectives"),
    ("accuracy", "'loss', 'top1'"),
])
def test_objectives_that_are_none(given: Any, sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        make_settings({"objectives": given})


@pytest.mark.parametrize("given", ["top1,latency", "top1, latency", ["top1", "latency"]])
def test_objectives_in_one_word_or_as_a_list(given: Any) -> None:
    assert make_settings({"objectives": given}).objectives == ("top1", "latency")


def test_latency_cannot_count_where_it_is_not_measured() -> None:
    with pytest.raises(SettingsError, match="objectives has 'latency', and measure_latency is off"):
        make_settings({"algorithm": "nsga2", "measure_latency": False})
    make_settings({"algorithm": "nsga2", "measure_latency": False, "objectives": "loss,macs"})
