"""Logits of clips, from which scores of videos follow, of one network and of several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from videonas.export.saved_model import probabilities
from videonas.export.videos import VideoScores, by_video


@dataclass(frozen=True)
class ClipLogits:
    """What a network answers of the clips of a split.

    Attributes:
        videos: of each clip, the path of its video, in reading order.
        labels: `(clips,)` int, or of several labels a clip `(clips, classes)` of 0 and 1.
        logits: by view, `(clips, classes)` float32.
    """

    videos: tuple[str, ...]
    labels: Any
    logits: Mapping[str, Any]

    @property
    def finite(self) -> bool:
        """Whether each is a number."""
        return all(bool(np.isfinite(of_view).all()) for of_view in self.logits.values())

    def scores(self) -> VideoScores:
        """Scores of the videos: of each clip probabilities, of each video their mean."""
        several = self.labels.ndim > 1
        scores = {
            view: probabilities(tf.constant(logits, tf.float32), several).numpy()
            for view, logits in self.logits.items()
        }
        return by_video(self.videos, self.labels, scores)

    def save(self, path: Path) -> None:
        """Writes an `.npz` file of plain arrays."""
        views = {f"logits_{view}": logits for view, logits in self.logits.items()}
        np.savez(path, videos=np.array(self.videos), labels=self.labels, **views)

    @classmethod
    def load(cls, path: Path) -> ClipLogits:
        """What `save` wrote."""
        with np.load(path, allow_pickle=False) as file:
            views = {name.removeprefix("logits_"): file[name] for name in file.files
                     if name.startswith("logits_")}
            return cls(tuple(str(name) for name in file["videos"]), file["labels"], views)


def mean_logits(members: Iterable[ClipLogits]) -> ClipLogits:
    """The mean of the logits of several networks, of the same clips; one is held at a time.

    As released: logits are averaged and not probabilities, clip by clip (`evanet/run_evanet.py` in
    google-research).

    Args:
        members: 1 or more.
    """
    one: ClipLogits | None = None
    sums: dict[str, Any] = {}
    count = 0
    for member in members:
        one, count = one or member, count + 1
        assert member.videos == one.videos, "networks of one plan see the same clips"
        for view, logits in member.logits.items():
            sums[view] = sums.get(view, 0) + logits.astype(np.float64)
    assert one is not None, "somebody is in an ensemble"
    means = {view: (total / count).astype(np.float32) for view, total in sums.items()}
    return ClipLogits(one.videos, one.labels, means)
