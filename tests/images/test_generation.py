"""One generation, each step in a container of its own."""

from __future__ import annotations

import json
import time
import uuid

import pytest

from components.images import EVOLVE, TRAIN
from tests.images.containers import MOUNT, SECONDS, USER, Volume, docker, sentences
from videonas.search.population import Population
from videonas.search.root import SearchRoot

pytestmark = pytest.mark.docker

START = ("--videos", f"{MOUNT}/videos", "--settings", f"{MOUNT}/small.yaml")


def until_born(volume: Volume, name: str, *settings: str) -> list[list[str]]:
    """Starts a search, prepares its data and draws generation 0; gives back the batches."""
    root = ("--search-root", f"{MOUNT}/{name}")
    volume.step(EVOLVE, "videonas", "start", *root, *START, *settings)
    volume.step(TRAIN, "videonas", "data-prep", *root)
    batches: list[list[str]] = json.loads(
        volume.step(EVOLVE, "videonas", "mutate", *root, "--generation", 0)
    )["batches"]
    return batches


@pytest.fixture(scope="module")
def inside(volume: Volume) -> SearchRoot:
    """A search after one generation in containers."""
    on = ("--search-root", f"{MOUNT}/steps", "--generation", 0)
    for names in until_born(volume, "steps"):
        volume.step(TRAIN, "videonas", "train-candidate", *on, *names)
        volume.step(TRAIN, "videonas", "evaluate", *on, *names)
    volume.step(EVOLVE, "videonas", "select", *on)
    return SearchRoot(str(volume.folder / "steps"))


def ended(root: SearchRoot) -> Population[object]:
    population = root.population(0)
    assert population is not None
    return population


def test_the_data_are_those_that_steps_outside_prepare(
    inside: SearchRoot, outside: SearchRoot
) -> None:
    assert inside.need_dataset().digest == outside.need_dataset().digest
    assert inside.need_dataset().splits == outside.need_dataset().splits
    assert not inside.need_dataset().skipped


def test_the_networks_are_those_of_steps_outside(inside: SearchRoot, outside: SearchRoot) -> None:
    assert inside.need_candidates(0) == outside.need_candidates(0)
    here, there = ended(inside), ended(outside)
    assert [m.individual for m in here.newborn] == [m.individual for m in there.newborn]
    assert [here.outcome_of(m) for m in here.newborn] == ["ok"] * 3
    assert {m.individual.name for m in here.parents} == {m.individual.name for m in there.parents}
    assert all(m.result.latency for m in here.newborn)


def test_what_is_kept_belongs_to_the_user_that_the_containers_ran_as(
    inside: SearchRoot, volume: Volume
) -> None:
    kept = list((volume.folder / "steps").rglob("*"))
    assert any(path.name == "report.html" for path in kept)
    assert {(path.stat().st_uid, path.stat().st_gid) for path in kept} == {(USER, 0)}


def test_the_next_run_goes_on(inside: SearchRoot, volume: Volume) -> None:
    said = volume.step(EVOLVE, "videonas", "start", "--search-root", f"{MOUNT}/steps")
    assert json.loads(said) == {"first": 1, "last": 2, "go": True, "goal": ""}


def test_a_search_root_that_is_mounted_for_reading_only(
    inside: SearchRoot, volume: Volume
) -> None:
    said = volume.run(EVOLVE, "videonas", "mutate", "--search-root", f"{MOUNT}/steps",
                      "--generation", 1, mode="ro")
    assert said.returncode == 2
    (sentence,) = sentences(said)
    assert f"{MOUNT}/steps" in sentence
    assert "Read-only file system" in sentence


def test_a_container_that_is_stopped_takes_its_attempt_back(volume: Volume) -> None:
    """The step is the container's first process, which gets no signal that it does not expect."""
    until_born(volume, "stopped", "--set", "train_steps=1000000")
    results = volume.folder / "stopped" / "results"
    name = f"videonas-test-{uuid.uuid4().hex}"
    docker("run", "--detach", "--name", name, *volume.confined(), TRAIN, "videonas",
           "train-candidate", "--search-root", f"{MOUNT}/stopped", "--generation", 0)
    try:
        deadline = time.monotonic() + SECONDS
        while not list(results.glob("*/*/training-attempt-*")):
            assert time.monotonic() < deadline, docker("logs", name).stderr
            time.sleep(0.1)
        assert docker("stop", name).returncode == 0
        status = docker("inspect", "--format", "{{.State.ExitCode}}", name).stdout.strip()
        assert status == "143", docker("logs", name).stderr
        assert not list(results.glob("*/*/training-attempt-*"))
    finally:
        docker("rm", "--force", name)
