"""The files below a folder of this machine, through links too."""

from __future__ import annotations

import errno
import logging
import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Folder:
    """A folder to look into.

    Attributes:
        path: by which it is reached.
        real: the same without links.
        through: the real folders in which links on the way to it lie.
    """

    path: str
    real: str
    through: tuple[str, ...] = ()

    def holds_link(self, real: str) -> bool:
        """Whether what a link in this folder leads to is or holds a folder on the way here."""
        return any(os.path.commonpath((real, on)) == real for on in (*self.through, self.real))


class Walk:
    """Every file below a folder once, by a path without links where there is one.

    Hidden folders are left out. Links are followed, except where that would never end. Those, and
    folders that cannot be read, are named in warnings.

    Args:
        top: the folder that all of it belongs to.
        start: the folder to look through: in `top`, or `top` itself.
    """

    def __init__(self, top: str, start: str) -> None:
        self._start = start
        self._folders: deque[_Folder] = deque()
        self._links: deque[tuple[str, _Folder]] = deque()
        self._seen: set[str] = set()
        self._repeated = 0
        whole = _Folder(top, os.path.realpath(top))
        if start == top:
            self._folders.append(whole)
        else:
            self._follow(start, whole)

    def files(self) -> Iterator[str]:
        """The paths of the files; of links that lead nowhere too, since they are bad files."""
        while self._folders or self._links:
            if self._folders:
                yield from self._look_into(self._folders.popleft())
                continue
            path, folder = self._links.popleft()
            if os.path.isdir(path):
                self._follow(path, folder)
            elif _is_file_or_nothing(path) and self._is_new(os.path.realpath(path)):
                yield path
        if self._repeated:
            log.info(
                "%s: links lead to %d files and folders that were found already; each counts once",
                self._start, self._repeated,
            )

    def _follow(self, path: str, folder: _Folder) -> None:
        """Looks later into the folder at a path in another one."""
        real = os.path.realpath(path)
        if folder.holds_link(real):
            log.warning("%s: a link that leads back to %s; it is not followed", path, real)
        else:
            self._folders.append(_Folder(path, real, (*folder.through, folder.real)))

    def _look_into(self, folder: _Folder) -> Iterator[str]:
        """The files that lie in a folder; folders in it come later, and links after those."""
        if not self._is_new(folder.real):
            return
        try:
            entries = sorted(os.scandir(folder.path), key=lambda entry: entry.name)
        except OSError as error:
            log.warning("%s cannot be read (%s)", folder.path, error.strerror)
            return
        for entry in entries:
            real = os.path.join(folder.real, entry.name)
            if entry.name.startswith(".") and os.path.isdir(entry.path):
                continue
            if entry.is_symlink():
                self._links.append((entry.path, folder))
            elif entry.is_dir():
                self._folders.append(_Folder(entry.path, real, folder.through))
            elif entry.is_file() and self._is_new(real):
                yield entry.path

    def _is_new(self, real: str) -> bool:
        """Whether a file or folder was not found yet."""
        if real in self._seen:
            self._repeated += 1
            return False
        self._seen.add(real)
        return True


def _is_file_or_nothing(path: str) -> bool:
    """Whether a link leads to a file, or nowhere; pipes and the like are neither."""
    try:
        os.stat(path)
    except OSError as error:
        if error.errno == errno.ELOOP:
            log.warning("%s: a link that leads back to itself", path)
        return True
    return os.path.isfile(path)
