"""What the components leave in KFP's artifact store, by kfp's own local runner."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kfp import dsl, local
from kfp.local import config as local_config

from components.evaluate import evaluate
from components.select import select
from tests.synthetic import make_search
from videonas.search.root import SearchRoot
from videonas.steps.metadata import network_address, network_metadata

TOP = Path(__file__).parents[2]


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Runs components here for a test, and keeps their artifacts in a folder."""
    monkeypatch.setenv("PYTHONPATH", str(TOP))
    folder = tmp_path / "artifacts"
    local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root=str(folder))
    yield folder
    local_config.LocalExecutionConfig.instance = None


def assert_shown(network: Any, root: SearchRoot, name: str) -> None:
    """The artifact is of a type that the UI knows, and says all of a network."""
    member = root.lineage().members[name]
    assert isinstance(network, dsl.Model)
    assert network.schema_title == "system.Model"
    assert network.uri == network_address(root, member)
    assert network.metadata == network_metadata(root, member)


def test_a_generation_shows_its_best_network_and_its_numbers(
    tmp_path: Path, artifacts: Path
) -> None:
    root = make_search(tmp_path / "root", 2, 5, 3)
    outputs = select(search_root=root.uri, generation=1, evaluated=[3]).outputs
    best = root.lineage().best(root.settings, 1)
    assert best is not None
    assert_shown(outputs["best"], root, best.individual.name)
    numbers = outputs["metrics"].metadata
    assert outputs["metrics"].schema_title == "system.Metrics"
    assert numbers["best_fitness"] == outputs["best"].metadata["fitness"]
    assert all(isinstance(n, (int, float)) and math.isfinite(n) for n in numbers.values())
    assert outputs["report"].schema_title == "system.HTML"
    assert best.individual.name in Path(outputs["report"].path).read_text()


def test_a_batch_of_one_shows_that_one_and_an_empty_one_nobody(
    tmp_path: Path, artifacts: Path
) -> None:
    root = make_search(tmp_path / "root", 1, 4, 2, troubles={})
    members = root.lineage().members
    for member in members.values():
        for part in (member.result.latency, member.result.training, member.result.evaluation):
            root.folder_of(member).publish(part)
    name = sorted(members)[2]
    outputs = evaluate(search_root=root.uri, generation=0, names=[name]).outputs
    assert_shown(outputs["network"], root, name)
    assert outputs["evaluated"].metadata == {name: "ok"}
    assert outputs["Output"] == 1
    outputs = evaluate(search_root=root.uri, generation=0, names=[]).outputs
    assert outputs["network"].metadata == {}
    assert outputs["Output"] == 0
