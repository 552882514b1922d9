"""Local copies: fetched once, whole, and kept while somebody uses them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.storage.faulty_proxy import Proxy
from tests.storage.places import Place
from videonas.errors import StorageError
from videonas.storage import in_parallel, open_store
from videonas.storage.cache import ABANDONED, Cache, cache_folder, cache_limit

SIZE = 100


def name(number: int) -> str:
    return f"{number:032x}-copy"


def fetching(content: bytes = bytes(SIZE)) -> Callable[[Path], None]:
    def fetch(path: Path) -> None:
        path.write_bytes(content)

    return fetch


def whole(path: Path) -> bool:
    return path.stat().st_size == SIZE


def never(path: Path) -> None:
    raise AssertionError(f"fetched again: {path}")


def copies(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.name.endswith("-copy")}


def in_another_process(folder: Path, limit: int, *numbers: int, then: str = "") -> str:
    """What a process prints that is given copies and then does something."""
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tests.storage.test_cache import *\n"
        "cache = Cache(Path(sys.argv[1]), int(sys.argv[2]))\n"
        "for number in sys.argv[3:]:\n"
        "    print(cache.get(name(int(number)), whole, fetching()), flush=True)\n" + then
    )
    arguments = [str(folder), str(limit), *map(str, numbers)]
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], check=False, capture_output=True, text=True,
        cwd=Path(__file__).parents[2],
    ).stdout


def test_what_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "new", 10**6)
    path = cache.get(name(1), whole, fetching())
    assert path.read_bytes() == bytes(SIZE)
    assert cache.get(name(1), whole, never) == path
    assert Cache(tmp_path / "new", 10**6).get(name(1), whole, never) == path


def test_a_fetch_that_fails_leaves_nothing(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 10**6)

    def fail_in_the_middle(path: Path) -> None:
        path.write_bytes(b"ha")
        raise StorageError("gone")

    with pytest.raises(StorageError, match="gone"):
        cache.get(name(1), whole, fail_in_the_middle)
    assert not copies(tmp_path)
    assert not list(tmp_path.glob("part-*"))
    assert cache.get(name(1), whole, fetching()).exists()


def test_a_copy_that_was_damaged_is_fetched_again(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 10**6)
    cache.get(name(1), whole, fetching()).write_bytes(b"short")
    assert cache.get(name(1), whole, fetching()).stat().st_size == SIZE


def test_the_least_recently_used_go_where_there_are_too_many(tmp_path: Path) -> None:
    limit = 3 * SIZE
    in_another_process(tmp_path, limit, 1, 2, 3)
    for number, used in ((1, 30), (2, 10), (3, 20)):
        os.utime(tmp_path / name(number), (used, used))
    Cache(tmp_path, limit).get(name(4), whole, fetching())
    assert copies(tmp_path) == {name(1), name(3), name(4)}


def test_using_a_copy_keeps_it(tmp_path: Path) -> None:
    in_another_process(tmp_path, 10**6, 1, 2, 3)
    for number in (1, 2, 3):
        os.utime(tmp_path / name(number), (number, number))
    in_another_process(tmp_path, 10**6, 1)
    in_another_process(tmp_path, 2 * SIZE, 4)
    assert copies(tmp_path) == {name(1), name(4)}


def test_what_a_living_process_was_given_stays(tmp_path: Path) -> None:
    """Also where there is no room for all of it."""
    cache = Cache(tmp_path, SIZE)
    for number in range(4):
        cache.get(name(number), whole, fetching())
    in_another_process(tmp_path, 0, 4)
    assert copies(tmp_path) == {name(number) for number in range(5)}, "in use, or just fetched"
    in_another_process(tmp_path, 0, 5)
    assert copies(tmp_path) == {name(number) for number in (0, 1, 2, 3, 5)}
    assert cache.get(name(0), whole, never).exists()


def test_what_a_killed_process_was_given_may_go(tmp_path: Path) -> None:
    kill = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"
    assert len(in_another_process(tmp_path, 10**6, 1, 2, then=kill).splitlines()) == 2
    Cache(tmp_path, 0).get(name(3), whole, fetching())
    assert copies(tmp_path) == {name(3)}


def test_a_process_killed_while_it_fetches_is_in_nobodys_way(tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from tests.storage.test_cache import *\n"
        "def hang(path):\n"
        "    path.write_bytes(b'ha')\n"
        "    print('hangs', flush=True)\n"
        "    time.sleep(60)\n"
        "Cache(Path(sys.argv[1]), 10**6).get(name(1), whole, hang)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    with process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    cache = Cache(tmp_path, 10**6)
    assert cache.get(name(1), whole, fetching()).stat().st_size == SIZE
    (part,) = tmp_path.glob("part-*")
    age = part.stat().st_mtime - ABANDONED - 1
    os.utime(part, (age, age))
    cache.get(name(2), whole, fetching())
    assert not part.exists()
    assert copies(tmp_path) == {name(1), name(2)}


def fetch(place: Place, key: str) -> bytes:
    return place.open().fetch(key).read_bytes()


def test_who_wants_the_same_at_the_same_time_fetches_it_once(remote: Place, proxy: Proxy) -> None:
    """Threads of one process, and several processes."""
    store = remote.open()
    store.create("shard", bytes(2_000_000))
    proxy.calm()
    proxy.latency = 0.1
    in_parallel(store.fetch, ["shard"] * 4, 4)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert set(pool.starmap(fetch, [(remote, "shard")] * 4)) == {bytes(2_000_000)}
    heads = 8
    assert len(proxy.requests) == heads + 1


def test_of_a_cached_file_only_the_version_is_asked(remote: Place, proxy: Proxy) -> None:
    store = remote.open()
    store.create("a/w.weights.h5", b"first")
    first = store.fetch("a/w.weights.h5")
    proxy.calm()
    assert open_store(remote.uri).fetch("a/w.weights.h5") == first
    assert len(proxy.requests) == 1
    first.write_bytes(b"wrong")
    assert store.fetch("a/w.weights.h5").read_bytes() == b"first"
    store.delete("a/w.weights.h5")
    store.create("a/w.weights.h5", b"again")
    assert store.fetch("a/w.weights.h5").read_bytes() == b"again"


def test_equal_names_in_different_places_are_different_copies(remote: Place) -> None:
    one, other = open_store(f"{remote.uri}/one"), open_store(f"{remote.uri}/other")
    for store, content in ((one, b"1"), (other, b"2")):
        store.create("a", content)
    assert (one.fetch("a").read_bytes(), other.fetch("a").read_bytes()) == (b"1", b"2")


@given(st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1))
def test_any_key_has_a_name_for_its_copy(ending: str) -> None:
    from videonas.storage.objects import Version, _copy_name

    given_ = _copy_name(f"gs://bucket/a/{ending}", Version("1", 1, ""))
    assert len(given_.encode()) <= 255
    with tempfile.TemporaryDirectory() as folder:
        copy = Cache(Path(folder), 10**6).get(given_, whole, fetching())
        assert copy.name.endswith(ending[-20:])


def test_a_full_disk_leaves_nothing_half(tiny_disk: Path) -> None:
    cache = Cache(tiny_disk, 10**9)
    with pytest.raises(StorageError, match="No space left on device; free some space"):
        cache.get(name(1), whole, fetching(bytes(200_000)))
    assert not copies(tiny_disk)
    assert cache.get(name(1), whole, fetching()).exists()
    del cache  # what it was given is in use no more, and the disk can go


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=rf"^{tmp_path}/file: File exists"):
        Cache(tmp_path / "file", 1).get(name(1), whole, never)


def test_where_copies_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the environment says, else where the user's cache is, else with the temporary files."""
    monkeypatch.setenv("VIDEONAS_CACHE", str(tmp_path / "given"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "given"
    monkeypatch.delenv("VIDEONAS_CACHE")
    assert cache_folder() == tmp_path / "xdg/videonas"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == tmp_path / "home/.cache/videonas"
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    assert cache_folder().parent == Path(tempfile.gettempdir())


@pytest.mark.parametrize("text", ["much", "-1", "nan", "inf"])
def test_a_limit_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("VIDEONAS_CACHE_GB", text)
    with pytest.raises(StorageError, match=f"^VIDEONAS_CACHE_GB is '{text}'; allowed: a number"):
        cache_limit()
    monkeypatch.setenv("VIDEONAS_CACHE_GB", "0.5")
    assert cache_limit() == 500_000_000
