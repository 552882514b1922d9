"""Proxy training: many short trainings, so what surrounds the steps has to be short too.

One `tf.function` loops over the steps of a chunk, for which a tensor holds all clips: one trace,
no input pipeline, no `fit`. The next chunk is read meanwhile.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from videonas.data.clips import RESIDENT_BYTES, ClipReader, Clips, Labels
from videonas.data.parallel import map_in_order
from videonas.errors import InvalidArchitecture
from videonas.networks import build
from videonas.search.result import Training
from videonas.search.settings import Settings
from videonas.training.augmentation import augment, to_input
from videonas.training.jobs import Stopwatch, TrainingJob
from videonas.training.setup import set_up

log = logging.getLogger(__name__)

CHUNK = 50
"""Steps in one call of the graph at most; after each the loss is looked at."""

CHUNK_BYTES = 256 << 20
"""Clips of one call, unless a single step needs more."""

SHORT_TRAINING = 1000
"""Up to so many steps, optimising the graph takes longer than it saves."""


def train_job(job: TrainingJob) -> Training:
    """Trains a candidate and writes its weights; what goes wrong is an outcome."""
    candidate, watch = job.candidate, Stopwatch(job.candidate.submitted)
    settings = candidate.settings
    set_up(settings.train_threads, optimise_graphs=settings.train_steps > SHORT_TRAINING)
    keras.utils.set_random_seed(job.seed)
    try:
        model = build(
            candidate.space, candidate.architecture, candidate.task, dropout=settings.dropout
        )
    except (InvalidArchitecture, ValueError) as error:
        message = f"cannot be built: {error}".splitlines()[0]
        return Training("invalid", message, seconds=watch.seconds)
    watch.lap("build")
    try:
        return _train(model, job, watch)
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        message = f"out of memory: {error}".splitlines()[0]
        return Training("out_of_memory", message, seconds=watch.seconds)


def _train(model: keras.Model, job: TrainingJob, watch: Stopwatch) -> Training:
    candidate, settings = job.candidate, job.candidate.settings
    reader = ClipReader(
        job.shards, candidate.task, candidate.samplings,
        take=settings.train_steps * settings.batch_size, resident_bytes=RESIDENT_BYTES,
    )
    watch.lap("load")
    steps = training_function(model, reader.shapes, settings, candidate.task.classes, job.seed)
    steps(*reader.read([], []), 0)
    watch.lap("trace")
    losses: list[float] = []
    for clips, labels in chunks(reader, settings, job.seed):
        watch.lap("load")
        losses += steps(clips, labels, len(losses)).numpy().tolist()
        log.info("%s: step %d of %d, loss %.3f", candidate.name, len(losses),
                 settings.train_steps, float(np.mean(losses[-CHUNK:])))
        watch.lap("train")
        if not np.isfinite(losses).all():
            step = int(np.argmin(np.isfinite(losses)))
            message = f"the loss is {losses[step]} at step {step}"
            return Training("diverged", message, seconds=watch.seconds)
    model.save_weights(job.weights)
    watch.lap("save")
    last = losses[-max(len(losses) // 10, 1) :]
    return Training("ok", loss=float(np.mean(last)), seconds=watch.seconds)


def chunks(
    reader: ClipReader, settings: Settings, seed: int
) -> Iterator[tuple[Clips, Labels]]:
    """The clips of `CHUNK` steps at a time, or of as many as fit `CHUNK_BYTES`, with their labels;
    each clip from a random start.
    """
    steps = min(max(CHUNK_BYTES // (settings.batch_size * reader.clip_bytes), 1), CHUNK)
    order = batch_indices(len(reader), settings.batch_size, settings.train_steps, seed).ravel()
    starts = np.random.default_rng([seed, 1]).random(len(order))
    size = steps * settings.batch_size
    parts = [slice(first, first + size) for first in range(0, len(order), size)]
    return map_in_order(lambda part: reader.read(order[part], starts[part]), parts, threads=1)


def batch_indices(clips: int, batch: int, steps: int, seed: int) -> Any:
    """Which clips each step sees: every clip once before any is seen again.

    Returns:
        `(steps, batch)` int32.
    """
    rng = np.random.default_rng(seed)
    needed = steps * batch
    epochs = [rng.permutation(clips) for _ in range(-(-needed // clips))]
    return np.concatenate(epochs)[:needed].reshape(steps, batch).astype(np.int32)


def make_optimizer(settings: Settings) -> keras.optimizers.Optimizer:
    """The optimiser: a linear warm-up, then a cosine down to a share of the peak."""
    warmup = int(settings.train_steps * settings.warmup_fraction)
    schedule = keras.optimizers.schedules.CosineDecay(
        settings.learning_rate / warmup if warmup else settings.learning_rate,
        max(settings.train_steps - warmup, 1),
        alpha=settings.final_learning_rate,
        warmup_target=settings.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
    common = {
        "learning_rate": schedule,
        "weight_decay": settings.weight_decay or None,
        "global_clipnorm": settings.clip_gradients,
    }
    if settings.optimizer == "sgd":
        return keras.optimizers.SGD(momentum=settings.momentum, nesterov=True, **common)
    return keras.optimizers.AdamW(**{**common, "weight_decay": settings.weight_decay})


def training_function(
    model: keras.Model,
    shapes: Mapping[str, tuple[int, ...]],
    settings: Settings,
    classes: int,
    seed: int,
) -> Any:
    """A graph that runs many steps.

    It takes clips by stream, `(steps * batch, frames, size, size, channels)` uint8, their labels
    `(steps * batch,)` int32 and the number of the first step, and gives the losses `(steps,)`.

    Args:
        model: from float32 clips to logits `(batch, classes)`.
        shapes: what it is given of one clip, by stream.
        settings: of the optimiser, the batch, augmentation and label smoothing.
        classes: number of classes.
        seed: decides augmentation.
    """
    optimizer = make_optimizer(settings)
    optimizer.build(model.trainable_variables)
    smoothing, batch = settings.label_smoothing, settings.batch_size

    def loss_of(clips: Any, labels: Any) -> Any:
        """Cross-entropy with smoothed targets, in nats."""
        targets = tf.one_hot(labels, classes) * (1 - smoothing) + smoothing / classes
        logits = model(to_input(clips), training=True)
        return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets, logits))

    def step(clips: Any, labels: Any, number: Any) -> Any:
        """One step of the optimiser; gives back the loss before it."""
        # all streams are shifted and mirrored alike
        clips = {
            name: augment(pixels, settings, tf.stack([seed, number]))
            for name, pixels in clips.items()
        }
        with tf.GradientTape() as tape:
            loss = loss_of(clips, labels)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        return loss

    # AutoGraph would spend a quarter of the tracing on reading sources
    @tf.function(autograph=False, input_signature=[
        {name: tf.TensorSpec((None, *shape), tf.uint8) for name, shape in shapes.items()},
        tf.TensorSpec((None,), tf.int32),
        tf.TensorSpec((), tf.int32),
    ])
    def steps(clips: Any, labels: Any, first: Any) -> Any:
        """Runs one step after the other."""

        def one(place: Any) -> Any:
            """The step of one batch."""
            part = slice(place * batch, (place + 1) * batch)
            own = {name: pixels[part] for name, pixels in clips.items()}
            return step(own, labels[part], first + place)

        return tf.map_fn(
            one, tf.range(tf.shape(labels)[0] // batch),
            fn_output_signature=tf.TensorSpec((), tf.float32), parallel_iterations=1,
        )

    return steps
