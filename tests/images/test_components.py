"""The compiled pipeline in our images: each task runs the command that a cluster runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from components.images import EVOLVE
from pipelines.compiled import Compiled
from pipelines.form import OTHER_SETTINGS, SETTING_FIELDS
from tests.conftest import SMALL
from tests.images.containers import MOUNT, Ended, Volume, sentences
from tests.pipelines.backend import Backend
from videonas.search.root import SearchRoot

pytestmark = pytest.mark.docker

COMPILED = Compiled.load(Path(__file__).parents[2] / "pipelines/tiny_video/tiny_video.yaml")
REGISTRY = EVOLVE.rpartition("/")[0]


def small_form(root: str, **more: Any) -> dict[str, Any]:
    """The form, filled in with small settings."""
    given = {**SMALL, "candidates_per_pod": 3, "videos": f"{MOUNT}/videos", **more}
    own = {field: given.pop(name) for field, name in SETTING_FIELDS.items() if name in given}
    return {"search_root": root, **own, OTHER_SETTINGS: given}


def run_in_container(volume: Volume, container: Mapping[str, Any], given: Any) -> Ended:
    """Runs a component's command, with what stands for the executor's input put in."""
    words = [json.dumps(given) if word == "{{$}}" else word for word in container["args"]]
    image = f"{REGISTRY}/{container['image'].rpartition('/')[2]}"
    return volume.run(image, *container["command"], *words)


def backend(volume: Volume) -> Backend:
    """Runs pipelines in containers, which have their artifacts in the volume."""

    def execute(container: Mapping[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        """Gives back the output metadata."""
        ended = run_in_container(volume, container, given)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        file = Path(given["outputs"]["outputFile"]).relative_to(MOUNT)
        metadata: dict[str, Any] = json.loads((volume.folder / file).read_text())
        return metadata

    return Backend(COMPILED, Path(MOUNT) / "kfp", execute)


def test_a_run_of_one_generation(volume: Volume, outside: SearchRoot) -> None:
    root = f"{MOUNT}/components"
    ran = backend(volume).run(**small_form(root, generations=1))
    named = {each.name: each for each in ran}
    assert [each.name for each in ran][:6] == [
        "start", "data-prep", "mutate 1", "train 1", "evaluate 1", "select 1",
    ]
    assert named["mutate 1"].outputs.parameters == {
        "generation": 0, "go": True, "batches": ["000000-00 000000-01 000000-02"],
    }
    artifacts = {each.name: each.outputs.artifacts for each in ran}
    assert artifacts["start"]["search"]["metadata"]["address"] == root
    dataset = artifacts["data-prep"]["dataset"]["metadata"]
    assert dataset["digest"] == outside.need_dataset().digest
    assert artifacts["select 1"]["best"]["metadata"]["outcome"] == "ok"
    assert artifacts["select 1"]["metrics"]["metadata"]
    report = Path(artifacts["select 1"]["report"]["uri"]).relative_to(MOUNT)
    assert (volume.folder / report).read_text().startswith("<!DOCTYPE html>")

    kept = SearchRoot(str(volume.folder / "components"))
    assert kept.need_candidates(0) == outside.need_candidates(0)
    assert kept.head() == 0


def test_a_component_that_fails_ends_with_2_and_one_sentence(volume: Volume) -> None:
    failed: list[Ended] = []

    def execute(container: Mapping[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        """Ends the run with its first step."""
        failed.append(run_in_container(volume, container, given))
        raise InterruptedError

    with pytest.raises(InterruptedError):
        Backend(COMPILED, Path(MOUNT) / "kfp", execute).run(
            **small_form(f"{MOUNT}/bad", population=0)
        )
    assert failed[0].returncode == 2
    (told,) = sentences(failed[0])
    assert "population is 0" in told
    assert not (volume.folder / "bad").exists()
