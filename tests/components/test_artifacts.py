"""What the components leave in Kubeflow's artifact store, called as functions on real searches."""

from __future__ import annotations

import math
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kfp import dsl

from components.data_prep import data_prep
from components.evaluate import evaluate
from components.finish import finish
from components.mutate import mutate
from components.select import select
from components.start import start
from pipelines.form import SETTING_FIELDS
from tests.synthetic import make_search
from videonas.search.root import SearchRoot
from videonas.search.settings import Settings
from videonas.steps.metadata import network_address, network_metadata
from videonas.steps.start import FORM_HAS_NO_NONE

Artifacts = dict[str, Any]
Call = Callable[..., tuple[Any, Artifacts]]


@pytest.fixture
def call(tmp_path: Path) -> Iterator[Call]:
    """Calls a component's function with artifacts, gives back what it returns and what it made."""

    def function(component: Any, **given: Any) -> tuple[Any, Artifacts]:
        spec = component.component_spec
        made = {
            name: getattr(dsl, output.type.partition("@")[0].removeprefix("system."))(
                name=name, uri=str(tmp_path / component.name / name)
            )
            for name, output in (spec.outputs or {}).items() if output.type.startswith("system.")
        }
        (tmp_path / component.name).mkdir(exist_ok=True)
        taken = {
            name: dsl.Artifact(name=name, uri="nowhere") for name, each in spec.inputs.items()
            if each.type.startswith("system.")
        }
        returned = component.python_func(**taken, **made, **given)
        for name, artifact in made.items():
            assert artifact.uri == str(tmp_path / component.name / name), "it is KFP's alone"
        return returned, made

    handler = signal.getsignal(signal.SIGTERM)
    yield function
    signal.signal(signal.SIGTERM, handler)


def assert_shown(network: Any, root: SearchRoot, name: str) -> None:
    """The artifact is of a type that the UI knows, and says all of a network."""
    member = root.lineage().members[name]
    address = network_address(root, member)
    assert network.schema_title == "system.Model"
    assert network.metadata == {"address": address, **network_metadata(root, member)}
    text = Path(network.path).read_text()
    assert text.startswith(f"{address}: ")
    assert f"\narchitecture: {member.individual.id}\n" in text


def test_a_generation_shows_its_best_network_and_its_numbers(tmp_path: Path, call: Call) -> None:
    root = make_search(tmp_path / "root", 2, 5, 3)
    _, made = call(select, search_root=root.uri, generation=1, go=True)
    best = root.lineage().best(root.settings, 1)
    assert best is not None
    assert_shown(made["best"], root, best.individual.name)
    numbers = made["metrics"].metadata
    assert made["metrics"].schema_title == "system.Metrics"
    assert numbers["best_fitness"] == made["best"].metadata["fitness"]
    assert all(isinstance(n, (int, float)) and math.isfinite(n) for n in numbers.values())
    assert made["report"].schema_title == "system.HTML"
    assert best.individual.name in Path(made["report"].path).read_text()
    assert made["population"].metadata["address"] == root.generation_address(1)


def test_a_batch_shows_its_outcomes_and_its_best_network(tmp_path: Path, call: Call) -> None:
    root = make_search(tmp_path / "root", 1, 4, 2, troubles={})
    members = root.lineage().members
    for member in members.values():
        for part in (member.result.latency, member.result.training, member.result.evaluation):
            root.folder_of(member).publish(part)
    names = sorted(members)
    two = names[:2]
    batch: Any = {"search_root": root.uri, "generation": 0, "gpus": ""}
    _, made = call(evaluate, names=" ".join(two), **batch)
    assert_shown(made["network"], root, made["network"].metadata["individual"])
    assert made["evaluated"].metadata == {
        "address": root.generation_address(0), **dict.fromkeys(two, "ok")
    }
    _, made = call(evaluate, names=names[2], **batch)
    assert_shown(made["network"], root, names[2])


def test_mutate_gives_batches_of_names_and_says_how_many_were_born(
    tmp_path: Path, call: Call
) -> None:
    root = make_search(tmp_path / "root", 1, 4, 3, candidates_per_pod=2, max_parameters=10**7)
    named: Any = {"search_root": root.uri, "first": 1, "last": 1}
    (generation, go, batches), made = call(mutate, offset=0, **named)
    assert (generation, go, batches) == (1, True, ["000001-00 000001-01", "000001-02"])
    assert made["candidates"].metadata == {
        "address": root.generation_address(1), "generation": 1, "born": 3, "to_train": 3,
    }
    (generation, go, batches), _ = call(mutate, offset=1, **named)
    assert (generation, go, batches) == (2, False, [])


def test_start_and_what_has_nothing_to_do_show_where_the_search_is(
    tmp_path: Path, call: Call
) -> None:
    root = make_search(tmp_path / "root", 1, 4, 3, finish_best=0)
    form = {
        setting: FORM_HAS_NO_NONE.get(setting, value)
        for setting in SETTING_FIELDS.values()
        if (value := getattr(root.settings, setting)) is not None or setting in FORM_HAS_NO_NONE
    }
    assert form["population"] == root.settings.population != Settings().population
    (first, last, go), made = call(
        start, search_root=root.uri, space="tiny_video", most_generations=5, settings={},
        retry_failed=False, **form,
    )
    assert (first, last, go) == (1, root.settings.generations, True)
    assert made["search"].metadata["address"] == root.uri
    assert made["search"].metadata["generations_done"] == 1
    _, made = call(data_prep, search_root=root.uri)
    assert made["dataset"].schema_title == "system.Dataset"
    assert made["dataset"].metadata["digest"] == root.need_dataset().digest
    _, made = call(finish, search_root=root.uri, gpus="")
    assert made["network"].metadata == made["metrics"].metadata == {}
