"""Proxy training: many short trainings, so what surrounds the steps has to be short too.

One `tf.function` loops over a tensor of batch indices and gathers clips from a tensor that holds
all of them: one trace, no input pipeline, no `fit`.
"""

from __future__ import annotations

import logging
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from videonas.data.shards import load_split
from videonas.errors import InvalidArchitecture
from videonas.networks import build
from videonas.search.result import Training
from videonas.search.settings import Settings
from videonas.training.jobs import Stopwatch, TrainingJob
from videonas.training.sampling import FrameChoice, augment, to_input

log = logging.getLogger(__name__)

CHUNK = 50
"""Steps in one call of the graph; after each the loss is looked at."""

SHORT_TRAINING = 1000
"""Up to so many steps, optimising the graph takes longer than it saves."""


def set_up(threads: int, *, optimise_graphs: bool) -> None:
    """Prepares TensorFlow in a fresh process.

    Args:
        threads: of one operation; operations run one after another.
        optimise_graphs: whether graphs are rewritten before they run, which takes a second.
    """
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    if not optimise_graphs:
        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


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
    candidate, stream = job.candidate, job.candidate.task.streams["rgb"]
    settings, architecture = candidate.settings, candidate.architecture
    clips, labels = load_split(
        job.shards, "rgb", stream, architecture.image_size,
        take=settings.train_steps * settings.batch_size,
    )
    batches = batch_indices(len(labels), settings.batch_size, settings.train_steps, job.seed)
    data = (tf.constant(clips), tf.constant(labels))
    del clips  # a copy as large as the split
    watch.lap("load")
    choice = FrameChoice(stream.frames, architecture.frames, architecture.frame_stride)
    steps = training_function(model, choice, settings, candidate.task.classes, job.seed)
    steps(*data, batches[:0], 0)
    watch.lap("trace")
    losses: list[float] = []
    for first in range(0, settings.train_steps, CHUNK):
        losses += steps(*data, batches[first : first + CHUNK], first).numpy().tolist()
        log.info("%s: step %d of %d, loss %.3f", candidate.name, len(losses),
                 settings.train_steps, float(np.mean(losses[-CHUNK:])))
        if not np.isfinite(losses).all():
            watch.lap("train")
            step = int(np.argmin(np.isfinite(losses)))
            message = f"the loss is {losses[step]} at step {step}"
            return Training("diverged", message, seconds=watch.seconds)
    watch.lap("train")
    model.save_weights(job.weights)
    watch.lap("save")
    last = losses[-max(len(losses) // 10, 1) :]
    return Training("ok", loss=float(np.mean(last)), seconds=watch.seconds)


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
    model: keras.Model, choice: FrameChoice, settings: Settings, classes: int, seed: int
) -> Any:
    """A graph that runs many steps.

    It takes clips `(n, stored frames, size, size, channels)` uint8, labels `(n,)` int32, batches
    `(steps, batch)` int32 and the number of the first step, and gives the losses `(steps,)`.
    """
    optimizer = make_optimizer(settings)
    optimizer.build(model.trainable_variables)
    smoothing = settings.label_smoothing

    def loss_of(clips: Any, labels: Any) -> Any:
        """Cross-entropy with smoothed targets, in nats."""
        targets = tf.one_hot(labels, classes) * (1 - smoothing) + smoothing / classes
        logits = model(to_input(clips), training=True)
        return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets, logits))

    def step(clips: Any, labels: Any, number: Any) -> Any:
        """One step of the optimiser; gives back the loss before it."""
        start_seed, augment_seed = tf.unstack(tf.random.split(tf.stack([seed, number]), 2))
        clips = augment(choice.random(clips, start_seed), settings, augment_seed)
        with tf.GradientTape() as tape:
            loss = loss_of(clips, labels)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        return loss

    # AutoGraph would spend a quarter of the tracing on reading sources
    @tf.function(autograph=False, input_signature=[
        tf.TensorSpec((None, choice.stored, *model.input_shape[2:]), tf.uint8),
        tf.TensorSpec((None,), tf.int32),
        tf.TensorSpec((None, settings.batch_size), tf.int32),
        tf.TensorSpec((), tf.int32),
    ])
    def steps(clips: Any, labels: Any, batches: Any, first: Any) -> Any:
        """Runs one step after the other."""
        return tf.map_fn(
            lambda each: step(tf.gather(clips, each[0]), tf.gather(labels, each[0]), each[1]),
            (batches, first + tf.range(tf.shape(batches)[0])),
            fn_output_signature=tf.TensorSpec((), tf.float32),
            parallel_iterations=1,
        )

    return steps
