"""Writes TFRecord shards: clips as uint8 bytes, read by every training."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from videonas.errors import StorageError
from videonas.search.dataset import Shard, sha256_of_file

SHARD_BYTES = 64 * 1024 * 1024
"""A shard is closed by the first record that makes it this long."""


class ShardWriter:
    """Writes the shards of one split, `<split>-00000.tfrecord` and so on.

    The same clips in the same order give the same bytes. A shard counts once `close` has named
    it; after an error, `discard` removes what was written.
    """

    def __init__(
        self,
        folder: Path,
        split: str,
        shard_bytes: int = SHARD_BYTES,
        closed: Callable[[Path], None] | None = None,
    ) -> None:
        """Writes nothing yet.

        Args:
            folder: where the files go; it exists.
            split: what their names begin with.
            shard_bytes: length at which a file is closed.
            closed: called with each file once it is complete, and may take it away.
        """
        self._folder, self._split, self._shard_bytes = folder, split, shard_bytes
        self._closed = closed
        self._writer: Any = None
        self._paths: list[Path] = []
        self._shards: list[Shard] = []
        self._count = self._length = 0

    def add(
        self, streams: Mapping[str, NDArray[np.uint8]], labels: Sequence[int], video: str
    ) -> tuple[str, int]:
        """Appends the clips of one video.

        Args:
            streams: by name, clips of shape `(clips, frames, size, size, channels)`.
            labels: indices of the classes; one, unless the task has several labels a clip.
            video: the video's path relative to its folder.

        Returns:
            The name of the file that its first clip is in, and the clip's number there.

        Raises:
            StorageError: the file cannot be written.
        """
        place = self._next_place()
        try:
            for number in range(len(next(iter(streams.values())))):
                clips = {name: array[number] for name, array in streams.items()}
                self._write(_record(clips, labels, video, number))
        except tf.errors.OpError as error:
            raise _unwritable(self._folder, error) from error
        return place

    def close(self) -> tuple[Shard, ...]:
        """Finishes the last file and describes all of them, in order.

        Raises:
            StorageError: the last file cannot be written.
        """
        try:
            self._end_shard()
        except tf.errors.OpError as error:
            raise _unwritable(self._folder, error) from error
        return tuple(self._shards)

    def discard(self) -> None:
        """Removes what was written."""
        if self._writer is not None:
            with contextlib.suppress(tf.errors.OpError):
                self._writer.close()
            self._writer = None
        for path in self._paths:
            path.unlink(missing_ok=True)

    def _next_place(self) -> tuple[str, int]:
        number, position = len(self._shards), 0 if self._writer is None else self._count
        return f"{self._split}-{number:05d}.tfrecord", position

    def _write(self, record: bytes) -> None:
        if self._writer is None:
            path = self._folder / self._next_place()[0]
            self._paths.append(path)
            self._writer = tf.io.TFRecordWriter(str(path))
            self._count = self._length = 0
        self._writer.write(record)
        self._count += 1
        self._length += len(record)
        if self._length >= self._shard_bytes:
            self._end_shard()

    def _end_shard(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            path = self._paths[-1]
            self._shards.append(Shard(path.name, self._count, sha256_of_file(path)))
            if self._closed is not None:
                self._closed(path)


def _record(
    clips: Mapping[str, NDArray[np.uint8]], labels: Sequence[int], video: str, number: int
) -> bytes:
    feature = {name: _bytes(pixels.tobytes()) for name, pixels in clips.items()}
    feature |= {"label": _ints(labels), "video": _bytes(video.encode()), "clip": _ints([number])}
    example = tf.train.Example(features=tf.train.Features(feature=feature))
    # A protobuf map has no order of its own.
    return bytes(example.SerializeToString(deterministic=True))


def _bytes(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def _ints(values: Sequence[int]) -> tf.train.Feature:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def _unwritable(folder: Path, error: Exception) -> StorageError:
    reason = str(error).splitlines()[0]
    return StorageError(f"{folder}: shards cannot be written ({reason}); free some space there")
