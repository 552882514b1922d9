"""What holds in every search, whatever its settings, its space and its luck."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import sqrt
from random import Random
from statistics import mean
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.architectures import TASK, redone
from tests.simulated import Simulation, Word, Words, towards
from videonas.evolution.birth import mutate
from videonas.search.individual import Individual
from videonas.search.population import Member
from videonas.search.settings import Settings, make_settings
from videonas.spaces import Edit, architecture_id
from videonas.spaces.tiny_video import TinyVideoSpace

SPACE = TinyVideoSpace()
GENERATIONS = 4
BY_FITNESS = ("tournament", "random")
ALGORITHMS = (*BY_FITNESS, "drift")
"""Those whose parents stand in the order of one fitness."""


@dataclass(frozen=True)
class Course:
    """A search: who was born in each generation, and who its parents were afterwards."""

    settings: Settings
    born: list[list[Individual[Any]]]
    parents: list[list[Member[Any]]]

    @property
    def everybody(self) -> dict[str, Individual[Any]]:
        """By name."""
        return {individual.name: individual for born in self.born for individual in born}


def course(given: Settings, fitness: Callable[[Any], float] | None = None) -> Course:
    """A search of a few generations, by default for a hidden network."""
    target = SPACE.sample(TASK, Random("target"))
    running = Simulation(given, fitness or towards(target, SPACE), SPACE)
    made = Course(given, [], [])
    for _ in range(GENERATIONS):
        made.born.append(running.step())
        made.parents.append(list(running.parents))
    return made


@st.composite
def searches(draw: st.DrawFn) -> Course:
    """Any small search of any algorithm, under a budget that binds or under none."""
    population = draw(st.integers(1, 6))
    return course(make_settings({
        "algorithm": draw(st.sampled_from(ALGORITHMS)),
        "seed": draw(st.integers(0, 2**40)),
        "population": population,
        "children": draw(st.integers(1, 6)),
        "tournament_size": draw(st.integers(1, 2 * population)),
        "mutations": draw(st.sampled_from([5.5, 1])),
        "mutation_decay": draw(st.sampled_from([3, 0.5])),
        "max_parameters": draw(st.sampled_from([None, 30_000])),
        "max_macs": draw(st.sampled_from([None, 10_000_000])),
    }))


any_search = settings(max_examples=20, deadline=None)


@given(searches())
@settings(max_examples=40, deadline=None)
def test_the_edits_of_a_whole_search_lead_from_each_parent_to_its_child(search: Course) -> None:
    everybody = search.everybody
    for individual in everybody.values():
        if individual.origin == "sampled":
            assert (individual.parents, individual.edits) == ((), ())
            continue
        (parent,) = individual.parents
        net = everybody[parent].architecture
        for edit in individual.edits:
            net = SPACE.normalise(redone(net, edit), TASK)
        assert net == individual.architecture
        assert individual.edits


@given(searches())
@any_search
def test_names_ids_and_networks_belong_together(search: Course) -> None:
    for generation, born in enumerate(search.born):
        given = search.settings.children if generation else search.settings.population
        assert [child.name for child in born] == [f"{generation:06d}-{n:02d}" for n in range(given)]
        for child in born:
            assert child.generation == generation
            assert child.id == architecture_id(SPACE.name, child.architecture)
            assert SPACE.normalise(child.architecture, TASK) == child.architecture


@given(searches())
@any_search
def test_parents_are_of_the_generation_before_and_different(search: Course) -> None:
    before: list[Member[Any]] = []
    for born, parents in zip(search.born, search.parents, strict=True):
        able = {member.individual.name for member in before}
        assert all(set(child.parents) <= able for child in born)
        staying = {member.individual.name for member in parents}
        assert staying <= able | {child.name for child in born}
        assert len({member.individual.id for member in parents}) == len(parents)
        assert 0 < len(parents) <= search.settings.population
        losses = [member.result.metrics["loss"] for member in parents]
        assert losses == sorted(losses), "the fittest first"
        before = parents


@given(searches())
@any_search
def test_without_chance_the_fittest_of_all_that_were_born_are_the_parents(search: Course) -> None:
    assume(search.settings.algorithm in BY_FITNESS)
    target = SPACE.sample(TASK, Random("target"))
    born: dict[str, float] = {}
    for generation, parents in enumerate(search.parents):
        for child in search.born[generation]:
            born.setdefault(child.id, SPACE.distance(child.architecture, target))
        best = sorted(born.values())[: search.settings.population]
        assert [m.result.metrics["loss"] for m in parents] == pytest.approx(best)


@given(st.integers(0, 2**40), st.sampled_from(ALGORITHMS))
@settings(max_examples=6, deadline=None)
def test_a_search_is_decided_by_its_settings(seed: int, algorithm: Any) -> None:
    one, other = (course(Settings(seed=seed, algorithm=algorithm, population=4, children=3))
                  for _ in range(2))
    assert one == other
    another = course(Settings(seed=seed + 1, algorithm=algorithm, population=4, children=3))
    assert another.born[0] != one.born[0]


@pytest.mark.parametrize("seed", range(3))
def test_searches_of_one_seed_share_their_first_population(seed: int) -> None:
    """So that algorithms can be compared in pairs."""
    first, *others = (
        Simulation(make_settings({"seed": seed, "algorithm": name}), lambda net: 0.0, SPACE).step()
        for name in ALGORITHMS
    )
    assert all(other == first for other in others)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_search_that_is_taken_up_goes_on_as_if_it_had_not_stopped(algorithm: Any) -> None:
    """What passes from run to run is who the parents are, and the generation's number."""
    given = Settings(seed=5, algorithm=algorithm, population=5, children=4)
    fitness = towards(SPACE.sample(TASK, Random(8)), SPACE)
    whole = Simulation(given, fitness, SPACE)
    whole.run(2)
    taken_up = Simulation(given, fitness, SPACE, parents=list(whole.parents), generation=2)
    for _ in range(3):
        assert taken_up.step() == whole.step()
    assert taken_up.parents == whole.parents


