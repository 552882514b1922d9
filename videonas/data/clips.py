"""Reads clips from shards: the frames that a network takes, at its size."""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from numpy.typing import NDArray

from videonas.search.dataset import Shard, damaged_shard
from videonas.task import Sampling, Task

RESIDENT_BYTES = 1 << 30
"""What a training keeps in memory at most."""

_BATCH_BYTES = 4 << 20
"""Frames resized at a time: fits a cache, and bounds the memory."""

_HEADER = struct.Struct("<QI")
_FOOTER = 4

Clips = dict[str, NDArray[np.uint8]]
"""By stream, `(n, frames, size, size, channels)`."""

Labels = NDArray[Any]
"""Indices of classes, `(n,)` int32; of a task with several labels a clip `(n, classes)` uint8, 1
for each class that a clip has."""


class ClipReader:
    """The clips of one split, in reading order.

    Args:
        files: the shards in reading order, each with what `dataset.json` says about it; their
            digests were checked before.
        task: gives the geometry of the stored clips, by stream, and the kind of labels.
        samplings: what the network takes of them, by stream; other streams are not read.
        take: only the first so many clips; a training split is written in mixed order.
        resident_bytes: clips that need no more, all their frames at the network's size, are read
            once and kept.

    Raises:
        DamagedRecord: a file is not a TFRecord file with as many records.
    """

    def __init__(
        self,
        files: Sequence[tuple[Path, Shard]],
        task: Task,
        samplings: Mapping[str, Sampling],
        take: int | None = None,
        resident_bytes: int = 0,
    ) -> None:
        self._task, self._stored, self._samplings = task, task.streams, samplings
        records = (record for path, shard in files for record in _records(path, shard))
        self._records = list(islice(records, take))
        self._resident: tuple[Clips, Labels] | None = None
        if self._resident_size() <= resident_bytes:
            everything = {
                stream: np.tile(np.arange(self._stored[stream].frames), (len(self), 1))
                for stream in samplings
            }
            self._resident = self._decode(np.arange(len(self)), everything)

    def __len__(self) -> int:
        return len(self._records)

    @property
    def shapes(self) -> dict[str, tuple[int, int, int, int]]:
        """What the network takes of one clip, by stream: `(frames, height, width, channels)`."""
        return {
            stream: (s.frames, s.size, s.size, self._stored[stream].channels)
            for stream, s in self._samplings.items()
        }

    @property
    def clip_bytes(self) -> int:
        """Bytes of what the network takes of one clip."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    def read(self, indices: Any, starts: Any = None) -> tuple[Clips, Labels]:
        """Some of the clips.

        Args:
            indices: which, `(n,)`.
            starts: where in each stored clip the network's begins, `(n,)` from 0, the first
                place, to 1, beyond the last; None for the middle.

        Raises:
            DamagedRecord: a record has no such clip.
        """
        indices = np.asarray(indices, int)
        places = {stream: self._places(stream, starts, len(indices)) for stream in self._samplings}
        if self._resident is None:
            return self._decode(indices, places)
        clips, labels = self._resident
        chosen = {name: clips[name][indices[:, None], where] for name, where in places.items()}
        return chosen, labels[indices]

    def _places(self, stream: str, starts: Any, count: int) -> NDArray[Any]:
        """Numbers of the frames that are taken, `(n, frames)`."""
        sampling = self._samplings[stream]
        last = self._stored[stream].frames - sampling.span
        if starts is None:
            first = np.full(count, last // 2)
        else:
            first = np.floor(np.asarray(starts) * (last + 1)).astype(int)
        return first[:, None] + np.arange(sampling.frames) * sampling.stride

    def _resident_size(self) -> int:
        return len(self) * sum(
            self._stored[stream].frames * sampling.size**2 * self._stored[stream].channels
            for stream, sampling in self._samplings.items()
        )

    def _decode(
        self, indices: NDArray[Any], places: Mapping[str, NDArray[Any]]
    ) -> tuple[Clips, Labels]:
        """Reads the given frames of the given records, a few records at a time."""
        labels = self._no_labels(len(indices))
        clips: Clips = {}
        for stream, where in places.items():
            size, channels = self._samplings[stream].size, self._stored[stream].channels
            clips[stream] = np.empty((*where.shape, size, size, channels), np.uint8)
        largest = max(math.prod(self._stored[stream].shape) for stream in places)
        batch = max(1, _BATCH_BYTES // largest)
        for first in range(0, len(indices), batch):
            part = slice(first, first + batch)
            examples = [self._example(index) for index in indices[part]]
            self._fill(labels[part], [of_clip for _, of_clip in examples])
            for stream, where in places.items():
                frames = np.stack([
                    pixels[stream][which]
                    for (pixels, _), which in zip(examples, where[part], strict=True)
                ])
                clips[stream][part] = resize(frames, self._samplings[stream].size)
        return clips, labels

    def _no_labels(self, count: int) -> Labels:
        if self._task.multi_label:
            return np.zeros((count, self._task.classes), np.uint8)
        return np.zeros(count, np.int32)

    def _fill(self, labels: Labels, by_clip: Sequence[Sequence[int]]) -> None:
        """Writes the labels of some clips into an array that `_no_labels` made."""
        for place, of_clip in enumerate(by_clip):
            if self._task.multi_label:
                labels[place, list(of_clip)] = 1
            else:
                labels[place] = of_clip[0]

    def videos(self) -> list[str]:
        """The video that each clip is of, in reading order.

        Raises:
            DamagedRecord: a record does not say.
        """
        names = []
        for index in range(len(self)):
            features = self._features(index)
            try:
                (name,) = features["video"].bytes_list.value
                names.append(name.decode())
            except ValueError as error:
                path, number, *_ = self._records[index]
                raise damaged_shard(path, f"record {number} names no video") from error
        return names

    def _features(self, index: int) -> Any:
        """What a record holds, by name."""
        path, number, offset, length = self._records[index]
        with path.open("rb") as file:
            file.seek(offset)
            record = file.read(length)
        try:
            return tf.train.Example.FromString(record).features.feature
        except DecodeError as error:
            raise damaged_shard(path, f"record {number} is no tf.train.Example") from error

    def _example(self, index: int) -> tuple[Clips, Sequence[int]]:
        """The stored clips of one record and its labels."""
        features = self._features(index)
        path, number, *_ = self._records[index]
        clips: Clips = {}
        for stream in self._samplings:
            shape = self._stored[stream].shape
            try:
                (pixels,) = features[stream].bytes_list.value
                clips[stream] = np.frombuffer(pixels, np.uint8).reshape(shape)
            except ValueError as error:
                raise damaged_shard(
                    path, f"record {number} has no {stream!r} clip of {shape}"
                ) from error
        labels = features["label"].int64_list.value
        classes, several = self._task.classes, self._task.multi_label
        known = all(0 <= label < classes for label in labels)
        if not known or not (several or len(labels) == 1):
            allowed = f"{'any' if several else 'one'} of {classes} classes"
            raise damaged_shard(path, f"record {number} has labels {list(labels)}, not {allowed}")
        return clips, labels


def resize(clips: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Clips resized by area: each new pixel is the mean of what it covers.

    That is right for flow too: a byte is a share of a bound that shrinks with the side.

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


def _records(path: Path, shard: Shard) -> Iterator[tuple[Path, int, int, int]]:
    """Where the records of a TFRecord file are: file, number, offset and length in bytes.

    Its framing is length, checksum, record, checksum. The checksums need no look: the digest of
    the whole file was checked.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise damaged_shard(path, str(error.strerror)) from error
    found = 0
    with path.open("rb") as file:
        while header := file.read(_HEADER.size):
            length = _HEADER.unpack(header)[0] if len(header) == _HEADER.size else size
            offset = file.tell()
            if offset + length + _FOOTER > size:
                raise damaged_shard(path, "a record reaches beyond its end")
            yield path, found, offset, length
            file.seek(length + _FOOTER, os.SEEK_CUR)
            found += 1
    if found != shard.clips:
        raise damaged_shard(path, f"found {found} clips, expected {shard.clips}")
