"""Proxy training: many short trainings, so what surrounds the steps has to be short too.

One `tf.function` loops over the steps of a chunk, for which a tensor holds all clips: one trace,
no input pipeline, no `fit`. The next chunk is read meanwhile.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from videonas.data.clips import RESIDENT_BYTES, ClipReader, Clips, Labels
from videonas.data.parallel import map_in_order
from videonas.errors import InvalidArchitecture, reason
from videonas.networks import build
from videonas.search.result import Training
from videonas.search.settings import Settings
from videonas.task import Task
from videonas.training.augmentation import augment, to_input
from videonas.training.early_stopping import curve_of, ends_early, stretch_ends
from videonas.training.inheritance import take_over
from videonas.training.jobs import Stopwatch, TrainingJob
from videonas.training.setup import set_up

log = logging.getLogger(__name__)

CHUNK = 50
"""Steps in one call of the graph at most; after each the loss is looked at."""

CHUNK_BYTES = 256 << 20
"""Clips of one call, unless a single step needs more."""

SHORT_TRAINING = 1000
"""Up to so many steps, optimising the graph takes longer than it saves."""


Report = Callable[[int, int, float], object]
"""Told the steps made, those that there will be, and the mean loss of the last ones."""


def train_job(job: TrainingJob, report: Report = lambda done, total, loss: None) -> Training:
    """Trains a candidate and writes its weights; what goes wrong is an outcome.

    Training may end early, see `ends_early`; it counts as it is then.
    """
    candidate, watch = job.candidate, Stopwatch(job.candidate.submitted)
    settings = candidate.settings
    set_up(settings.train_threads, optimise_graphs=settings.train_steps > SHORT_TRAINING)
    keras.utils.set_random_seed(job.seed)
    try:
        model = build(
            candidate.space, candidate.architecture, candidate.task, dropout=settings.dropout
        )
    except (InvalidArchitecture, ValueError) as error:
        message = f"cannot be built: {reason(error)}"
        return Training("invalid", message, seconds=watch.seconds)
    if job.initial is not None:
        model.load_weights(job.initial)
    inherited = None
    if job.parent is not None:
        try:
            inherited = take_over(model, job.parent, candidate)
        except (OSError, ValueError, KeyError) as error:
            message = f"cannot inherit from {job.parent.name}: {reason(error)}"
            return Training("failed", message, seconds=watch.seconds)
    watch.lap("build")
    try:
        return replace(_train(model, job, watch, report), inherited=inherited)
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        message = f"out of memory: {reason(error)}"
        return Training("out_of_memory", message, seconds=watch.seconds)


def _train(model: keras.Model, job: TrainingJob, watch: Stopwatch, report: Report) -> Training:
    candidate, settings = job.candidate, job.candidate.settings
    reader = ClipReader(
        job.shards, candidate.task, candidate.samplings,
        take=settings.train_steps * settings.batch_size, resident_bytes=RESIDENT_BYTES,
    )
    watch.lap("load")
    steps = training_function(model, reader.shapes, settings, candidate.task, job.seed)
    steps.get_concrete_function()
    watch.lap("trace")
    losses: list[float] = []
    for clips, labels in chunks(reader, settings, job.seed):
        watch.lap("load")
        new = steps(clips, labels, len(losses)).numpy()
        losses += new.tolist()
        report(len(losses), settings.train_steps, float(np.mean(losses[-CHUNK:])))
        watch.lap("train")
        if not np.isfinite(new).all():
            step = len(losses) - len(new) + int(np.argmin(np.isfinite(new)))
            message = f"the loss is {losses[step]} at step {step}"
            return Training("diverged", message, seconds=watch.seconds)
        if ends_early(losses, job.curves, settings):
            log.info("%s: ended early, at step %d: its loss fell behind the median of others",
                     candidate.name, len(losses))
            break
    model.save_weights(job.weights)
    watch.lap("save")
    last = losses[-max(len(losses) // 10, 1) :]
    return Training(
        "ok", loss=float(np.mean(last)), seconds=watch.seconds,
        curve=curve_of(losses, settings.train_steps), steps=len(losses),
    )


def chunks(
    reader: ClipReader, settings: Settings, seed: int
) -> Iterator[tuple[Clips, Labels]]:
    """The clips of `CHUNK` steps at a time, or of as many as fit `CHUNK_BYTES`, with their labels;
    each clip from a random start. Where training may end early, a chunk ends with each stretch.
    """
    steps = min(max(CHUNK_BYTES // (settings.batch_size * reader.clip_bytes), 1), CHUNK)
    order = batch_indices(len(reader), settings.batch_size, settings.train_steps, seed)
    starts = np.random.default_rng([seed, 1]).random(order.shape)
    whole = settings.train_steps
    ends = stretch_ends(whole) if settings.early_stopping else [whole]
    parts = [
        slice(first, min(first + steps, end))
        for start, end in zip([0, *ends], ends, strict=False)
        for first in range(start, end, steps)
    ]
    return map_in_order(
        lambda part: reader.read(order[part].ravel(), starts[part].ravel()), parts, threads=1
    )


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


def loss_function(task: Task, smoothing: float) -> Callable[[Any, Any], Any]:
    """The loss of logits `(batch, classes)` against labels, in nats.

    One label a clip: cross-entropy against targets smoothed towards all classes alike. Several:
    the mean over all classes of the binary cross-entropy, against targets smoothed towards 0.5.

    Args:
        task: gives the classes, and whether a clip can have several labels.
        smoothing: share of the target that says nothing.
    """

    def of_one_label(logits: Any, labels: Any) -> Any:
        """Of indices of classes, `(batch,)`."""
        truth = tf.one_hot(labels, task.classes)
        targets = truth * (1 - smoothing) + smoothing / task.classes
        return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets, logits))

    def of_several_labels(logits: Any, labels: Any) -> Any:
        """Of 1 for each class that is there, `(batch, classes)`."""
        targets = tf.cast(labels, tf.float32) * (1 - smoothing) + smoothing / 2
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(targets, logits))

    return of_several_labels if task.multi_label else of_one_label


def training_function(
    model: keras.Model,
    shapes: Mapping[str, tuple[int, ...]],
    settings: Settings,
    task: Task,
    seed: int,
) -> Any:
    """A graph that runs many steps.

    It takes clips by stream, `(steps * batch, frames, size, size, channels)` uint8, their labels
    as `ClipReader` gives them and the number of the first step, and gives the losses `(steps,)`.

    Args:
        model: from float32 clips to logits `(batch, classes)`.
        shapes: what it is given of one clip, by stream.
        settings: of the optimiser, the batch, augmentation and label smoothing.
        task: gives the classes, and whether a clip can have several labels.
        seed: decides augmentation.
    """
    optimizer = make_optimizer(settings)
    optimizer.build(model.trainable_variables)
    batch, loss_of = settings.batch_size, loss_function(task, settings.label_smoothing)

    def step(clips: Any, labels: Any, number: Any) -> Any:
        """One step of the optimiser; gives back the loss before it."""
        # all streams are shifted and mirrored alike
        clips = {
            name: augment(pixels, settings, tf.stack([seed, number]), name)
            for name, pixels in clips.items()
        }
        with tf.GradientTape() as tape:
            loss = loss_of(model(to_input(clips), training=True), labels)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        return loss

    # AutoGraph would spend a quarter of the tracing on reading sources
    @tf.function(autograph=False, input_signature=[
        {name: tf.TensorSpec((None, *shape), tf.uint8) for name, shape in shapes.items()},
        tf.TensorSpec((None, task.classes), tf.uint8) if task.multi_label
        else tf.TensorSpec((None,), tf.int32),
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
