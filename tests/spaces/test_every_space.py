"""What every search space promises, whichever it is; a new one is taken in by its name."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from videonas.codec import canonical, decode, encode, from_plain, to_plain
from videonas.errors import InvalidArchitecture
from videonas.evolution.birth import mutate
from videonas.report import diagram_svg, diagram_text
from videonas.search.architecture_file import encode_architecture, read_architecture
from videonas.search.individual import Individual
from videonas.spaces import SPACES, SearchSpace, architecture_id, open_space
from videonas.task import Task

SEEDS = range(25)


def task_of(space: SearchSpace[Any], classes: int = 7) -> Task:
    """A task with the largest clip that the space may ask for."""
    return Task(dict(space.largest()), classes)


def networks(space: SearchSpace[Any]) -> Iterator[Any]:
    """Sampled ones, and what mutation makes of them."""
    task = task_of(space)
    for seed in SEEDS:
        rng = Random(f"network {seed}")
        net = space.sample(task, rng)
        yield net
        yield mutate(space, net, task, rng, 1 + seed % 8, {})[0]


@pytest.fixture(params=sorted(SPACES))
def space(request: pytest.FixtureRequest) -> SearchSpace[Any]:
    """Each space, with its default options."""
    return open_space(request.param)


@pytest.fixture
def task(space: SearchSpace[Any]) -> Task:
    """What its networks are for."""
    return task_of(space)


def test_it_is_opened_by_its_own_name(space: SearchSpace[Any]) -> None:
    assert SPACES[space.name] is type(space)
    assert open_space(space.name, {}) == space
    assert is_dataclass(space.kind)


def test_each_option_can_be_given_by_its_name(space: SearchSpace[Any]) -> None:
    assert is_dataclass(space)
    options = {field.name: getattr(space, field.name) for field in fields(space)}
    assert options
    for name, value in options.items():
        plain = json.loads(json.dumps(value))
        assert open_space(space.name, {name: plain}) == space, name


def test_a_network_never_asks_for_more_than_the_largest_clip(space: SearchSpace[Any]) -> None:
    largest = space.largest()
    for net in networks(space):
        samplings = space.sampling(net)
        assert samplings.keys() <= largest.keys()
        for stream, sampling in samplings.items():
            assert 1 <= sampling.size <= largest[stream].size
            assert sampling.frames >= 1
            assert sampling.stride >= 1
            assert sampling.span <= largest[stream].frames


def test_normalising_is_done_after_once(space: SearchSpace[Any], task: Task) -> None:
    for net in networks(space):
        assert space.normalise(net, task) == net


def test_a_task_without_its_streams_is_refused_in_a_sentence(
    space: SearchSpace[Any], task: Task
) -> None:
    net = space.sample(task, Random(0))
    with pytest.raises(InvalidArchitecture, match=r"streams is \['sound'\]; allowed: "):
        space.normalise(net, Task({"sound": next(iter(task.streams.values()))}, 3))


# Operators


def test_an_operator_does_the_same_with_the_same_luck(space: SearchSpace[Any], task: Task) -> None:
    for name, operator in space.operators.items():
        for seed in SEEDS:
            net = space.sample(task, Random(f"net {seed}"))
            once, again = (operator(net, task, Random(seed), {}) for _ in range(2))
            assert once == again, name


def test_what_an_operator_says_survives_a_record(space: SearchSpace[Any], task: Task) -> None:
    """Edits are kept in files: what is read back is what was done."""
    told = 0
    for name, operator in space.operators.items():
        for seed in SEEDS:
            net = space.sample(task, Random(f"net {seed}"))
            mutated = operator(net, task, Random(seed), {})
            if mutated is None:
                continue
            child = space.normalise(mutated[0], task)
            identity = architecture_id(space.name, child)
            born = Individual("000001-00", identity, child, "mutated", ("000000-00",),
                              (mutated[1],))
            kind: Any = Individual[space.kind]  # type: ignore[name-defined]
            assert decode(kind, encode(born, "x/1"), "x/1", name) == born
            told += 1
    assert told > 5 * len(space.operators)


def test_every_operator_applies_to_some_network(space: SearchSpace[Any], task: Task) -> None:
    applied = {
        name for name, operator in space.operators.items() for seed in range(60)
        if operator(space.sample(task, Random(seed)), task, Random(seed), {}) is not None
    }
    assert applied == set(space.operators)


# Files and names


def test_a_network_is_its_file(space: SearchSpace[Any], task: Task, tmp_path: Path) -> None:
    path = tmp_path / "architecture.yaml"
    for net in networks(space):
        path.write_bytes(encode_architecture(space.name, task, net))
        assert read_architecture(path) == (open_space(space.name), net, task)


def test_ids_are_equal_where_networks_are(space: SearchSpace[Any]) -> None:
    by_id: dict[str, Any] = {}
    different = set()
    for net in networks(space):
        identity = architecture_id(space.name, net)
        assert by_id.setdefault(identity, net) == net
        different.add(canonical(to_plain(net)))
        assert architecture_id(space.name, from_plain(space.kind, to_plain(net), "x")) == identity
    assert len(by_id) == len(different) > len(SEEDS)


# Costs and distance


def test_a_class_more_costs_its_weights_and_its_bias(space: SearchSpace[Any]) -> None:
    few, more = task_of(space, 7), task_of(space, 8)
    for net in networks(space):
        before, after = space.costs(net, few), space.costs(net, more)
        width = after.parameters - before.parameters - 1
        assert width >= 1
        # a network may answer at several times
        assert after.macs - before.macs in range(width, (after.macs + 1), width)
        assert before.parameters > 7 * width


def test_distance_is_nothing_between_equals_only_and_the_same_both_ways(
    space: SearchSpace[Any],
) -> None:
    for a, b in pairwise(networks(space)):
        assert space.distance(a, a) == 0
        assert space.distance(a, b) == space.distance(b, a) >= 0
        assert (space.distance(a, b) == 0) == (a == b)


# For people


def test_a_diagram_leads_from_an_input_to_one_end_and_is_drawn(
    space: SearchSpace[Any], task: Task
) -> None:
    for net in networks(space):
        diagram = space.diagram(net, task, {})
        names = [node.name for node in diagram.nodes]
        assert len(names) == len(set(names))
        starts = {start for start, _, _ in diagram.arrows}
        ends = {end for _, end, _ in diagram.arrows}
        assert starts | ends == set(names), "no box stands alone"
        assert len(set(names) - starts) == 1, "one end, the classes"
        drawn = ElementTree.fromstring(diagram_svg(diagram))
        assert sum(g.get("class") == "node" for g in drawn.iter("g")) == len(names)
        text = diagram_text(diagram)
        assert all(node.title in text for node in diagram.nodes)


def test_a_table_has_the_same_columns_in_every_row_and_words_in_each(
    space: SearchSpace[Any], task: Task
) -> None:
    for net in networks(space):
        rows = space.table(net, task)
        assert rows
        assert {tuple(row) for row in rows} == {tuple(rows[0])}
        assert all(cell.strip() for row in rows for cell in row.values())


def test_what_was_published_stands_in_every_form(space: SearchSpace[Any], tmp_path: Path) -> None:
    """Published networks may be larger than what the default options allow."""
    wide = Task({name: type(clip)(256, 512, clip.channels)
                 for name, clip in space.largest().items()}, 400)
    ids = set()
    for name, preset in space.presets.items():
        net = space.normalise(preset, wide)
        ids.add(architecture_id(space.name, net))
        path = tmp_path / f"{name}.yaml"
        path.write_bytes(encode_architecture(space.name, wide, net))
        assert read_architecture(path)[1] == net
        assert diagram_svg(space.diagram(net, wide, {})).startswith("<svg")
        assert space.table(net, wide)
        assert space.distance(net, net) == 0
    assert len(ids) == len(space.presets), "they are different networks"
