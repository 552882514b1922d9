"""What people see in a terminal."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from videonas.search.architecture_file import read_architecture
from videonas.search.settings import Settings, decides_of, plain_defaults
from videonas.spaces import architecture_id

log = logging.getLogger(__name__)

LOG_SECONDS = 10.0
"""Between two log lines where there is no terminal to draw a progress bar on."""


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar, or log lines where there is no terminal.

    Yields:
        a function to be told how many of how many are done.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _LogLines(what)
        return
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


class _LogLines:
    """Progress as a log line now and then."""

    def __init__(self, what: str) -> None:
        self._what, self._last = what, time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if done == total or now - self._last > LOG_SECONDS:
            self._last = now
            log.info("%d of %d %s", done, total, self._what)


def print_settings(*, as_json: bool) -> None:
    """Prints every setting with its default, what it decides and what it means."""
    rows = settings_rows()
    if as_json:
        print(json.dumps(rows, indent=1))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("setting", "default", "decides", "meaning")
    for row in rows:
        table.add_row(row["name"], json.dumps(row["default"]), row["decides"], row["meaning"])
    Console().print(table)


def settings_rows() -> list[dict[str, Any]]:
    """Every setting as `name`, `default`, `decides`, `meaning`."""
    defaults = plain_defaults()
    return [
        {"name": name, "default": defaults[name], "decides": decides_of(name),
         "meaning": field.description}
        for name, field in Settings.model_fields.items()
    ]


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
