"""What is printed: tables for people that fit a terminal of 80 columns, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from rich.box import SIMPLE
from rich.console import Console, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text


def printed(*parts: RenderableType) -> None:
    """Prints tables and sentences.

    Where there is no terminal, sentences are not broken into lines, and lines end where their
    words do.
    """
    console = Console()
    if console.is_terminal:
        for part in parts:
            console.print(_clean(part), highlight=False, markup=False)
        return
    with console.capture() as captured:
        for part in parts:
            whole = isinstance(part, str)
            console.print(_clean(part), highlight=False, markup=False, soft_wrap=whole)
    for line in captured.get().splitlines():
        print(line.rstrip())


def printed_line(line: str) -> None:
    """Prints a line that is cut out by hand, such as a path: it is never broken."""
    Console().print(_clean(line), highlight=False, markup=False, soft_wrap=True)


def printed_json(value: Any) -> None:
    """Prints a JSON value."""
    print(json.dumps(value, indent=1, allow_nan=False))


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    right: Sequence[int] = (),
    whole: Sequence[int] = (),
) -> Table:
    """A table whose cells are taken word by word.

    Args:
        headings: of the columns.
        rows: cells, as many in each as there are headings.
        right: columns that are aligned to the right.
        whole: columns whose cells are not broken into lines.
    """
    made = Table(box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    for place, heading in enumerate(headings):
        side: JustifyMethod = "right" if place in right else "left"
        made.add_column(_text(heading), justify=side, overflow="fold", no_wrap=place in whole)
    for row in rows:
        made.add_row(*map(_text, row))
    return made


def facts(pairs: Iterable[tuple[str, str]]) -> Table:
    """Words and what they are, one pair a line."""
    made = Table.grid(padding=(0, 2))
    made.add_column(no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in pairs:
        made.add_row(_text(name), _text(value))
    return made


def _text(words: str) -> Text:
    return Text(_printable(words))


def _clean(part: RenderableType) -> RenderableType:
    return _printable(part) if isinstance(part, str) else part


def _printable(words: str) -> str:
    """Words without what would move the cursor: a message or a name may hold anything."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in words)
