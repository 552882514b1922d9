"""Every individual as one short row, from which the page's script makes its table."""

from __future__ import annotations

from typing import Any

from videonas.report.edits import EditText, edit_text
from videonas.report.formats import shortened
from videonas.search.budget import Budget
from videonas.search.lineage import Lineage, fitness
from videonas.search.population import Member
from videonas.search.result import OUTCOMES, Outcome, Result
from videonas.search.settings import Settings

COLUMNS = (
    "name", "id", "outcome", "parents", "edits", "fitness", "top1", "top5", "loss", "parameters",
    "macs", "latency", "quartiles", "seconds", "message",
)
"""What a row holds, in this order: numbers as in the records, None where there is none."""


def individual_rows(lineage: Lineage, settings: Settings, kind: type[Any]) -> dict[str, Any]:
    """The rows of all individuals in order of birth, for `tojson`.

    Args:
        lineage: of the search.
        settings: for the fitness.
        kind: the class of the space's architectures.

    Returns:
        `columns`, `outcomes` (a row has an index into them), and `rows`.
    """
    rows = [
        _row(member, generation.outcome_of(member), generation.budget, settings, kind)
        for generation in lineage.generations
        for member in generation.newborn
    ]
    return {"columns": COLUMNS, "outcomes": OUTCOMES, "rows": rows}


def _row(
    member: Member[Any], outcome: Outcome, budget: Budget, settings: Settings, kind: type[Any]
) -> list[Any]:
    individual, result = member.individual, member.result
    edits = [edit_text(edit, kind) for edit in individual.edits]
    metrics, latency = result.metrics, result.latency
    return [
        individual.name,
        individual.id,
        OUTCOMES.index(outcome),
        list(individual.parents),
        [[_operator(edit), edit.path, edit.before, edit.after] for edit in edits],
        _rounded(fitness(member, settings)),
        *(_rounded(metrics.get(name)) for name in ("top1", "top5", "loss")),
        result.costs.parameters,
        result.costs.macs,
        _rounded(latency.median_ms if latency else None),
        [round(quartile, 3) for quartile in latency.quartiles_ms] if latency else None,
        round(_seconds(result), 1),
        "" if outcome == "ok" else shortened(result.message(budget)),
    ]


def _operator(edit: EditText) -> str:
    """An operator's name, left out where the path ends with it, as most do."""
    return "" if edit.operator == edit.path.rpartition(".")[2] else edit.operator


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _seconds(result: Result) -> float:
    parts = (result.training, result.evaluation)
    return sum(sum(part.seconds.values()) for part in parts if part is not None)
