"""Kinetics as published: CSV tables of `label, youtube_id, time_start, time_end, split`."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping

from videonas.data.layouts.files import FilesByStem
from videonas.data.layouts.rows import Row, gather, split_of
from videonas.data.layouts.tables import read_table, tables_with
from videonas.data.places import Place
from videonas.data.sources import Sources
from videonas.errors import DataError, brief

log = logging.getLogger(__name__)

COLUMNS = frozenset({"youtube_id", "time_start", "time_end"})

_LATEST = 10**6
"""Seconds, which a file's name gives in six digits."""


def recognises(place: Place) -> bool:
    """Whether a file is such a table, or a folder holds some."""
    return bool(tables_with(place, COLUMNS))


def read(place: Place, folder: Place, split_number: int) -> Sources:
    """The clips of all tables.

    A clip is the file `<youtube_id>_<start>_<end>`, both in seconds of six digits, with the suffix
    of any video, anywhere below the folder. Clips of one recording are a group.

    Args:
        place: a table, or a folder of some.
        folder: that the clips are in.
        split_number: does not matter, since there is one split.

    Raises:
        DataError: a table cannot be read or has no labels, a row is not as it should be, or a
            clip is there twice with different labels or splits.
    """
    tables = []
    for path, columns in tables_with(place, COLUMNS).items():
        if "label" in columns:
            tables.append(path)
        else:
            log.warning("%s: it has no column 'label'; its clips are left out", path)
    if not tables:
        raise DataError(f"videos: {place} has no column 'label'; the clips need labels")
    files = FilesByStem(folder)
    rows = (row for path in tables for row in _rows(path, files))
    return gather(rows, place, folder, "Kinetics CSV")


def _rows(path: Place, files: FilesByStem) -> Iterator[Row]:
    source = f"{path}, line"
    for number, cells in read_table(path, strict=False):
        where, label = f"{source} {number}", cells["label"]
        if not label or not cells["youtube_id"]:
            missing = "label" if not label else "youtube_id"
            raise DataError(f"videos: {where} has no {missing}")
        start, end = _time(cells, "time_start", where), _time(cells, "time_end", where)
        video = files.find(f"{cells['youtube_id']}_{start}_{end}", label)
        split = split_of(cells.get("split", ""), where)
        yield Row(source, number, video, (label,), split, cells["youtube_id"])


def _time(cells: Mapping[str, str], name: str, where: str) -> str:
    """Whole seconds in six digits, as in the name of a file."""
    try:
        seconds = float(cells[name])
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < _LATEST:
        raise DataError(
            f"videos: {where}: {name} is {brief(cells[name])}; allowed: seconds from 0 on"
        )
    return f"{int(seconds):06d}"
