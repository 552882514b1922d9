"""Every individual as one short row, from which the page's script makes its table."""

from __future__ import annotations

from typing import Any

from videonas.report.bill import seconds_of, steps_if_fewer
from videonas.report.drawings import Drawings
from videonas.report.edits import EditText, edit_text
from videonas.report.formats import shortened
from videonas.report.quantities import Quantity, metrics_of
from videonas.search.individual import ORIGINS
from videonas.search.lineage import Lineage, fitness
from videonas.search.population import Member
from videonas.search.result import OUTCOMES, Result
from videonas.search.settings import Settings
from videonas.spaces import SearchSpace
from videonas.task import Task

BIRTH = ("name", "origin", "outcome", "parents", "edits", "message", "network")
"""What the row of an individual holds: `origin`, `outcome`, `message` and `network` are numbers of
rows."""

NETWORK = (
    "id", "drawing", "fitness", "parameters", "macs", "latency", "quartiles", "seconds", "steps",
    "inherited",
)
"""What the row of a network holds before its metrics: numbers as in the records, None where there
is none; `drawing` is the number of a diagram; `steps` are those of a training that ended early;
`inherited` are the parameters that it began with of its parent's, and all steps behind its weights.
"""


class _Table:
    """Rows that are kept once each, and numbered."""

    def __init__(self) -> None:
        self.rows: dict[Any, int] = {}

    def number(self, row: Any) -> int:
        """The number of a row, which is added unless it is there."""
        return self.rows.setdefault(row, len(self.rows))


def individual_rows(
    lineage: Lineage, settings: Settings, space: SearchSpace[Any], task: Task | None
) -> dict[str, Any]:
    """The rows of all individuals in order of birth, for `tojson`.

    Individuals of equal architectures share the row of their network, and its drawing.

    Args:
        lineage: of the search.
        settings: of the search.
        space: of the search; it draws the networks.
        task: what the networks are for; without it none is drawn.

    Returns:
        `columns` and `rows` of individuals, `network_columns` and `networks`, `metrics` with their
        names and labels, `origins`, `outcomes`, `messages`, `drawings`, and the `train_steps` of
        the settings.
    """
    metrics, drawings = metrics_of(lineage), Drawings()
    networks, messages, drawn = _Table(), _Table(), dict[str, int]()
    rows = []
    for generation in lineage.generations:
        for member in generation.newborn:
            individual, outcome = member.individual, generation.outcome_of(member)
            if task is not None and individual.id not in drawn:
                drawn[individual.id] = drawings.add(_diagram(member, space, task))
            network = _network(member, settings, metrics, drawn.get(individual.id))
            message = "" if outcome == "ok" else shortened(member.result.message(generation.budget))
            rows.append([
                individual.name, ORIGINS.index(individual.origin), OUTCOMES.index(outcome),
                individual.parents,
                [_edit(edit_text(edit, space.kind)) for edit in individual.edits],
                messages.number(message), networks.number(network),
            ])
    return {
        "columns": BIRTH, "rows": rows,
        "network_columns": (*NETWORK, *(metric.name for metric in metrics)),
        "networks": list(networks.rows),
        "metrics": [[m.name, m.label, m.is_share, m.highest] for m in metrics],
        "origins": ORIGINS, "outcomes": OUTCOMES, "messages": list(messages.rows),
        "drawings": drawings.rows(),
        "train_steps": settings.train_steps,
    }


def _network(
    member: Member[Any], settings: Settings, metrics: list[Quantity], drawing: int | None
) -> tuple[Any, ...]:
    result, latency = member.result, member.result.latency
    return (
        member.individual.id,
        drawing,
        _rounded(fitness(member, settings)),
        result.costs.parameters,
        result.costs.macs,
        _rounded(latency.median_ms if latency else None),
        tuple(round(quartile, 3) for quartile in latency.quartiles_ms) if latency else None,
        round(seconds_of(result), 1),
        steps_if_fewer(result, settings),
        _inherited(result),
        *(_rounded(metric.value(member)) for metric in metrics),
    )


def _inherited(result: Result) -> tuple[int, int | None] | None:
    training = result.training
    if training is None or training.inherited is None:
        return None
    return training.inherited.parameters["inherited"], training.total_steps


def _diagram(member: Member[Any], space: SearchSpace[Any], task: Task) -> Any:
    training = member.result.training
    return space.diagram(member.individual.architecture, task, training.learned if training else {})


def _edit(edit: EditText) -> list[str]:
    """An operator's name is left out where the path ends with it, as most do."""
    operator = "" if edit.operator == edit.path.rpartition(".")[2] else edit.operator
    return [operator, edit.path, edit.before, edit.after]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
