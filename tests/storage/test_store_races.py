"""A store under many hands: who is first counts, and nobody sees anything half written."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any

import pytest

from tests.storage.places import Place
from videonas.storage import in_parallel, open_store
from videonas.storage.objects import ObjectStore

WRITERS = 4
KEYS = {"local": 60, "gs": 30, "s3": 15}
SIZE = 1000

_start: Any = None
"""In a process of the pool: where all of them wait for each other."""


def enter(barrier: Any) -> None:
    """The beginning of a process of the pool."""
    globals()["_start"] = barrier


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """Processes that race, from a common start to each key."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(WRITERS, enter, (context.Barrier(WRITERS),)) as pool:
        yield pool


def content(writer: int) -> bytes:
    """Bytes that tell who wrote them, from the first to the last."""
    return bytes([writer]) * SIZE


def write_all(place: Place, writer: int) -> list[int]:
    """Writes every key; gives back whose bytes count."""
    store, counted = place.open(), []
    for number in range(KEYS[place.kind]):
        _start.wait(60)
        counted.append(store.create(f"raced/{number}", content(writer))[0])
    return counted


def move_all(place: Place, folder: Path, writer: int) -> None:
    """Moves a file to every key."""
    store = place.open()
    for number in range(KEYS[place.kind]):
        file = folder / f"of-{writer}"
        file.write_bytes(content(writer))
        _start.wait(60)
        store.create_file(f"moved/{number}", file)


def write_and_delete(place: Place, writer: int) -> int:
    """Writes one key and deletes it, again and again; gives back how often its own counted."""
    store = place.open()
    mine = 0
    for _ in range(KEYS[place.kind]):
        counted = store.create("claim", content(writer))
        assert len(set(counted)) == 1
        mine += counted[0] == writer
        store.delete("claim")
    return mine


def test_of_each_key_one_writer_counts_and_all_are_told_the_same(
    pool: Pool, place: Place
) -> None:
    told = pool.starmap(write_all, [(place, writer) for writer in range(WRITERS)], chunksize=1)
    store = open_store(place.uri)
    assert all(answers == told[0] for answers in told)
    for number, winner in enumerate(told[0]):
        assert store.read(f"raced/{number}") == content(winner)
    assert len(set(told[0])) > 1, "nobody always wins: they did race"


def test_a_file_is_whole_when_it_appears(place: Place) -> None:
    """A reader looks as often as it can while files are written that take a while."""
    size, files = 8_000_000, 6
    store, written, seen = open_store(place.uri), threading.Event(), Counter[int]()

    def look() -> None:
        last = False
        while not last:
            last = written.is_set()
            seen.update(store.fetch(key).stat().st_size for key in store.keys("w/"))

    looking = threading.Thread(target=look)
    looking.start()
    for number in range(files):
        store.create(f"w/{number}", bytes(size))
    written.set()
    looking.join()
    assert seen.keys() == {size}
    assert seen[size] > files


def test_of_files_that_are_moved_one_arrives_whole(
    pool: Pool, place: Place, tmp_path: Path
) -> None:
    pool.starmap(
        move_all, [(place, tmp_path, writer) for writer in range(WRITERS)], chunksize=1
    )
    store = open_store(place.uri)
    assert len(list(store.keys("moved/"))) == KEYS[place.kind]
    for key in store.keys("moved/"):
        data = store.fetch(key).read_bytes()
        assert data == content(data[0])
    assert [path.name for path in tmp_path.glob("root/.scratch/*")] == []


@pytest.mark.parametrize("place", ["local", "s3"], indirect=True)
def test_of_large_files_that_are_moved_one_arrives_whole(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In parts; fake-gcs-server loses the condition of an upload in several requests."""
    monkeypatch.setattr(ObjectStore, "part_length", 5 * 2**20)
    size = 6 * 2**20
    start = threading.Barrier(WRITERS)

    def move(writer: int) -> None:
        store, file = open_store(place.uri), tmp_path / f"of-{writer}"
        file.write_bytes(bytes([writer]) * size)
        start.wait(60)
        store.create_file("large", file)

    in_parallel(move, range(WRITERS), WRITERS)
    first = open_store(place.uri).fetch("large").read_bytes()
    assert first == first[:1] * size
    in_parallel(move, range(WRITERS), WRITERS)
    store: Any = open_store(place.uri)
    assert store.fetch("large").read_bytes() == first
    if place.kind == "s3":  # parts of uploads that were given up would cost money
        left = store._client.list_multipart_uploads(Bucket=store.bucket)
        assert place.uri.rpartition("/")[2] not in str(left.get("Uploads"))


def test_a_claim_that_is_given_up_and_taken_again_is_always_somebodys(
    pool: Pool, place: Place
) -> None:
    mine = pool.starmap(
        write_and_delete, [(place, writer) for writer in range(WRITERS)], chunksize=1
    )
    assert sum(mine) >= KEYS[place.kind]
    assert list(open_store(place.uri).keys("")) == []


def test_a_writer_that_is_killed_leaves_nothing_half_written(tmp_path: Path) -> None:
    """Killed in the middle of files that are larger than a write."""
    size = 4_000_000
    program = (
        "import sys\nfrom videonas.storage import open_store\n"
        f"store, number = open_store(sys.argv[1]), 0\n"
        f"while True:\n    store.create(f'w/{{number}}', bytes({size}))\n    number += 1\n"
        "    print(number, flush=True)\n"
    )
    killed_in_the_middle = 0
    for round_ in range(3):
        folder = tmp_path / str(round_)
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        for _ in range(3 + round_):
            process.stdout.readline()
        while not list((folder / ".scratch").iterdir()):
            pass
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        killed_in_the_middle += bool(list((folder / ".scratch").iterdir()))
        store = open_store(str(folder))
        keys = list(store.keys(""))
        assert len(keys) >= 3
        assert {store.fetch(key).stat().st_size for key in keys} == {size}
        assert store.create(f"w/{len(keys)}", b"next") == b"next", "its place is free"
    assert killed_in_the_middle, "no writer was killed while it wrote"
