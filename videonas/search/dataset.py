"""What data preparation made: `data/<digest>/dataset.json`. No TensorFlow here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from videonas.codec import STRICT
from videonas.errors import DamagedRecord, SettingsError
from videonas.task import CHANNELS, Clip, Task

if TYPE_CHECKING:
    from videonas.spaces import SearchSpace

OpticalFlow = Literal["none", "dis", "tvl1"]
"""How the flow of a data set is computed, see `videonas.data.flow`."""

SPLITS = ("train", "validation", "test")
"""Training sees the first, selection the second, and nothing in a search the third."""


@dataclass(frozen=True)
class Shard:
    """One TFRecord file.

    Attributes:
        name: the file's name beside `dataset.json`.
        clips: number of records.
        sha256: of the file.
    """

    __pydantic_config__ = STRICT

    name: str
    clips: int
    sha256: str

    def check(self, path: Path) -> None:
        """Holds a file against this description.

        Raises:
            DamagedRecord: it is missing, or not the one that was written.
        """
        try:
            found = sha256_of_file(path)
        except OSError as error:
            raise damaged_shard(path, str(error.strerror)) from error
        if found != self.sha256:
            raise damaged_shard(
                path, f"its SHA-256 is {found[:12]}..., expected {self.sha256[:12]}..."
            )


@dataclass(frozen=True)
class Split:
    """One part of the data; a video is in one split only.

    Attributes:
        videos: number of videos.
        clips: number of clips.
        clips_by_class: number of clips by class, in the order of the classes; a clip counts for
            each of its labels.
        shards: the files, in reading order.
    """

    __pydantic_config__ = STRICT

    videos: int
    clips: int
    clips_by_class: tuple[int, ...]
    shards: tuple[Shard, ...]


@dataclass(frozen=True)
class Skipped:
    """A file that no clip was made of.

    Attributes:
        path: relative to the folder of videos, or as a list names it.
        reason: in words.
    """

    __pydantic_config__ = STRICT

    path: str
    reason: str


@dataclass(frozen=True)
class Dataset:
    """A prepared data set.

    Attributes:
        digest: of the source files and of every setting that a shard depends on.
        source: the folder or the list of videos, for people.
        streams: the clip that every record holds, by stream.
        classes: class names; a label is an index into them.
        splits: by name, see `SPLITS`.
        source_frames: frames decoded.
        short_videos: videos with fewer frames than a clip, whose frames were repeated.
        skipped: files left out.
        multi_label: whether a video can have several labels, or none.
        labels_from: which layout they were read from, for people, such as `CSV list`.
    """

    __pydantic_config__ = STRICT

    digest: str
    source: str
    streams: dict[str, Clip]
    classes: tuple[str, ...]
    splits: dict[str, Split]
    source_frames: int
    short_videos: int
    skipped: tuple[Skipped, ...] = field(default=())
    multi_label: bool = False
    labels_from: str = "class folders"

    @property
    def task(self) -> Task:
        """What a network trained on this data must do."""
        return Task(self.streams, len(self.classes), self.multi_label)


def streams_of(space: SearchSpace[Any], optical_flow: OpticalFlow) -> dict[str, Clip]:
    """The clip that every record of a data set holds, by stream.

    Args:
        space: whose networks shall find theirs.
        optical_flow: with which flow is there beside RGB, of the same geometry.

    Raises:
        SettingsError: networks are given a stream that would not be there.
    """
    largest = space.largest()
    streams = {"rgb": largest["rgb"]}
    if optical_flow != "none":
        streams["flow"] = replace(streams["rgb"], channels=CHANNELS["flow"])
    for name in largest:
        if name not in streams:
            raise SettingsError(
                f"{_asking(space, name)}, and optical_flow is none; allowed: dis, tvl1"
            )
    return streams


def _asking(space: SearchSpace[Any], stream: str) -> str:
    """Says by which option a space has a stream."""
    for option, value in vars(space).items():
        if value == stream:
            return f"space.{option} is {stream}"
    return f"space is {space.name}, whose networks are given the stream {stream}"


def sha256_of_file(path: Path) -> str:
    """The digest of a file, which need not fit the memory."""
    state = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            state.update(block)
    return state.hexdigest()


def damaged_shard(path: Path, what: str) -> DamagedRecord:
    """An error that says what is wrong with a shard, and how to put it right."""
    return DamagedRecord(
        f"{path}: {what}; restore this file, or delete its folder and prepare the data again"
    )
