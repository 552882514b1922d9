from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from videonas.data.clips import ClipReader
from videonas.data.shards import ShardWriter
from videonas.evaluation.accuracy import BATCH, evaluate
from videonas.evaluation.metrics import classification_metrics
from videonas.task import Clip, Sampling, Task
from videonas.training.jobs import Stopwatch

STORED, CLASSES = 6, 7
SAMPLING = Sampling(frames=2, stride=2, size=3)
"""The middle frames of a stored clip are 1 and 3."""


def linear_model(dropout: float = 0.0) -> keras.Model:
    """Always the same weights."""
    return keras.Sequential([
        keras.layers.Input((2, 3, 3, 1)),
        keras.layers.Dropout(dropout),
        keras.layers.Flatten(),
        keras.layers.Dense(CLASSES, kernel_initializer=keras.initializers.GlorotUniform(seed=0)),
    ])


def noise(clips: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (clips, STORED, 3, 3, 1)).astype(np.uint8)
    return pixels, rng.integers(0, CLASSES, clips).astype(np.int32)


def several_labels(clips: int) -> Any:
    """None, one or several a clip, and of each class some."""
    drawn = np.random.default_rng(2).random((clips, CLASSES)) < 0.3
    return (drawn | (np.arange(clips)[:, None] == np.arange(CLASSES))).astype(np.uint8)


def evaluated(
    model: keras.Model, data: tuple[Any, Any], folder: Path, shard_bytes: int = 1 << 20
) -> dict[str, float]:
    """The metrics over shards that hold the clips; several labels a clip are rows of 0 and 1."""
    writer, several = ShardWriter(folder, "validation", shard_bytes), data[1].ndim == 2
    for number, (clip, label) in enumerate(zip(*data, strict=True)):
        labels = np.flatnonzero(label).tolist() if several else [int(label)]
        writer.add({"rgb": clip[None]}, labels, f"{number}.mp4")
    files = [(folder / shard.name, shard) for shard in writer.close()]
    task = Task({"rgb": Clip(STORED, 3, 1)}, CLASSES, several)
    reader = ClipReader(files, task, {"rgb": SAMPLING})
    watch = Stopwatch(time.time())
    metrics = evaluate(model, reader, watch)
    assert {"load", "trace", "evaluate"} <= watch.seconds.keys()
    return metrics


# Whole splits

@pytest.mark.parametrize("clips", [1, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH, 2 * BATCH + 3])
@pytest.mark.parametrize("shard_bytes", [1000, 1 << 20])
def test_every_clip_counts_once_wherever_batches_and_shards_end(
    clips: int, shard_bytes: int, tmp_path: Path
) -> None:
    model, (pixels, labels) = linear_model(), noise(clips)
    metrics = evaluated(model, (pixels, labels), tmp_path, shard_bytes)
    central = pixels[:, [1, 3]].reshape(clips, -1) / 127.5 - 1
    kernel, bias = model.get_weights()
    assert metrics == pytest.approx(classification_metrics(central @ kernel + bias, labels),
                                    rel=1e-4)


def test_the_central_frames_are_seen(tmp_path: Path) -> None:
    labels = np.arange(CLASSES, dtype=np.int32)
    # only frames 1 and 3 show the class; the others show the next one
    shown = np.stack([labels if frame in (1, 3) else (labels + 1) % CLASSES
                      for frame in range(STORED)], axis=1)
    pixels = np.where(np.arange(9) == shown[..., None], 255, 0).astype(np.uint8)
    model = linear_model()
    model.set_weights([np.tile(np.eye(9, CLASSES), (2, 1)), np.zeros(CLASSES)])
    metrics = evaluated(model, (pixels.reshape(CLASSES, STORED, 3, 3, 1), labels), tmp_path)
    assert metrics["top1"] == 1
    # a class apart from the others by two frames of 1 instead of -1
    assert metrics["loss"] == pytest.approx(np.log(1 + (CLASSES - 1) * np.exp(-4)), rel=1e-4)


def test_dropout_is_off(tmp_path: Path) -> None:
    data = noise(65)
    without = evaluated(linear_model(), data, tmp_path)
    assert evaluated(linear_model(dropout=0.9), data, tmp_path) == without


def test_weights_that_are_no_numbers_make_the_loss_none(tmp_path: Path) -> None:
    model = linear_model()
    model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])
    assert not np.isfinite(evaluated(model, noise(3), tmp_path)["loss"])


@pytest.mark.parametrize("clips", [1, BATCH, 2 * BATCH + 3])
def test_every_clip_counts_once_with_several_labels_too(clips: int, tmp_path: Path) -> None:
    model, (pixels, _) = linear_model(), noise(clips)
    labels = several_labels(clips)
    metrics = evaluated(model, (pixels, labels), tmp_path)
    central = pixels[:, [1, 3]].reshape(clips, -1) / 127.5 - 1
    kernel, bias = model.get_weights()
    assert set(metrics) == {"map", "loss"}
    assert metrics == pytest.approx(classification_metrics(central @ kernel + bias, labels),
                                    rel=1e-4)


def test_a_split_without_any_label_has_no_mean_average_precision(tmp_path: Path) -> None:
    pixels, _ = noise(5)
    metrics = evaluated(linear_model(), (pixels, np.zeros((5, CLASSES), np.uint8)), tmp_path)
    assert set(metrics) == {"loss"}


def test_weights_that_are_no_numbers_make_the_loss_of_several_labels_none(tmp_path: Path) -> None:
    model = linear_model()
    model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])
    metrics = evaluated(model, (noise(7)[0], several_labels(7)), tmp_path)
    assert not np.isfinite(metrics["loss"])
