"""The components as the compiled pipeline holds them: what is tested is what a cluster runs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.images import EVOLVE
from tests.conftest import SMALL
from tests.images.containers import MOUNT, Ended, Volume, sentences
from videonas.search.root import SearchRoot

pytestmark = pytest.mark.docker

COMPILED: dict[str, Any] = next(yaml.safe_load_all(
    (Path(__file__).parents[2] / "pipelines/tiny_video/tiny_video.yaml").read_text()
))
TASKS: dict[str, Any] = COMPILED["root"]["dag"]["tasks"]
STEPS: dict[str, Any] = COMPILED["components"]["comp-steps"]["dag"]["tasks"]
IN_A_GENERATION: dict[str, Any] = COMPILED["components"]["comp-generation"]["dag"]["tasks"]
REGISTRY = EVOLVE.rpartition("/")[0]

Values = Mapping[str, Any]


def arguments(
    task: Mapping[str, Any], inputs: Values, outputs: Mapping[str, Values] | None = None
) -> Values:
    """A task's parameters: constants, inputs of the pipeline around it, outputs of its tasks."""

    def value(source: Mapping[str, Any]) -> Any:
        if "runtimeValue" in source:
            return source["runtimeValue"]["constant"]
        if "componentInputParameter" in source:
            return inputs[source["componentInputParameter"]]
        output = source["taskOutputParameter"]
        return (outputs or {})[output["producerTask"]][output["outputParameterKey"]]

    return {name: value(source) for name, source in task["inputs"]["parameters"].items()}


def form(**given: Any) -> Values:
    """The pipeline's form, filled in."""
    fields = COMPILED["root"]["inputDefinitions"]["parameters"]
    assert set(given) <= set(fields)
    return {name: field.get("defaultValue") for name, field in fields.items()} | given


def small_form(root: str) -> Values:
    fields = COMPILED["root"]["inputDefinitions"]["parameters"]
    flat = {name: SMALL[name] for name in SMALL if name in fields}
    settings = {name: value for name, value in SMALL.items() if name not in fields}
    settings["candidates_per_pod"] = 3
    return form(search_root=root, videos=f"{MOUNT}/videos", settings=settings, **flat)


def as_the_launcher_writes(value: Any) -> Any:
    """Whole numbers lose their fraction: the launcher knows one kind of number."""
    if isinstance(value, Mapping):
        return {name: as_the_launcher_writes(item) for name, item in value.items()}
    if isinstance(value, list):
        return [as_the_launcher_writes(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def executor_input(component: str, values: Values) -> dict[str, Any]:
    """What KFP's launcher hands over."""
    outputs = COMPILED["components"][f"comp-{component}"].get("outputDefinitions", {})
    place = f"{MOUNT}/kfp/{component}"
    artifacts = {
        name: {"artifacts": [{
            "name": name, "type": output["artifactType"], "uri": f"{place}/{name}", "metadata": {},
        }]}
        for name, output in outputs.get("artifacts", {}).items()
    }
    parameters = {
        name: {"outputFile": f"/tmp/kfp/outputs/{name}"} for name in outputs.get("parameters", {})
    }
    return {
        "inputs": {"parameterValues": as_the_launcher_writes(values)},
        "outputs": {
            "artifacts": artifacts, "parameters": parameters,
            "outputFile": f"{place}/output_metadata.json",
        },
    }


def run(volume: Volume, component: str, values: Values) -> Ended:
    """Runs a component's command, with what stands for the executor's input put in."""
    container = COMPILED["deploymentSpec"]["executors"][f"exec-{component}"]["container"]
    given = json.dumps(executor_input(component, values))
    words = [given if word == "{{$}}" else word for word in container["args"]]
    (name,) = re.findall(r"pipelinechannel--(\w+)'", container["image"])
    image = f"{REGISTRY}/{form()[name].rpartition('/')[2]}"
    return volume.run(image, *container["command"], *words)


def outputs(volume: Volume, component: str, values: Values) -> dict[str, Any]:
    """Runs a component; gives back its output metadata."""
    ended = run(volume, component, values)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    file = volume.folder / "kfp" / component / "output_metadata.json"
    metadata: dict[str, Any] = json.loads(file.read_text())
    return metadata


def metadata_of(output: Mapping[str, Any], name: str) -> dict[str, Any]:
    (artifact,) = output["artifacts"][name]["artifacts"]
    metadata: dict[str, Any] = artifact["metadata"]
    return metadata


def test_a_generation_by_the_components_commands(volume: Volume, outside: SearchRoot) -> None:
    root = f"{MOUNT}/components"
    filled = small_form(root)
    started = outputs(volume, "start", arguments(TASKS["start"], filled))
    assert started["parameterValues"] == {"first": 0, "last": 1, "go": True}
    assert metadata_of(started, "search")["space"] == "tiny_video"
    (search,) = started["artifacts"]["search"]["artifacts"]
    assert search["uri"] == root

    prepared = outputs(volume, "data-prep", arguments(STEPS["data-prep"], filled))
    assert metadata_of(prepared, "dataset")["digest"] == outside.need_dataset().digest

    here = arguments(STEPS["generation"], {**filled, **started["parameterValues"]})
    mutated = outputs(volume, "mutate", arguments(IN_A_GENERATION["mutate"], here))
    assert mutated["parameterValues"] == {
        "generation": 0, "go": True, "batches": [["000000-00", "000000-01", "000000-02"]],
    }
    assert metadata_of(mutated, "candidates")["born"] == 3

    work = {"search_root": root, "generation": 0}
    for names in mutated["parameterValues"]["batches"]:
        trained = outputs(volume, "train-candidate", {**work, "names": names})
        assert set(metadata_of(trained, "trained")) >= set(names)
        evaluated = outputs(volume, "evaluate", {**work, "names": names})
        assert evaluated["parameterValues"] == {"Output": 3}
    selected = outputs(volume, "select", {**work, "evaluated": [3]})
    assert metadata_of(selected, "metrics")
    assert metadata_of(selected, "best")["outcome"] == "ok"
    assert (volume.folder / "kfp/select/report").read_text().startswith("<!DOCTYPE html>")

    kept = SearchRoot(str(volume.folder / "components"))
    assert kept.need_candidates(0) == outside.need_candidates(0)
    assert kept.head() == 0


def test_a_component_that_fails_ends_with_2_and_one_sentence(volume: Volume) -> None:
    values = {**small_form(f"{MOUNT}/bad"), "population": 0}
    said = run(volume, "start", arguments(TASKS["start"], values))
    assert said.returncode == 2
    (told,) = sentences(said)
    assert "population is 0" in told
    assert not (volume.folder / "bad").exists()
