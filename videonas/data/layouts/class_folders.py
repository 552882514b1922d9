"""The plain layout: one folder of videos a class."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from videonas.data.layouts.files import SUFFIXES, is_video, videos_below
from videonas.data.layouts.tables import LIST_SUFFIXES
from videonas.data.places import Place, visible
from videonas.data.sources import Sources, SourceVideo
from videonas.errors import DataError, NoVideos

log = logging.getLogger(__name__)


def read(folder: Place) -> Sources:
    """Every video in `folder/<class>/`, at any depth below it.

    Hidden files and folders are left out, and so is a folder without a video. Classes are in
    alphabetical order.

    Args:
        folder: the folder that holds one folder a class.

    Raises:
        NoVideos: no videos in it.
        DataError: videos of one class only, or a name that is not UTF-8.
        OSError: not a readable folder.
    """
    names = sorted(visible(entry.name for entry in folder.iterdir() if entry.is_dir()))
    by_class: dict[str, list[str]] = {}
    for name in names:
        paths = sorted(videos_below(folder, name))
        if paths:
            by_class[name] = paths
        else:
            log.warning("%s: no videos in it; it does not count as a class", folder / name)
    _check_classes(folder, by_class)
    videos = tuple(
        SourceVideo(path, (label,))
        for label, paths in enumerate(by_class.values())
        for path in paths
    )
    return Sources(folder, folder, "class folders", tuple(by_class), videos, listed=False)


def _check_classes(folder: Place, by_class: Mapping[str, Sequence[str]]) -> None:
    if not by_class:
        raise NoVideos(
            f"videos: found no {', '.join(SUFFIXES)} file in {folder}/<class>/{_hint(folder)}"
        )
    if len(by_class) == 1:
        (name,) = by_class
        raise DataError(
            f"videos: found one class only in {folder}, {name!r}; 2 or more folders with videos "
            f"are needed, one a class{_list_hint(folder)}"
        )


def _hint(folder: Place) -> str:
    loose = sorted(visible(entry.name for entry in folder.iterdir() if is_video(entry.name)))
    if not loose or _list_hint(folder):
        return _list_hint(folder)
    return (
        f"; {len(loose)} such file(s) lie directly in {folder}, the first is {loose[0]}: "
        "move them into one folder a class"
    )


def _list_hint(folder: Place) -> str:
    names = (entry.name for entry in folder.iterdir())
    lists = sorted(visible(name for name in names if name.lower().endswith(LIST_SUFFIXES)))
    return f"; if {lists[0]} there lists them, give its path" if lists else ""
