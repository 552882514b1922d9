"""Stores behind a network that fails: nothing is lost, nothing counts twice, and what cannot be
helped is told in one sentence that names the object.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.storage.faulty_proxy import Fault, Proxy, Request, draw
from tests.storage.places import BUCKET, Place
from videonas.errors import StorageError
from videonas.storage import Store, check_create_only, in_parallel, open_store
from videonas.storage.objects import ObjectStore

TOO_MANY, UNAVAILABLE = Fault("answer", 429), Fault("answer", 503)
CUT_UP, CUT_DOWN, LOST = Fault("cut request"), Fault("cut answer", after=1), Fault("lose answer")
FAULTS = (TOO_MANY, UNAVAILABLE, CUT_UP, CUT_DOWN, LOST)
PART = 5 * 2**20
REFUSED = Fault("answer", 403)


@pytest.fixture
def store(remote: Place, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store with something in it."""
    monkeypatch.setattr(ObjectStore, "part_length", PART)
    store = open_store(remote.uri)
    store.create("there", b"what is there")
    proxy.calm()
    return store


def _create_file(store: Store, scratch: Path, content: bytes = b"1") -> None:
    (scratch / "file").write_bytes(content)
    store.create_file("new", scratch / "file")


OPERATIONS: dict[str, Callable[[Store, Path], object]] = {
    "read": lambda store, _: store.read("there"),
    "read nothing": lambda store, _: store.read("not there"),
    "create": lambda store, _: store.create("new", b"1"),
    "create again": lambda store, _: store.create("there", b"another"),
    "create_file": _create_file,
    "fetch": lambda store, _: store.fetch("there").read_bytes(),
    "keys": lambda store, _: list(store.keys("")),
    "delete": lambda store, _: store.delete("there"),
}
GIVES = {
    "read": b"what is there", "read nothing": None, "create": b"1",
    "create again": b"what is there", "create_file": None, "fetch": b"what is there",
    "keys": ["there"], "delete": None,
}
LEAVES = {"create": {"new", "there"}, "create_file": {"new", "there"}, "delete": set()}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.kind} {fault.status or ''}")
def test_a_fault_that_passes_changes_nothing(
    store: Store, proxy: Proxy, tmp_path: Path, operation: str, fault: Fault
) -> None:
    """The first request meets it, and the one after the next."""
    numbers = itertools.count()
    proxy.choose(lambda request: fault if next(numbers) in (0, 2) else None)
    assert OPERATIONS[operation](store, tmp_path) == GIVES[operation]
    assert next(numbers) >= 1, "it was met"
    proxy.calm()
    assert set(store.keys("")) == LEAVES.get(operation, {"there"})
    assert store.read("there") == (None if operation == "delete" else b"what is there")


