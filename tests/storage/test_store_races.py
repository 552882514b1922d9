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

import pytest

from videonas.storage import Store, open_store

WRITERS = 4
KEYS = 30
SIZE = 100_000


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """Processes that race."""
    with multiprocessing.get_context("spawn").Pool(WRITERS) as pool:
        yield pool


def content(writer: int) -> bytes:
    """Bytes that tell who wrote them, from the first to the last."""
    return bytes([writer]) * SIZE


def write_all(folder: str, writer: int) -> list[int]:
    """Writes every key; gives back whose bytes count."""
    store = open_store(folder)
    return [store.create(f"raced/{number}", content(writer))[0] for number in range(KEYS)]


def move_all(folder: str, writer: int) -> None:
    """Moves a file to every key."""
    store = open_store(folder)
    for number in range(KEYS):
        file = Path(folder, f"of-{writer}")
        file.write_bytes(content(writer))
        store.create_file(f"moved/{number}", file)


def write_and_delete(folder: str, writer: int) -> int:
    """Writes one key and deletes it, again and again; gives back how often its own counted."""
    store = open_store(folder)
    mine = 0
    for _ in range(KEYS):
        counted = store.create("claim", content(writer))
        assert len(set(counted)) == 1
        mine += counted[0] == writer
        store.delete("claim")
    return mine


def watch(store: Store, over: threading.Event, seen: Counter[tuple[int, int]]) -> None:
    """Reads whatever is there, as often as it can: its length, and how many wrote it."""
    last = False
    while not last:
        last = over.is_set()
        for key in store.keys("raced/"):
            data = store.read(key)
            if data is not None:
                seen[len(data), len(set(data))] += 1


def test_of_each_key_one_writer_counts_and_all_are_told_the_same(
    pool: Pool, tmp_path: Path
) -> None:
    over, seen = threading.Event(), Counter[tuple[int, int]]()
    store = open_store(str(tmp_path))
    watching = threading.Thread(target=watch, args=(store, over, seen))
    watching.start()
    told = pool.starmap(write_all, [(str(tmp_path), writer) for writer in range(WRITERS)])
    over.set()
    watching.join()
    assert all(answers == told[0] for answers in told)
    for number, winner in enumerate(told[0]):
        assert store.read(f"raced/{number}") == content(winner)
    assert seen.keys() == {(SIZE, 1)}, "a file is whole when it appears"


def test_of_files_that_are_moved_one_arrives_whole(pool: Pool, tmp_path: Path) -> None:
    pool.starmap(move_all, [(str(tmp_path), writer) for writer in range(WRITERS)])
    store = open_store(str(tmp_path))
    assert len(list(store.keys("moved/"))) == KEYS
    for key in store.keys("moved/"):
        data = store.fetch(key).read_bytes()
        assert data == content(data[0])
    assert [path.name for path in tmp_path.glob(".scratch/*")] == []


def test_a_claim_that_is_given_up_and_taken_again_is_always_somebodys(
    pool: Pool, tmp_path: Path
) -> None:
    mine = pool.starmap(write_and_delete, [(str(tmp_path), writer) for writer in range(WRITERS)])
    assert sum(mine) >= KEYS
    assert list(open_store(str(tmp_path)).keys("")) == []


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
