"""The made-up fitness: a function of the network, rugged by as much as is asked for."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from statistics import mean, stdev
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.common.landscape import (
    BLOCK_FIELDS,
    CLIP_FIELDS,
    MOST_PARTNERS,
    STAGES,
    Landscape,
    genes,
)
from tests.architectures import TASK, evolved, redone, with_block
from videonas.evolution.birth import mutate
from videonas.spaces.tiny_video import Block, TinyVideoArchitecture, TinyVideoSpace

SPACE = TinyVideoSpace()
GENES = len(CLIP_FIELDS) + STAGES * len(BLOCK_FIELDS)
few = settings(max_examples=30, deadline=None)


def networks(count: int, seed: int = 0) -> list[TinyVideoArchitecture]:
    rng = Random(seed)
    return [SPACE.sample(TASK, rng) for _ in range(count)]


@given(evolved(), st.integers(0, 2**32), st.integers(0, MOST_PARTNERS))
@few
def test_fitness_is_that_of_the_network_on_every_machine(
    net: TinyVideoArchitecture, seed: int, partners: int
) -> None:
    fresh = Landscape(seed, partners)
    assert 0 <= fresh(net) <= 1
    used = Landscape(seed, partners)
    for other in networks(3):
        used(other)
    assert used(net) == used(net) == fresh(net)


def test_values_never_change() -> None:
    """Figures that were published would no longer be those of the landscape."""
    blocks = (Block(filters=16, skip=True), Block("maxpool", squeeze=0.25), Block(repeats=2))
    net = TinyVideoArchitecture(32, 8, 2, blocks)
    found = [Landscape(seed, partners)(net) for seed, partners in ((0, 3), (1, 0), (2, 6))]
    assert found == pytest.approx(
        [0.5020704242751427, 0.45681048692606024, 0.5198955016570759], abs=1e-12
    )


def test_another_seed_is_another_landscape() -> None:
    nets = networks(30)
    orders = [sorted(range(30), key=lambda n: Landscape(seed)(nets[n])) for seed in range(4)]
    assert all(a != b for place, a in enumerate(orders) for b in orders[:place])


def test_random_networks_spread_around_the_middle() -> None:
    """Each gene gives any number with the same chance: the mean is 1/2, for small and for large."""
    values = {True: list[float](), False: list[float]()}
    for seed in range(6):
        landscape = Landscape(seed)
        for net in networks(60, seed):
            values[len(net.blocks) == 1].append(landscape(net))
    for part in values.values():
        assert mean(part) == pytest.approx(0.5, abs=0.03)
    assert 0.03 < stdev(values[False]) < 0.08


# Interaction


@given(st.integers(0, 2**32), st.integers(0, MOST_PARTNERS), st.sampled_from((0.0, 0.3, 0.9)))
@few
def test_every_gene_has_its_partners(seed: int, partners: int, neutral: float) -> None:
    landscape = Landscape(seed, partners, neutral)
    assert len(landscape.partners_of) == round(GENES * (1 - neutral))
    for gene, others in landscape.partners_of.items():
        assert len(set(others)) == len(others) == partners
        assert gene not in others
        places = {place for place, _ in others} - {gene[0]}
        assert places <= ({0, gene[0] - 1} if gene[0] else {1}), "partners stand around"
        assert all(name in (BLOCK_FIELDS if place else CLIP_FIELDS) for place, name in others)


def test_without_partners_fields_add_up() -> None:
    """Of two fields each has the same effect whether or not the other was changed."""
    landscape = Landscape(4, partners=0)
    net = replace(networks(1)[0], blocks=networks(1)[0].blocks[:1])
    one, other = {"filters": 8}, {"activation": "hswish"}
    base = with_block(net, 0, filters=64, activation="relu")
    gains = [landscape(with_block(base, 0, **change)) - landscape(base) for change in (one, other)]
    both = landscape(with_block(base, 0, **one, **other)) - landscape(base)
    assert both == pytest.approx(sum(gains))
    assert any(gains)


def test_with_partners_they_do_not() -> None:
    base = with_block(networks(1)[0], 0, filters=64, activation="relu")
    surprises = []
    for seed in range(30):
        landscape = Landscape(seed, MOST_PARTNERS, 0.0)
        alone = [landscape(with_block(base, 0, **change)) - landscape(base)
                 for change in ({"filters": 8}, {"activation": "hswish"})]
        both = landscape(with_block(base, 0, filters=8, activation="hswish")) - landscape(base)
        surprises.append(abs(both - sum(alone)))
    assert max(surprises) > 0.01


def test_more_partners_are_more_rugged() -> None:
    """The mean change by one mutation grows with the number of partners."""
    rng = Random(3)
    pairs = [(net, mutate(SPACE, net, TASK, rng, 1, {})[0]) for net in networks(150)]
    changes = []
    for partners in (0, 2, 6):
        landscapes = [Landscape(seed, partners) for seed in range(3)]
        changes.append(mean(abs(f(a) - f(b)) for f in landscapes for a, b in pairs))
    assert changes == sorted(changes)
    assert changes[2] > 1.3 * changes[0]


# Neutral parts


def test_what_is_not_read_is_neutral() -> None:
    blocks = [block for net in networks(40) for block in net.blocks][:8]
    net = replace(networks(1)[0], blocks=tuple(blocks[:5]))
    read = {0, 2, 4}
    for place in range(5):
        other = replace(net, blocks=(*blocks[:place], blocks[6], *blocks[place + 1 : 5]))
        assert (genes(net) == genes(other)) == (place not in read)


def test_a_short_network_is_read_at_every_block() -> None:
    blocks = [block for net in networks(40) for block in net.blocks]
    for count in (1, 2, 3):
        net = replace(networks(1)[0], blocks=tuple(blocks[:count]))
        for place in range(count):
            changed = with_block(net, place, filters=1000)
            assert genes(changed) != genes(net)


def test_a_small_step_of_the_squeeze_ratio_is_neutral() -> None:
    net = with_block(networks(1)[0], 0, squeeze=0.51)
    landscape = Landscape(0, 3, 0.0)
    assert landscape(with_block(net, 0, squeeze=0.58)) == landscape(net)
    assert landscape(with_block(net, 0, squeeze=0.61)) != landscape(net)


def test_a_neutral_field_changes_nothing_unless_another_looks_at_it() -> None:
    landscape = Landscape(7, 0, 0.5)
    net = with_block(networks(1)[0], 0, filters=64)
    choices: dict[str, Any] = {"filters": 8, "expand": 7, "skip": not net.blocks[0].skip,
                               "non_local": 99, "temporal_stride": 9, "activation": "other"}
    moved = {
        name: landscape(with_block(net, 0, **{name: value})) != landscape(net)
        for name, value in choices.items()
    }
    acting = {name for place, name in landscape.partners_of if place == 1}
    if len(net.blocks) == 1:
        acting = {name for place, name in landscape.partners_of if place}
    assert {name for name, did in moved.items() if did} == acting & choices.keys()


def test_most_mutations_matter() -> None:
    """Neutral parts are parts: a search that sees no change most of the time could not climb."""
    rng, changed = Random(5), 0
    for net in networks(200):
        mutant, edits = mutate(SPACE, net, TASK, rng, 1, {})
        assert redone(net, edits[0]) is not None
        changed += Landscape(1)(net) != Landscape(1)(mutant)
    assert 120 < changed < 200


@pytest.mark.parametrize("wrong", [{"partners": -1}, {"partners": 7}, {"neutral": 1.0},
                                   {"neutral": -0.1}])
def test_a_landscape_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="allowed: 0 to"):
        Landscape(0, **wrong)
