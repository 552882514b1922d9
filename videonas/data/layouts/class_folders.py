"""The plain layout: one folder of videos a class, in folders of splits or not."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from videonas.data.layouts.files import Finder, is_video
from videonas.data.layouts.names import check_text
from videonas.data.layouts.split_folders import split_of_folder, splits_of, videos_in
from videonas.data.layouts.tables import LIST_SUFFIXES
from videonas.data.places import Place, visible
from videonas.data.sources import Sources, SourceVideo
from videonas.errors import DataError, NoVideos, brief

log = logging.getLogger(__name__)


def read(folder: Place) -> Sources:
    """Every video in `folder/<class>/`, or in `folder/<split>/<class>/`, at any depth below it.

    Hidden files and folders are left out, and so is a folder without a video. Classes are in
    alphabetical order.

    Args:
        folder: the folder that holds one folder a class, or one a split.

    Raises:
        NoVideos: no videos in it.
        DataError: videos of one class only, a name that is not plain UTF-8 text, or folders that
            may be classes as well as splits.
        OSError: not a readable folder.
    """
    finder = Finder(folder)
    found = _videos_by_folder(folder, finder)
    if not found:
        raise NoVideos(
            f"videos: found no video file in {folder}/<class>/"
            f"{f' ({finder.left_out})' if finder.left_out else ''}{_hint(folder)}"
        )
    _say_what_is_left_out(folder, finder)
    splits = splits_of(folder, found)
    if splits is None:
        _warn_of_splits_inside(folder, found)
        layout, classes = "class folders", tuple(found)
        videos = tuple(
            SourceVideo(path, (label,))
            for label, paths in enumerate(found.values()) for path in paths
        )
    else:
        layout = "split folders"
        classes, videos = videos_in(folder, found, splits)
    _check_classes(folder, classes)
    return Sources(folder, folder, layout, classes, videos, listed=False)


def _videos_by_folder(folder: Place, finder: Finder) -> dict[str, list[str]]:
    """The videos in each folder of a folder that has some."""
    found: dict[str, list[str]] = {}
    for name in sorted(visible(entry.name for entry in folder.iterdir() if entry.is_dir())):
        paths = sorted(finder.below(name))
        for path in paths:
            check_text(path, str(folder))
        if paths:
            found[name] = paths
        else:
            log.warning("%s: no videos in it; it does not count as a class", folder / name)
    return found


def _say_what_is_left_out(folder: Place, finder: Finder) -> None:
    loose = [entry.name for entry in folder.iterdir() if entry.is_file()]
    for name in loose:
        finder.leave_out(name)
    if finder.left_out:
        log.info("%s: %s", folder, finder.left_out)
    if videos := sorted(filter(is_video, loose)):
        log.warning(
            "%s: %d video(s) lie in no class folder and are left out, the first is %s",
            folder, len(videos), videos[0],
        )


def _warn_of_splits_inside(folder: Place, found: Mapping[str, Sequence[str]]) -> None:
    """Says that splits in class folders do not count; those around class folders do."""
    inner = {path.split("/")[1] if path.count("/") > 1 else ""
             for paths in found.values() for path in paths}
    if len(inner) > 1 and all(map(split_of_folder, inner)):
        log.warning(
            "%s: the class folders hold %s, which do not count as splits; for that, put the "
            "class folders into them", folder, ", ".join(sorted(inner)),
        )


def _check_classes(folder: Place, classes: Sequence[str]) -> None:
    if len(classes) == 1:
        raise DataError(
            f"videos: found one class only in {folder}, {brief(classes[0])}; 2 or more folders "
            f"with videos are needed, one a class{_list_hint(folder)}"
        )


def _hint(folder: Place) -> str:
    loose = sorted(entry.name for entry in folder.iterdir() if is_video(entry.name))
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
