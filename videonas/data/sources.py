"""The videos that a data set is made of: one folder a class, and a digest of all of it."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from videonas.codec import canonical, digest, to_plain
from videonas.errors import DataError
from videonas.search.settings import Settings
from videonas.task import Clip

log = logging.getLogger(__name__)

SUFFIXES = (".avi", ".mkv", ".mov", ".mp4", ".webm")
"""What a video's name ends in, in any mixture of cases."""

RECIPE = 1
"""Raised whenever the same videos and settings would give other shards than before."""

_SAMPLE = 64 * 1024


@dataclass(frozen=True)
class SourceVideo:
    """One labelled file.

    Attributes:
        path: relative to the folder of videos, with `/` between its parts; the first is its class.
        label: index of the class in `class_names`.
    """

    path: str
    label: int


def find_videos(folder: Path) -> list[SourceVideo]:
    """Every video in `folder/<class>/`, at any depth below it, sorted by path.

    Hidden files and folders are left out, and so is a folder without a video.

    Args:
        folder: the folder that holds one folder a class.

    Raises:
        DataError: no such folder, or not a readable one; no videos in it, videos of one class
            only, or a name that is not UTF-8.
    """
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing"
        raise DataError(
            f"videos: found {found} at {folder}; give a folder that holds one folder a class"
        )
    try:
        names = sorted(_visible(entry.name for entry in folder.iterdir() if entry.is_dir()))
    except OSError as error:
        raise DataError(f"videos: {folder} cannot be read ({error.strerror})") from error
    by_class: dict[str, list[str]] = {}
    for name in names:
        paths = sorted(_videos_below(folder, name))
        if paths:
            by_class[name] = paths
        else:
            log.warning("%s: no videos in it; it does not count as a class", folder / name)
    _check_classes(folder, by_class)
    return [
        SourceVideo(path, label) for label, paths in enumerate(by_class.values()) for path in paths
    ]


def class_names(videos: Iterable[SourceVideo]) -> tuple[str, ...]:
    """The names of the classes in the order of their labels, which is alphabetical."""
    return tuple(sorted({video.path.partition("/")[0] for video in videos}))


def source_digest(
    folder: Path,
    videos: Sequence[SourceVideo],
    streams: Mapping[str, Clip],
    settings: Settings,
) -> str:
    """The SHA-256, in hex, of everything that the shards depend on.

    A video counts with its relative path, its size in bytes, and its first and last 64 KiB:
    reading whole files would take as long as decoding them. Neither the folder's own place, nor
    dates, nor the order of `videos` matter. A file that cannot be read counts as such, so the
    digest changes once it can be.

    Args:
        folder: the folder of videos.
        videos: what `find_videos` found in it.
        streams: the clip that every record will hold, by stream.
        settings: those that decide about the data are part of the digest.
    """
    files = sorted([video.path, *_fingerprint(folder / video.path)] for video in videos)
    return digest(
        canonical(
            {
                "recipe": RECIPE,
                "videos": files,
                "streams": {name: to_plain(clip) for name, clip in streams.items()},
                "settings": settings.identifying("data"),
            }
        )
    )


def _visible(names: Iterable[str]) -> Iterator[str]:
    return (name for name in names if not name.startswith("."))


def _videos_below(folder: Path, name: str) -> Iterator[str]:
    for parent, folders, files in os.walk(folder / name):
        folders[:] = _visible(folders)
        for file in _visible(files):
            path = Path(parent, file)
            # A link to a missing file is a bad video, not no video; pipes and the like are none.
            if _is_video(file) and (path.is_file() or path.is_symlink()):
                yield _utf8(path.relative_to(folder).as_posix(), folder)


def _is_video(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def _utf8(path: str, folder: Path) -> str:
    try:
        path.encode()
    except UnicodeEncodeError:
        raise DataError(
            f"videos: {os.fsencode(path)!r} in {folder} is not a UTF-8 name; rename it"
        ) from None
    return path


def _check_classes(folder: Path, by_class: Mapping[str, Sequence[str]]) -> None:
    if not by_class:
        loose = sorted(_visible(e.name for e in folder.iterdir() if _is_video(e.name)))
        hint = (
            f"; {len(loose)} such file(s) lie directly in {folder}, the first is {loose[0]}: "
            "move them into one folder a class"
            if loose
            else ""
        )
        raise DataError(f"videos: found no {', '.join(SUFFIXES)} file in {folder}/<class>/{hint}")
    if len(by_class) == 1:
        (name,) = by_class
        raise DataError(
            f"videos: found one class only in {folder}, {name!r}; 2 or more folders with videos "
            "are needed, one a class"
        )


def _fingerprint(path: Path) -> tuple[int, str]:
    """Size in bytes and the SHA-256 of the first and last 64 KiB; -1 and nothing if unreadable."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            sample = hashlib.sha256(file.read(_SAMPLE))
            file.seek(max(0, size - _SAMPLE))
            sample.update(file.read(_SAMPLE))
    except OSError:
        return -1, ""
    return size, sample.hexdigest()
