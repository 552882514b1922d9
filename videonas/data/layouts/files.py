"""Finding videos below a folder, by their names alone."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath

from videonas.data.containers import CONTAINERS
from videonas.data.places import Place, videos_of
from videonas.errors import DataError

log = logging.getLogger(__name__)

SUFFIXES = tuple(sorted({suffix for suffixes in CONTAINERS.values() for suffix in suffixes}))
"""What a video's name ends in, in any mixture of cases."""

FIRST_SUFFIXES = (".avi", ".gif", ".mkv", ".mov", ".mp4", ".webm")
"""The only ones that the first versions looked for."""

_ENDINGS = 8
"""How many endings of files that are left out are named."""


def is_video(name: str) -> bool:
    """Whether a file is a video, by its name; hidden ones are not, such as `._a.mp4` of macOS."""
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


class Finder:
    """Finds the videos in a folder, and counts what it leaves out.

    Args:
        folder: that paths are relative to.
    """

    def __init__(self, folder: Place) -> None:
        self._folder = folder
        self._left_out: Counter[str] = Counter()

    def below(self, name: str = "") -> Iterator[str]:
        """Every video at any depth in a folder of the folder, by its path, in no order.

        Args:
            name: of a folder in it; by default the folder itself is looked through.

        Raises:
            DataError: a name is not UTF-8.
        """
        paths = videos_of(self._folder).below(name, self._is_video)
        return (_utf8(path, self._folder) for path in paths)

    def _is_video(self, name: str) -> bool:
        found = is_video(name)
        if not found:
            self.leave_out(name)
        return found

    def leave_out(self, name: str) -> None:
        """Counts a file that does not count as a video."""
        kind = "hidden" if name.startswith(".") else PurePosixPath(name).suffix.lower()
        self._left_out[kind or "without an ending"] += 1

    @property
    def left_out(self) -> str:
        """What was left out, such as `3 files left out: 2 .txt, 1 .jpg`, or nothing."""
        if not self._left_out:
            return ""
        most = self._left_out.most_common(_ENDINGS)
        words = [f"{count} {kind}" for kind, count in most]
        if others := self._left_out.total() - sum(count for _, count in most):
            words.append(f"{others} of other kinds")
        return f"{self._left_out.total()} file(s) left out: {', '.join(words)}"


class FilesByStem:
    """The videos below a folder, by their name without its suffix."""

    def __init__(self, folder: Place) -> None:
        """Looks through the folder, once.

        Raises:
            DataError: a name is not UTF-8.
        """
        finder = Finder(folder)
        self._paths: dict[str, list[str]] = {}
        # of a clip in several formats, that counts which the first versions found
        for path in sorted(finder.below(), key=lambda path: (not _is_first(path), path)):
            self._paths.setdefault(PurePosixPath(path).stem, []).append(path)
        if finder.left_out:
            log.info("%s: %s", folder, finder.left_out)

    def find(self, stem: str, within: str = "") -> str:
        """The path of a video relative to the folder, or `stem.mp4` where there is none.

        Args:
            stem: the name without its suffix.
            within: of several, one in a folder of this name is preferred.
        """
        paths = self._paths.get(stem, [f"{stem}.mp4"])
        return next((path for path in paths if within in PurePosixPath(path).parts), paths[0])


def _is_first(path: str) -> bool:
    return path.lower().endswith(FIRST_SUFFIXES)


def _utf8(path: str, folder: Place) -> str:
    try:
        path.encode()
    except UnicodeEncodeError:
        raise DataError(
            f"videos: {os.fsencode(path)!r} in {folder} is not a UTF-8 name; rename it"
        ) from None
    return path
