"""A network as a TFLite file, where TFLite's own operators suffice and give the same scores."""

from __future__ import annotations

import logging
import tempfile
import warnings
import zipfile
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from videonas.data.clips import ClipReader
from videonas.errors import reason
from videonas.export.about import About
from videonas.export.jobs import TfliteJob
from videonas.export.keras_file import load_network
from videonas.export.saved_model import probabilities
from videonas.tensorflow_start import without_start_lines
from videonas.training.augmentation import to_input
from videonas.training.setup import set_up

CHECKED = 8
"""Clips of which the scores must agree."""

TOLERANCE = 1e-3
"""Largest difference of a score."""


def tflite_job(job: TfliteJob) -> str:
    """Writes the TFLite file, unless it cannot be had; gives back why, or an empty string."""
    set_up(job.candidate.settings.train_threads, optimise_graphs=True)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    model = load_network(job.network)
    try:
        content = convert(model, job.about)
    except Exception as error:  # the converter raises whatever its parts raise
        return f"it cannot be converted: {reason(error)[:300]}"
    candidate = job.candidate
    reader = ClipReader(job.shards, candidate.task, candidate.samplings, take=CHECKED)
    clips, _ = reader.read(range(len(reader)))
    expected = probabilities(model(to_input(clips), training=False), job.about.multi_label).numpy()
    difference = disagreement(content, clips, expected)
    if not difference:
        job.file.write_bytes(content)
        with zipfile.ZipFile(job.file, "a") as archive:  # readers of TFLite ignore what follows
            archive.writestr("labels.txt", "".join(f"{name}\n" for name in job.about.classes))
            archive.writestr("settings.json", job.about.encode())
    return difference


def convert(model: keras.Model, about: About) -> bytes:
    """The TFLite form of a network.

    It takes, by stream, one uint8 clip `(1, frames, size, size, channels)` and gives `scores`
    `(1, classes)` in the order of the classes.

    Args:
        model: from float32 clips to logits.
        about: class names and clip settings.
    """

    def classify(clips: Any) -> dict[str, Any]:
        """Scores of one clip."""
        logits = model(to_input(clips), training=False)
        return {"scores": probabilities(logits, about.multi_label)}

    shapes = {
        name: tf.TensorSpec(
            (1, s.frames, s.size, s.size, s.prepared.channels), tf.uint8, name=name
        )
        for name, s in about.streams.items()
    }
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("classify", classify, input_signature=[shapes])
    with tempfile.TemporaryDirectory(prefix="videonas-") as scratch:
        archive.write_out(scratch, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(scratch, signature_keys=["classify"])
        content: bytes = converter.convert()
    return content


def _interpreter(content: bytes) -> Any:
    """LiteRT's interpreter; where it is not installed that of TensorFlow, which is going away."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        warnings.filterwarnings("ignore", message=".*tf.lite.Interpreter is deprecated.*")
        Interpreter = tf.lite.Interpreter
    return Interpreter(model_content=content)


def disagreement(content: bytes, clips: dict[str, Any], expected: Any) -> str:
    """Runs a TFLite network; gives back how its scores differ, or an empty string.

    Args:
        content: of the file.
        clips: by stream, `(n, frames, size, size, channels)` uint8.
        expected: the scores, `(n, classes)`.
    """
    try:
        with without_start_lines():
            run = _interpreter(content).get_signature_runner("classify")
        scores = [
            run(**{name: pixels[i : i + 1] for name, pixels in clips.items()})["scores"]
            for i in range(len(expected))
        ]
    except (RuntimeError, ValueError) as error:
        return f"it cannot be run: {reason(error)[:300]}"
    difference = float(np.abs(np.concatenate(scores) - expected).max())
    if difference <= TOLERANCE:
        return ""
    return f"its scores are not those of the network; they differ by {difference:.2g}"


