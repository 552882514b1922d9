"""Accuracy and loss of a trained network on a split."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from videonas.data.shards import load_split
from videonas.networks import build
from videonas.search.result import Evaluation
from videonas.training.jobs import EvaluationJob, Stopwatch
from videonas.training.sampling import FrameChoice, to_input
from videonas.training.trainer import set_up

BATCH = 64


def evaluation_job(job: EvaluationJob) -> Evaluation:
    """Builds a candidate, loads its weights and evaluates it."""
    candidate, watch = job.candidate, Stopwatch(job.candidate.submitted)
    architecture, stream = candidate.architecture, candidate.task.streams["rgb"]
    set_up(candidate.settings.train_threads, optimise_graphs=False)
    model = build(candidate.space, architecture, candidate.task)
    model.load_weights(job.weights)
    watch.lap("build")
    choice = FrameChoice(stream.frames, architecture.frames, architecture.frame_stride)
    parts = (load_split([shard], "rgb", stream, architecture.image_size) for shard in job.shards)
    try:
        metrics, clips = evaluate(model, parts, choice, watch)
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        message = f"out of memory: {error}".splitlines()[0]
        return Evaluation("out_of_memory", message, seconds=watch.seconds)
    if not np.isfinite(metrics["loss"]):
        message = f"the validation loss is {metrics['loss']}"
        return Evaluation("diverged", message, seconds=watch.seconds)
    return Evaluation("ok", metrics=metrics, clips=clips, seconds=watch.seconds)


def evaluate(
    model: keras.Model,
    parts: Iterable[tuple[Any, Any]],
    choice: FrameChoice,
    watch: Stopwatch,
) -> tuple[dict[str, float], int]:
    """Metrics over all clips; memory holds one part at a time.

    Args:
        model: from clips to logits.
        parts: pairs of clips `(n, stored frames, size, size, channels)` uint8 and labels `(n,)`.
        choice: which frames the network is given; the central ones are.
        watch: books the time.

    Returns:
        `top1` and `top5` as shares, `loss` as mean cross-entropy in nats; and the number of clips.
    """

    @tf.function(autograph=False, input_signature=[
        tf.TensorSpec((None, choice.stored, *model.input_shape[2:]), tf.uint8)
    ])
    def predict(clips: Any) -> Any:
        """Logits of a batch."""
        return model(to_input(choice.central(clips)), training=False)

    all_logits: list[Any] = []
    all_labels: list[Any] = []
    for clips, labels in parts:
        watch.lap("load")
        if not all_logits:
            predict(tf.constant(clips[:0]))
            watch.lap("trace")
        for first in range(0, len(clips), BATCH):
            all_logits.append(predict(tf.constant(clips[first : first + BATCH])).numpy())
        all_labels.append(labels)
        watch.lap("evaluate")
    logits, labels = np.concatenate(all_logits), np.concatenate(all_labels)
    return classification_metrics(logits, labels), len(labels)


def classification_metrics(logits: Any, labels: Any) -> dict[str, float]:
    """Top-1 and top-5 accuracy as shares, mean cross-entropy in nats.

    Args:
        logits: `(n, classes)`.
        labels: `(n,)`; with fewer than 5 classes, top-5 counts all of them.
    """
    logits = logits.astype(np.float64)
    own = logits[np.arange(len(labels)), labels]
    peak = logits.max(axis=1)
    losses = peak + np.log(np.exp(logits - peak[:, None]).sum(axis=1)) - own
    # equal logits, and NaN, count against the network: one that says nothing scores nothing
    rank = (~(logits < own[:, None])).sum(axis=1)
    return {
        "top1": float(np.mean(rank <= 1)),
        "top5": float(np.mean(rank <= 5)),
        "loss": float(np.mean(losses)),
    }
