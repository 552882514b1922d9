"""A network as a SavedModel that takes raw clips and needs TensorFlow alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from videonas.export.about import CLASSIFY, DESCRIBE, About, StreamSettings
from videonas.training.augmentation import to_input


def write_saved_model(model: keras.Model, about: About, path: Path) -> None:
    """Writes a SavedModel with two signatures.

    `classify` takes, by stream, uint8 clips `(batch, frames, height, width, channels)` of any
    height and width, and gives `labels` `(batch, classes)`, class names, the best first, and
    `scores` `(batch, classes)` float32 in the order of the classes. `describe` takes nothing and
    gives `classes` `(classes,)` and `settings`, what `About` says as JSON.

    Args:
        model: from float32 clips to logits.
        about: class names and clip settings.
        path: the folder to write.
    """
    classes, first_stream = tf.constant(about.classes), next(iter(about.streams))

    def classify(clips: Any) -> dict[str, Any]:
        """Labels and scores of raw clips."""
        count = tf.shape(clips[first_stream])[0]
        small = {
            name: prepared(at_least_one(clips[name]), stream)
            for name, stream in about.streams.items()
        }
        logits = model(to_input(small), training=False)[:count]
        scores = probabilities(logits, about.multi_label)
        order = tf.argsort(scores, direction="DESCENDING", stable=True)
        return {"labels": tf.gather(classes, order), "scores": scores}

    def describe() -> dict[str, Any]:
        """Class names and clip settings."""
        return {"classes": classes, "settings": tf.constant(about.encode())}

    shapes = {
        name: tf.TensorSpec(
            (None, stream.frames, None, None, stream.prepared.channels), tf.uint8, name=name
        )
        for name, stream in about.streams.items()
    }
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint(CLASSIFY, classify, input_signature=[shapes])
    archive.add_endpoint(DESCRIBE, describe, input_signature=[])
    archive.write_out(str(path), verbose=False)


def at_least_one(clips: Any) -> Any:
    """The clips, or one black clip where there are none: oneDNN fails on an empty batch."""
    missing = tf.maximum(1 - tf.shape(clips)[0], 0)
    return tf.pad(clips, [(0, missing), *[(0, 0)] * 4])


def prepared(clips: Any, stream: StreamSettings) -> Any:
    """The central square of raw clips at the network's size, each pixel the mean of its area.

    Of square clips the same as `videonas.data.clips.resize`, inside the graph.

    Args:
        clips: uint8, `(batch, frames, height, width, channels)`.
        stream: gives the size.

    Returns:
        float32 whole numbers 0 to 255, `(batch, frames, size, size, channels)`.
    """
    shape, channels, size = tf.shape(clips), stream.prepared.channels, stream.size
    side = tf.minimum(shape[2], shape[3])
    top, left = (shape[2] - side) // 2, (shape[3] - side) // 2
    square = clips[:, :, top : top + side, left : left + side]
    flat = tf.reshape(square, (-1, side, side, channels))
    means = tf.image.resize(flat, (size, size), tf.image.ResizeMethod.AREA)
    return tf.reshape(tf.round(means), (-1, stream.frames, size, size, channels))


def probabilities(logits: Any, multi_label: bool) -> Any:
    """Scores of 0 to 1 by class: of one label they add up to 1, of several each stands alone.

    Args:
        logits: `(batch, classes)`.
        multi_label: whether a clip can have several labels.
    """
    return tf.sigmoid(logits) if multi_label else tf.nn.softmax(logits)
