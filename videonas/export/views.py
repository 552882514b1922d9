"""Logits of clips as they are, and without what only time tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from videonas.data.clips import ClipReader, Clips
from videonas.evaluation.accuracy import in_batches
from videonas.export.clip_logits import ClipLogits
from videonas.training.augmentation import to_input

View = Callable[[Clips, np.random.Generator], Clips]
"""Changes a batch of clips, of each stream `(n, frames, size, size, channels)`."""


def intact(clips: Clips, rng: np.random.Generator) -> Clips:
    """The clips as they are."""
    return clips


def shuffled(clips: Clips, rng: np.random.Generator) -> Clips:
    """The frames of each clip in another order; a clip of one frame has no other."""
    return {name: _shuffled(pixels, rng) for name, pixels in clips.items()}


def _shuffled(pixels: Any, rng: np.random.Generator) -> Any:
    count, frames = pixels.shape[:2]
    orders = [another_order(frames, rng) for _ in range(count)]
    return pixels[np.arange(count)[:, None], orders]


def another_order(frames: int, rng: np.random.Generator) -> Any:
    """A permutation `(frames,)` that is not the identity, each such one as likely."""
    same = np.arange(frames)
    order = rng.permutation(frames)
    while frames > 1 and (order == same).all():
        order = rng.permutation(frames)
    return order


def repeated(clips: Clips, rng: np.random.Generator) -> Clips:
    """The middle frame of each clip in the place of every frame."""
    return {
        name: np.repeat(pixels[:, pixels.shape[1] // 2][:, None], pixels.shape[1], axis=1)
        for name, pixels in clips.items()
    }


VIEWS: Mapping[str, View] = {"intact": intact, "shuffled": shuffled, "repeated": repeated}
"""By the name that `Verdict` gives them."""


def answer_clips(model: keras.Model, reader: ClipReader, views: Iterable[str]) -> ClipLogits:
    """Logits of all clips of a split, of each its middle; each clip is read once.

    Args:
        model: from float32 clips to logits.
        reader: of the split.
        views: names of `VIEWS`.
    """

    @tf.function(autograph=False, input_signature=[
        {name: tf.TensorSpec((None, *shape), tf.uint8) for name, shape in reader.shapes.items()}
    ])
    def answer(clips: Any) -> Any:
        """Logits of a batch."""
        return model(to_input(clips), training=False)

    rng = np.random.default_rng(0)
    names, logits, labels = list(views), [], []
    for clips, of_batch in in_batches(reader):
        logits.append([answer(VIEWS[name](clips, rng)).numpy() for name in names])
        labels.append(of_batch)
    by_view = {
        name: np.concatenate([batch[place] for batch in logits]) for place, name in enumerate(names)
    }
    return ClipLogits(tuple(reader.videos()), np.concatenate(labels), by_view)
