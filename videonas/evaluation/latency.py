"""Measured time of one forward pass of one clip."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from videonas.errors import InvalidArchitecture, reason
from videonas.networks import build
from videonas.networks.device import device_name
from videonas.search.result import Latency, Training
from videonas.search.settings import Settings
from videonas.training.jobs import Candidate, Stopwatch
from videonas.training.setup import set_up


def latency_job(candidate: Candidate) -> Latency | Training:
    """Builds a candidate and measures it; the caller sees to it that the machine is quiet.

    Returns:
        the latency; or how training ends without having begun, where that is clear already.
    """
    watch = Stopwatch(candidate.submitted)
    set_up(candidate.settings.latency_threads, optimise_graphs=True)
    keras.utils.set_random_seed(0)
    try:
        model = build(candidate.space, candidate.architecture, candidate.task)
    except (InvalidArchitecture, ValueError) as error:
        return Training("invalid", f"cannot be built: {reason(error)}")
    watch.lap("build")
    try:
        latency = measure_latency(model, candidate.settings)
        watch.lap("latency")
        return replace(latency, seconds=watch.seconds)
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        return Training("out_of_memory", f"out of memory: {reason(error)}")


def measure_latency(model: keras.Model, settings: Settings) -> Latency:
    """The median of repeated passes of one clip, after a warm-up.

    Args:
        model: from float32 clips to logits.
        settings: `latency_warmup`, `latency_repeats` and, for the record, `latency_threads`.
    """
    shape = (1, *model.input_shape[1:])

    @tf.function(autograph=False, input_signature=[tf.TensorSpec(shape, tf.float32)])
    def forward(clip: Any) -> Any:
        """One pass."""
        return model(clip, training=False)

    clip = tf.random.stateless_uniform(shape, (0, 0), -1.0, 1.0)
    for _ in range(settings.latency_warmup):
        forward(clip).numpy()
    passes = []
    for _ in range(settings.latency_repeats):
        started = time.perf_counter()
        forward(clip).numpy()
        passes.append(1e3 * (time.perf_counter() - started))
    low, median, high = np.percentile(passes, (25, 50, 75))
    return Latency(
        median_ms=round(float(median), 4),
        quartiles_ms=(round(float(low), 4), round(float(high), 4)),
        repeats=settings.latency_repeats,
        threads=settings.latency_threads,
        device=device_name(),
    )
