"""Charades as published: CSV tables whose `actions` are several labels a video."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from videonas.data.layouts.files import FilesByStem
from videonas.data.layouts.rows import Classes, Row, gather
from videonas.data.layouts.tables import read_lines, read_table, tables_with
from videonas.data.places import Place
from videonas.data.sources import Sources
from videonas.errors import DataError, brief

CLASSES = "Charades_v1_classes.txt"

COLUMNS = frozenset({"id", "actions"})

_CLASS_LINE = re.compile(r"(c\d+)\s+(\S.*)", re.ASCII)
_ACTION = re.compile(r"(c\d+)(\s+[0-9.]+){0,2}", re.ASCII)
_SPLIT = re.compile(r"_(train|test)$", re.IGNORECASE)


def recognises(place: Place) -> bool:
    """Whether a file is such a table, or a folder holds some."""
    return bool(tables_with(place, COLUMNS))


def read(place: Place, folder: Place, split_number: int) -> Sources:
    """The videos of all tables.

    A video is the file named by its `id`, with the suffix of any video, anywhere below the folder;
    its labels are its `actions`, such as `c092 11.90 21.20;c147 0.00 12.60`, without their times.
    A table's name ends in its split, as `Charades_v1_train.csv`. Videos of one `subject`, a
    person, are a group.

    Args:
        place: a table, or a folder of some; `Charades_v1_classes.txt` beside it names the classes.
        folder: that the videos are in.
        split_number: does not matter, since there is one split.

    Raises:
        DataError: a file cannot be read, a row is not as it should be, a label is outside the
            classes, or a video is there twice.
    """
    tables = list(tables_with(place, COLUMNS))
    path = tables[0].parent / CLASSES
    names = dict(_classes(path)) if path.is_file() else {}
    classes = Classes([names[code] for code in sorted(names)], path) if names else None
    files = FilesByStem(folder)
    rows = (row for table in tables for row in _rows(table, files, names))
    return gather(rows, place, folder, "Charades CSV", classes)


def _classes(path: Place) -> Iterator[tuple[str, str]]:
    for number, line in read_lines(path):
        found = _CLASS_LINE.fullmatch(line)
        if found is None:
            raise DataError(
                f"videos: {path}, line {number}: found {brief(line)}, expected a code and a class, "
                "such as 'c000 Holding some clothes'"
            )
        yield found[1], found[2]


def _rows(path: Place, files: FilesByStem, names: Mapping[str, str]) -> Iterator[Row]:
    source, split = f"{path}, line", _SPLIT.search(path.stem)
    for number, cells in read_table(path, strict=False):
        where = f"{source} {number}"
        if not cells["id"]:
            raise DataError(f"videos: {where} has no id")
        labels = tuple(dict.fromkeys(_labels(cells["actions"], where)))
        yield Row(
            source,
            number,
            files.find(cells["id"]),
            tuple(names.get(code, code) for code in labels),
            split[1].lower() if split else None,
            cells.get("subject") or None,
        )


def _labels(actions: str, where: str) -> Iterator[str]:
    """The codes of some actions."""
    for action in filter(None, map(str.strip, actions.split(";"))):
        found = _ACTION.fullmatch(action)
        if found is None:
            raise DataError(
                f"videos: {where}: found the action {brief(action)}, expected a class and its "
                "times, such as 'c092 11.90 21.20'"
            )
        yield found[1]
