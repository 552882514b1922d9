"""A data set counts once all of it is there, whatever was there before."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from videonas.codec import digest
from videonas.errors import DamagedRecord, StorageError
from videonas.search.dataset import Dataset, Shard, Split
from videonas.search.prepared_videos import PreparedVideo, PreparedVideos
from videonas.search.publication import Publication
from videonas.search.root import SearchRoot
from videonas.task import Clip

DIGEST = "d" * 64
VIDEOS = PreparedVideos("recipe", (PreparedVideo("a/1.mp4", 9, "c", "train-00000", 0, 4),))
Harm = Callable[[SearchRoot], object]


def made(folder: Path, count: int, salt: bytes = b"") -> tuple[Dataset, list[Path]]:
    """A data set of so many shards, which lie in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    shards, paths = [], []
    for number in range(count):
        path = folder / f"train-{number:05d}.tfrecord"
        path.write_bytes(b"%d" % number + salt)
        paths.append(path)
        shards.append(Shard(path.name, 1, digest(path.read_bytes())))
    split = Split(count, count, (count, 0), tuple(shards))
    return Dataset(DIGEST, "/v", {"rgb": Clip(2, 8)}, ("a", "b"), {"train": split}, 9, 0), paths


@pytest.fixture
def root(tmp_path: Path) -> SearchRoot:
    """A search root with nothing in it."""
    return SearchRoot(str(tmp_path / "root"))


def publish(root: SearchRoot, dataset: Dataset, paths: list[Path]) -> Dataset:
    """All of a data set."""
    with root.publication(DIGEST) as publication:
        for path in paths:
            publication.send(path)
        return publication.finish(dataset, VIDEOS)


def test_shards_come_first_and_the_record_last(root: SearchRoot, tmp_path: Path) -> None:
    dataset, paths = made(tmp_path / "out", 5)
    store = root.records.store
    with root.publication(DIGEST) as publication:
        for path in paths:
            publication.send(path)
            assert root.dataset(DIGEST) is None
            assert len([path for path in paths if not path.exists()]) >= paths.index(path)
        assert publication.finish(dataset, VIDEOS) == dataset
    assert root.dataset(DIGEST) == dataset
    assert root.prepared_videos(dataset) == VIDEOS
    assert [path.read_bytes() for path, _ in root.shards(dataset, "train")] == [
        b"%d" % number for number in range(5)
    ]
    assert not any(path.exists() for path in paths)
    assert len(list(store.keys("data/"))) == 7


def test_a_preparation_that_ends_early_does_not_count_and_is_gone_on_with(
    root: SearchRoot, tmp_path: Path
) -> None:
    _, paths = made(tmp_path / "one", 3)
    with root.publication(DIGEST) as publication:
        publication.send(paths[0])
        publication.send(paths[1])
    assert root.dataset(DIGEST) is None
    dataset, paths = made(tmp_path / "two", 3)
    assert publish(root, dataset, paths) == dataset
    for path, shard in root.shards(dataset, "train"):
        shard.check(path)


@pytest.mark.parametrize(
    ("left", "named"),
    [
        (lambda root: root.records.store.create(f"data/{DIGEST}/train-00001.tfrecord", b"other"),
         r"train-00001\.tfrecord"),
        (lambda root: root.records.create(PreparedVideos("", ()), f"data/{DIGEST}/videos.json"),
         r"videos\.json"),
    ],
)
def test_what_another_preparation_left_is_not_taken_for_this_one(
    root: SearchRoot, tmp_path: Path, left: Harm, named: str
) -> None:
    left(root)
    dataset, paths = made(tmp_path / "out", 3)
    with pytest.raises(DamagedRecord, match=rf"data/{DIGEST}: {named} is of a preparation .*again"):
        publish(root, dataset, paths)
    assert root.dataset(DIGEST) is None


def test_what_was_published_meanwhile_counts(root: SearchRoot, tmp_path: Path) -> None:
    first, paths = made(tmp_path / "one", 2)
    second, others = made(tmp_path / "two", 2, b"other bytes")
    mine = root.publication(DIGEST)
    assert publish(root, first, paths) == first
    with mine:
        for path in others:
            mine.send(path)
        assert mine.finish(second, VIDEOS) == first
    for path, shard in root.shards(first, "train"):
        shard.check(path)


def test_a_shard_that_cannot_be_written_stops_it(root: SearchRoot, tmp_path: Path) -> None:
    dataset, paths = made(tmp_path / "out", 2)
    paths[0].unlink()
    with pytest.raises(StorageError, match="No such file"):
        publish(root, dataset, paths)
    assert root.dataset(DIGEST) is None


def test_few_shards_wait_on_this_machine(
    root: SearchRoot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = root.records.store
    monkeypatch.setattr(store, "requests_at_once", 2, raising=False)
    may_go, create_file = threading.Semaphore(0), store.create_file

    def slowly(key: str, path: Path) -> None:
        """Waits until it may."""
        may_go.acquire()
        create_file(key, path)

    monkeypatch.setattr(store, "create_file", slowly)
    dataset, paths = made(tmp_path / "out", 4)
    with Publication(root.records, f"data/{DIGEST}") as publication:
        publication.send(paths[0])
        publication.send(paths[1])
        third = threading.Thread(target=publication.send, args=(paths[2],))
        third.start()
        third.join(0.05)
        assert third.is_alive(), "two are under way"
        may_go.release(2)
        third.join(10)
        assert not third.is_alive()
        may_go.release(2)
        publication.send(paths[3])
        assert publication.finish(dataset) == dataset
