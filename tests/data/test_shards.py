"""Shards: the same bytes each time, readable by others, and damage found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from videonas.codec import digest
from videonas.data.shards import ShardWriter
from videonas.errors import DamagedRecord, StorageError
from videonas.search.dataset import Shard
from videonas.task import Clip

CLIP = Clip(3, 8)
Files = list[tuple[Path, Shard]]


def random_clips(count: int, clip: Clip = CLIP) -> NDArray[np.uint8]:
    """Noise of shape `(count, *clip.shape)`."""
    return np.random.default_rng(count).integers(0, 256, (count, *clip.shape), np.uint8)


def write(folder: Path, clips: NDArray[np.uint8], shard_bytes: int = 1 << 20) -> Files:
    """One video a clip, its label its index modulo 3."""
    folder.mkdir(parents=True, exist_ok=True)
    writer = ShardWriter(folder, "train", shard_bytes)
    for number, clip in enumerate(clips):
        writer.add({"rgb": clip[None]}, [number % 3], f"class/{number}.mp4")
    return [(folder / shard.name, shard) for shard in writer.close()]


def test_the_same_clips_give_the_same_bytes(tmp_path: Path) -> None:
    one = write(tmp_path / "one", random_clips(7), 2000)
    two = write(tmp_path / "two", random_clips(7), 2000)
    assert [shard for _, shard in one] == [shard for _, shard in two]
    for path, shard in one:
        assert digest(path.read_bytes()) == shard.sha256


def test_the_files_are_tfrecords_of_examples(tmp_path: Path) -> None:
    """Other tools may read them, and TensorFlow's reader checks every checksum."""
    writer = ShardWriter(tmp_path, "test")
    clips = random_clips(2)
    writer.add({"rgb": clips, "flow": clips[..., :2]}, [5], "a/ü.mp4")
    (shard,) = writer.close()
    records = list(tf.data.TFRecordDataset(str(tmp_path / shard.name)).as_numpy_iterator())
    features = [tf.train.Example.FromString(record).features.feature for record in records]
    assert [f["clip"].int64_list.value[0] for f in features] == [0, 1]
    assert {f["label"].int64_list.value[0] for f in features} == {5}
    assert {f["video"].bytes_list.value[0].decode() for f in features} == {"a/ü.mp4"}
    assert features[1]["rgb"].bytes_list.value[0] == clips[1].tobytes()
    assert features[1]["flow"].bytes_list.value[0] == clips[1, ..., :2].tobytes()


@pytest.mark.parametrize("shard_bytes", [1, 2000, 1 << 20])
def test_files_are_numbered_and_hold_every_clip(tmp_path: Path, shard_bytes: int) -> None:
    files = write(tmp_path, random_clips(10), shard_bytes)
    assert sum(shard.clips for _, shard in files) == 10
    assert [path.name for path, _ in files] == [
        f"train-{number:05d}.tfrecord" for number in range(len(files))
    ]


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: data,
        lambda data: data[:-1],
        lambda data: data + b"x",
        lambda data: data[:100] + bytes([data[100] ^ 1]) + data[101:],
        lambda data: b"",
    ],
)
def test_a_changed_file_is_refused(tmp_path: Path, harm: Callable[[bytes], bytes]) -> None:
    ((path, shard),) = write(tmp_path, random_clips(3))
    data = path.read_bytes()
    path.write_bytes(harm(data))
    if harm(data) == data:
        shard.check(path)
        return
    sentence = rf"{path}: its SHA-256 is .*expected {shard.sha256[:12]}.*; restore this file"
    with pytest.raises(DamagedRecord, match=sentence):
        shard.check(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    ((path, shard),) = write(tmp_path, random_clips(3))
    path.unlink()
    with pytest.raises(DamagedRecord, match=rf"{path}: No such file .*prepare the data again"):
        shard.check(path)


def test_an_unwritable_folder_is_named_and_discard_removes_all(tmp_path: Path) -> None:
    writer = ShardWriter(tmp_path / "gone", "train")
    with pytest.raises(StorageError, match=r"gone: shards cannot be written \("):
        writer.add({"rgb": random_clips(1)}, [0], "a/1.mp4")
    writer.discard()
    writer = ShardWriter(tmp_path, "train", shard_bytes=1)
    writer.add({"rgb": random_clips(3)}, [0], "a/1.mp4")
    writer.discard()
    assert list(tmp_path.iterdir()) == []
