"""One birth: its draws, its mutations, the budget, and architectures that are there already."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.architectures import TASK, evolved, redone
from tests.simulated import Simulation, Word, Words, member
from videonas.errors import BudgetError
from videonas.evolution import BirthPlace, open_algorithm
from videonas.evolution.birth import mutate
from videonas.evolution.starts import check_starts
from videonas.search.budget import Budget
from videonas.search.individual import Individual, ParentWeights, result_key
from videonas.search.settings import Settings, decides_of, make_settings
from videonas.search.start_from import UnfitStart, plain_start
from videonas.spaces import architecture_id
from videonas.spaces.tiny_video import Block, TinyVideoArchitecture, TinyVideoSpace
from videonas.task import Clip, Task

SPACE = TinyVideoSpace()


# mutate


@given(evolved(mutations=3), st.integers(1, 6), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_each_mutation_changes_the_network(
    net: TinyVideoArchitecture, count: int, seed: int
) -> None:
    after, edits = mutate(SPACE, net, TASK, Random(seed), count, {})
    assert len(edits) == count
    assert SPACE.normalise(after, TASK) == after
    # the draws of the first mutation do not depend on how many follow
    once, first = mutate(SPACE, net, TASK, Random(seed), 1, {})
    assert once != net
    assert first == edits[:1]


@given(evolved(mutations=3), st.integers(1, 6), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_the_edits_lead_from_the_parent_to_the_child(
    net: TinyVideoArchitecture, count: int, seed: int
) -> None:
    child, edits = mutate(SPACE, net, TASK, Random(seed), count, {})
    for edit in edits:
        net = SPACE.normalise(redone(net, edit), TASK)
    assert net == child


def test_a_mutation_that_changes_nothing_does_not_count() -> None:
    """Swapping equal letters gives the same word."""
    space = Words(length=3)
    for seed in range(50):
        after, edits = mutate(space, Word((0, 0, 0)), TASK, Random(seed), 1, {})
        assert [edit.operator for edit in edits] == ["flip"]
        assert sum(after.letters) == 1


def test_every_operator_is_drawn() -> None:
    edits = [mutate(Words(4), Word((0, 1, 0, 1)), TASK, Random(s), 1, {})[1] for s in range(50)]
    assert {edit.operator for (edit,) in edits} == {"flip", "swap"}


def test_where_no_operator_applies_nothing_changes() -> None:
    word = Word((0, 1, 0))
    assert mutate(Words(stuck=True), word, TASK, Random(0), 2, {}) == (word, ())


def test_only_the_first_mutation_sees_what_training_taught() -> None:
    for seed in range(20):
        space = Words(length=8)
        word = Word((0,) * 8)
        mutate(space, word, TASK, Random(seed), 3, {"letters.0": 0.7})
        tries = Words(length=8)
        mutate(tries, word, TASK, Random(seed), 1, {})
        first = len(tries.taught)  # draws until the first mutation changed something
        assert space.taught[:first] == [{"letters.0": 0.7}] * first
        assert len(space.taught) >= first + 2
        assert all(taught == {} for taught in space.taught[first:])


# BirthPlace


def place(space: Any, parents: Any = (), **values: Any) -> BirthPlace:
    """Where children of `parents` are born."""
    made = make_settings(values)
    return BirthPlace(space, TASK, made, open_algorithm(made), Budget.of(made), parents)


def parent(space: Any, architecture: Any, **learned: float) -> Any:
    """A member with an architecture, and what its training taught."""
    identity = architecture_id(space.name, architecture)
    return member(Individual("000000-00", identity, architecture, "sampled"), 0.0, learned)


def test_a_child_carries_its_name_parent_edits_and_id() -> None:
    net = SPACE.sample(TASK, Random(0))
    child = place(SPACE, [parent(SPACE, net)], mutations=3, mutation_decay=2).birth("000002-07", ())
    assert child.name == "000002-07"
    assert child.origin == "mutated"
    assert child.parents == ("000000-00",)
    assert len(child.edits) == 3  # ceil(3 - 1/2)
    assert child.id == architecture_id("tiny_video", child.architecture)


def test_the_first_generation_is_sampled() -> None:
    child = place(SPACE).birth("000000-03", ())
    assert (child.origin, child.parents, child.edits) == ("sampled", (), ())
    assert child.id == architecture_id("tiny_video", child.architecture)


def test_a_parent_teaches_its_child() -> None:
    space = Words(8)
    place(space, [parent(space, Word((0,) * 8), gate=0.5)]).birth("000001-00", ())
    assert space.taught[0] == {"gate": 0.5}


def test_the_name_and_the_seed_decide_all_draws() -> None:
    parents = [parent(SPACE, SPACE.sample(TASK, Random(seed))) for seed in range(4)]
    for of in ((), parents):
        child = place(SPACE, of).birth("000001-03", ())
        foreign = {f"{number:012x}" for number in range(100)}
        assert place(SPACE, of).birth("000001-03", foreign) == child
        others = [place(SPACE, of).birth("000001-04", ()), place(SPACE, of).birth("000002-03", ()),
                  place(SPACE, of, seed=1).birth("000001-03", ())]
        assert all(other.architecture != child.architecture for other in others)


@pytest.mark.parametrize("algorithm", ["tournament", "random", "drift"])
def test_a_child_does_not_depend_on_how_many_are_born_after_it(algorithm: Any) -> None:
    few, many = (Simulation(Settings(algorithm=algorithm), lambda net: net.frames) for _ in "ab")
    for search in (few, many):
        search.step()
    assert few.births(4) == many.births(9)[:4]


# Networks that the search begins with


@given(st.lists(evolved(mutations=2), min_size=1, max_size=5, unique=True))
@settings(max_examples=20, deadline=None)
def test_given_networks_are_born_first_and_the_others_are_drawn_as_ever(
    nets: list[TinyVideoArchitecture],
) -> None:
    starts = [plain_start(net) for net in nets]
    here, elsewhere = place(SPACE, start_from=starts), place(SPACE)
    for index, net in enumerate(nets):
        born = here.birth(f"000000-{index:02d}", ())
        identity = architecture_id("tiny_video", net)
        assert born == Individual(f"000000-{index:02d}", identity, net, "given")
    for name in (f"000000-{len(nets):02d}", "000001-00"):
        assert here.birth(name, ()) == elsewhere.birth(name, ())


@pytest.mark.parametrize("algorithm", ["tournament", "regularised", "nsga2", "random", "drift"])
def test_a_given_network_can_be_a_parent_under_every_algorithm(algorithm: str) -> None:
    net = SPACE.normalise(SPACE.shrunk(SPACE.presets["mobile2"], TASK), TASK)
    values = {"algorithm": algorithm, "population": 8, "children": 2, "objectives": ["loss"],
              "start_from": [plain_start(net)]}
    search = Simulation(make_settings(values), lambda a: -SPACE.distance(a, net))
    first = search.step()
    assert [born.origin for born in first] == ["given"] + ["sampled"] * 7
    search.run(3)
    if algorithm != "drift":
        assert search.best[-1] == 0, "nobody is nearer to it"


def test_a_given_network_outside_the_budget_is_told() -> None:
    big = TinyVideoArchitecture(64, 2, 1, (Block(filters=512, expand=4),))
    costs = SPACE.costs(big, TASK)
    starts = [plain_start(SPACE.sample(TASK, Random(1))), plain_start(big)]
    for limit in ("parameters", "macs"):
        least = getattr(costs, limit)
        inside = {f"max_{limit}": least, "start_from": starts}
        assert place(SPACE, **inside).birth("000000-01", ()).architecture == big
        outside = {**inside, f"max_{limit}": least - 1}
        refused = rf"^start_from.1: {least:,} .*; allowed: {least - 1:,}; raise the limit, or begin"
        with pytest.raises(UnfitStart, match=refused):
            place(SPACE, **outside).birth("000000-00", ())
        grown = place(SPACE, [parent(SPACE, SPACE.sample(TASK, Random(2)))], **outside)
        assert grown.birth("000001-00", ()).origin == "mutated", "a later budget may be smaller"


def test_what_can_never_be_inside_is_told_before_there_is_data() -> None:
    big = TinyVideoArchitecture(64, 2, 1, (Block(filters=512, expand=4),))
    least = SPACE.costs(big, Task(SPACE.largest(), 2)).parameters
    starts = [plain_start(big)]
    check_starts(make_settings({"start_from": starts, "max_parameters": least}))
    with pytest.raises(UnfitStart, match=f"{least:,} parameters; allowed: {least - 1:,}"):
        check_starts(make_settings({"start_from": starts, "max_parameters": least - 1}))


def test_the_data_decide_what_a_given_network_may_ask_for() -> None:
    net = TinyVideoArchitecture(48, 4, 4, (Block(filters=8),))
    small = Task({"rgb": Clip(8, 24)}, 3)
    made = make_settings({"start_from": [plain_start(net)]})
    algorithm, budget = open_algorithm(made), Budget()
    with pytest.raises(UnfitStart, match="image_size is 48; allowed: 1 to the 24 pixels"):
        BirthPlace(SPACE, small, made, algorithm, budget, ()).birth("000000-00", ())
    made = make_settings({"start_from": [plain_start(net)], "shrink_start_from": True})
    born = BirthPlace(SPACE, small, made, algorithm, budget, ()).birth("000000-00", ())
    assert born.architecture == TinyVideoArchitecture(24, 4, 2, net.blocks)


# The static budget


@pytest.mark.parametrize("algorithm", ["tournament", "random", "drift"])
def test_nobody_is_born_outside_the_static_budget(algorithm: str) -> None:
    limits = {"max_parameters": 60_000, "max_macs": 30_000_000}
    search = Simulation(make_settings({"algorithm": algorithm, **limits}), lambda net: net.frames)
    free = Simulation(make_settings({"algorithm": algorithm}), lambda net: net.frames)
    tempted = 0
    for _ in range(5):
        for child in search.step():
            costs = SPACE.costs(child.architecture, TASK)
            assert costs.parameters <= 60_000
            assert costs.macs <= 30_000_000
        tempted += sum(
            bool(Budget(**limits).excess_of_costs(SPACE.costs(child.architecture, TASK)))
            for child in free.step()
        )
    assert tempted > 5  # the limits do bind


@pytest.mark.parametrize("limit", ["max_parameters", "max_macs"])
def test_a_network_at_the_limit_is_inside(limit: str) -> None:
    space = Words(length=3)
    born = {place(space, **{limit: 1}).birth(f"000000-{n:02d}", ()).architecture for n in range(60)}
    assert born == {Word((0, 0, 0)), Word((1, 0, 0)), Word((0, 1, 0)), Word((0, 0, 1))}


def test_the_tries_decide_who_is_born_so_they_are_fixed_for_a_search() -> None:
    taken = {
        place(Words(length=2), sampling_tries=tries).birth("000000-00", ()).id for tries in (1, 9)
    }
    assert len(taken) == 1
    few, many = (
        place(Words(length=2), sampling_tries=tries).birth("000000-00", taken) for tries in (1, 99)
    )
    assert few.id in taken
    assert many.id not in taken
    assert decides_of("sampling_tries") == "search"


def test_a_budget_that_nothing_meets_is_said_in_a_sentence() -> None:
    with pytest.raises(BudgetError) as caught:
        place(SPACE, max_parameters=5, max_macs=7, sampling_tries=30).birth("000000-00", ())
    drawn = [place(SPACE).birth("000000-00", ())]
    costs = SPACE.costs(drawn[0].architecture, TASK)
    sentence = str(caught.value)
    assert sentence.startswith(
        "individual 000000-00: none of 30 draws fits max_parameters=5 and max_macs=7; "
        "the smallest had "
    )
    assert sentence.endswith("raise the limit, or give the search space smaller options")
    least = int(sentence.partition("smallest had ")[2].partition(" ")[0].replace(",", ""))
    assert 5 < least <= costs.parameters


# Architectures that are there already


def test_what_is_there_already_is_drawn_again() -> None:
    space = Words(length=3)
    taken: set[str] = set()
    for index in range(8):
        child = place(space).birth(f"000000-{index:02d}", taken)
        assert child.id not in taken
        taken.add(child.id)
    assert len(taken) == 8
    again = place(space).birth("000000-08", taken)
    assert again.id in taken


def test_a_mutant_that_is_there_already_is_drawn_again() -> None:
    space = Words(length=3)
    of = [parent(space, Word((0, 0, 0)))]
    near = [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
    for free in near:
        taken = {space.identity(*word) for word in near if word != free}
        child = place(space, of, mutations=1).birth("000001-00", taken)
        assert child.architecture == Word(free)


def test_an_architecture_over_budget_is_no_way_out() -> None:
    """Known and inside goes before new and outside."""
    space = Words(length=2)
    taken = {space.identity(0, 0)}
    assert place(space, max_parameters=1).birth("000000-00", taken).id not in taken
    taken |= {space.identity(0, 1), space.identity(1, 0)}
    assert place(space, max_parameters=1).birth("000000-00", taken).id in taken


# What a child inherits


def _given(there: bool, _: Any) -> bool:
    return there


def test_a_child_inherits_where_the_search_says_so_and_weights_are_there() -> None:
    net = SPACE.sample(TASK, Random(0))
    ancestor = parent(SPACE, net)
    key = ancestor.result.key
    for on in (False, True):
        for there in (False, True):
            at = replace(place(SPACE, [ancestor], inherit_weights=on),
                         has_weights=partial(_given, there))
            child = at.birth("000001-00", ())
            expected = ParentWeights(ancestor.individual.id, key) if on and there else None
            assert child.inherits == expected
            assert replace(child, inherits=None) == place(SPACE, [ancestor]).birth("000001-00", ())


def test_whoever_has_no_parent_inherits_nothing() -> None:
    at = replace(place(SPACE, inherit_weights=True), has_weights=lambda _: True)
    assert at.birth("000000-00", ()).inherits is None


def test_a_result_key_depends_on_the_weights_and_on_the_way_to_the_child() -> None:
    net = SPACE.sample(TASK, Random(0))
    at = replace(place(SPACE, [parent(SPACE, net)], inherit_weights=True),
                 has_weights=lambda _: True)
    child = at.birth("000001-00", ())
    assert child.inherits is not None
    scratch = replace(child, inherits=None)
    others = replace(child, inherits=replace(child.inherits, key="f" * 12))
    otherwise = replace(child, edits=(*child.edits, replace(child.edits[0], path="blocks.7")))
    keys = [result_key(at.settings, each.id, "data", each.initialisation)
            for each in (child, scratch, others, otherwise)]
    assert len(set(keys)) == 4
    assert keys[1] == result_key(at.settings, child.id, "data")
    again = replace(child, name="000005-03", parents=("000003-00",))
    assert again.initialisation == child.initialisation
