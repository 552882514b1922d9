"""What the tables of a report say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from videonas.codec import canonical
from videonas.report import formats
from videonas.report.edits import EditText, edit_text
from videonas.report.summary import ancestry
from videonas.search.budget import Budget
from videonas.search.dataset import Dataset
from videonas.search.lineage import Lineage
from videonas.search.population import Member
from videonas.search.result import OUTCOMES, Latency
from videonas.search.root import SearchRoot
from videonas.search.settings import Settings, decides_of, plain_defaults


@dataclass(frozen=True)
class Comparison:
    """One row of the table that sets the best beside the best of the first generation."""

    quantity: str
    best: str
    note: str
    first: str
    change: str
    better: bool | None


def comparison(best: Member[Any], first: Member[Any] | None) -> list[Comparison]:
    """The best network in numbers, and how it differs from the best of the first generation."""
    now, before = best.result, first.result if first else None
    rows = []
    for label, name in (("Top-1", "top1"), ("Top-5", "top5"), ("Loss", "loss")):
        old = before.metrics.get(name) if before else None
        new = now.metrics.get(name)
        difference = None if old is None or new is None else new - old
        text = formats.decimal if name == "loss" else formats.percent
        change = formats.signed(difference) if name == "loss" else formats.points(difference)
        better = _better(difference, lower_is_better=name == "loss")
        rows.append(Comparison(label, text(new), "", text(old), change, better))
    for label, cost in (("Parameters", "parameters"), ("MACs", "macs")):
        count = getattr(now.costs, cost)
        old_count = getattr(before.costs, cost) if before else None
        rows.append(Comparison(
            label, formats.quantity(count), "", formats.quantity(old_count),
            formats.factor(count, old_count), None,
        ))
    rows.append(_latency_row(now.latency, before.latency if before else None))
    return rows


def _latency_row(now: Latency | None, before: Latency | None) -> Comparison:
    alike = now and before and now.device == before.device and now.threads == before.threads
    new = now.median_ms if now else None
    old = before.median_ms if before else None
    note = "{:.2f} to {:.2f}".format(*now.quartiles_ms) if now else ""
    change = formats.factor(new, old) if alike else formats.NOTHING
    better = _better(new - old, lower_is_better=True) if alike and new and old else None
    return Comparison(
        "Latency", formats.milliseconds(new) if now else "not measured", note,
        formats.milliseconds(old), change, better,
    )


def _better(difference: float | None, *, lower_is_better: bool) -> bool | None:
    if not difference:
        return None
    return (difference < 0) == lower_is_better


def latency_sentence(latency: Latency | None) -> str:
    """How latency was measured, and on what."""
    if latency is None:
        return "Latency was not measured."
    return (
        f"Latency is the median of {latency.repeats} passes of one clip with "
        f"{formats.plural(latency.threads, 'thread')} on {latency.device}; "
        "the quartiles stand below it."
    )


@dataclass(frozen=True)
class AncestorRow:
    """One row of the ancestry."""

    name: str
    generation: int
    origin: str
    edits: list[EditText]
    fitness: str
    top1: str
    change: str
    better: bool | None


def ancestry_rows(
    lineage: Lineage, name: str, settings: Settings, kind: type[Any]
) -> list[AncestorRow]:
    """The ancestry of an individual, the sampled one first."""
    return [
        AncestorRow(
            step.member.individual.name,
            step.member.individual.generation,
            step.member.individual.origin,
            [edit_text(edit, kind) for edit in step.member.individual.edits],
            formats.decimal(step.fitness),
            formats.percent(step.member.result.metrics.get("top1")),
            formats.signed(step.change),
            _better(step.change, lower_is_better=False),
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
            name, _setting_text(values[name]), _setting_text(default), values[name] != default,
            decides_of(name) != "run", field.description or "",
        ))
    return rows


def _setting_text(value: Any) -> str:
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


def facts(settings: Settings, dataset: Dataset | None, budget: Budget) -> list[tuple[str, str]]:
    """What was searched, as pairs of a word and what it is."""
    found = [
        ("Space", settings.space),
        ("Algorithm", settings.algorithm),
        ("Seed", str(settings.seed)),
        ("Fitness", "minus the loss" if settings.fitness == "loss" else "top-1 + top-5"),
        ("Budget", budget_sentence(budget)),
    ]
    if dataset is None:
        return [*found, ("Data", "not prepared yet")]
    clips = ", ".join(f"{split.clips:,} {name}" for name, split in dataset.splits.items())
    classes = f"{len(dataset.classes)}: {formats.names(list(dataset.classes))}"
    return [*found, ("Clips", clips), ("Classes", classes)]


def under_way(root: SearchRoot, dataset: Dataset | None, generation: int) -> str:
    """How far the generation is that has begun and not ended; empty where there is none."""
    candidates = root.candidates(generation)
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
