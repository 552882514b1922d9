"""What an artifact store is given of networks and generations."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.synthetic import make_search
from videonas.search.root import SearchRoot
from videonas.steps.evaluate import foremost
from videonas.steps.metadata import finite, network_address, network_metadata
from videonas.steps.select import select

KNOWN = {"individual", "architecture", "origin", "parents", "generation", "outcome", "parameters",
         "macs"}


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> SearchRoot:
    return make_search(tmp_path_factory.mktemp("search") / "root", 4, 6, 5)


def assert_storable(metadata: dict[str, Any]) -> None:
    """Flat, and nothing that MLMD turns into something else or refuses."""
    for name, value in metadata.items():
        assert type(value) in (str, int, float), name
        assert isinstance(value, str) or math.isfinite(value), name
    assert json.loads(json.dumps(metadata, allow_nan=False)) == metadata


def test_every_network_of_a_search_can_be_stored_whatever_became_of_it(
    search: SearchRoot,
) -> None:
    outcomes = set()
    for name, member in search.lineage().members.items():
        metadata = network_metadata(search, member)
        assert_storable(metadata)
        assert metadata.keys() >= KNOWN
        assert metadata["individual"] == metadata["display_name"] == name
        assert metadata["parents"] == ", ".join(member.individual.parents)
        assert metadata["generation"] == int(name[:6])
        assert ("fitness" in metadata) == (metadata["outcome"] == "ok")
        outcomes.add(metadata["outcome"])
    assert len(outcomes) > 1, "nothing went wrong in this search"


def test_lineage_can_be_followed_by_what_is_stored_alone(search: SearchRoot) -> None:
    members = search.lineage().members
    stored = {name: network_metadata(search, member) for name, member in members.items()}
    for name in stored:
        line = [name]
        while parents := stored[line[-1]]["parents"]:
            line.append(str(parents).partition(", ")[0])
        assert line == [m.individual.name for m in search.lineage().ancestry(name)]


def test_the_address_is_the_folder_of_the_result(search: SearchRoot) -> None:
    for member in search.lineage().members.values():
        address = Path(network_address(search, member))
        assert address.relative_to(search.uri).parts == (
            "results", member.individual.id, member.result.key
        )


@given(st.dictionaries(st.text(max_size=3), st.none() | st.floats()))
def test_only_finite_numbers_are_left(numbers: dict[str, float | None]) -> None:
    left = finite(numbers)
    assert_storable(left)
    assert len(left) == sum(v is not None and math.isfinite(v) for v in numbers.values())


def test_a_generation_has_the_same_names_of_numbers_as_any_other(tmp_path: Path) -> None:
    root = make_search(tmp_path / "root", 3, 5, 4, troubles={})
    told = [select(root, generation).metrics for generation in range(3)]
    for generation, metrics in enumerate(told):
        assert_storable(metrics)
        assert metrics["generation"] == generation
        assert metrics.keys() == told[0].keys()
    best = select(root, 2).best
    assert told[2]["best_accuracy"] == network_metadata(root, best)["accuracy"]
    assert told[2]["best_fitness"] == network_metadata(root, best)["fitness"]


def published(root: SearchRoot) -> SearchRoot:
    """A search whose results lie in their folders too, as the steps leave them."""
    for member in root.lineage().members.values():
        for part in (member.result.latency, member.result.training, member.result.evaluation):
            if part is not None:
                root.folder_of(member).publish(part)
    return root


def test_of_a_batch_the_fittest_is_shown_and_of_one_the_one(tmp_path: Path) -> None:
    root = published(make_search(tmp_path / "root", 1, 8, 2))
    newborn = {m.individual.name: m for m in root.lineage().members.values()}
    losses = {n: m.result.metrics["loss"] for n, m in newborn.items() if m.result.metrics}
    best = foremost(root, 0)
    assert best.individual.name == min(losses, key=lambda name: losses[name])
    for name, member in newborn.items():
        alone = foremost(root, 0, [name])
        assert replace(alone, result=member.result) == member
        assert network_metadata(root, alone) == network_metadata(root, member)
