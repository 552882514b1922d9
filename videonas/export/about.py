"""What an export says about itself, inside the SavedModel. No TensorFlow here."""

from __future__ import annotations

from dataclasses import dataclass

from videonas.codec import STRICT, decode, encode
from videonas.search.dataset import Dataset
from videonas.search.individual import ArchitectureId, IndividualName
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


@dataclass(frozen=True)
class About:
    """What a network answers, and which clips it takes.

    Attributes:
        individual: its name in the search.
        architecture: its id.
        data: digest of the data set that it was trained on.
        classes: names; scores are in this order.
        multi_label: whether a video can have several labels, so that scores need not add up to 1.
        streams: by name.
        frame_step: one source frame in so many is a prepared frame.
        clips_per_video: clips of one video whose scores were averaged.
    """

    __pydantic_config__ = STRICT

    individual: IndividualName
    architecture: ArchitectureId
    data: str
    classes: tuple[str, ...]
    multi_label: bool
    streams: dict[str, StreamSettings]
    frame_step: int
    clips_per_video: int

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
    individual: str,
    architecture: str,
    dataset: Dataset,
    samplings: dict[str, Sampling],
    settings: Settings,
) -> About:
    """What the export of a network says about itself.

    Args:
        individual: its name in the search.
        architecture: its id.
        dataset: that it was trained on.
        samplings: what it takes of a prepared clip, by stream.
        settings: of the search.
    """
    streams = {
        name: StreamSettings(s.frames, s.stride, s.size, dataset.streams[name])
        for name, s in samplings.items()
    }
    return About(
        individual, architecture, dataset.digest, dataset.classes, dataset.task.multi_label,
        streams, settings.frame_step, settings.clips_per_video,
    )
