"""What every store does, wherever it lies."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.storage.faulty_proxy import Proxy
from tests.storage.places import Place
from videonas.errors import StorageError
from videonas.storage import Store, check_create_only, in_parallel, open_store
from videonas.storage.objects import ObjectStore


@pytest.fixture
def store(place: Place) -> Store:
    return open_store(place.uri)


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
        store.create_file("weights/w.weights.h5", file)
        assert not file.exists()
    fetched = store.fetch("weights/w.weights.h5")
    assert fetched.read_text() == "first"
    assert fetched.name.endswith("w.weights.h5"), "Keras goes by the name"


def test_a_large_file_arrives_as_it_was(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes in parts, of which the last is short; whoever comes second changes nothing."""
    part = 5 * 2**20
    monkeypatch.setattr(ObjectStore, "part_length", part)
    content = os.urandom(2 * part + 12_345)
    for data in (content, b"2" * len(content)):
        (tmp_path / "large").write_bytes(data)
        store.create_file("large", tmp_path / "large")
    assert store.fetch("large").read_bytes() == content
    assert store.read("large") == content


def test_a_key_that_was_written_again_is_fetched_anew(store: Store) -> None:
    for content in (b"first", b"again", b""):
        store.create("a", content)
        assert store.fetch("a").read_bytes() == content
        store.delete("a")
    with pytest.raises(StorageError, match="/a: no such file"):
        store.fetch("a")


def test_keys_are_sorted_and_start_with_the_prefix(store: Store) -> None:
    for key in ("b/2", "b/10", "a/x/y", "ab"):
        store.create(key, b"")
    assert list(store.keys("")) == ["a/x/y", "ab", "b/10", "b/2"]
    assert list(store.keys("a/")) == ["a/x/y"]
    assert list(store.keys("b/1")) == ["b/10"]
    assert list(store.keys("nothing/")) == []


def test_children_are_what_is_right_below_a_folder(store: Store) -> None:
    for key in ("a/b/c", "a/b/d", "a/e", "f", "a-g/h", "a.json"):
        store.create(key, b"1")
    assert store.children("") == ["a-g/", "a.json", "a/", "f"]
    assert store.children("a/") == ["b/", "e"]
    assert store.children("a/b/") == ["c", "d"]
    assert store.children("nowhere/") == []


def test_a_listing_of_several_pages_is_whole(
    remote: Place, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ObjectStore, "page_length", 10)
    store = remote.open()
    keys = [f"many/{number:04d}" for number in range(35)]
    in_parallel(lambda key: store.create(key, b""), keys, store.requests_at_once)
    proxy.calm()
    assert list(store.keys("many/")) == keys
    assert len(proxy.requests) == 4


def test_a_store_below_another_sees_its_part(place: Place, store: Store) -> None:
    store.create("a/b", b"1")
    store.create("ab", b"2")
    below = open_store(f"{place.uri}/a/")
    assert below.uri == f"{store.uri}/a"
    assert list(below.keys("")) == ["b"]
    assert below.read("b") == b"1"


def test_deleting_twice_is_deleting_once(store: Store) -> None:
    store.create("a", b"")
    store.delete("a")
    store.delete("a")
    assert store.read("a") is None


def test_fetching_nothing_says_what_is_missing(place: Place, store: Store) -> None:
    with pytest.raises(StorageError) as caught:
        store.fetch("a/b")
    assert str(caught.value) == f"{place.uri}/a/b: no such file"


@pytest.mark.parametrize("key", ["../a", "a/../../b", "/etc/passwd", "a//b", "", "./a"])
def test_no_key_leads_out_of_the_store(store: Store, key: str) -> None:
    for method in (store.read, store.fetch, store.delete, lambda key: store.create(key, b"")):
        with pytest.raises(StorageError, match="is not a key"):
            method(key)


def test_a_store_that_holds_create_only_writes_passes_and_keeps_nothing(store: Store) -> None:
    store.create("a", b"1")
    check_create_only(store)
    assert list(store.keys("")) == ["a"]


def test_requests_in_parallel_keep_their_order(store: Store) -> None:
    keys = [f"k/{number}" for number in range(25)]
    in_parallel(lambda key: store.create(key, key.encode()), keys, store.requests_at_once)
    assert in_parallel(store.read, keys, store.requests_at_once) == [key.encode() for key in keys]
    with pytest.raises(StorageError, match="k/missing: no such file"):
        in_parallel(store.fetch, [*keys, "k/missing", *keys], store.requests_at_once)


@pytest.mark.parametrize(
    ("uri", "sentence"),
    [
        ("ftp://somewhere/a", "ftp://somewhere/a: unknown scheme 'ftp'; allowed: a local path, "),
        ("gs://", "gs://: names no bucket; allowed: gs://bucket/prefix"),
        ("s3:///a", "s3:///a: names no bucket; allowed: s3://bucket/prefix"),
        ("minio://bucket/a", "minio://bucket/a: no endpoint; set AWS_ENDPOINT_URL_S3 to "),
        ("s3://bucket/a/../b", "s3://bucket/a/../b: 'a/../b' is not a key"),
    ],
)
def test_a_uri_that_leads_nowhere_is_refused(
    monkeypatch: pytest.MonkeyPatch, uri: str, sentence: str
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:9")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with pytest.raises(StorageError) as caught:
        open_store(uri)
    assert str(caught.value).startswith(sentence)


def test_an_endpoint_that_is_no_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost:9000")
    with pytest.raises(StorageError, match="localhost:9000; an endpoint begins with http://"):
        open_store("minio://bucket/a")


@pytest.mark.parametrize(
    ("scheme", "module", "advice"),
    [
        ("gs", "google.cloud", "needs google-cloud-storage; pip install 'videonas[gcs]'"),
        ("s3", "boto3", "needs boto3; pip install 'videonas[s3]'"),
        ("minio", "tenacity", "needs tenacity; pip install 'videonas[s3]'"),
    ],
)
def test_a_package_that_is_missing_is_named_and_needed_only_by_its_store(
    scheme: str, module: str, advice: str, tmp_path: Path
) -> None:
    program = (
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}:\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Missing())\n"
        "from videonas.errors import StorageError\n"
        "from videonas.storage import open_store\n"
        f"print(open_store({str(tmp_path)!r}).create('a', b'1'))\n"
        "try:\n"
        f"    open_store('{scheme}://bucket/a')\n"
        "except StorageError as error:\n"
        "    print(error)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines() == ["b'1'", f"{scheme}://bucket/a: {advice}"]


def test_local_searches_import_no_client() -> None:
    program = (
        "import sys, videonas.search.root\n"
        "clients = ('google.cloud', 'google.auth', 'boto', 'tenacity', 'urllib3')\n"
        "print([name for name in sys.modules if name.startswith(clients)])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"
