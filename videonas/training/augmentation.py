"""From stored pixels to what a network is given, inside the graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from videonas.search.settings import Settings


def to_input(clips: Mapping[str, Any]) -> Any:
    """Pixels as networks take them: uint8 0 to 255 becomes float32 -1 to 1.

    Args:
        clips: by stream, of any shape.

    Returns:
        the same by stream; of a single stream the tensor alone.
    """
    scaled = {name: tf.cast(pixels, tf.float32) / 127.5 - 1.0 for name, pixels in clips.items()}
    return scaled if len(scaled) > 1 else next(iter(scaled.values()))


def augment(clips: Any, settings: Settings, seed: Any) -> Any:
    """The changes that settings ask for, drawn for each clip on its own.

    Args:
        clips: `(batch, frames, height, width, channels)`.
        settings: `random_crop`, `random_flip`, `random_reverse`.
        seed: `(2,)` integers that decide the draws.
    """
    crop_seed, flip_seed, reverse_seed = tf.unstack(tf.random.split(seed, 3))
    if settings.random_crop:
        clips = _shift(clips, settings.random_crop, crop_seed)
    if settings.random_flip:
        clips = _maybe_reverse(clips, 3, flip_seed)
    if settings.random_reverse:
        clips = _maybe_reverse(clips, 1, reverse_seed)
    return clips


def _shift(clips: Any, share: float, seed: Any) -> Any:
    """Moves each clip by up to `share` of its side; the border is mirrored."""
    side = clips.shape[2]
    margin = min(int(side * share), side - 1)
    if not margin:
        return clips
    padded = tf.pad(clips, [[0, 0], [0, 0], [margin, margin], [margin, margin], [0, 0]], "REFLECT")
    starts = tf.random.stateless_uniform(
        (tf.shape(clips)[0], 2), seed, minval=0, maxval=2 * margin + 1, dtype=tf.int32
    )
    rows, columns = starts[:, :1] + tf.range(side), starts[:, 1:] + tf.range(side)
    shifted = tf.gather(tf.transpose(padded, (0, 2, 1, 3, 4)), rows, axis=1, batch_dims=1)
    shifted = tf.gather(tf.transpose(shifted, (0, 3, 2, 1, 4)), columns, axis=1, batch_dims=1)
    return tf.transpose(shifted, (0, 2, 3, 1, 4))


def _maybe_reverse(clips: Any, axis: int, seed: Any) -> Any:
    """Reverses half of the clips along an axis."""
    chosen = tf.random.stateless_uniform((tf.shape(clips)[0], 1, 1, 1, 1), seed) < 0.5
    return tf.where(chosen, tf.reverse(clips, [axis]), clips)
