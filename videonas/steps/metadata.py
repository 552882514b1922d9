"""What an artifact store shows of a network: flat, strings and finite numbers only."""

from __future__ import annotations

import math
from typing import Any

from videonas.search.budget import Budget
from videonas.search.lineage import fitness
from videonas.search.population import Member
from videonas.search.root import SearchRoot


def network_address(root: SearchRoot, member: Member[Any]) -> str:
    """The folder of a member's result under the search root."""
    return root.records.where(root.folder_of(member).folder)


def network_metadata(root: SearchRoot, member: Member[Any]) -> dict[str, str | float]:
    """A network, where it comes from, and what is known of it so far.

    Args:
        root: where the search is kept.
        member: who.

    Returns:
        values by name; what is not known, or is no finite number, is left out.
    """
    individual, result = member.individual, member.result
    numbers = {
        "fitness": fitness(member, root.settings),
        "accuracy": accuracy(result.metrics),
        "loss": result.metrics.get("loss"),
        "parameters": result.costs.parameters,
        "macs": result.costs.macs,
        "latency_ms": result.latency.median_ms if result.latency else None,
    }
    return {
        "display_name": individual.name,
        "individual": individual.name,
        "architecture": individual.id,
        "origin": individual.origin,
        "parents": ", ".join(individual.parents),
        "generation": individual.generation,
        "outcome": result.outcome(Budget.of(root.settings)) or "not finished",
        **finite(numbers),
    }


def accuracy(metrics: dict[str, float]) -> float | None:
    """Top-1 accuracy, or mean average precision where a video can have several labels."""
    return metrics.get("map", metrics.get("top1"))


def finite(numbers: dict[str, float | None]) -> dict[str, float]:
    """Those that an artifact store can hold."""
    return {n: v for n, v in numbers.items() if v is not None and math.isfinite(v)}
