"""Which layout the videos are kept in: told from what is there."""

from __future__ import annotations

import logging
from typing import Protocol

from videonas.data.layouts import charades, class_folders, hmdb51, kinetics, lists, ucf101
from videonas.data.layouts.names import warn_of_similar
from videonas.data.layouts.tables import LIST_SUFFIXES
from videonas.data.places import Place, open_place, videos_of
from videonas.data.sources import Sources
from videonas.errors import DataError, NoVideos, SettingsError
from videonas.search.settings import Settings

log = logging.getLogger(__name__)

_NAMED = 3
"""Missing files that an error names."""


class Published(Protocol):
    """The layout of a published data set."""

    def recognises(self, place: Place) -> bool:
        """Whether a file or a folder is laid out so."""

    def read(self, place: Place, folder: Place, split_number: int) -> Sources:
        """The videos there, with paths relative to `folder`."""


PUBLISHED: tuple[Published, ...] = (ucf101, hmdb51, kinetics, charades)
"""A folder that one of them recognises is not taken for class folders."""


def find_sources(settings: Settings) -> Sources:
    """The labelled videos that the settings name.

    Args:
        settings: `videos`, `video_folder`, `split_number` and `max_bad_videos` count.

    Raises:
        SettingsError: no videos are named, or a folder for the videos of a list without a list.
        NoVideos: nothing is there, or none of the files that a list names.
        DataError: it cannot be read, or is not as the layout asks; more of the files that a list
            names are missing than `max_bad_videos` allows.
        StorageError: a scheme is not known, or a store cannot be reached or read.
    """
    if settings.videos is None:
        raise SettingsError(
            "no videos: give --videos, a folder with one folder a class or a list of videos"
        )
    place = open_place(settings.videos)
    try:
        sources = _read(place, settings)
    except OSError as error:
        raise DataError(f"videos: {place} cannot be read ({error.strerror})") from error
    if sources.listed:
        _check_missing(sources, settings.max_bad_videos)
    elif settings.video_folder is not None:
        raise SettingsError(
            f"video_folder is {settings.video_folder!r}, and {place} holds class folders, not a "
            "list; set video_folder=null, or give the list as --videos"
        )
    warn_of_similar(sources.classes, place)
    log.info(
        "%s: %d videos of %d classes, from %s",
        place,
        len(sources.videos),
        len(sources.classes),
        sources.layout,
    )
    return sources


def _read(place: Place, settings: Settings) -> Sources:
    if not place.exists():
        raise NoVideos(
            f"videos: found nothing at {place}; give a folder that holds one folder a class, or a "
            "list of videos"
        )
    folder = place if place.is_dir() else place.parent
    if settings.video_folder:
        folder = open_place(settings.video_folder)
    for layout in PUBLISHED:
        if layout.recognises(place):
            return layout.read(place, folder, settings.split_number)
    if place.is_dir():
        return class_folders.read(place)
    if place.suffix.lower() in LIST_SUFFIXES:
        return lists.read(place, folder)
    among = any(layout.recognises(place.parent) for layout in PUBLISHED)
    advice = f"give its folder, {place.parent}" if among else "give a list or a folder"
    raise DataError(
        f"videos: found a file at {place}, and a list ends in {', '.join(LIST_SUFFIXES)}; {advice}"
    )


def _check_missing(sources: Sources, allowed: float) -> None:
    """Refuses a list of files that are not there, before any is decoded."""
    paths = [video.path for video in sources.videos]
    missing = videos_of(sources.folder).missing(paths)
    kind = NoVideos if len(missing) == len(paths) else DataError
    if missing and (len(missing) > allowed * len(paths) or len(missing) == len(paths)):
        count = "none" if len(missing) == len(paths) else f"{len(paths) - len(missing)}"
        raise kind(
            f"videos: {count} of the {len(paths)} files that {sources.place} names are in "
            f"{sources.folder} (missing: {', '.join(missing[:_NAMED])}); set video_folder to the "
            f"folder that they are in, or mend the list, or raise max_bad_videos ({allowed:g})"
        )
