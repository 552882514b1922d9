"""One network: its table, its picture, its costs, and what a search knows of it."""

from __future__ import annotations

from pathlib import Path

from rich.table import Table

from videonas.console.output import write_output
from videonas.console.records import network_record
from videonas.console.screen import facts, printed, printed_json, printed_line, table
from videonas.console.subjects import Born, Subject, subject_in, subjects
from videonas.console.wording import made_by, result_facts, worth
from videonas.report.diagram import diagram_file, diagram_text
from videonas.spaces import Diagram


def print_network(
    word: str,
    individual: str | None = None,
    *,
    svg: Path | None = None,
    classes: int | None = None,
    as_json: bool = False,
) -> None:
    """Prints a network as a table and a picture, with its costs and its result.

    Args:
        word: see `subjects`; a search root where there is an individual.
        individual: name of somebody born in the search.
        svg: also write the picture there.
        classes: how many, where that is not said.
        as_json: as a program reads it, see `network_record`.

    Raises:
        VideonasError: there is no such network.
    """
    subject = subject_in(word, individual) if individual else subjects([word], classes)[0]
    if svg:
        write_output(svg, diagram_file(_diagram(subject)))
    if as_json:
        printed_json(network_record(subject))
        return
    _print(subject)
    if svg:
        printed_line(f"picture: {svg.absolute()}")


def _diagram(subject: Subject) -> Diagram:
    return subject.space.diagram(subject.architecture, subject.task, subject.learned)


def _print(subject: Subject) -> None:
    rows = subject.space.table(subject.architecture, subject.task)
    costs = subject.space.costs(subject.architecture, subject.task)
    printed(
        f"{subject.label}: {subject.space.name} {subject.id}",
        table([*rows[0]], [[*row.values()] for row in rows]),
        diagram_text(_diagram(subject)),
        f"{costs.parameters:,} parameters, {costs.macs:,} multiply-adds a clip, "
        f"{subject.task.classes:,} classes{', assumed' if subject.assumed_classes else ''}",
        *(f"left out: {sentence}" for sentence in subject.left_out),
    )
    if subject.born:
        printed(facts(result_facts(subject.born)), "", "ancestry", _ancestry(subject.born))


def _ancestry(born: Born) -> Table:
    kind = born.search.root.space.kind
    rows = [
        (each.name, made_by(each.member.individual, kind), worth(each)) for each in born.ancestry
    ]
    return table(("individual", "edits", "fitness"), rows, right=[2], whole=[0])
