"""Text files and CSV tables, whoever wrote them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Set

from videonas.data.places import Place
from videonas.errors import DataError

TABLE_SUFFIXES = (".csv", ".tsv")
JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
LIST_SUFFIXES = TABLE_SUFFIXES + JSON_SUFFIXES
"""What the name of a list of videos ends in."""

_FIRST_LINE = 1 << 16
"""Bytes in which the names of the columns are looked for."""


def read_text(path: Place) -> str:
    """The text of a UTF-8 file, without the mark that some programs put before it.

    Raises:
        DataError: it cannot be read, or is not UTF-8.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"videos: {path} cannot be read ({error.strerror})") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"videos: {path}, line {line}: the byte 0x{data[error.start]:02x} is not UTF-8; save "
            "the file as UTF-8"
        ) from None


def read_lines(path: Place) -> Iterator[tuple[int, str]]:
    """The lines of a text file that hold anything, with their numbers from 1, stripped.

    Raises:
        DataError: see `read_text`.
    """
    return lines_of(read_text(path))


def lines_of(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a text as `read_lines` gives them.

    Only line feeds and carriage returns end one: JSON may hold other separators as they are.
    """
    for number, line in enumerate(io.StringIO(text, newline=None), 1):
        if line.strip():
            yield number, line.strip()


def tables_with(place: Place, columns: Set[str]) -> dict[Place, tuple[str, ...]]:
    """The CSV tables in a folder, or the one at a place, that have some columns, and all theirs."""
    paths = sorted(filter(_is_csv, place.iterdir())) if place.is_dir() else [place]
    return {path: names for path in paths if columns <= set(names := columns_of(path))}


def _is_csv(path: Place) -> bool:
    return path.name.endswith(".csv") and not path.name.startswith(".")


def columns_of(path: Place) -> tuple[str, ...]:
    """The names of a table's columns in lower case; nothing where the file cannot be read."""
    try:
        with path.open("rb") as file:
            text = file.read(_FIRST_LINE).decode("utf-8-sig", "replace")
    except OSError:
        return ()
    try:
        return next(_cells(text))[1]
    except (csv.Error, StopIteration):
        return ()


def read_table(path: Place, *, strict: bool) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV table by column, each with the number of its last line, from 1.

    The first row names the columns, which are given in lower case. Cells are separated by commas,
    or by semicolons or tabs where the first row has no comma. Empty rows are left out; a cell
    that is missing at the end of a row is empty.

    Args:
        path: the file.
        strict: whether quotes that do not match, cells without a column and a column twice are
            errors.

    Raises:
        DataError: the file cannot be read, is not UTF-8, or is no such table.
    """
    lines, number = _cells(read_text(path), strict=strict), 0
    try:
        _, names = next(lines, (0, tuple[str, ...]()))
        _check_names(path, names, strict)
        for number, cells in lines:
            if strict and len(cells) > len(names):
                raise DataError(
                    f"videos: {path}, line {number}: found {len(cells)} cells, and the first row "
                    f"names {len(names)} columns"
                )
            row = dict.fromkeys(names, "") | dict(zip(names, cells, strict=False))
            yield number, row
    except csv.Error as error:
        raise DataError(f"videos: {path}, after line {number}: not CSV ({error})") from None


def _check_names(path: Place, names: tuple[str, ...], strict: bool) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if strict and twice is not None:
        raise DataError(f"videos: {path} names the column {twice!r} twice")


def _cells(text: str, *, strict: bool = False) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The stripped cells of every row that is not empty; the first in lower case."""
    start = text.lstrip()
    first = start.partition("\n")[0]
    mark = next((mark for mark in ",;\t" if mark in first), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=strict)
    begun = False
    for row in reader:
        cells = tuple(cell.strip() for cell in row)
        if any(cells):
            yield reader.line_num, cells if begun else tuple(cell.lower() for cell in cells)
            begun = True
