"""TFRecord shards: clips as uint8 bytes, written once and read by every training."""

from __future__ import annotations

import hashlib
import math
import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from numpy.typing import NDArray

from videonas.errors import DamagedRecord, StorageError
from videonas.search.dataset import Shard
from videonas.task import Clip

SHARD_BYTES = 64 * 1024 * 1024
"""A shard is closed by the first record that makes it this long."""

_BATCH_BYTES = 4 * 1024 * 1024
"""Clips resized at a time: fits a cache, and bounds the memory."""

_HEADER = struct.Struct("<QI")
_FOOTER = 4


class ShardWriter:
    """Writes the shards of one split, `<split>-00000.tfrecord` and so on.

    The same clips in the same order give the same bytes. A shard counts once `close` has named
    it; after an error, `discard` removes what was written.
    """

    def __init__(self, folder: Path, split: str, shard_bytes: int = SHARD_BYTES) -> None:
        """Writes nothing yet.

        Args:
            folder: where the files go; it exists.
            split: what their names begin with.
            shard_bytes: length at which a file is closed.
        """
        self._folder, self._split, self._shard_bytes = folder, split, shard_bytes
        self._writer: Any = None
        self._paths: list[Path] = []
        self._counts: list[int] = []
        self._length = 0

    def add(self, streams: Mapping[str, NDArray[np.uint8]], label: int, video: str) -> None:
        """Appends the clips of one video.

        Args:
            streams: by name, clips of shape `(clips, frames, size, size, channels)`.
            label: index of the class.
            video: the video's path relative to its folder.

        Raises:
            StorageError: the file cannot be written.
        """
        try:
            for number in range(len(next(iter(streams.values())))):
                clips = {name: array[number] for name, array in streams.items()}
                self._write(_record(clips, label, video, number))
        except tf.errors.OpError as error:
            raise _unwritable(self._folder, error) from error

    def close(self) -> tuple[Shard, ...]:
        """Finishes the last file and describes all of them, in order.

        Raises:
            StorageError: the last file cannot be written.
        """
        try:
            self._end_shard()
        except tf.errors.OpError as error:
            raise _unwritable(self._folder, error) from error
        return tuple(
            Shard(path.name, clips, _sha256(path))
            for path, clips in zip(self._paths, self._counts, strict=True)
        )

    def discard(self) -> None:
        """Removes what was written."""
        try:
            self._end_shard()
        except tf.errors.OpError:
            self._writer = None
        for path in self._paths:
            path.unlink(missing_ok=True)

    def _write(self, record: bytes) -> None:
        if self._writer is None:
            path = self._folder / f"{self._split}-{len(self._paths):05d}.tfrecord"
            self._paths.append(path)
            self._counts.append(0)
            self._writer, self._length = tf.io.TFRecordWriter(str(path)), 0
        self._writer.write(record)
        self._counts[-1] += 1
        self._length += len(record)
        if self._length >= self._shard_bytes:
            self._end_shard()

    def _end_shard(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def load_split(
    files: Sequence[tuple[Path, Shard]],
    stream: str,
    clip: Clip,
    size: int,
    take: int | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """The clips of one split, in memory, at the size that a network wants.

    Args:
        files: the shards in reading order, each with what `dataset.json` says about it.
        stream: which stream, such as `rgb`.
        clip: the geometry of the stored clips of that stream.
        size: height and width of the clips returned, in pixels; resized by area where it
            differs from `clip.size`.
        take: only the first so many clips; a training split is written in mixed order.

    Returns:
        Clips, uint8, `(n, clip.frames, size, size, clip.channels)`, and labels, int32, `(n,)`.

    Raises:
        DamagedRecord: a file is missing, is not the one that was written, or has a record that
            is not such a clip.
    """
    total = sum(shard.clips for _, shard in files)
    wanted = total if take is None else min(take, total)
    clips = np.empty((wanted, clip.frames, size, size, clip.channels), np.uint8)
    labels = np.empty(wanted, np.int32)
    batch = max(1, _BATCH_BYTES // math.prod(clip.shape))
    done = 0
    for path, shard in files:
        if done == wanted:
            break
        read = _read(path, shard, stream, clip)
        rest = min(shard.clips, wanted - done)
        for start in range(0, rest, batch):
            part = list(islice(read, min(batch, rest - start)))
            end = done + len(part)
            clips[done:end] = resize(np.stack([pixels for pixels, _ in part]), size)
            labels[done:end] = [label for _, label in part]
            done = end
    return clips, labels


def resize(clips: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Clips resized by area: each new pixel is the mean of what it covers.

    Args:
        clips: uint8, `(n, frames, height, width, channels)`.
        size: new height and width.
    """
    count, frames, height, width, channels = clips.shape
    if (height, width) == (size, size):
        return clips
    flat = clips.reshape(-1, height, width, channels)
    means = tf.image.resize(flat, (size, size), tf.image.ResizeMethod.AREA).numpy()
    resized: NDArray[np.uint8] = np.rint(means).astype(np.uint8)
    return resized.reshape(count, frames, size, size, channels)


def _read(
    path: Path, shard: Shard, stream: str, clip: Clip
) -> Iterator[tuple[NDArray[np.uint8], int]]:
    """Every clip of a shard and its label, after a check of the whole file."""
    _check(path, shard)
    found = 0
    for number, record in enumerate(_records(path)):
        try:
            features = tf.train.Example.FromString(record).features.feature
            (pixels,) = features[stream].bytes_list.value
            (label,) = features["label"].int64_list.value
            yield np.frombuffer(pixels, np.uint8).reshape(clip.shape), label
        except (DecodeError, ValueError) as error:
            raise _damaged(
                path, f"record {number} has no {stream!r} clip of {clip.shape} with one label"
            ) from error
        found += 1
    if found != shard.clips:
        raise _damaged(path, f"found {found} clips, expected {shard.clips}")


def _records(path: Path) -> Iterator[bytes]:
    """The records of a TFRecord file, whose framing is length, checksum, record, checksum.

    Several times faster than a `tf.data` pipeline for one pass. The checksums need no look: the
    digest of the whole file has been checked.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        while header := file.read(_HEADER.size):
            length = _HEADER.unpack(header)[0] if len(header) == _HEADER.size else size
            if file.tell() + length + _FOOTER > size:
                raise _damaged(path, "a record reaches beyond its end")
            yield file.read(length)
            file.seek(_FOOTER, os.SEEK_CUR)


def _record(clips: Mapping[str, NDArray[np.uint8]], label: int, video: str, number: int) -> bytes:
    def of_bytes(value: bytes) -> tf.train.Feature:
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))

    def of_int(value: int) -> tf.train.Feature:
        return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))

    feature = {name: of_bytes(pixels.tobytes()) for name, pixels in clips.items()}
    feature |= {
        "label": of_int(label),
        "video": of_bytes(video.encode()),
        "clip": of_int(number),
    }
    example = tf.train.Example(features=tf.train.Features(feature=feature))
    # A protobuf map has no order of its own.
    return bytes(example.SerializeToString(deterministic=True))


def _check(path: Path, shard: Shard) -> None:
    try:
        status = path.stat()
        found = _sha256_of(path, status.st_size, status.st_mtime_ns)
    except OSError as error:
        raise _damaged(path, str(error.strerror)) from error
    if found != shard.sha256:
        raise _damaged(path, f"its SHA-256 is {found[:12]}..., expected {shard.sha256[:12]}...")


@lru_cache(maxsize=4096)
def _sha256_of(path: Path, size: int, modified: int) -> str:
    """The digest of a file, computed once as long as its length and date stay."""
    return _sha256(path)


def _sha256(path: Path) -> str:
    state = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            state.update(block)
    return state.hexdigest()


def _damaged(path: Path, what: str) -> DamagedRecord:
    return DamagedRecord(
        f"{path}: {what}; restore this file, or delete its folder and prepare the data again"
    )


def _unwritable(folder: Path, error: Exception) -> StorageError:
    reason = str(error).splitlines()[0]
    return StorageError(f"{folder}: shards cannot be written ({reason}); free some space there")
