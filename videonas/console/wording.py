"""How individuals, edits and results are told in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from videonas.console.subjects import Born
from videonas.report import formats
from videonas.report.bill import seconds_of
from videonas.report.contents import fitness_words
from videonas.report.edits import EditText, edit_text
from videonas.report.quantities import METRICS
from videonas.search.individual import Individual
from videonas.search.result import Latency
from videonas.spaces import Edit

UNDER_WAY = "under way"
"""The outcome of somebody who has none yet."""


def edit_words(edit: Edit, kind: type[Any]) -> str:
    """An edit in a line, such as `blocks.0.filters: 8 → 16`."""
    text = edit_text(edit, kind)
    operator = "" if text.operator == text.path.rpartition(".")[2] else f"{text.operator} "
    return f"{operator}{text.path}: {_change(text)}"


def _change(text: EditText) -> str:
    if text.before and text.after:
        return f"{text.before} → {text.after}"
    return text.after or f"was {text.before}"


def made_by(individual: Individual[Any], kind: type[Any]) -> str:
    """How somebody came about: its edits, one a line, or its origin."""
    if individual.origin != "mutated":
        return individual.origin
    return "\n".join(edit_words(edit, kind) for edit in individual.edits) or "no edits"


def worth(born: Born) -> str:
    """The fitness of somebody, or the outcome that explains why there is none."""
    if born.outcome == "ok":
        return formats.decimal(born.fitness)
    return (born.outcome or UNDER_WAY).replace("_", " ")


def result_facts(born: Born) -> Iterator[tuple[str, str]]:
    """What is known of an individual, as pairs of a word and what it is."""
    individual, result = born.member.individual, born.member.result
    parents = f" from {', '.join(individual.parents)}" if individual.parents else ""
    yield "born", f"{individual.name} in {born.search.uri}, {individual.origin}{parents}"
    message = result.message(born.budget)
    yield "outcome", (born.outcome or UNDER_WAY) + (f": {message}" if message else "")
    for quantity in METRICS:
        if quantity.name in result.metrics:
            yield quantity.words, quantity.text(result.metrics[quantity.name])
    if born.fitness is not None:
        change = f", {formats.signed(born.change)} against the parent" if individual.parents else ""
        what = fitness_words(born.search.settings)
        yield "fitness", f"{formats.decimal(born.fitness)}, {what}{change}"
    if result.latency:
        yield "latency", latency_words(result.latency)
    yield "seconds", formats.duration(seconds_of(result))
    yield "result", result.key


def latency_words(latency: Latency) -> str:
    """A latency, how it scattered, and what it was measured on."""
    low, high = latency.quartiles_ms
    return (
        f"{formats.milliseconds(latency.median_ms)} (quartiles {low:.2f} to {high:.2f}), "
        f"{formats.plural(latency.threads, 'thread')}, {latency.device}"
    )