# Statistics


class Three(Words):
    """Words whose three operators always apply and always change something."""

    @property
    def operators(self) -> Mapping[str, Any]:  # type: ignore[override]
        """One for each letter."""
        return {name: self._at(name, place) for place, name in enumerate(("one", "two", "three"))}

    def _at(self, name: str, place: int) -> Callable[..., tuple[Word, Edit]]:
        def flip(word: Word, *_: Any) -> tuple[Word, Edit]:
            letters = list(word.letters)
            letters[place] = 1 - letters[place]
            edit = Edit(name, f"letters.{place}", word.letters[place], letters[place])
            return Word(tuple(letters)), edit

        return flip


def near(found: int, draws: int, share: float) -> bool:
    """Whether a count is within four and a half standard deviations of what is expected."""
    return abs(found - draws * share) <= 4.5 * sqrt(draws * share * (1 - share))


def test_each_operator_is_as_likely_as_the_other_in_each_place() -> None:
    draws, space = 3000, Three(length=3)
    counts: list[Counter[str]] = [Counter(), Counter()]
    for seed in range(draws):
        _, edits = mutate(space, Word((0, 0, 0)), TASK, Random(seed), 2, {})
        for place, edit in enumerate(edits):
            counts[place][edit.operator] += 1
    for of_place in counts:
        assert sum(of_place.values()) == draws
        assert all(near(of_place[name], draws, 1 / 3) for name in ("one", "two", "three"))


def test_one_mutation_after_the_other_is_drawn_on_its_own() -> None:
    """All nine pairs of operators are as likely."""
    draws, space = 4500, Three(length=3)
    pairs = Counter(
        tuple(edit.operator for edit in mutate(space, Word((0, 0, 0)), TASK, Random(s), 2, {})[1])
        for s in range(draws)
    )
    assert len(pairs) == 9
    assert all(near(count, draws, 1 / 9) for count in pairs.values())


def test_children_of_one_generation_come_of_different_draws() -> None:
    """Of 16 words each is born as often as the other, though names differ by one letter only."""
    space, counts = Words(length=4), Counter[tuple[int, ...]]()
    for seed in range(200):
        given = Settings(seed=seed, algorithm="random", population=10, sampling_tries=1)
        born = Simulation(given, lambda word: 0.0, space).step()
        counts.update(child.architecture.letters for child in born)
    assert all(near(counts[word], 2000, 1 / 16) for word in counts)
    assert len(counts) == 16


def parents_of(given: Settings) -> list[int]:
    """The places, the fittest being 0, of the parents that children of one generation have."""
    space = Words(length=20)
    running = Simulation(given, lambda word: sum(word.letters), space)
    running.step()
    places = {member.individual.name: place for place, member in enumerate(running.parents)}
    return [places[child.parents[0]] for child in running.births(1500)]


@pytest.mark.parametrize("size", [1, 2, 4, 12])
def test_a_larger_tournament_selects_more_strictly(size: int) -> None:
    """The mean place of a winner among n is (n + 1) / (k + 1) - 1, counted from 0."""
    places = parents_of(Settings(population=12, tournament_size=size, sampling_tries=1))
    expected = 13 / (size + 1) - 1
    spread = sqrt((12 + 1) * (12 - size) * size / ((size + 1) ** 2 * (size + 2)) / len(places))
    assert mean(places) == pytest.approx(expected, abs=4.5 * spread + 1e-9)


def test_drift_takes_every_parent_as_often() -> None:
    places = Counter(parents_of(Settings(population=6, algorithm="drift", sampling_tries=1)))
    assert len(places) == 6
    assert all(near(count, 1500, 1 / 6) for count in places.values())


def test_under_drift_the_fittest_of_all_and_the_newborn_stay_half_of_the_time() -> None:
    """Four of eight stay, whoever they are."""
    rounds, fittest, newborn = 200, 0, 0
    for seed in range(rounds):
        given = Settings(seed=seed, population=4, children=4, algorithm="drift")
        running = Simulation(given, lambda word: sum(word.letters), Words(length=20))
        running.step()
        before = list(running.parents)
        born = running.step()
        able = [*(member.individual for member in before), *born]
        staying = {member.individual.name for member in running.parents}
        assert len(staying) == 4
        fittest += max(able, key=lambda word: sum(word.architecture.letters)).name in staying
        newborn += sum(member.individual.generation == 1 for member in running.parents)
    assert near(fittest, rounds, 1 / 2)
    assert near(newborn, 4 * rounds, 1 / 2)


def test_a_taught_search_is_no_other_than_an_untaught_one_where_operators_do_not_listen() -> None:
    """Draws do not depend on what training taught, unless an operator uses it."""
    given = Settings(seed=2, population=4, children=4)
    space = Words(length=8)
    running = Simulation(given, lambda word: sum(word.letters), space)
    running.step()
    taught = [
        Member(m.individual, replace(m.result, training=replace(
            m.result.training, learned={"letters.0": 0.5}  # type: ignore[type-var]
        )))
        for m in running.parents
    ]
    other = Simulation(given, lambda word: 0.0, space, parents=taught, generation=1)
    assert other.births(4) == running.births(4)
