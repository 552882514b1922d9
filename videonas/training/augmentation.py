"""From stored pixels to what a network is given, inside the graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
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


def augment(clips: Any, settings: Settings, seed: Any, stream: str) -> Any:
    """The changes that settings ask for, drawn for each clip on its own.

    All streams of a clip are changed alike under one seed. Flow then tells the motion of the
    changed clip: where frames are mirrored, and in a mirrored border, the component across the
    mirror changes its sign, and both do where time runs backwards.

    Args:
        clips: `(batch, frames, height, width, channels)`.
        settings: `random_crop`, `random_flip`, `random_reverse`.
        seed: `(2,)` integers that decide the draws.
        stream: `rgb`, or `flow` as `videonas.data.flow` has it.
    """
    crop_seed, flip_seed, reverse_seed = tf.unstack(tf.random.split(seed, 3))
    motion = stream == "flow"
    if settings.random_crop:
        clips = _shift(clips, settings.random_crop, crop_seed, motion=motion)
    if settings.random_flip:
        mirrored = tf.reverse(clips, [3])
        if motion:
            mirrored = _opposite(mirrored, [True, False])
        clips = _half_of_each(clips, mirrored, flip_seed)
    if settings.random_reverse:
        backwards = tf.reverse(clips, [1])
        if motion:
            backwards = _opposite(_one_earlier(backwards), [True, True])
        clips = _half_of_each(clips, backwards, reverse_seed)
    return clips


def _shift(clips: Any, share: float, seed: Any, *, motion: bool) -> Any:
    """Moves each clip by up to `share` of its side; the border is mirrored."""
    side = clips.shape[2]
    margin = min(int(side * share), side - 1)
    if not margin:
        return clips
    padded = tf.pad(clips, [[0, 0], [0, 0], [margin, margin], [margin, margin], [0, 0]], "REFLECT")
    if motion:
        border = np.pad(np.zeros(side, bool), margin, constant_values=True)
        across = np.broadcast_arrays(border[None, :], border[:, None])
        padded = _opposite(padded, np.stack(across, axis=-1))
    starts = tf.random.stateless_uniform(
        (tf.shape(clips)[0], 2), seed, minval=0, maxval=2 * margin + 1, dtype=tf.int32
    )
    rows, columns = starts[:, :1] + tf.range(side), starts[:, 1:] + tf.range(side)
    shifted = tf.gather(tf.transpose(padded, (0, 2, 1, 3, 4)), rows, axis=1, batch_dims=1)
    shifted = tf.gather(tf.transpose(shifted, (0, 3, 2, 1, 4)), columns, axis=1, batch_dims=1)
    return tf.transpose(shifted, (0, 2, 3, 1, 4))


def _half_of_each(clips: Any, others: Any, seed: Any) -> Any:
    """Half of the clips, and the others in the place of the rest."""
    chosen = tf.random.stateless_uniform((tf.shape(clips)[0], 1, 1, 1, 1), seed) < 0.5
    return tf.where(chosen, others, clips)


def _opposite(flow: Any, which: Any) -> Any:
    """Flow with the sign of some values changed.

    Args:
        flow: `(batch, frames, height, width, 2)`, 0 to 255.
        which: bools that can be broadcast to its last axes.
    """
    return tf.where(which, tf.constant(255, flow.dtype) - flow, flow)


def _one_earlier(backwards: Any) -> Any:
    """Each place of reversed flow with that of the next one, the last with its own again.

    Flow tells of the way from a frame to the next. From the last frame back to the one before it,
    that is the way which stands at the place before the last, and so on. What stood at the last
    place is left out: it leads out of the clip, or repeats. The first frame has none before it,
    and repeats, as `videonas.data.flow` has it.
    """
    return tf.concat([backwards[:, 1:], backwards[:, -1:]], axis=1)
