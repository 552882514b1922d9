from __future__ import annotations

import errno
import multiprocessing
import os
from pathlib import Path

import pytest

from videonas.errors import StorageError
from videonas.storage import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "root"))


def test_what_is_written_is_read(store: Store) -> None:
    assert store.read("a/b.json") is None
    assert store.create("a/b.json", b"one") == b"one"
    assert store.read("a/b.json") == b"one"


def test_what_was_written_first_counts(store: Store) -> None:
    store.create("a", b"first")
    assert store.create("a", b"second") == b"first"
    assert store.read("a") == b"first"


def test_writing_again_what_is_there_is_no_conflict(store: Store) -> None:
    store.create("a", b"same")
    assert store.create("a", b"same") == b"same"


def test_a_file_is_moved_to_its_place_once(store: Store, tmp_path: Path) -> None:
    for content in ("first", "second"):
        file = tmp_path / content
        file.write_text(content)
        store.create_file("weights/w.h5", file)
        assert not file.exists()
    assert store.fetch("weights/w.h5").read_text() == "first"


def test_keys_are_sorted_and_start_with_the_prefix(store: Store) -> None:
    for key in ("b/2", "b/10", "a/x/y", "ab"):
        store.create(key, b"")
    assert list(store.keys("")) == ["a/x/y", "ab", "b/10", "b/2"]
    assert list(store.keys("a/")) == ["a/x/y"]
    assert list(store.keys("b/1")) == ["b/10"]
    assert list(store.keys("nothing/")) == []


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


def test_deleting_twice_is_deleting_once(store: Store) -> None:
    store.create("a", b"")
    store.delete("a")
    store.delete("a")
    assert store.read("a") is None


def test_fetching_nothing_says_what_is_missing(store: Store) -> None:
    with pytest.raises(StorageError, match=r"root/a/b: no such file"):
        store.fetch("a/b")


@pytest.mark.parametrize("key", ["../a", "a/../../b", "/etc/passwd", "a//b", "", "./a"])
def test_no_key_leads_out_of_the_store(store: Store, key: str) -> None:
    with pytest.raises(StorageError, match="is not a key"):
        store.create(key, b"")


def test_an_unknown_scheme_is_refused() -> None:
    with pytest.raises(StorageError, match="unknown scheme 'ftp'"):
        open_store("ftp://somewhere/a")


def test_a_file_uri_is_a_path(tmp_path: Path) -> None:
    open_store(f"file://{tmp_path}").create("a", b"1")
    assert (tmp_path / "a").read_bytes() == b"1"


def _race(folder: str, number: int, barrier: object) -> bytes:
    barrier.wait()  # type: ignore[attr-defined]
    return open_store(folder).create("raced", f"{number}".encode() * 100_000)


def test_of_writers_at_once_one_counts_for_all(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, context.Pool(4) as pool:
        barrier = manager.Barrier(4)
        arguments = [(str(tmp_path), number, barrier) for number in range(4)]
        counted = pool.starmap(_race, arguments)
    assert len(set(counted)) == 1
    assert (tmp_path / "raced").read_bytes() == counted[0]


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
