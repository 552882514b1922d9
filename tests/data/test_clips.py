"""Reading clips: the right frames of the right clips, kept in memory or not, and damage found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from videonas.codec import digest
from videonas.data import clips as clips_module
from videonas.data.clips import RESIDENT_BYTES, ClipReader, resize
from videonas.data.shards import ShardWriter
from videonas.errors import DamagedRecord
from videonas.search.dataset import Shard
from videonas.task import Clip, Sampling, Task

CLIP = Clip(3, 8)
WHOLE = Sampling(3, 1, 8)
Files = list[tuple[Path, Shard]]


def random_clips(count: int, clip: Clip = CLIP) -> NDArray[np.uint8]:
    """Noise of shape `(count, *clip.shape)`."""
    return np.random.default_rng(count).integers(0, 256, (count, *clip.shape), np.uint8)


def numbered(count: int, clip: Clip = CLIP) -> NDArray[np.uint8]:
    """Clips whose pixels tell their clip in the first channel and their frame in the others."""
    pixels = np.zeros((count, *clip.shape), np.uint8)
    pixels[..., 0] = np.arange(count)[:, None, None, None]
    pixels[..., 1:] = np.arange(clip.frames)[:, None, None, None]
    return pixels


def write(folder: Path, shard_bytes: int = 1 << 20, **streams: NDArray[np.uint8]) -> Files:
    """One video a clip, its label its index modulo 3."""
    writer = ShardWriter(folder, "train", shard_bytes)
    for number in range(len(next(iter(streams.values())))):
        clips = {name: pixels[number][None] for name, pixels in streams.items()}
        writer.add(clips, [number % 3], f"class/{number}.mp4")
    return [(folder / shard.name, shard) for shard in writer.close()]


def read_all(files: Files, clip: Clip = CLIP, sampling: Sampling = WHOLE, **options: Any) -> Any:
    """All clips of stream `rgb`, and the labels."""
    reader = ClipReader(files, Task({"rgb": clip}, 3), {"rgb": sampling}, **options)
    clips, labels = reader.read(range(len(reader)))
    return clips["rgb"], labels


@pytest.mark.parametrize("resident", [0, RESIDENT_BYTES])
@pytest.mark.parametrize("shard_bytes", [1, 2000, 1 << 20])
def test_clips_come_back_in_order(tmp_path: Path, shard_bytes: int, resident: int) -> None:
    clips = random_clips(10)
    loaded, labels = read_all(write(tmp_path, shard_bytes, rgb=clips), resident_bytes=resident)
    assert (loaded.dtype, labels.dtype) == (np.uint8, np.int32)
    np.testing.assert_array_equal(loaded, clips)
    np.testing.assert_array_equal(labels, np.arange(10) % 3)


@pytest.mark.parametrize("take", [0, 1, 4, 5, 9, 100])
def test_the_first_clips_only(tmp_path: Path, take: int) -> None:
    clips = random_clips(9)
    files = write(tmp_path, 2000, rgb=clips)
    assert len(files) > 2
    loaded, labels = read_all(files, take=take)
    np.testing.assert_array_equal(loaded, clips[:take])
    assert len(labels) == min(take, 9)


def test_shards_that_are_not_needed_are_not_opened(tmp_path: Path) -> None:
    files = write(tmp_path, 2000, rgb=random_clips(9))
    files[-1][0].unlink()
    assert len(read_all(files, take=2)[0]) == 2


def test_no_files_no_clips() -> None:
    clips, labels = read_all([], sampling=Sampling(2, 1, 4))
    assert (clips.shape, labels.shape) == ((0, 2, 4, 4, 3), (0,))


@pytest.mark.parametrize(("frames", "stride", "expected"), [
    (3, 2, [1, 3, 5]), (2, 1, [3, 4]), (8, 1, list(range(8))), (1, 4, [3]), (3, 3, [0, 3, 6]),
])
def test_without_starts_the_middle_is_read(
    tmp_path: Path, frames: int, stride: int, expected: list[int]
) -> None:
    clip = Clip(8, 4)
    files = write(tmp_path, rgb=numbered(3, clip))
    loaded, _ = read_all(files, clip, Sampling(frames, stride, 4))
    assert loaded[:, :, 0, 0, 1].tolist() == [expected] * 3
    assert loaded[:, 0, 0, 0, 0].tolist() == [0, 1, 2]


@given(data=st.data(), stored=st.integers(1, 9), count=st.integers(1, 7))
def test_any_clips_from_any_start(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, stored: int, count: int
) -> None:
    frames = data.draw(st.integers(1, stored))
    stride = data.draw(st.integers(1, stored // frames))
    indices = data.draw(st.lists(st.integers(0, count - 1), max_size=12))
    starts = [data.draw(st.floats(0, 1, exclude_max=True)) for _ in indices]
    clip, sampling = Clip(stored, 2), Sampling(frames, stride, 2)
    files = write(tmp_path_factory.mktemp("shards"), 150, rgb=numbered(count, clip))
    for resident in (0, RESIDENT_BYTES):
        task = Task({"rgb": clip}, 3)
        reader = ClipReader(files, task, {"rgb": sampling}, resident_bytes=resident)
        clips, labels = reader.read(indices, starts)
        assert labels.tolist() == [index % 3 for index in indices]
        shown = clips["rgb"][:, :, 0, 0].astype(int)
        assert shown.shape == (len(indices), frames, 3)
        assert shown[..., 0].tolist() == [[index] * frames for index in indices]
        first = [int(start * (stored - sampling.span + 1)) for start in starts]
        expected = [[f + n * stride for n in range(frames)] for f in first]
        assert shown[..., 1].tolist() == expected


def test_every_start_is_as_likely(tmp_path: Path) -> None:
    clip = Clip(6, 2)
    reader = ClipReader(write(tmp_path, rgb=numbered(1, clip)), Task({"rgb": clip}, 3),
                        {"rgb": Sampling(2, 2, 2)}, resident_bytes=RESIDENT_BYTES)
    starts = np.random.default_rng(0).random(4000)
    clips, _ = reader.read(np.zeros(4000), starts)
    counts = np.bincount(clips["rgb"][:, 0, 0, 0, 1])
    assert len(counts) == 4
    assert counts.min() > 900


def test_streams_are_read_at_their_own_geometry(tmp_path: Path) -> None:
    rgb, flow = random_clips(5), random_clips(5, Clip(6, 4, 2))
    files = write(tmp_path, rgb=rgb, flow=flow)
    stored = {"rgb": CLIP, "flow": Clip(6, 4, 2), "unused": Clip(1, 1)}
    samplings = {"rgb": Sampling(1, 1, 4), "flow": Sampling(2, 3, 4)}
    clips, _ = ClipReader(files, Task(stored, 3), samplings).read([4, 0])
    assert clips.keys() == {"rgb", "flow"}
    np.testing.assert_array_equal(clips["rgb"], resize(rgb[[4, 0], 1:2], 4))
    np.testing.assert_array_equal(clips["flow"], flow[[4, 0]][:, [1, 4]])


def test_what_fits_is_read_once(tmp_path: Path) -> None:
    clips = random_clips(4)
    files = write(tmp_path, rgb=clips)
    need = 4 * 3 * 4 * 4 * 3
    task, sampling = Task({"rgb": CLIP}, 3), Sampling(2, 1, 4)
    kept = ClipReader(files, task, {"rgb": sampling}, resident_bytes=need)
    read_anew = ClipReader(files, task, {"rgb": sampling}, resident_bytes=need - 1)
    files[0][0].unlink()
    assert (kept.read([1])[0]["rgb"] == resize(clips[1:2, :2], 4)).all()
    with pytest.raises(FileNotFoundError):
        read_anew.read([1])


# Resizing

@pytest.mark.parametrize("size", [1, 2, 4])
def test_a_whole_factor_averages_blocks(size: int) -> None:
    clips = random_clips(5)
    block = CLIP.size // size
    means = clips.reshape(5, 3, size, block, size, block, 3).astype(float).mean((3, 5))
    assert np.abs(resize(clips, size) - means).max() <= 0.51
    assert resize(clips, CLIP.size) is clips


def test_a_broken_factor_keeps_the_mean_and_all_batches_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = Clip(2, 96)
    clips = random_clips(30, clip)
    monkeypatch.setattr(clips_module, "_BATCH_BYTES", 7 * clips[0].nbytes)
    loaded, _ = read_all(write(tmp_path, 1 << 20, rgb=clips), clip, Sampling(2, 1, 40))
    np.testing.assert_array_equal(loaded, resize(clips, 40))
    assert loaded.mean() == pytest.approx(clips.mean(), abs=0.05)


# Damage

@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"\xff" * 12, "a record reaches beyond its end"),
        (b"\x01", "a record reaches beyond its end"),
        (b"", "found 0 clips, expected 1"),
        (b"\x03" + bytes(11) + b"\xff\xff\xff" + bytes(4), "record 0 is no tf.train.Example"),
        (bytes(16), "record 0 has no 'rgb' clip"),
    ],
)
def test_bad_records_are_named(tmp_path: Path, data: bytes, sentence: str) -> None:
    path = tmp_path / "train-00000.tfrecord"
    path.write_bytes(data)
    with pytest.raises(DamagedRecord, match=f"{path}: {sentence}.*; restore this file"):
        read_all([(path, Shard(path.name, 1, digest(data)))])


def test_another_stream_geometry_or_count_is_refused(tmp_path: Path) -> None:
    ((path, shard),) = files = write(tmp_path, rgb=random_clips(3))
    with pytest.raises(DamagedRecord, match="record 0 has no 'flow' clip"):
        ClipReader(files, Task({"flow": CLIP}, 3), {"flow": WHOLE}).read([0])
    with pytest.raises(DamagedRecord, match=r"no 'rgb' clip of \(3, 9, 9, 3\)"):
        read_all(files, Clip(3, 9))
    with pytest.raises(DamagedRecord, match="found 3 clips, expected 4"):
        read_all([(path, replace(shard, clips=4))])
    path.unlink()
    with pytest.raises(DamagedRecord, match="No such file"):
        read_all(files)


def test_what_a_network_takes_of_one_clip() -> None:
    stored = {"rgb": Clip(9, 32), "flow": Clip(9, 32, 2)}
    reader = ClipReader([], Task(stored, 3), {"rgb": Sampling(4, 2, 16), "flow": Sampling(1, 1, 8)})
    assert reader.shapes == {"rgb": (4, 16, 16, 3), "flow": (1, 8, 8, 2)}
    assert reader.clip_bytes == 4 * 16 * 16 * 3 + 8 * 8 * 2


@pytest.mark.parametrize("resident", [0, RESIDENT_BYTES])
def test_a_clip_can_have_several_labels_or_none(tmp_path: Path, resident: int) -> None:
    writer = ShardWriter(tmp_path, "train")
    for number, of_video in enumerate([[0, 2], [], [1]]):
        writer.add({"rgb": random_clips(2)}, of_video, f"{number}.mp4")
    files = [(tmp_path / shard.name, shard) for shard in writer.close()]
    task = Task({"rgb": CLIP}, 3, multi_label=True)
    reader = ClipReader(files, task, {"rgb": WHOLE}, resident_bytes=resident)
    _, labels = reader.read([5, 0, 2])
    assert labels.dtype == np.uint8
    assert labels.tolist() == [[0, 1, 0], [1, 0, 1], [0, 0, 0]]
    assert reader.videos() == ["0.mp4", "0.mp4", "1.mp4", "1.mp4", "2.mp4", "2.mp4"]


@pytest.mark.parametrize(("labels", "multi_label"), [([0, 1], False), ([], False), ([3], False),
                                                     ([-1], False), ([0, 3], True)])
def test_labels_that_the_task_does_not_have_are_refused(
    tmp_path: Path, labels: list[int], multi_label: bool
) -> None:
    writer = ShardWriter(tmp_path, "train")
    writer.add({"rgb": random_clips(1)}, labels, "a.mp4")
    files = [(tmp_path / shard.name, shard) for shard in writer.close()]
    with pytest.raises(DamagedRecord, match=r"record 0 has labels .*, not (any|one) of 3 classes"):
        ClipReader(files, Task({"rgb": CLIP}, 3, multi_label), {"rgb": WHOLE}).read([0])
