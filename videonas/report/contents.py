"""What the tables of a report say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from videonas.codec import canonical
from videonas.report import formats
from videonas.report.edits import EditText, edit_text
from videonas.report.quantities import Quantity
from videonas.report.summary import ancestry
from videonas.search.budget import Budget
from videonas.search.dataset import Dataset
from videonas.search.goal import why_met
from videonas.search.lineage import Lineage
from videonas.search.result import OUTCOMES
from videonas.search.root import SearchRoot
from videonas.search.settings import Settings, decides_of, plain_defaults


@dataclass(frozen=True)
class AncestorRow:
    """One row of the ancestry."""

    name: str
    generation: int
    origin: str
    edits: list[EditText]
    fitness: str
    metric: str
    change: str
    better: bool | None


def ancestry_rows(
    lineage: Lineage, name: str, settings: Settings, kind: type[Any], metric: Quantity
) -> list[AncestorRow]:
    """The ancestry of an individual, the sampled one first.

    Args:
        lineage: of the search.
        name: of the individual.
        settings: of the search.
        kind: the class of the space's architectures.
        metric: what is shown beside the fitness.
    """
    return [
        AncestorRow(
            step.member.individual.name,
            step.member.individual.generation,
            step.member.individual.origin,
            [edit_text(edit, kind) for edit in step.member.individual.edits],
            formats.decimal(step.fitness),
            metric.text(metric.value(step.member)),
            formats.signed(step.change),
            step.change > 0 if step.change else None,
        )
        for step in ancestry(lineage, name, settings)
    ]


@dataclass(frozen=True)
class SettingRow:
    """One row of the settings; `changed` from the default."""

    name: str
    value: str
    default: str
    changed: bool
    fixed: bool
    about: str


def setting_rows(settings: Settings) -> list[SettingRow]:
    """Every setting, in the order of the class."""
    values, defaults = settings.model_dump(mode="json"), plain_defaults()
    rows = []
    for name, field in type(settings).model_fields.items():
        default = defaults[name]
        rows.append(SettingRow(
            name, setting_text(values[name]), setting_text(default), values[name] != default,
            decides_of(name) != "run", field.description or "",
        ))
    return rows


def setting_text(value: Any) -> str:
    """The value of a setting as people write it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return canonical(value).decode().replace(",", ", ").replace(":", ": ")
    return str(value)


def budget_sentence(budget: Budget) -> str:
    """The limits in words."""
    parts = []
    if budget.max_latency_ms is not None:
        parts.append(f"latency up to {budget.max_latency_ms:g} ms")
    if budget.max_parameters is not None:
        parts.append(f"up to {formats.quantity(budget.max_parameters)} parameters")
    if budget.max_macs is not None:
        parts.append(f"up to {formats.quantity(budget.max_macs)} multiply-adds")
    return ", ".join(parts) or "none"


def fitness_words(settings: Settings) -> str:
    """What selection maximises, in words."""
    words = {"loss": "minus the loss", "top1+top5": "top-1 + top-5", "map": "mAP"}
    return words.get(settings.fitness, settings.fitness)


def facts(settings: Settings, dataset: Dataset | None, budget: Budget) -> list[tuple[str, str]]:
    """What was searched, as pairs of a word and what it is."""
    found = [
        ("Space", settings.space),
        ("Algorithm", settings.algorithm),
        ("Seed", str(settings.seed)),
        ("Fitness", fitness_words(settings)),
        ("Budget", budget_sentence(budget)),
    ]
    if dataset is None:
        return [*found, ("Data", "not prepared yet")]
    clips = ", ".join(f"{split.clips:,} {name}" for name, split in dataset.splits.items())
    classes = f"{len(dataset.classes)}: {formats.names(list(dataset.classes))}"
    if dataset.task.multi_label:
        classes += "; a clip can have several"
    return [*found, ("Clips", clips), ("Classes", classes)]


def turns(lineage: Lineage, settings: Settings) -> list[tuple[str, str]]:
    """What a search has met or what happened to it on the way, as `facts`."""
    met = why_met(lineage, settings)
    goal = [("Goal met", f"{met}.")] if met else []
    changes = [f"{change[0].upper()}{change[1:]}." for change in lineage.changes]
    return goal + [("New videos", change) for change in changes]


def under_way(root: SearchRoot, generation: int) -> str:
    """How far the generation is that has begun and not ended; empty where there is none."""
    candidates = root.candidates(generation)
    dataset = root.dataset(candidates.data) if candidates else None
    if candidates is None or dataset is None:
        return ""
    results = [root.result(individual, dataset) for individual in candidates.individuals]
    done = sum(result.outcome(candidates.budget) is not None for result in results)
    return (
        f"Generation {generation} is under way: {done} of "
        f"{formats.plural(len(results), 'candidate')} done."
    )


@dataclass(frozen=True)
class OutcomeTable:
    """Counts by generation and outcome.

    Attributes:
        outcomes: those that occurred.
        rows: generation, counts in the order of `outcomes`, and their sum.
        totals: over all generations.
    """

    outcomes: list[str]
    rows: list[tuple[int, list[int], int]]
    totals: list[int]


def outcome_table(counts: Sequence[dict[Any, int]]) -> OutcomeTable:
    """The table of outcomes, without columns of zeros."""
    present = [o for o in OUTCOMES if any(row[o] for row in counts)]
    rows = [(g, [row[o] for o in present], sum(row.values())) for g, row in enumerate(counts)]
    totals = [sum(row[o] for row in counts) for o in present]
    return OutcomeTable(list(present), rows, totals)
