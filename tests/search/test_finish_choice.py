"""Whom `finish` takes, of searches that were never run."""

from __future__ import annotations

import logging
from itertools import combinations
from random import Random
from typing import Any

import pytest

from tests.synthetic import make_search
from videonas.errors import InvalidArchitecture, SettingsError
from videonas.search.finish_choice import architecture_on, choose, diverse
from videonas.search.finished import Finalist, make_plan
from videonas.search.root import SearchRoot
from videonas.search.settings import make_settings, parse_assignments
from videonas.spaces import SPACES, SearchSpace, open_space
from videonas.task import CHANNELS, Clip, Task


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> SearchRoot:
    return make_search(tmp_path_factory.mktemp("choice") / "root", 4, 10, 8)


@pytest.mark.parametrize("distance", [0.0, 0.2, 0.4, 0.6, 0.9])
def test_each_two_are_far_enough_and_nobody_fitter_was_left_out_for_nothing(
    search: SearchRoot, distance: float
) -> None:
    fittest, between = search.lineage().fittest(search.settings), search.space.distance
    taken = diverse(fittest, search.space, distance, 4)
    architectures = [member.individual.architecture for member in taken]
    assert all(between(a, b) >= distance for a, b in combinations(architectures, 2))
    places = [fittest.index(member) for member in taken]
    assert places == sorted(places)
    assert places[0] == 0, "the fittest comes first"
    last = places[-1] if len(taken) == 4 else len(fittest) - 1
    for place in set(range(last + 1)) - set(places):
        nearer = [a for a, p in zip(architectures, places, strict=True) if p < place]
        own = fittest[place].individual.architecture
        assert any(between(own, a) < distance for a in nearer), "far enough, and passed over"


def test_at_no_distance_they_are_the_fittest(search: SearchRoot) -> None:
    fittest = search.lineage().fittest(search.settings)
    assert diverse(fittest, search.space, 0.0, 3) == fittest[:3]


def test_fewer_than_asked_for_are_told(
    search: SearchRoot, caplog: pytest.LogCaptureFixture
) -> None:
    fittest = search.lineage().fittest(search.settings)
    with caplog.at_level(logging.INFO):
        assert len(diverse(fittest, search.space, 0.0, 99)) == len(fittest)
        assert not caplog.messages, "nobody was passed over"
        assert diverse(fittest, search.space, 1.0, 4) == fittest[:1]
    assert caplog.messages == ["finishing 1 of 4 networks: every other one is nearer than 1 to one "
                               "of these"]


def test_plans_with_the_same_finalists_are_equal_however_they_were_found(
    search: SearchRoot
) -> None:
    def plan(**how: object) -> object:
        return make_plan(search.lineage(), search.settings, "d" * 64, best=1, train_steps=3,
                         initial="scratch", task=search.need_dataset().task, **how)  # type: ignore[arg-type]

    assert plan() == plan(distance=0.9) == plan(streams=("rgb",))
    assert plan() != plan(ensemble_size=2)


def test_a_name_says_whose_it_is_and_on_which_stream() -> None:
    own = Finalist("000001-02", "0" * 12, "1" * 12, 3)
    moved = Finalist("000001-02", "2" * 12, "3" * 12, 3, "flow")
    assert (own.name, moved.name) == ("000001-02", "000001-02-flow")


# Streams


def both_streams(space: SearchSpace[Any]) -> Task:
    """A task with RGB and flow."""
    clip = space.largest()["rgb"]
    return Task({s: Clip(clip.frames, clip.size, n) for s, n in CHANNELS.items()}, 5)


@pytest.mark.parametrize("name", sorted(SPACES))
def test_a_network_stays_on_its_own_stream_and_goes_to_none_that_nobody_knows(name: str) -> None:
    space = open_space(name)
    for seed in range(20):
        net = space.sample(both_streams(space), Random(seed))
        (own,) = space.sampling(net)
        assert space.on_stream(net, own) == net
        assert architecture_on(space, net, "", None) is net
        with pytest.raises(InvalidArchitecture, match=r"stream is 'sound'; allowed: .*rgb"):
            space.on_stream(net, "sound")


def test_an_evanet_is_moved_to_flow_and_back() -> None:
    space = open_space("evanet")
    task = both_streams(space)
    for seed in range(20):
        net = space.sample(task, Random(seed))
        moved = architecture_on(space, net, "flow", task)
        assert space.sampling(moved) == {"flow": space.sampling(net)["rgb"]}
        assert space.normalise(moved, task) == moved
        assert architecture_on(space, moved, "rgb", task) == net
    without = Task({"rgb": task.streams["rgb"]}, 5)
    with pytest.raises(InvalidArchitecture, match="stream"):
        architecture_on(space, net, "flow", without)


def test_a_space_without_the_stream_is_refused_in_a_sentence(search: SearchRoot) -> None:
    with pytest.raises(InvalidArchitecture, match="stream is 'flow'; allowed: rgb"):
        choose(search.lineage(), search.settings, best=1, streams=("flow",),
               task=search.need_dataset().task)


def test_streams_in_settings() -> None:
    for word in ("rgb, flow", "[rgb, flow]"):
        settings = make_settings(parse_assignments([f"finish_streams={word}"]))
        assert settings.finish_streams == ("rgb", "flow")
    assert make_settings({}).finish_streams == ()
    for wrong, why in ((("rgb", "rgb"), "names one twice"), (("sound",), "'rgb' or 'flow'")):
        with pytest.raises(SettingsError, match=why):
            make_settings({"finish_streams": wrong})
    for name, value in (("finish_distance", 1.5), ("ensemble_size", 1)):
        with pytest.raises(SettingsError, match=name):
            make_settings({name: value})


def test_no_key_and_no_record_of_a_search_depends_on_them() -> None:
    given = {"finish_distance": 0.5, "finish_streams": ["rgb"], "ensemble_size": 2}
    changed, default = make_settings(given), make_settings({})
    for decides in ("result", "data", "search"):
        assert changed.identifying(decides) == default.identifying(decides)  # type: ignore[arg-type]
