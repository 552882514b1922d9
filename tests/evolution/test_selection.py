"""Who becomes a parent, who stays, and how many mutations a child gets."""

from __future__ import annotations

from collections import Counter
from math import comb, sqrt
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulated import Word, Words, member
from videonas.evolution.schedules import Decaying
from videonas.evolution.selectors import Selector, Tournament, Uniform
from videonas.evolution.survival import Chance, Fittest
from videonas.search.individual import Individual, individual_name
from videonas.search.population import Member

SPACE = Words(length=6)


def people(count: int) -> list[Member[Any]]:
    """Members of different architectures, the fittest first."""
    found = []
    for index in range(count):
        letters = tuple(int(digit) for digit in f"{index:06b}")
        word = Individual(individual_name(0, index), SPACE.identity(*letters), Word(letters),
                          "sampled")
        found.append(member(word, fitness=-index))
    return found


def shares(selector: Selector, count: int, draws: int = 20_000) -> list[float]:
    """How often each of `count` parents is chosen, the fittest first."""
    parents, rng = people(count), Random(0)
    places = {parent.individual.name: place for place, parent in enumerate(parents)}
    chosen = Counter(places[selector(parents, rng).individual.name] for _ in range(draws))
    return [chosen[place] / draws for place in range(count)]


def near(share: float, probability: float, draws: int = 20_000) -> bool:
    """Whether a share is within four and a half standard deviations of its probability."""
    return abs(share - probability) <= 4.5 * sqrt(probability * (1 - probability) / draws)


@pytest.mark.parametrize(("count", "size"), [(8, 1), (8, 2), (8, 4), (5, 5), (3, 7), (1, 4)])
def test_a_tournament_is_won_as_often_as_the_formula_says(count: int, size: int) -> None:
    """Place p of n wins if it is drawn and all others drawn stand behind it."""
    size_drawn = min(size, count)
    for place, share in enumerate(shares(Tournament(size), count)):
        behind = count - 1 - place
        assert near(share, comb(behind, size_drawn - 1) / comb(count, size_drawn))


def test_a_tournament_of_one_is_uniform() -> None:
    assert all(near(share, 1 / 8) for share in shares(Tournament(1), 8))


def test_a_tournament_of_all_is_won_by_the_fittest() -> None:
    assert shares(Tournament(8), 8, draws=200) == [1] + [0] * 7


def test_uniform_ignores_fitness() -> None:
    assert all(near(share, 1 / 8) for share in shares(Uniform(), 8))


@pytest.mark.parametrize(
    ("start", "decay", "counts"),
    [
        (5, 2, [5, 5, 4, 4, 3, 3, 2, 2, 1, 1, 1]),
        (2, 1, [2, 1, 1, 1]),
        (3, 1, [3, 2, 1, 1]),
        (2.5, 4, [3, 3, 2, 2, 2, 2, 1, 1]),
        (0.5, 10, [1, 1, 1]),
        (4, 0.5, [4, 2, 1, 1]),
    ],
)
def test_mutations_decay_as_by_hand(start: float, decay: float, counts: list[int]) -> None:
    schedule = Decaying(start, decay)
    assert [schedule(generation) for generation in range(1, len(counts) + 1)] == counts


@given(st.floats(0.01, 50), st.floats(0.01, 50), st.integers(0, 10**6))
def test_mutations_never_grow_and_never_end(start: float, decay: float, generation: int) -> None:
    schedule = Decaying(start, decay)
    assert schedule(generation) >= schedule(generation + 1) >= 1


@given(st.integers(0, 20), st.integers(1, 20))
def test_the_fittest_stay(count: int, size: int) -> None:
    ranked = people(count)
    assert Fittest(size)(ranked, Random(0)) == ranked[:size]


@given(st.integers(0, 20), st.integers(1, 20), st.integers(0, 1000))
def test_chance_keeps_the_number_and_the_order(count: int, size: int, seed: int) -> None:
    ranked = people(count)
    staying = Chance(size)(ranked, Random(seed))
    assert len(staying) == min(size, count)
    assert staying == [m for m in ranked if m in staying]


def test_chance_ignores_fitness() -> None:
    ranked, rng, draws = people(8), Random(0), 5000
    stayed = Counter(m.individual.name for _ in range(draws) for m in Chance(3)(ranked, rng))
    assert all(near(stayed[m.individual.name] / draws, 3 / 8, draws) for m in ranked)
