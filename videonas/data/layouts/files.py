"""Finding videos below a folder, by their names alone."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from videonas.errors import DataError

SUFFIXES = (".avi", ".gif", ".mkv", ".mov", ".mp4", ".webm")
"""What a video's name ends in, in any mixture of cases."""


def visible(names: Iterable[str]) -> Iterator[str]:
    """The names that are not hidden."""
    return (name for name in names if not name.startswith("."))


def is_video(name: str) -> bool:
    """Whether a file is a video, by its name."""
    return name.lower().endswith(SUFFIXES)


def videos_below(folder: Path, name: str = "") -> Iterator[str]:
    """Every video at any depth in `folder/name`, by its path relative to `folder`, in no order.

    Hidden files and folders are left out.

    Args:
        folder: that the paths are relative to.
        name: of a folder in it; by default `folder` itself is looked through.

    Raises:
        DataError: a name is not UTF-8.
    """
    for parent, folders, files in os.walk(folder / name):
        folders[:] = visible(folders)
        for file in visible(files):
            path = Path(parent, file)
            # A link to a missing file is a bad video, not no video; pipes and the like are none.
            if is_video(file) and (path.is_file() or path.is_symlink()):
                yield _utf8(path.relative_to(folder).as_posix(), folder)


class FilesByStem:
    """The videos below a folder, by their name without its suffix."""

    def __init__(self, folder: Path) -> None:
        """Looks through the folder, once.

        Raises:
            DataError: a name is not UTF-8.
        """
        self._paths: dict[str, list[str]] = {}
        for path in sorted(videos_below(folder)):
            self._paths.setdefault(Path(path).stem, []).append(path)

    def find(self, stem: str, within: str = "") -> str:
        """The path of a video relative to the folder, or `stem.mp4` where there is none.

        Args:
            stem: the name without its suffix.
            within: of several, one in a folder of this name is preferred.
        """
        paths = self._paths.get(stem, [f"{stem}.mp4"])
        return next((path for path in paths if within in Path(path).parts), paths[0])


def _utf8(path: str, folder: Path) -> str:
    try:
        path.encode()
    except UnicodeEncodeError:
        raise DataError(
            f"videos: {os.fsencode(path)!r} in {folder} is not a UTF-8 name; rename it"
        ) from None
    return path
