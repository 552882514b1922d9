"""Labels and scores of videos, by exports alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from videonas.data.decoding import DecodedVideo, read_clips
from videonas.data.packets import UnreadableVideo, count_frames
from videonas.errors import VideonasError
from videonas.export.about import About, StreamSettings
from videonas.export.loading import Classifier
from videonas.search.dataset import OpticalFlow
from videonas.task import CHANNELS, Clip

Read = Callable[[Clip, int, int, OpticalFlow], DecodedVideo]
"""Gives the clips of one video: geometry, step between source frames, how many, and which flow."""


@dataclass(frozen=True)
class Prediction:
    """What is said of one video.

    Attributes:
        video: its path.
        labels: class names, the best first.
        scores: of these.
    """

    video: Path
    labels: tuple[str, ...]
    scores: tuple[float, ...]


@dataclass(frozen=True)
class NoPrediction:
    """Why nothing is said of one video.

    Attributes:
        video: its path.
        reason: in words, without the path.
    """

    video: Path
    reason: str


class UnsuitableVideo(VideonasError):
    """A video of which a network can say nothing.

    Args:
        video: its path.
        reason: in words, without the path.
    """

    def __init__(self, video: Path, reason: str) -> None:
        super().__init__(f"{video}: {reason}")
        self.reason = reason


def predict(
    networks: Sequence[Classifier],
    videos: Sequence[Path],
    top: int,
    progress: Callable[[int, int], None] | None = None,
) -> list[Prediction | NoPrediction]:
    """Labels and scores of videos: the mean over the clips of a video, and over networks.

    A video that cannot be read, or is too short, has the reason in their place.

    Args:
        networks: 1 or more, of the same classes.
        videos: files.
        top: how many classes to name at most.
        progress: told how many videos of how many are done.

    Raises:
        VideonasError: networks take what cannot be made of videos, or answer for different
            classes.
    """
    classes = networks[0].about.classes
    for network in networks:
        if network.about.classes != classes:
            raise VideonasError(f"{network.folder}: other classes than {networks[0].folder}")
    predictions = []
    for done, video in enumerate(videos, 1):
        predictions.append(_prediction(networks, video, top))
        if progress is not None:
            progress(done, len(videos))
    return predictions


def _prediction(
    networks: Sequence[Classifier], video: Path, top: int
) -> Prediction | NoPrediction:
    read = cache(partial(read_clips, video))  # networks of one search want the same clips
    try:
        scores = np.mean([video_scores(network, video, read) for network in networks], axis=0)
    except UnsuitableVideo as error:
        return NoPrediction(video, error.reason)
    best = np.argsort(-scores, kind="stable")[:top]
    labels = tuple(networks[0].about.classes[place] for place in best)
    return Prediction(video, labels, tuple(float(scores[place]) for place in best))


def video_scores(network: Classifier, video: Path, read: Read) -> Any:
    """The mean of the scores of a video's clips, `(classes,)`.

    Args:
        network: an export.
        video: a file.
        read: gives clips of it, as `read_clips`.

    Raises:
        UnsuitableVideo: the file is no video, or has fewer frames than the network needs.
        VideonasError: the network takes what cannot be made of videos.
    """
    _check_streams(network)
    try:
        clips = clips_of(video, network.about, read)
    except UnreadableVideo as error:
        raise UnsuitableVideo(video, str(error)) from None
    return network.scores(clips).mean(axis=0)


def _check_streams(network: Classifier) -> None:
    """Refuses what takes streams that are not made of videos, or does not say how."""
    about = network.about
    made = ("rgb",) if about.optical_flow == "none" else ("rgb", "flow")
    for stream in about.streams:
        if stream not in made:
            raise VideonasError(
                f"{network.folder}: the network takes the stream {stream}, and its search had "
                f"optical_flow {about.optical_flow}; allowed: {', '.join(made)}"
            )


def clips_of(video: Path, about: About, read: Read) -> dict[str, Any]:
    """The clips of a video as the network was tested with.

    As in data preparation, a clip is the middle of a longer one. Where the video is too short for
    that, it is only as long as the network needs.

    Returns:
        by stream, uint8 `(n, frames, size, size, channels)`.

    Raises:
        UnreadableVideo: no clip can be made of the file.
        UnsuitableVideo: it has fewer frames than the network needs.
    """
    clips = {}
    for name, stream in about.streams.items():
        span = stream.sampling.span
        whole = _read(read, stream.prepared.frames, stream, about)
        if whole.short:
            whole = _read(read, span, stream, about)
            if whole.short:
                needed = (span - 1) * about.frame_step + 1
                raise UnsuitableVideo(
                    video, f"has {count_frames(video)} frames; the network needs {needed} or more"
                )
        pixels = whole.streams[name]
        first = (pixels.shape[1] - span) // 2
        clips[name] = pixels[:, first : first + span : stream.stride]
    return clips


def _read(read: Read, frames: int, stream: StreamSettings, about: About) -> DecodedVideo:
    clip = Clip(frames, stream.prepared.size, CHANNELS["rgb"])
    # the same for all streams of a network, so that a video is decoded once for them
    flow = about.optical_flow if "flow" in about.streams else "none"
    return read(clip, about.frame_step, about.clips_per_video, flow)
