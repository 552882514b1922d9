"""What an export says about itself, inside the SavedModel. No TensorFlow here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from videonas.codec import STRICT, decode, encode
from videonas.search.dataset import Dataset, OpticalFlow
from videonas.search.finished import FinalistName
from videonas.search.individual import ArchitectureId
from videonas.search.settings import Settings
from videonas.task import Clip, Sampling

FORMAT = "export/1"

CLASSIFY, DESCRIBE = "classify", "describe"
"""Signatures of the SavedModel; `classify` is also the default one, which servers call."""


@dataclass(frozen=True)
class StreamSettings:
    """The clips that a network takes of one stream.

    Attributes:
        frames: number of frames.
        stride: prepared frames from one to the next.
        size: height and width in pixels that they are resized to.
        prepared: the clip that data preparation made, of which the network took the middle.
    """

    __pydantic_config__ = STRICT

    frames: int
    stride: int
    size: int
    prepared: Clip

    @property
    def sampling(self) -> Sampling:
        """What the network takes of a prepared clip."""
        return Sampling(self.frames, self.stride, self.size)

    @property
    def first(self) -> int:
        """Place of its first frame in a prepared clip."""
        return (self.prepared.frames - self.sampling.span) // 2


@dataclass(frozen=True)
class About:
    """What a network answers, and which clips it takes.

    Attributes:
        individual: its name among the finalists; of an ensemble, that of its first member.
        architecture: its id, of an ensemble that of its first member.
        data: digest of the data set that it was trained on.
        classes: names; scores are in this order.
        multi_label: whether a video can have several labels, so that scores need not add up to 1.
        streams: by name.
        frame_step: one source frame in so many is a prepared frame.
        clips_per_video: clips of one video whose scores were averaged.
        members: of an ensemble, the names of the networks whose logits it averages.
        optical_flow: how the data set's flow was computed.
    """

    __pydantic_config__ = STRICT

    individual: FinalistName
    architecture: ArchitectureId
    data: str
    classes: tuple[str, ...]
    multi_label: bool
    streams: dict[str, StreamSettings]
    frame_step: int
    clips_per_video: int
    members: tuple[FinalistName, ...] = ()
    optical_flow: OpticalFlow = "none"

    def encode(self) -> bytes:
        """As JSON."""
        return encode(self, FORMAT)

    @classmethod
    def decode(cls, data: bytes, where: str) -> About:
        """What `encode` wrote.

        Args:
            data: the JSON.
            where: its address, for messages.

        Raises:
            DamagedRecord: it cannot be read.
        """
        return decode(cls, data, FORMAT, where)


def about_network(
    name: str,
    architecture: str,
    dataset: Dataset,
    samplings: dict[str, Sampling],
    settings: Settings,
) -> About:
    """What the export of a network says about itself.

    Args:
        name: among the finalists.
        architecture: its id.
        dataset: that it was trained on.
        samplings: what it takes of a prepared clip, by stream.
        settings: of the search.
    """
    streams = {
        stream: StreamSettings(s.frames, s.stride, s.size, dataset.streams[stream])
        for stream, s in samplings.items()
    }
    return About(
        name, architecture, dataset.digest, dataset.classes, dataset.task.multi_label,
        streams, settings.frame_step, settings.clips_per_video,
        optical_flow=settings.optical_flow,
    )


def about_ensemble(members: Sequence[About]) -> About:
    """What the export of an ensemble says about itself.

    Args:
        members: what those of its networks say, 2 or more of one data set.
    """
    names = tuple(member.individual for member in members)
    return replace(members[0], streams=common_streams(members), members=names)


def common_streams(members: Sequence[About]) -> dict[str, StreamSettings]:
    """The clips that several networks take together, by stream.

    Where they take the same part of a stream's clips, it is that; else the shortest middle of a
    prepared clip in which the part of each is, of their size where that is the same.
    """
    parts: dict[str, list[StreamSettings]] = {}
    for member in members:
        for name, part in member.streams.items():
            parts.setdefault(name, []).append(part)
    return {name: _common(of_stream) for name, of_stream in parts.items()}


def _common(parts: Sequence[StreamSettings]) -> StreamSettings:
    first = parts[0]
    if all(part == first for part in parts):
        return first
    sizes = {part.size for part in parts}
    size = first.size if len(sizes) == 1 else first.prepared.size
    return StreamSettings(max(part.sampling.span for part in parts), 1, size, first.prepared)