def test_whose_answer_was_lost_counts_before_who_came_later(
    remote: Place, store: Store, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between a write that took effect and its repetition another tries to write."""
    for name in ("STORAGE_EMULATOR_HOST", "AWS_ENDPOINT_URL"):
        monkeypatch.setenv(name, f"http://{proxy.upstream}")
    other, told, writes = open_store(remote.uri), [], itertools.count()

    def lose_the_first(request: Request) -> Fault | None:
        number = next(writes) if request.writes else None
        if number == 1:
            told.append(other.create("new", b"later"))
        return LOST if number == 0 else None

    proxy.choose(lose_the_first)
    assert store.create("new", b"first") == b"first"
    assert told == [b"first"]
    assert store.read("new") == b"first"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.kind} {fault.status or ''}")
def test_a_large_file_goes_and_comes_whole(
    store: Store, proxy: Proxy, tmp_path: Path, fault: Fault
) -> None:
    """Every fourth request fails in the middle of what it carries."""
    in_the_middle = Fault(fault.kind, fault.status, after=2_000_000 if fault.after else 0)
    content = os.urandom(2 * PART + 1)
    numbers = itertools.count(1)
    proxy.choose(lambda request: None if next(numbers) % 4 else in_the_middle)
    _create_file(store, tmp_path, content)
    assert store.fetch("new").read_bytes() == content
    assert next(numbers) > 4, "some failed"


def test_a_connection_cut_in_the_middle_of_an_upload_leaves_nothing_half(
    store: Store, proxy: Proxy, tmp_path: Path
) -> None:
    left = proxy.fail(
        Fault("cut request", after=3_000_000), Fault("cut request", after=1),
        when=lambda request: request.writes,
    )
    content = os.urandom(7_000_000)
    _create_file(store, tmp_path, content)
    assert not left
    assert store.read("new") == content


def test_of_many_requests_that_often_fail_none_is_lost_and_none_counts_twice(
    store: Store, proxy: Proxy
) -> None:
    """Two writers of the same keys, each told whose bytes count, in parallel."""
    kinds, numbers = (*FAULTS, None, None, None, None, None, None), itertools.count()
    proxy.choose(lambda request: kinds[int(draw(7, next(numbers)) * len(kinds))])
    keys = [f"k/{number:02d}" for number in range(12)]
    writers = [store, open_store(store.uri)]
    work = [(writer, key) for key in keys for writer in (0, 1)]
    told = in_parallel(
        lambda item: writers[item[0]].create(item[1], f"{item[1]} of {item[0]}".encode()), work, 6
    )
    proxy.calm()
    assert list(store.keys("k/")) == keys
    for (_, key), counted in zip(work, told, strict=True):
        assert store.read(key) == counted
        assert counted in (f"{key} of 0".encode(), f"{key} of 1".encode())


def test_what_is_damaged_on_the_way_is_read_again(store: Store, proxy: Proxy) -> None:
    damage = Fault("damage")
    left = proxy.fail(damage, damage, when=lambda request: request.method == "GET")
    assert store.read("there") == b"what is there"
    assert not left


def test_what_stays_damaged_is_told(
    remote: Place, store: Store, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDEONAS_STORE_PATIENCE", "1")
    store = open_store(remote.uri)

    def damage(request: Request) -> Fault | None:
        content = "alt=media" in request.path or remote.kind == "s3"
        return Fault("damage") if request.method == "GET" and content else None

    proxy.choose(damage)
    for operation in (store.read, store.fetch):
        with pytest.raises(StorageError, match=rf"^{remote.uri}/there: .*checksum"):
            operation("there")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_may_not_be_done_is_asked_once_and_told(
    remote: Place, store: Store, proxy: Proxy, tmp_path: Path, operation: str
) -> None:
    proxy.choose(lambda request: REFUSED)
    with pytest.raises(StorageError) as caught:
        OPERATIONS[operation](store, tmp_path)
    assert str(caught.value).startswith(remote.uri)
    assert "permission denied" in str(caught.value)
    assert f"objects in {BUCKET!r}" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(proxy.requests) == 1


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_never_passes_is_told_with_the_object(
    remote: Place, store: Store, proxy: Proxy, tmp_path: Path, operation: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VIDEONAS_STORE_PATIENCE", "0.5")
    proxy.choose(lambda request: UNAVAILABLE)
    with pytest.raises(StorageError) as caught:
        OPERATIONS[operation](open_store(remote.uri), tmp_path)
    key = {"keys": "", "read nothing": "/not there", "create": "/new", "create_file": "/new"}
    assert str(caught.value).startswith(f"{remote.uri}{key.get(operation, '/there')}: ")
    assert "HTTP 503" in str(caught.value)
    assert len(proxy.requests) > 1, "it was tried again"


@pytest.mark.parametrize("bucket", ["-bad-", "b"])
def test_a_name_that_no_bucket_can_have_is_told(remote: Place, bucket: str) -> None:
    """Where the client, or the server, knows it."""
    with pytest.raises(StorageError) as caught:
        open_store(f"{remote.kind}://{bucket}/a").read("b")
    assert str(caught.value).startswith(f"{remote.kind}://{bucket}/a")
    assert "bucket" in str(caught.value).lower()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o != "delete"])
def test_a_bucket_that_is_not_there_is_told(
    remote: Place, proxy: Proxy, tmp_path: Path, operation: str
) -> None:
    store = open_store(f"{remote.kind}://no-such-bucket/a")
    with pytest.raises(StorageError, match=r"there is no bucket 'no-such-bucket'; create it"):
        OPERATIONS[operation](store, tmp_path)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_server_that_cannot_be_reached_is_told(
    remote: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    for name in ("STORAGE_EMULATOR_HOST", "AWS_ENDPOINT_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("VIDEONAS_STORE_PATIENCE", "0.3")
    with pytest.raises(StorageError) as caught:
        OPERATIONS[operation](open_store(remote.uri), tmp_path)
    assert str(caught.value).startswith(f"{remote.uri}")
    assert "http://127.0.0.1:9 cannot be reached" in str(caught.value)


@pytest.mark.parametrize("kind", ["gs", "s3"])
def test_missing_credentials_are_told(kind: str, tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true",
        "NO_GCE_CHECK": "true", "VIDEONAS_STORE_PATIENCE": "0.3",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    }
    program = (
        "from videonas.errors import StorageError\n"
        "from videonas.storage import open_store\n"
        "try:\n"
        f"    open_store('{kind}://bucket/a').read('b')\n"
        "except StorageError as error:\n"
        "    print(error)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True,
        check=True,
    )
    assert ran.stdout.startswith(f"{kind}://bucket/a")
    assert "no credentials for" in ran.stdout
    assert len(ran.stdout.splitlines()) == 1


@pytest.mark.parametrize("given", ["soon", "0", "-1", "nan", "inf"])
def test_a_patience_that_is_none_is_refused(
    remote: Place, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("VIDEONAS_STORE_PATIENCE", given)
    with pytest.raises(StorageError, match=f"^VIDEONAS_STORE_PATIENCE is '{given}'; allowed: "):
        open_store(remote.uri)


def test_a_store_that_replaces_what_is_there_is_refused(
    remote: Place, store: Store, proxy: Proxy
) -> None:
    proxy.choose(lambda request: Fault("unconditional"))
    with pytest.raises(StorageError, match=f"^{remote.uri}: this store lets a later write replace"):
        check_create_only(store)
    proxy.calm()
    assert list(store.keys("")) == ["there"]


def test_requests_wait_together_but_not_too_many(store: Store, proxy: Proxy) -> None:
    proxy.latency = 0.02
    keys = [f"k/{number}" for number in range(40)]
    in_parallel(lambda key: store.create(key, b"1"), keys, 100)
    # the proxy may count one that the client is done with already
    assert 1 < proxy.most_at_once < 2 * store.requests_at_once < 40


def test_parts_of_a_large_file_are_fetched_together(
    store: Store, proxy: Proxy, tmp_path: Path
) -> None:
    _create_file(store, tmp_path, bytes(4 * PART))
    proxy.calm()
    proxy.latency = 0.05
    assert store.fetch("new").stat().st_size == 4 * PART
    assert len(proxy.requests) == 5, "what it is, and four parts"
    assert proxy.most_at_once > 1


def test_what_is_there_already_is_not_sent(store: Store, proxy: Proxy, tmp_path: Path) -> None:
    _create_file(store, tmp_path, bytes(1000))
    proxy.calm()
    _create_file(store, tmp_path, bytes(5_000_000))
    assert not any(request.writes for request in proxy.requests)
    assert not (tmp_path / "file").exists()


@pytest.mark.parametrize(
    ("operation", "requests"),
    [("read", 1), ("read nothing", 1), ("create", 1), ("create again", 2), ("create_file", 2),
     ("fetch", 2), ("keys", 1), ("delete", 1)],
)
def test_an_operation_makes_no_more_requests_than_it_needs(
    store: Store, proxy: Proxy, tmp_path: Path, operation: str, requests: int
) -> None:
    store.read("nothing")  # the first that finds nothing asks whether there is a bucket
    proxy.calm()
    OPERATIONS[operation](store, tmp_path)
    assert len(proxy.requests) == requests
