"""A store beside a dictionary: whatever is done to both, both hold the same."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.storage.places import new_place
from videonas.errors import StorageError
from videonas.storage import Store, open_store

NAMES = ("a", "b", "a b", "a.json", ".hidden", "ä", "-", "000001", "[x]", "*", "~", "CON")
LEAVES = tuple(f"{name}.leaf" for name in NAMES)
KEYS = st.builds(
    lambda folders, leaf: "/".join((*folders, leaf)),
    st.lists(st.sampled_from(NAMES), max_size=3), st.sampled_from(LEAVES),
)
"""No key of these is a folder of another, which a file system could not hold."""

CONTENTS = st.binary(max_size=40) | st.just(bytes(range(256)) * 300)


class StoreAndDictionary(RuleBasedStateMachine):
    """Does the same to a store and to a dictionary."""

    kind: str

    @initialize(nested=st.booleans(), scheme=st.sampled_from(["", "file://"]))
    def begin(self, nested: bool, scheme: str) -> None:
        """A store in a folder that is there, or is not there yet."""
        self.scratch = Path(tempfile.mkdtemp())
        self.uri = new_place(self.kind, self.scratch / "new" if nested else self.scratch).uri
        if self.kind == "local":
            self.uri = f"{scheme}{self.uri}"
        elif nested:
            self.uri = f"{self.uri}/ä b"
        self.store: Store = open_store(self.uri)
        self.model: dict[str, bytes] = {}

    @rule(key=KEYS, content=CONTENTS)
    def create(self, key: str, content: bytes) -> None:
        """What was written first counts."""
        assert self.store.create(key, content) == self.model.setdefault(key, content)

    @rule(key=KEYS, content=CONTENTS)
    def create_file(self, key: str, content: bytes) -> None:
        """As `create`; the file is gone in any case."""
        file = self.scratch / "file"
        file.write_bytes(content)
        self.store.create_file(key, file)
        assert not file.exists()
        self.model.setdefault(key, content)

    @rule(key=KEYS)
    def read(self, key: str) -> None:
        """What is there, or None."""
        assert self.store.read(key) == self.model.get(key)

    @rule(key=KEYS)
    def fetch(self, key: str) -> None:
        """A file of the same content, or a sentence."""
        if key in self.model:
            assert self.store.fetch(key).read_bytes() == self.model[key]
        else:
            with pytest.raises(StorageError, match="no such file"):
                self.store.fetch(key)

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        """Whether it is there or not."""
        self.store.delete(key)
        self.model.pop(key, None)

    @rule(key=KEYS, length=st.integers(0, 30))
    def list_beginning(self, key: str, length: int) -> None:
        """Any beginning of a key, in the middle of a name too."""
        prefix = key[:length]
        expected = sorted(k for k in self.model if k.startswith(prefix))
        assert list(self.store.keys(prefix)) == expected

    @rule()
    def open_again(self) -> None:
        """Nothing is held back in memory."""
        self.store = open_store(self.uri)

    @invariant()
    def nothing_else_is_there(self) -> None:
        """Neither for who lists the store nor for who looks into its folder."""
        assert list(self.store.keys("")) == sorted(self.model)
        if self.kind != "local":
            return
        folder = Path(self.store.uri)
        files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
        assert files == set(self.model)

    def teardown(self) -> None:
        """Removes the folder."""
        if hasattr(self, "scratch"):
            shutil.rmtree(self.scratch)


@pytest.mark.parametrize(("kind", "examples"), [("local", 40), ("gs", 15), ("s3", 8)])
def test_a_store_is_a_dictionary(
    kind: str, examples: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in new_place(kind, tmp_path).environment.items():
        monkeypatch.setenv(name, value)
    machine = type(f"Of {kind}", (StoreAndDictionary,), {"kind": kind})
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=examples, stateful_step_count=25, deadline=None),
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "root"))


def test_a_key_cannot_lie_below_another_and_says_so(store: Store) -> None:
    store.create("a", b"1")
    with pytest.raises(StorageError, match=r"root/a/b: (Not a directory|File exists)"):
        store.create("a/b", b"2")
    assert list(store.keys("")) == ["a"]


def test_a_name_that_is_too_long_is_told(store: Store) -> None:
    with pytest.raises(StorageError, match="File name too long"):
        store.create("x" * 300, b"")
    assert list(store.keys("")) == []


def test_a_home_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    store = open_store("~/searches")
    store.create("a", b"1")
    assert (tmp_path / "searches/a").read_bytes() == b"1"
    assert store.uri == str(tmp_path / "searches")


def test_a_relative_path_means_where_the_store_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store("root")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    store.create("a", b"1")
    assert (tmp_path / "root/a").exists()


def test_what_a_writer_left_behind_is_not_listed_and_in_nobodys_way(
    store: Store, tmp_path: Path
) -> None:
    store.create("a/b", b"1")
    (tmp_path / "root/.scratch").mkdir(exist_ok=True)
    (tmp_path / "root/.scratch/half").write_bytes(b"ha")
    assert list(store.keys("")) == ["a/b"]
    assert store.create("a/c", b"2") == b"2"


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (errno.ENOSPC, "free some space and run the same command again: nothing finished is lost"),
        (errno.EDQUOT, "free some space and run the same command again: nothing finished is lost"),
        (errno.EROFS, "a search needs a place that it can read and write"),
        (errno.EACCES, "a search needs a place that it can read and write"),
        (errno.EIO, ""),
    ],
    ids=errno.errorcode.get,
)
def test_what_the_system_says_comes_with_advice_where_there_is_some(
    store: Store, monkeypatch: pytest.MonkeyPatch, code: int, advice: str
) -> None:
    """The faults of a disk that cannot be had here."""

    def failing(_: int) -> None:
        raise OSError(code, os.strerror(code))

    store.create("before", b"1")
    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(StorageError) as caught:
        store.create("a/b", b"2")
    assert str(caught.value) == f"{store.uri}/a/b: {os.strerror(code)}" + (
        f"; {advice}" if advice else ""
    )
    monkeypatch.undo()
    assert list(store.keys("")) == ["before"]
    assert store.create("a/b", b"3") == b"3"
