"""Accuracy and loss of a trained network on a split."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from videonas.data.clips import ClipReader, Clips, Labels
from videonas.data.parallel import map_in_order
from videonas.errors import reason
from videonas.evaluation.metrics import classification_metrics
from videonas.networks import build
from videonas.search.result import Evaluation
from videonas.training.augmentation import to_input
from videonas.training.jobs import EvaluationJob, Stopwatch
from videonas.training.setup import set_up

BATCH = 64
"""Clips at a time at most."""

BATCH_BYTES = 16 << 20
"""Of their pixels, unless a single clip has more."""


def evaluation_job(job: EvaluationJob) -> Evaluation:
    """Builds a candidate, loads its weights and evaluates it."""
    candidate, watch = job.candidate, Stopwatch(job.candidate.submitted)
    set_up(candidate.settings.train_threads, optimise_graphs=False)
    model = build(candidate.space, candidate.architecture, candidate.task)
    model.load_weights(job.weights)
    watch.lap("build")
    try:
        reader = ClipReader(job.shards, candidate.task, candidate.samplings)
        metrics = evaluate(model, reader, watch)
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        message = f"out of memory: {reason(error)}"
        return Evaluation("out_of_memory", message, seconds=watch.seconds)
    if not np.isfinite(metrics["loss"]):
        message = f"the validation loss is {metrics['loss']}"
        return Evaluation("diverged", message, seconds=watch.seconds)
    return Evaluation("ok", metrics=metrics, clips=len(reader), seconds=watch.seconds)


def evaluate(model: keras.Model, reader: ClipReader, watch: Stopwatch) -> dict[str, float]:
    """Metrics over all clips, of each its middle; memory holds a few batches at a time.

    Args:
        model: from clips to logits.
        reader: of the split.
        watch: books the time.

    Returns:
        see `classification_metrics`.
    """

    @tf.function(autograph=False, input_signature=[
        {name: tf.TensorSpec((None, *shape), tf.uint8) for name, shape in reader.shapes.items()}
    ])
    def predict(clips: Any) -> Any:
        """Logits of a batch."""
        return model(to_input(clips), training=False)

    predict.get_concrete_function()  # traced without running: oneDNN fails on an empty batch
    watch.lap("trace")
    all_logits: list[Any] = []
    all_labels: list[Any] = []
    for clips, labels in in_batches(reader):
        watch.lap("load")
        all_logits.append(predict(clips).numpy())
        all_labels.append(labels)
        watch.lap("evaluate")
    return classification_metrics(np.concatenate(all_logits), np.concatenate(all_labels))


def in_batches(reader: ClipReader) -> Iterator[tuple[Clips, Labels]]:
    """All clips of a split, of each its middle, and their labels, a few at a time and ahead."""
    size = min(max(BATCH_BYTES // reader.clip_bytes, 1), BATCH)
    batches = [range(i, min(i + size, len(reader))) for i in range(0, len(reader), size)]
    return map_in_order(reader.read, batches, threads=1)
