"""What Kubeflow shows of the files under a search root.

An artifact's own URI is left alone: Kubeflow's launcher uploads the artifact there and refuses any
place outside the pipeline root of the run. So the address goes into the metadata, and into a small
text that the user interface shows in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from videonas.search.population import Member
from videonas.search.result import Outcome
from videonas.search.root import SearchRoot
from videonas.steps.metadata import network_address, network_metadata


class Artifact(Protocol):
    """An output artifact of a component; `kfp.dsl.Artifact` has these attributes."""

    path: str
    metadata: dict[str, Any]


def show(
    artifact: Artifact, what: str, address: str, metadata: Mapping[str, str | float]
) -> None:
    """Fills in an artifact.

    Args:
        artifact: to fill in.
        what: lies at the address, in words.
        address: path or URI.
        metadata: by name, flat: Kubeflow's store turns lists and mappings into something else, and
            refuses numbers that are not finite.
    """
    artifact.metadata.update({"address": address, **metadata})
    lines = [f"{address}: {what}", *(f"{name}: {value}" for name, value in metadata.items())]
    Path(artifact.path).write_text("\n".join([*lines, ""]), encoding="utf-8")


def show_network(artifact: Artifact, root: SearchRoot, member: Member[Any]) -> None:
    """Fills in the artifact of a network, with where it comes from and what is known of it."""
    what = "the results of a network, and its weights"
    show(artifact, what, network_address(root, member), network_metadata(root, member))


def show_outcomes(
    artifact: Artifact,
    root: SearchRoot,
    generation: int,
    outcomes: Mapping[str, Outcome | None],
    otherwise: str,
) -> None:
    """Fills in the artifact of a batch of candidates.

    Args:
        artifact: to fill in.
        root: where the search is kept.
        generation: of the candidates, counted from 0.
        outcomes: by name.
        otherwise: shown in the place of an outcome that is None.
    """
    shown = {name: outcome or otherwise for name, outcome in outcomes.items()}
    what = "the generation that these candidates belong to"
    show(artifact, what, root.generation_address(generation), shown)
