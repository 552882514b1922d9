"""A store on a local path, or on a file system that several machines mount."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from videonas.errors import NothingThere, StorageError
from videonas.storage.store import check_key

SCRATCH = ".scratch"
"""Where files are written before they take their place; never listed."""


class LocalStore:
    """Files below one folder. A file appears whole or not at all, and is never overwritten."""

    requests_at_once = 1

    def __init__(self, folder: Path) -> None:
        self.folder = folder.expanduser().absolute()
        self.uri = str(self.folder)

    def read(self, key: str) -> bytes | None:
        """See `Store.read`."""
        with explained(self._path(key)):
            try:
                return self._path(key).read_bytes()
            except FileNotFoundError:
                return None

    def create(self, key: str, data: bytes) -> bytes:
        """See `Store.create`."""
        with explained(self._path(key)), self._scratch_file() as scratch:
            with scratch.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            while not self._take_place(scratch, key):
                if (existing := self.read(key)) is not None:
                    return existing
                # it was deleted between the two: the place is free
            return data

    def create_file(self, key: str, path: Path) -> None:
        """See `Store.create_file`."""
        with explained(self._path(key)), self._scratch_file() as scratch:
            shutil.move(path, scratch)
            with scratch.open("rb") as file:
                os.fsync(file.fileno())
            self._take_place(scratch, key)

    def fetch(self, key: str) -> Path:
        """See `Store.fetch`."""
        path = self._path(key)
        with explained(path):
            there = path.is_file()
        if not there:
            raise NothingThere(f"{path}: no such file")
        return path

    def keys(self, prefix: str) -> Iterator[str]:
        """See `Store.keys`."""
        top = self.folder / prefix.rpartition("/")[0]
        with explained(top):
            found = [
                Path(folder, name).relative_to(self.folder).as_posix()
                for folder, folders, names in os.walk(top, onerror=_cannot_be_listed)
                if SCRATCH not in Path(folder).relative_to(self.folder).parts
                for name in names
            ]
        return iter(sorted(key for key in found if key.startswith(prefix)))

    def children(self, folder: str) -> list[str]:
        """See `Store.children`. Links to folders are not followed."""
        top = self.folder / folder
        with explained(top):
            try:
                with os.scandir(top) as entries:
                    found = [
                        f"{entry.name}/" if entry.is_dir(follow_symlinks=False) else entry.name
                        for entry in entries if entry.name != SCRATCH
                    ]
            except FileNotFoundError:  # folders are made with the first file in them
                found = []
        return sorted(found)

    def delete(self, key: str) -> None:
        """See `Store.delete`."""
        with explained(self._path(key)):
            self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        check_key(self.uri, key)
        return self.folder.joinpath(*key.split("/"))

    @contextlib.contextmanager
    def _scratch_file(self) -> Iterator[Path]:
        folder = self.folder / SCRATCH
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / uuid.uuid4().hex
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _take_place(self, scratch: Path, key: str) -> bool:
        """Gives a finished file its name; False when the name was taken already."""
        target = self._path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(scratch, target)
        except FileExistsError:
            return False
        return True


def _cannot_be_listed(error: OSError) -> None:
    """What `os.walk` does with a folder that it cannot list; one that is gone has no keys."""
    if not isinstance(error, FileNotFoundError):
        with explained(Path(error.filename)):
            raise error


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns what the operating system says of a path into one sentence.

    Raises:
        StorageError: whatever `OSError` was raised inside.
    """
    try:
        yield
    except OSError as error:
        advice = ""
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            advice = "; free some space and run the same command again: nothing finished is lost"
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            advice = "; a search needs a place that it can read and write"
        raise StorageError(f"{path}: {error.strerror or error}{advice}") from error
