"""A list of videos as a CSV table or as JSON: `path`, `label` or `labels`, `split`, `group`."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from videonas.data.layouts.rows import NUMBER, Row, gather, split_of
from videonas.data.layouts.tables import TABLE_SUFFIXES, lines_of, read_table, read_text
from videonas.data.places import Place
from videonas.data.sources import Sources
from videonas.errors import DataError, brief, did_you_mean

COLUMNS = ("path", "label", "labels", "split", "group")
"""What a list may say of a video; a path and either labels are needed."""

_SEPARATORS = re.compile("[;|]")


def read(place: Place, folder: Place) -> Sources:
    """The videos of a list.

    Args:
        place: the list; by its suffix a CSV table, otherwise JSON: one array, or an object a line.
        folder: that its paths are relative to.

    Raises:
        DataError: the list cannot be read, a row is not as it should be or contradicts another,
            labels are partly numbers, or there are fewer than two classes.
    """
    is_table = place.suffix.lower() in TABLE_SUFFIXES
    rows = _table_rows(place) if is_table else _json_rows(place)
    layout = "CSV list" if is_table else "JSON list"
    return gather(_in_one_code(rows), place, folder, layout, groups_are_given=True)


def _table_rows(place: Place) -> Iterator[Row]:
    source = f"{place}, line"
    for number, cells in read_table(place, strict=True):
        _check_columns(cells, str(place), "; the first row names the columns")
        yield _row(cells, source, number)


def _json_rows(place: Place) -> Iterator[Row]:
    text = read_text(place)
    if text.lstrip().startswith("["):
        source = f"{place}, row"
        objects: Iterable[tuple[int, Any]] = enumerate(_parsed(text, str(place)), 1)
    else:
        source, objects = f"{place}, line", _objects(text, place)
    for number, found in objects:
        where = f"{source} {number}"
        if not isinstance(found, dict):
            raise DataError(
                f"videos: {where}: found {brief(found)}, expected an object with path and label"
            )
        cells = {name: value for name, value in found.items() if value is not None}
        _check_columns(cells, where)
        yield _row(cells, source, number)


def _objects(text: str, place: Place) -> Iterator[tuple[int, Any]]:
    for number, line in lines_of(text):
        yield number, _parsed(line, f"{place}, line {number}")


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # RecursionError: lists in lists, very deep
        raise DataError(
            f"videos: {where}: not JSON ({error}); a list is one array, or an object a line"
        ) from None


def _check_columns(names: Collection[str], where: str, advice: str = "") -> None:
    unknown = next((name for name in names if name not in COLUMNS), None)
    if unknown is not None:
        raise DataError(
            f"videos: {where}: unknown column {brief(unknown)}{did_you_mean(unknown, COLUMNS)}; "
            f"allowed: {', '.join(COLUMNS)}{advice}"
        )
    if "path" not in names:
        raise DataError(f"videos: {where} has no path{advice}")
    if ("label" in names) == ("labels" in names):
        both = "both label and labels" if "label" in names else "neither label nor labels"
        raise DataError(f"videos: {where} has {both}; give one of them{advice}")


def _row(cells: Mapping[str, Any], source: str, number: int) -> Row:
    where = f"{source} {number}"
    path = cells["path"]
    if not isinstance(path, str) or not path:
        raise DataError(f"videos: {where}: the path is {brief(path)}; allowed: the path of a video")
    several = "labels" in cells or isinstance(cells["label"], list)
    return Row(
        source,
        number,
        path,
        _labels(cells["labels" if "labels" in cells else "label"], where, several),
        split_of(_word(cells.get("split", ""), "split", where), where),
        _word(cells.get("group", ""), "group", where) or None,
        several,
    )


def _labels(found: Any, where: str, several: bool) -> tuple[str, ...]:
    """The names of classes that a cell gives, each once."""
    if several and not isinstance(found, list):
        found = _SEPARATORS.split(found) if isinstance(found, str) else [found]
    words = [_word(label, "label", where) for label in (found if several else [found])]
    labels = tuple(dict.fromkeys(word for word in words if word))
    if not labels and not several:
        raise DataError(
            f"videos: {where} has no label; where a video can have none or several, name the "
            "column 'labels'"
        )
    return labels


def _word(value: Any, name: str, where: str) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise DataError(
        f"videos: {where}: the {name} is {brief(value)}; allowed: a word or a whole number"
    )


def _in_one_code(rows: Iterable[Row]) -> Iterator[Row]:
    """Passes rows on whose labels are all numbers, or all names."""
    seen: dict[bool, tuple[str, str]] = {}
    for row in rows:
        for label in row.labels:
            seen.setdefault(NUMBER.fullmatch(label) is not None, (label, row.where))
        if len(seen) == 2:
            (number, at), (name, there) = seen[True], seen[False]
            raise DataError(
                f"videos: {at}: the label {brief(number)} is a number, and {brief(name)} at "
                f"{there} is a name; give all labels as numbers or all as names"
            )
        yield row
