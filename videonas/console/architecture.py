"""One network: its table, its picture, its costs."""

from __future__ import annotations

from pathlib import Path

from videonas.search.architecture_file import read_architecture
from videonas.spaces import architecture_id


def print_architecture(path: Path, svg: Path | None) -> None:
    """Prints an architecture as a table and a picture, with its costs.

    Args:
        path: an `architecture.yaml`.
        svg: also write the picture there.

    Raises:
        VideonasError: the file cannot be read, or is not an architecture.
    """
    from rich.console import Console
    from rich.table import Table

    from videonas.report.diagram import diagram_svg, diagram_text

    space, architecture, task = read_architecture(path)
    rows = space.table(architecture, task)
    costs, diagram = space.costs(architecture, task), space.diagram(architecture, task, {})
    table = Table(*rows[0], title=f"{space.name} {architecture_id(space.name, architecture)}")
    for row in rows:
        table.add_row(*row.values())
    console = Console()
    console.print(table)
    console.print(diagram_text(diagram), markup=False, highlight=False)
    console.print(f"{costs.parameters:,} parameters, {costs.macs:,} multiply-adds a clip")
    if svg:
        svg.write_text(diagram_svg(diagram), encoding="utf-8")
        console.print(f"picture: {svg.absolute()}", highlight=False, markup=False, soft_wrap=True)
