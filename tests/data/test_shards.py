"""Shards: round trips, the same bytes each time, resizing by area, and damage found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from videonas.codec import digest
from videonas.data.shards import ShardWriter, load_split, resize
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
        writer.add({"rgb": clip[None]}, number % 3, f"class/{number}.mp4")
    return [(folder / shard.name, shard) for shard in writer.close()]


@pytest.mark.parametrize("shard_bytes", [1, 2000, 1 << 20])
def test_clips_come_back_in_order(tmp_path: Path, shard_bytes: int) -> None:
    clips = random_clips(10)
    files = write(tmp_path, clips, shard_bytes)
    assert sum(shard.clips for _, shard in files) == 10
    assert [path.name for path, _ in files] == [
        f"train-{number:05d}.tfrecord" for number in range(len(files))
    ]
    loaded, labels = load_split(files, "rgb", CLIP, CLIP.size)
    assert loaded.dtype == np.uint8
    assert labels.dtype == np.int32
    np.testing.assert_array_equal(loaded, clips)
    np.testing.assert_array_equal(labels, np.arange(10) % 3)


@pytest.mark.parametrize("take", [0, 1, 4, 5, 9, 100])
def test_the_first_clips_only(tmp_path: Path, take: int) -> None:
    clips = random_clips(9)
    files = write(tmp_path, clips, shard_bytes=2000)
    assert len(files) > 2
    loaded, labels = load_split(files, "rgb", CLIP, CLIP.size, take)
    np.testing.assert_array_equal(loaded, clips[:take])
    assert len(labels) == min(take, 9)


def test_shards_that_are_not_needed_are_not_opened(tmp_path: Path) -> None:
    files = write(tmp_path, random_clips(9), shard_bytes=2000)
    files[-1][0].unlink()
    assert len(load_split(files, "rgb", CLIP, CLIP.size, take=2)[0]) == 2


def test_no_files_no_clips() -> None:
    clips, labels = load_split([], "rgb", CLIP, 4)
    assert (clips.shape, labels.shape) == ((0, 3, 4, 4, 3), (0,))


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
    writer.add({"rgb": clips, "flow": clips[..., :2]}, 5, "a/ü.mp4")
    (shard,) = writer.close()
    records = list(tf.data.TFRecordDataset(str(tmp_path / shard.name)).as_numpy_iterator())
    features = [tf.train.Example.FromString(record).features.feature for record in records]
    assert [f["clip"].int64_list.value[0] for f in features] == [0, 1]
    assert {f["label"].int64_list.value[0] for f in features} == {5}
    assert {f["video"].bytes_list.value[0].decode() for f in features} == {"a/ü.mp4"}
    assert features[1]["rgb"].bytes_list.value[0] == clips[1].tobytes()
    flow, _ = load_split([(tmp_path / shard.name, shard)], "flow", Clip(3, 8, 2), 8)
    np.testing.assert_array_equal(flow, clips[..., :2])


@pytest.mark.parametrize("size", [1, 2, 4])
def test_a_whole_factor_averages_blocks(size: int) -> None:
    clips = random_clips(5)
    block = CLIP.size // size
    means = clips.reshape(5, 3, size, block, size, block, 3).astype(float).mean((3, 5))
    assert np.abs(resize(clips, size) - means).max() <= 0.51
    assert resize(clips, CLIP.size) is clips


def test_a_broken_factor_keeps_the_mean_and_all_batches_alike(tmp_path: Path) -> None:
    clip = Clip(2, 96)
    clips = random_clips(200, clip)
    files = write(tmp_path, clips, 4 << 20)
    loaded, _ = load_split(files, "rgb", clip, 40)
    np.testing.assert_array_equal(loaded, resize(clips, 40))
    assert loaded.mean() == pytest.approx(clips.mean(), abs=0.05)


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: data[:-1],
        lambda data: data + b"x",
        lambda data: data[:100] + bytes([data[100] ^ 1]) + data[101:],
        lambda data: b"",
    ],
)
def test_a_changed_file_is_refused(tmp_path: Path, harm: object) -> None:
    ((path, shard),) = write(tmp_path, random_clips(3))
    path.write_bytes(harm(path.read_bytes()))  # type: ignore[operator]
    sentence = rf"{path}: its SHA-256 is .*expected {shard.sha256[:12]}.*; restore this file"
    with pytest.raises(DamagedRecord, match=sentence):
        load_split([(path, shard)], "rgb", CLIP, 8)


def test_a_file_changed_after_it_was_read_is_refused(tmp_path: Path) -> None:
    ((path, shard),) = write(tmp_path, random_clips(3))
    load_split([(path, shard)], "rgb", CLIP, 8)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DamagedRecord):
        load_split([(path, shard)], "rgb", CLIP, 8)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    ((path, shard),) = write(tmp_path, random_clips(3))
    path.unlink()
    with pytest.raises(DamagedRecord, match=rf"{path}: No such file .*prepare the data again"):
        load_split([(path, shard)], "rgb", CLIP, 8)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"\xff" * 12, "a record reaches beyond its end"),
        (b"\x01", "a record reaches beyond its end"),
        (b"", "found 0 clips, expected 3"),
        (b"\x03" + bytes(11) + b"\xff\xff\xff" + bytes(4), "record 0 has no 'rgb' clip"),
        (bytes(16), "record 0 has no 'rgb' clip"),
    ],
)
def test_bad_records_under_a_good_digest(tmp_path: Path, data: bytes, sentence: str) -> None:
    path = tmp_path / "train-00000.tfrecord"
    path.write_bytes(data)
    with pytest.raises(DamagedRecord, match=sentence):
        load_split([(path, Shard(path.name, 3, digest(data)))], "rgb", CLIP, 8)


def test_another_stream_geometry_or_count_is_refused(tmp_path: Path) -> None:
    ((path, shard),) = write(tmp_path, random_clips(3))
    with pytest.raises(DamagedRecord, match="record 0 has no 'flow' clip"):
        load_split([(path, shard)], "flow", CLIP, 8)
    with pytest.raises(DamagedRecord, match=r"no 'rgb' clip of \(3, 9, 9, 3\)"):
        load_split([(path, shard)], "rgb", Clip(3, 9), 8)
    with pytest.raises(DamagedRecord, match="found 3 clips, expected 4"):
        load_split([(path, replace(shard, clips=4))], "rgb", CLIP, 8)


def test_an_unwritable_folder_is_named_and_discard_removes_all(tmp_path: Path) -> None:
    writer = ShardWriter(tmp_path / "gone", "train")
    with pytest.raises(StorageError, match=r"gone: shards cannot be written \("):
        writer.add({"rgb": random_clips(1)}, 0, "a/1.mp4")
    writer.discard()
    writer = ShardWriter(tmp_path, "train", shard_bytes=1)
    writer.add({"rgb": random_clips(3)}, 0, "a/1.mp4")
    writer.discard()
    assert list(tmp_path.iterdir()) == []
