"""Finding videos below a folder, by their names alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import PurePosixPath

from videonas.data.places import Place, videos_of
from videonas.errors import DataError

SUFFIXES = (".avi", ".gif", ".mkv", ".mov", ".mp4", ".webm")
"""What a video's name ends in, in any mixture of cases."""


def is_video(name: str) -> bool:
    """Whether a file is a video, by its name."""
    return name.lower().endswith(SUFFIXES)


def videos_below(folder: Place, name: str = "") -> Iterator[str]:
    """Every video at any depth in `folder/name`, by its path relative to `folder`, in no order.

    Hidden files and folders are left out.

    Args:
        folder: that the paths are relative to.
        name: of a folder in it; by default `folder` itself is looked through.

    Raises:
        DataError: a name is not UTF-8.
    """
    return (_utf8(path, folder) for path in videos_of(folder).below(name, is_video))


class FilesByStem:
    """The videos below a folder, by their name without its suffix."""

    def __init__(self, folder: Place) -> None:
        """Looks through the folder, once.

        Raises:
            DataError: a name is not UTF-8.
        """
        self._paths: dict[str, list[str]] = {}
        for path in sorted(videos_below(folder)):
            self._paths.setdefault(PurePosixPath(path).stem, []).append(path)

    def find(self, stem: str, within: str = "") -> str:
        """The path of a video relative to the folder, or `stem.mp4` where there is none.

        Args:
            stem: the name without its suffix.
            within: of several, one in a folder of this name is preferred.
        """
        paths = self._paths.get(stem, [f"{stem}.mp4"])
        return next((path for path in paths if within in PurePosixPath(path).parts), paths[0])


def _utf8(path: str, folder: Place) -> str:
    try:
        path.encode()
    except UnicodeEncodeError:
        raise DataError(
            f"videos: {os.fsencode(path)!r} in {folder} is not a UTF-8 name; rename it"
        ) from None
    return path
