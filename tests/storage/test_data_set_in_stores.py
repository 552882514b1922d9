"""Data preparation between stores: nothing is read, decoded or written twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import SMALL
from tests.data.test_prepare import numbered_from
from tests.storage.faulty_proxy import Proxy, Request
from tests.storage.places import Place
from tests.videos import write_video
from videonas.data import decoding
from videonas.search.root import SearchRoot
from videonas.steps.data_prep import data_prep
from videonas.steps.shards import CheckedShards
from videonas.steps.start import start


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """One short video."""
    folder = tmp_path_factory.mktemp("video")
    return write_video(folder / "1.avi", numbered_from(1, 9), codec="mpeg4").read_bytes()


@pytest.fixture
def search(remote: Place, video: bytes, monkeypatch: pytest.MonkeyPatch) -> SearchRoot:
    """A search in a store, over videos in a store, with a shard a video."""
    monkeypatch.setattr("videonas.data.shards.SHARD_BYTES", 1)
    store = remote.open()
    for number in range(12):
        store.create(f"videos/{'ab'[number % 2]}/{number}.avi", video)
    root = SearchRoot(f"{remote.uri}/root")
    start(root, {**SMALL, "videos": f"{remote.uri}/videos"})
    return root


def reads_a_shard(request: Request) -> bool:
    """Whether bytes of a shard are asked for, and not only what is known of it."""
    of_shard = request.method == "GET" and ".tfrecord" in request.path
    return of_shard and ("/storage/v1/b/" not in request.path or "alt=media" in request.path)


def test_a_data_set_is_made_once(
    search: SearchRoot, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = data_prep(search)
    assert sum(len(split.shards) for split in made.splits.values()) == 12
    assert search.prepared_videos(made) is not None
    monkeypatch.setattr(decoding, "read_clips", lambda *_: pytest.fail("decoded"))
    proxy.calm()
    assert data_prep(SearchRoot(search.uri)) == made
    assert not [request for request in proxy.requests if request.writes]
    assert not [request for request in proxy.requests if ".avi" in request.path]


def test_each_shard_is_read_once_through_the_cache(search: SearchRoot, proxy: Proxy) -> None:
    """By all tasks on a machine: each opens the search root anew."""
    made = data_prep(search)
    proxy.calm()
    for _ in range(3):
        root = SearchRoot(search.uri)
        shards = CheckedShards(root, root.need_dataset())
        for name, split in made.splits.items():
            assert [shard for _, shard in shards.of(name)] == list(split.shards)
            assert shards.of(name) == shards.of(name)
    read = [request for request in proxy.requests if reads_a_shard(request)]
    assert len(read) == 12
    assert len({request.path for request in read}) == 12


def test_shards_are_sent_while_videos_are_decoded(
    search: SearchRoot, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode, sent_before = decoding.read_clips, []

    def noting(*arguments: object) -> decoding.DecodedVideo:
        """Decodes as always."""
        sent_before.append(sum(request.writes for request in proxy.requests))
        return decode(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(decoding, "read_clips", noting)
    monkeypatch.setattr("videonas.data.parallel.AHEAD", 1)
    monkeypatch.setattr("videonas.data.obtaining.cores", lambda: 1)
    proxy.calm()
    made = data_prep(search)
    assert sent_before[0] == 0
    assert sent_before[-1] > 0
    for name in made.splits:
        for path, shard in search.shards(made, name):
            shard.check(path)


def test_an_interrupted_preparation_is_gone_on_with(
    search: SearchRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode, decoded = decoding.read_clips, []

    def until_the_ninth(path: Path, *arguments: object) -> decoding.DecodedVideo:
        """The machine stops while the ninth is decoded."""
        decoded.append(path)
        if len(decoded) == 9:
            raise KeyboardInterrupt
        return decode(path, *arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(decoding, "read_clips", until_the_ninth)
        patch.setattr("videonas.data.obtaining.cores", lambda: 1)
        with pytest.raises(KeyboardInterrupt):
            data_prep(search)
    keys = list(search.records.store.keys("data/"))
    assert any(key.endswith(".tfrecord") for key in keys)
    assert not any(key.endswith(".json") for key in keys)
    made = data_prep(SearchRoot(search.uri))
    for name in made.splits:
        for path, shard in search.shards(made, name):
            shard.check(path)


def test_changed_videos_are_prepared_where_the_search_allows_them(
    search: SearchRoot, remote: Place, video: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_prep(search)
    remote.open().create("videos/a/new.avi", video)
    names = []
    decode = decoding.read_clips

    def noting(path: Path, *arguments: object) -> decoding.DecodedVideo:
        """Decodes as always."""
        names.append(path)
        return decode(path, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(decoding, "read_clips", noting)
    root = SearchRoot(search.uri)
    start(root, {"new_videos": "keep"})
    made = data_prep(root)
    assert len(names) == 1, "the other twelve are taken over"
    assert sum(split.videos for split in made.splits.values()) == 13
    assert data_prep(SearchRoot(search.uri)) == made
