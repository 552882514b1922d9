"""Scores and accuracy by video: the scores of a video's clips are averaged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from videonas.evaluation.metrics import classification_metrics
from videonas.export.intervals import wilson_interval
from videonas.search.finished import Accuracy, Verdict

INTACT = "intact"
"""The view of clips as they are."""


@dataclass(frozen=True)
class VideoScores:
    """What a network says of the videos of a split.

    Attributes:
        videos: their paths, in reading order.
        labels: `(videos,)` int, or `(videos, classes)` of 0 and 1.
        scores: by view, `(videos, classes)`.
        clips: number of clips that were averaged.
    """

    videos: tuple[str, ...]
    labels: Any
    scores: Mapping[str, Any]
    clips: int

    def save(self, path: Path) -> None:
        """Writes an `.npz` file of plain arrays."""
        views = {f"scores_{view}": scores for view, scores in self.scores.items()}
        np.savez(path, videos=np.array(self.videos), labels=self.labels,
                 clips=np.array(self.clips), **views)

    @classmethod
    def load(cls, path: Path) -> VideoScores:
        """What `save` wrote."""
        with np.load(path, allow_pickle=False) as file:
            views = {name.removeprefix("scores_"): file[name] for name in file.files
                     if name.startswith("scores_")}
            videos = tuple(str(name) for name in file["videos"])
            return cls(videos, file["labels"], views, int(file["clips"]))


def by_video(names: Sequence[str], labels: Any, scores: Mapping[str, Any]) -> VideoScores:
    """Averages the scores of each video's clips.

    Args:
        names: the video of each clip.
        labels: of each clip, as a `ClipReader` gives them; alike for all clips of a video.
        scores: by view, `(clips, classes)`.
    """
    places: dict[str, int] = {}
    which = np.array([places.setdefault(name, len(places)) for name in names])
    counts = np.bincount(which)
    _, first = np.unique(which, return_index=True)
    means = {}
    for view, of_clips in scores.items():
        sums = np.zeros((len(places), of_clips.shape[1]))
        np.add.at(sums, which, of_clips)
        means[view] = sums / counts[:, None]
    return VideoScores(tuple(places), labels[first], means, len(names))


def accuracy(scores: Any, labels: Any) -> Accuracy:
    """Metrics of videos.

    Args:
        scores: `(videos, classes)`.
        labels: `(videos,)`, or of several labels a video `(videos, classes)`.
    """
    metrics = classification_metrics(scores, labels, scores=True)
    if "top1" not in metrics:
        return Accuracy(metrics)
    hits = round(metrics["top1"] * len(labels))
    return Accuracy(metrics, wilson_interval(hits, len(labels)))


def in_every_view(scores: VideoScores) -> Verdict:
    """The accuracy in every view."""
    views = {view: accuracy(of_view, scores.labels) for view, of_view in scores.scores.items()}
    return Verdict(len(scores.videos), scores.clips, **views)
