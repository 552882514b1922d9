"""The files of settings beside the compiled pipelines are ones that a search can begin with."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from videonas.search.dataset import streams_of
from videonas.search.settings import make_settings, read_settings_file
from videonas.spaces import open_space
from videonas.spaces.evanet.architecture import Skeleton
from videonas.spaces.evanet.presets import PRESETS
from videonas.spaces.evanet.space import EvaNetSpace
from videonas.task import Task

PIPELINES = Path(__file__).parents[2] / "pipelines"
FILES = sorted([*PIPELINES.glob("*/demo.yaml"), *PIPELINES.glob("*/published.yaml")])


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_a_search_can_begin_with_them(file: Path) -> None:
    settings = make_settings(read_settings_file(file))
    assert settings.space == file.parent.name
    space = open_space(settings.space, settings.space_options)
    task = Task(streams_of(space, settings.optical_flow), 8)
    network = space.sample(task, Random(0))
    assert space.costs(network, task).macs > 0
    for stream in settings.finish_streams:
        assert space.normalise(space.on_stream(network, stream), task)


def test_the_published_settings_have_the_released_skeleton_and_hold_the_released_networks() -> None:
    options = read_settings_file(PIPELINES / "evanet/published.yaml")["space_options"]
    space = open_space("evanet", options)
    assert isinstance(space, EvaNetSpace)
    assert space.skeleton == Skeleton()
    task = Task(dict(space.largest()), 400)
    for preset in PRESETS.values():
        assert space.normalise(preset, task).skeleton == space.skeleton
        for module in preset.modules:
            assert space.min_branches <= len(module.branches) <= space.max_branches
            assert module.repeats in space.repeats
