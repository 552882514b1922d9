"""What Kubeflow shows of the files under a search root."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.steps.test_metadata import assert_storable
from tests.synthetic import make_search
from videonas.steps.artifacts import show, show_network, show_outcomes
from videonas.steps.metadata import network_address, network_metadata


def artifact(folder: Path) -> Any:
    """As KFP hands one to a component; it has no other attribute that may be set."""
    return SimpleNamespace(path=str(folder / "artifact"), metadata={})


def test_the_address_is_in_the_metadata_and_first_in_the_text(tmp_path: Path) -> None:
    made = artifact(tmp_path)
    show(made, "a search", "gs://bucket/search", {"space": "tiny_video", "seed": 3})
    assert made.metadata == {"address": "gs://bucket/search", "space": "tiny_video", "seed": 3}
    assert Path(made.path).read_text().splitlines() == [
        "gs://bucket/search: a search", "space: tiny_video", "seed: 3",
    ]
    assert vars(made).keys() == {"path", "metadata"}


def test_a_network_is_shown_with_its_results(tmp_path: Path) -> None:
    root = make_search(tmp_path / "root", 1, 4, 2)
    for member in root.lineage().members.values():
        made = artifact(tmp_path)
        show_network(made, root, member)
        assert_storable(made.metadata)
        assert made.metadata == {
            "address": network_address(root, member), **network_metadata(root, member)
        }


def test_a_candidate_without_an_outcome_is_shown_as_what_was_done(tmp_path: Path) -> None:
    root = make_search(tmp_path / "root", 1, 4, 2)
    made = artifact(tmp_path)
    outcomes: dict[str, Any] = {"000000-00": None, "000000-01": "over_budget"}
    show_outcomes(made, root, 0, outcomes, otherwise="trained")
    assert_storable(made.metadata)
    assert made.metadata == {
        "address": root.generation_address(0), "000000-00": "trained", "000000-01": "over_budget",
    }
