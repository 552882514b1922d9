from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from videonas.errors import StorageError
from videonas.storage import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "root"))


def test_a_folder_that_cannot_be_listed_is_told(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("a/x/y", "b/z"):
        store.create(key, b"")
    scandir = os.scandir

    def refusing(path: str) -> object:
        if str(path).endswith("a/x"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(StorageError, match=rf"^{tmp_path}/root/a/x: Permission denied; a search"):
        store.keys("")
    assert list(store.keys("b/")) == ["b/z"]


def test_a_file_uri_is_a_path(tmp_path: Path) -> None:
    open_store(f"file://{tmp_path}").create("a", b"1")
    assert (tmp_path / "a").read_bytes() == b"1"


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="Not a directory"):
        open_store(str(tmp_path / "file")).create("a", b"")


def test_a_full_disk_leaves_nothing_half_written(tiny_disk: Path) -> None:
    store = open_store(str(tiny_disk))
    store.create("small", b"1")
    with pytest.raises(StorageError, match=r"large: No space left on device; free some space"):
        store.create("large", bytes(200_000))
    assert list(store.keys("")) == ["small"]
    assert store.read("large") is None
    assert store.create("after", b"2") == b"2", "the space was given back"
