"""From rows of whatever list to labelled videos: here is checked what holds for every list."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from videonas.data.layouts.names import SPLIT_WORDS, check_text, listing
from videonas.data.places import Place, Videos, videos_of
from videonas.data.sources import Sources, SourceVideo
from videonas.errors import DataError, brief, did_you_mean

NUMBER = re.compile(r"-?[0-9]+", re.ASCII)
"""A label that is a number."""


@dataclass(frozen=True)
class Row:
    """What one row says about a video.

    Attributes:
        source: the file, and what its rows are counted in, such as `/v/list.csv, line`.
        number: of the row.
        path: relative to the folder of videos, or absolute.
        labels: names of classes.
        split: `train`, `validation`, `test` or None.
        group: None for none.
        several: whether other rows of the same video may add to its labels.
    """

    source: str
    number: int
    path: str
    labels: tuple[str, ...]
    split: str | None = None
    group: str | None = None
    several: bool = False

    @property
    def where(self) -> str:
        """The row, for messages."""
        return f"{self.source} {self.number}"


@dataclass(frozen=True)
class Classes:
    """The classes that a data set names in a file of their own.

    Attributes:
        names: in the order of the labels.
        source: the file, for messages.
    """

    names: Sequence[str]
    source: Place


def split_of(word: str, where: str) -> str | None:
    """The split that a list's word for it means; None for an empty one.

    Args:
        word: as the list has it.
        where: the row, for messages.

    Raises:
        DataError: no such split.
    """
    if not word:
        return None
    try:
        return SPLIT_WORDS[word.lower()]
    except KeyError:
        hint = did_you_mean(word.lower(), SPLIT_WORDS)
        raise DataError(
            f"videos: {where}: the split is {brief(word)}{hint}; allowed: {', '.join(SPLIT_WORDS)}"
        ) from None


def gather(
    rows: Iterable[Row],
    place: Place,
    folder: Place,
    layout: str,
    classes: Classes | None = None,
    *,
    groups_are_given: bool = False,
) -> Sources:
    """The videos that rows name.

    Args:
        rows: in any order.
        place: what `--videos` names.
        folder: that paths are relative to.
        layout: see `Sources`.
        classes: the allowed ones; by default all that a row names, numbers in the order of
            numbers. A class without a video does not count.
        groups_are_given: whether the list itself gives the groups, so that one in two splits is
            its mistake. Groups that are read out of names say less.

    Raises:
        DataError: no rows; a row that contradicts another; a label outside the classes; fewer
            than two classes; a text that cannot be a name; or a URI elsewhere.
    """
    by_path: dict[str, Row] = {}
    videos_there = videos_of(folder)
    top = videos_there.top
    for row in _with_slashes(list(rows), videos_there):
        for text in (row.path, *row.labels, row.group or ""):
            check_text(text, row.where)
        path = _in_one_way(row, top)
        by_path[path] = _merged(by_path[path], row) if path in by_path else row
    if not by_path:
        raise DataError(f"videos: {place} names no video")
    _check_splits_given(by_path.values())
    if groups_are_given:
        _check_groups(by_path.values())
    names = _class_names(by_path.values(), place, classes)
    index = {name: label for label, name in enumerate(names)}
    videos = tuple(
        SourceVideo(path, tuple(sorted(index[name] for name in row.labels)), row.split, row.group)
        for path, row in sorted(by_path.items())
    )
    return Sources(place, folder, layout, names, videos)


def _with_slashes(rows: Sequence[Row], videos: Videos) -> Iterator[Row]:
    """Rows with `/` in their paths where a file is there by that path only, as lists have them
    that were written on Windows.
    """
    paths = sorted({row.path for row in rows if "\\" in row.path})
    slashed = {path: path.replace("\\", "/") for path in videos.missing(paths)}
    gone = set(videos.missing(sorted(slashed.values())))
    for row in rows:
        path = slashed.get(row.path)
        yield row if path is None or path in gone else replace(row, path=path)


def _in_one_way(row: Row, top: str) -> str:
    """The path of a row's video, relative to the folder of videos where it is in it.

    Args:
        row: as the list has it.
        top: what a whole path in that folder begins with.
    """
    scheme, separator, rest = row.path.partition("://")
    path = f"{scheme}{separator}{posixpath.normpath(rest)}" if separator else (
        posixpath.normpath(row.path)
    )
    path = path.removeprefix(top)
    if "://" in path:
        raise DataError(
            f"videos: {row.where}: {brief(row.path)} is not in {top}; set video_folder to a "
            "folder that all videos are in"
        )
    return path


def _merged(before: Row, row: Row) -> Row:
    """What two rows say about one video."""
    for what, old, new in (("split", before.split, row.split), ("group", before.group, row.group)):
        if old != new:
            raise DataError(
                f"videos: {row.where}: {brief(row.path)} has the {what} {brief(new)}, and "
                f"{brief(old)} at {before.where}; a video has one {what}"
            )
    if set(before.labels) == set(row.labels):
        return before
    if not (before.several and row.several):
        raise DataError(
            f"videos: {row.where}: {brief(row.path)} is labelled {listing(row.labels)}, and "
            f"{listing(before.labels)} at {before.where}; where a video can have several labels, "
            "name the column 'labels'"
        )
    return replace(before, labels=tuple(dict.fromkeys((*before.labels, *row.labels))))


def _check_splits_given(rows: Iterable[Row]) -> None:
    """All videos have a split, or none has."""
    given: dict[bool, Row] = {}
    for row in rows:
        given.setdefault(row.split is not None, row)
    if len(given) == 2:
        raise DataError(
            f"videos: {given[False].where}: {brief(given[False].path)} has no split, and "
            f"{brief(given[True].path)} at {given[True].where} has one; give all videos a split, "
            "or none"
        )


def _check_groups(rows: Iterable[Row]) -> None:
    first: dict[str, Row] = {}
    for row in rows:
        if row.group is None:
            continue
        other = first.setdefault(row.group, row)
        if other.split != row.split:
            raise DataError(
                f"videos: {row.where}: the group {brief(row.group)} is in the {row.split} split, "
                f"and in {other.split} at {other.where}; a group is in one split"
            )


def _class_names(rows: Iterable[Row], place: Place, classes: Classes | None) -> tuple[str, ...]:
    """The classes that have a video, in the order of their labels."""
    first: dict[str, Row] = {}
    for row in rows:
        for name in row.labels:
            first.setdefault(name, row)
    if classes is None:
        names = _in_order(first)
    else:
        known = set(classes.names)
        unknown = next((name for name in first if name not in known), None)
        if unknown is not None:
            raise DataError(
                f"videos: {first[unknown].where}: the label {brief(unknown)} is none of the "
                f"{len(classes.names)} classes of {classes.source}"
                f"{did_you_mean(unknown, classes.names)}"
            )
        names = tuple(name for name in classes.names if name in first)
    if len(names) < 2:
        raise DataError(
            f"videos: {place} names {len(names)} class(es){': ' if names else ''}"
            f"{listing(names)}; 2 or more are needed"
        )
    return names


def _in_order(names: Iterable[str]) -> tuple[str, ...]:
    names = sorted(names)
    if all(NUMBER.fullmatch(name) and len(name) < 20 for name in names):
        names.sort(key=int)
    return tuple(names)
