from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from videonas.data.clips import ClipReader
from videonas.data.shards import ShardWriter
from videonas.evaluation.accuracy import BATCH, classification_metrics, evaluate
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


def evaluated(
    model: keras.Model, data: tuple[Any, Any], folder: Path, shard_bytes: int = 1 << 20
) -> dict[str, float]:
    """The metrics over shards that hold the clips."""
    writer = ShardWriter(folder, "validation", shard_bytes)
    for number, (clip, label) in enumerate(zip(*data, strict=True)):
        writer.add({"rgb": clip[None]}, [int(label)], f"{number}.mp4")
    files = [(folder / shard.name, shard) for shard in writer.close()]
    reader = ClipReader(files, Task({"rgb": Clip(STORED, 3, 1)}, CLASSES), {"rgb": SAMPLING})
    watch = Stopwatch(time.time())
    metrics = evaluate(model, reader, watch)
    assert {"load", "trace", "evaluate"} <= watch.seconds.keys()
    return metrics


# Metrics

def test_metrics_by_hand() -> None:
    shares = np.array([
        [0.40, 0.20, 0.15, 0.10, 0.08, 0.04, 0.03],
        [0.40, 0.20, 0.15, 0.10, 0.08, 0.04, 0.03],
        [0.40, 0.20, 0.15, 0.10, 0.08, 0.04, 0.03],
        [0.03, 0.04, 0.08, 0.10, 0.15, 0.20, 0.40],
    ])
    # first, fifth, sixth and first in rank
    labels = np.array([0, 4, 5, 6])
    metrics = classification_metrics(np.log(shares) + 11.0, labels)
    assert metrics == pytest.approx({
        "top1": 2 / 4,
        "top5": 3 / 4,
        "loss": -np.mean(np.log([0.40, 0.08, 0.04, 0.40])),
    })
    assert {type(value) for value in metrics.values()} == {float}


@pytest.mark.parametrize("classes", [6, 8, 50])
def test_metrics_are_those_of_keras(classes: int) -> None:
    rng = np.random.default_rng(classes)
    logits = rng.normal(0, 3, (500, classes)).astype(np.float32)
    labels = rng.integers(0, classes, 500)
    metrics = classification_metrics(logits, labels)
    losses = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    assert metrics["loss"] == pytest.approx(float(np.mean(losses)), rel=1e-5)
    for name, k in (("top1", 1), ("top5", 5)):
        hits = keras.metrics.sparse_top_k_categorical_accuracy(labels, logits, k)
        assert metrics[name] == pytest.approx(float(np.mean(hits)))
    assert 0 < metrics["top1"] < metrics["top5"] < 1


@pytest.mark.parametrize("value", [0.0, -3.0, 1e6])
def test_a_network_that_says_nothing_scores_nothing(value: float) -> None:
    logits = np.full((10, 10), value, np.float32)
    metrics = classification_metrics(logits, np.arange(10))
    assert metrics == pytest.approx({"top1": 0.0, "top5": 0.0, "loss": np.log(10)})


def test_logits_that_are_no_numbers_count_against_the_network() -> None:
    logits = np.full((10, 10), np.nan, np.float32)
    metrics = classification_metrics(logits, np.arange(10))
    assert (metrics["top1"], metrics["top5"]) == (0, 0)
    assert np.isnan(metrics["loss"])


def test_ties_count_against_the_network() -> None:
    logits = np.array([[5, 4, 3, 2, 1, 1, 0]] * 7, np.float32)
    right = [classification_metrics(logits[:1], np.array([label])) for label in range(7)]
    assert [m["top5"] for m in right] == [1, 1, 1, 1, 0, 0, 0]
    first_two = np.array([[2, 2, 1]], np.float32)
    assert classification_metrics(first_two, np.array([0]))["top1"] == 0
    assert classification_metrics(first_two, np.array([1]))["top1"] == 0


@pytest.mark.parametrize("classes", [1, 2, 4, 5])
def test_with_few_classes_top5_counts_all(classes: int) -> None:
    logits = np.tile(np.arange(classes, dtype=np.float32), (classes, 1))
    metrics = classification_metrics(logits, np.arange(classes))
    assert metrics["top5"] == 1
    assert metrics["top1"] == pytest.approx(1 / classes)
    assert classification_metrics(np.zeros((3, classes)), np.zeros(3, int))["top5"] == 1


def test_huge_logits_stay_finite() -> None:
    largest = float(np.finfo(np.float32).max)
    logits = np.array([[largest, -largest, 0], [1e4, 0, -1e4]], np.float32)
    right = classification_metrics(logits, np.array([0, 0]))
    assert right == {"top1": 1.0, "top5": 1.0, "loss": 0.0}
    wrong = classification_metrics(logits, np.array([1, 1]))
    assert wrong["loss"] == pytest.approx((2 * largest + 1e4) / 2)
    assert wrong["top1"] == 0


@pytest.mark.parametrize("place", [0, 1])
def test_a_logit_that_is_no_number_makes_the_loss_none(place: int) -> None:
    logits = np.zeros((4, 3), np.float32)
    logits[2, place] = np.nan
    assert not np.isfinite(classification_metrics(logits, np.zeros(4, int))["loss"])


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
