from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from videonas.data.clips import ClipReader
from videonas.data.shards import ShardWriter
from videonas.search.settings import Settings, make_settings
from videonas.task import Clip, Sampling, Task
from videonas.training import trainer
from videonas.training.trainer import (
    batch_indices,
    chunks,
    loss_function,
    make_optimizer,
    training_function,
)

FRAMES, SIDE, CLASSES = 2, 3, 3
SHAPES = {"rgb": (FRAMES, SIDE, SIDE, 3)}
TASK = Task({"rgb": Clip(FRAMES, SIDE)}, CLASSES)
SEVERAL = Task({"rgb": Clip(FRAMES, SIDE)}, CLASSES, multi_label=True)

Data = tuple[Any, Any]


def toy_settings(**values: Any) -> Settings:
    return make_settings({"train_steps": 20, "batch_size": 8, **values})


def toy_model(dropout: float = 0.0) -> keras.Model:
    """Always the same initial weights, and the same dropout."""
    return keras.Sequential([
        keras.layers.Input((FRAMES, SIDE, SIDE, 3)),
        keras.layers.Flatten(),
        keras.layers.Dense(8, "relu", kernel_initializer=keras.initializers.GlorotUniform(seed=0)),
        keras.layers.Dropout(dropout, seed=0),
        keras.layers.Dense(CLASSES, kernel_initializer=keras.initializers.GlorotUniform(seed=1)),
    ])


def toy_data(clips: int = 40) -> Data:
    """Noise, and in each class another colour a little brighter."""
    rng = np.random.default_rng(0)
    labels = (np.arange(clips) % CLASSES).astype(np.int32)
    pixels = rng.integers(0, 200, (clips, FRAMES, SIDE, SIDE, 3))
    pixels += 55 * (labels[:, None] == np.arange(3))[:, None, None, None]
    return pixels.astype(np.uint8), labels


def data_of_several_labels(clips: int = 40) -> Data:
    """Noise, and for each label that a clip has a colour a little brighter."""
    rng = np.random.default_rng(0)
    labels = (np.arange(clips)[:, None] >> np.arange(CLASSES) & 1).astype(np.uint8)
    pixels = rng.integers(0, 200, (clips, FRAMES, SIDE, SIDE, 3))
    pixels += 55 * labels[:, None, None, None]
    return pixels.astype(np.uint8), labels


def train(
    settings: Settings, *, seed: int = 1, chunk: int = 20, model: keras.Model | None = None,
    task: Task = TASK,
) -> tuple[list[float], Any]:
    """The losses, and all weights in one row; the order of the clips is always the same."""
    model = toy_model() if model is None else model
    clips, labels = data_of_several_labels() if task.multi_label else toy_data()
    batches = batch_indices(len(labels), settings.batch_size, settings.train_steps, 0)
    steps = training_function(model, SHAPES, settings, task, seed)
    losses: list[float] = []
    for first in range(0, settings.train_steps, chunk):
        part = batches[first : first + chunk].ravel()
        losses += steps({"rgb": clips[part]}, labels[part], first).numpy().tolist()
    return losses, flat(model)


def flat(model: keras.Model) -> Any:
    return np.concatenate([np.ravel(weight) for weight in model.get_weights()])


def expected_losses(model: keras.Model, batches: Any, targets: Any) -> list[float]:
    """The losses of a network that does not learn."""
    clips, _ = toy_data()
    logits = np.asarray(model(clips / 127.5 - 1)).astype(float)
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    losses = -(targets * logs).sum(axis=1)
    return losses[batches].mean(axis=1).tolist()  # type: ignore[no-any-return]


# The order of the clips

@pytest.mark.parametrize(("clips", "batch", "steps"), [
    (10, 4, 5), (10, 4, 2), (12, 3, 4), (7, 5, 6), (3, 8, 2), (1, 4, 3), (100, 1, 1),
])
def test_every_clip_is_seen_once_before_any_is_seen_again(
    clips: int, batch: int, steps: int
) -> None:
    batches = batch_indices(clips, batch, steps, 0)
    assert (batches.shape, batches.dtype) == ((steps, batch), np.int32)
    order = batches.ravel()
    for first in range(0, len(order), clips):
        seen = order[first : first + clips]
        assert len(set(seen)) == len(seen)
        assert set(seen) <= set(range(clips))


def test_each_epoch_has_another_order() -> None:
    first, second = batch_indices(50, 10, 10, 0).reshape(2, 50).tolist()
    assert first != second
    assert first != sorted(first)


def test_the_seed_decides_the_order() -> None:
    assert (batch_indices(50, 10, 10, 7) == batch_indices(50, 10, 10, 7)).all()
    assert (batch_indices(50, 10, 10, 7) != batch_indices(50, 10, 10, 8)).any()


@pytest.fixture
def reader(tmp_path: Path) -> ClipReader:
    """Ten clips of four frames, whose pixels tell the frame; the label tells the clip."""
    writer = ShardWriter(tmp_path, "train")
    frames = np.arange(4, dtype=np.uint8)[:, None, None, None]
    for number in range(10):
        writer.add({"rgb": np.tile(frames, (1, 1, 2, 2, 1))}, [number], f"{number}.mp4")
    files = [(tmp_path / shard.name, shard) for shard in writer.close()]
    return ClipReader(files, Task({"rgb": Clip(4, 2, 1)}, 10), {"rgb": Sampling(2, 1, 2)})


Drawn = tuple[list[int], list[int], list[int]]


def drawn(reader: ClipReader, seed: int) -> Drawn:
    """First frames and labels of all that is read, and how many clips at a time."""
    parts = list(chunks(reader, toy_settings(train_steps=20, batch_size=3), seed))
    firsts = [int(n) for clips, _ in parts for n in clips["rgb"][:, 0, 0, 0, 0]]
    return firsts, [int(n) for _, labels in parts for n in labels], [len(p[1]) for p in parts]


def test_chunks_hold_the_clips_in_order_each_from_a_random_start(
    reader: ClipReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "CHUNK", 8)
    firsts, labels, sizes = drawn(reader, 5)
    assert labels == batch_indices(10, 3, 20, 5).ravel().tolist()
    assert sizes == [24, 24, 12]
    assert set(firsts) == {0, 1, 2}
    assert drawn(reader, 6)[0] != firsts


@pytest.mark.parametrize(("room", "steps"), [(0, 1), (1, 1), (2, 2), (4.9, 4), (1000, 8)])
def test_a_chunk_holds_what_fits(
    reader: ClipReader, monkeypatch: pytest.MonkeyPatch, room: float, steps: int
) -> None:
    firsts, labels, _ = drawn(reader, 5)
    monkeypatch.setattr(trainer, "CHUNK", 8)
    monkeypatch.setattr(trainer, "CHUNK_BYTES", int(room * 3 * reader.clip_bytes))
    same_firsts, same_labels, sizes = drawn(reader, 5)
    assert sizes[0] == 3 * steps
    assert (same_firsts, same_labels) == (firsts, labels), "the chunks' size decides"


# The optimiser

def rates(settings: Settings) -> list[float]:
    """The learning rate at every step, and after the last."""
    optimizer = make_optimizer(settings)
    found = []
    for step in range(settings.train_steps + 1):
        optimizer.iterations.assign(step)
        found.append(float(optimizer.learning_rate))
    return found


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_the_learning_rate_rises_linearly_and_falls_as_a_cosine(optimizer: str) -> None:
    found = rates(toy_settings(
        train_steps=100, warmup_fraction=0.2, learning_rate=0.5, final_learning_rate=0.1,
        optimizer=optimizer,
    ))
    rise, fall = found[:21], found[20:]
    assert 0 < rise[0] <= 0.5 / 20 + 1e-6
    assert np.diff(rise) == pytest.approx((0.5 - rise[0]) / 20, rel=1e-3)
    assert max(found) == pytest.approx(0.5)
    assert found.index(max(found)) == 20
    cosine = [0.05 + 0.45 * (1 + math.cos(math.pi * step / 80)) / 2 for step in range(81)]
    assert fall == pytest.approx(cosine, rel=1e-4)
    assert found[-1] == pytest.approx(0.05)


def test_without_warm_up_the_first_step_is_the_largest() -> None:
    found = rates(toy_settings(warmup_fraction=0.0, learning_rate=0.5, final_learning_rate=0.02))
    assert found[0] == pytest.approx(0.5)
    assert (np.diff(found) < 0).all()
    assert found[-1] == pytest.approx(0.01)


def test_all_can_be_warm_up() -> None:
    found = rates(toy_settings(warmup_fraction=1.0, learning_rate=0.5))
    assert (np.diff(found) > 0).all()
    assert found[-1] == pytest.approx(0.5)


def test_one_step_is_a_training() -> None:
    assert rates(toy_settings(train_steps=1, learning_rate=0.5))[0] == pytest.approx(0.5)


def changes(settings: Settings, *gradients: float) -> list[float]:
    """What a weight of 1 becomes, step by step."""
    optimizer, weight = make_optimizer(settings), keras.Variable([1.0])
    found = []
    for gradient in gradients:
        optimizer.apply([tf.constant([gradient])], [weight])
        found.append(float(weight[0]))
    return found


CONSTANT = {"learning_rate": 0.1, "warmup_fraction": 0.0, "final_learning_rate": 1.0,
            "clip_gradients": 100.0}


def test_sgd_has_nesterov_momentum() -> None:
    settings = toy_settings(**CONSTANT, optimizer="sgd", momentum=0.5)
    # velocity -0.1, then -0.15; each step goes half a velocity further
    assert changes(settings, 1.0, 1.0) == pytest.approx([0.85, 0.85 - 0.175], rel=1e-5)


def test_adamw_steps_do_not_depend_on_the_size_of_gradients() -> None:
    settings = toy_settings(**CONSTANT, optimizer="adamw")
    assert changes(settings, 1.0) == pytest.approx([0.9], rel=1e-4)
    assert changes(settings, 20.0) == pytest.approx([0.9], rel=1e-4)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_weight_decay_is_decoupled(optimizer: str) -> None:
    settings = toy_settings(**CONSTANT, optimizer=optimizer, weight_decay=0.5)
    assert changes(settings, 0.0, 0.0) == pytest.approx([0.95, 0.95**2])
    settings = toy_settings(**CONSTANT, optimizer=optimizer)
    assert changes(settings, 0.0) == [1.0]


# The steps

@pytest.mark.parametrize("values", [
    {"learning_rate": 0.1}, {"optimizer": "adamw", "learning_rate": 0.01},
], ids=["sgd", "adamw"])
def test_a_network_learns(values: dict[str, Any]) -> None:
    losses, _ = train(toy_settings(train_steps=120, **values), chunk=120)
    assert len(losses) == 120
    assert np.mean(losses[:5]) > 0.7
    assert np.mean(losses[-20:]) < 0.2


AUGMENTED = {"random_crop": 0.5, "random_flip": True, "random_reverse": True}


@pytest.mark.parametrize("values", [{}, AUGMENTED], ids=["plain", "augmented"])
def test_the_seed_decides_every_bit(values: dict[str, Any]) -> None:
    settings = toy_settings(**values)
    losses, weights = train(settings, model=toy_model(dropout=0.3))
    again, same_weights = train(settings, model=toy_model(dropout=0.3))
    assert losses == again
    assert weights.tobytes() == same_weights.tobytes()
    others, _ = train(settings, model=toy_model(dropout=0.3), seed=2)
    assert (losses != others) == bool(values)


@pytest.mark.parametrize("values", [
    {"random_crop": 0.5}, {"random_flip": True}, {"random_reverse": True},
])
def test_training_clips_are_augmented(values: dict[str, Any]) -> None:
    assert train(toy_settings(**values))[0] != train(toy_settings())[0]


@pytest.mark.parametrize("chunk", [10, 7])
def test_many_calls_do_what_one_does(chunk: int) -> None:
    settings = toy_settings(**AUGMENTED)
    whole, weights = train(settings, model=toy_model(dropout=0.3))
    parts, same_weights = train(settings, model=toy_model(dropout=0.3), chunk=chunk)
    assert whole == parts
    assert weights.tobytes() == same_weights.tobytes()


def test_no_steps_change_nothing() -> None:
    model, settings = toy_model(), toy_settings()
    before = flat(model)
    steps = training_function(model, SHAPES, settings, TASK, 0)
    clips, labels = toy_data()
    assert steps({"rgb": clips[:0]}, labels[:0], 0).shape == (0,)
    assert flat(model).tobytes() == before.tobytes()


@pytest.mark.parametrize(("values", "differ"), [({}, False), (AUGMENTED, True)])
def test_each_step_draws_its_augmentation_anew(values: dict[str, Any], differ: bool) -> None:
    settings = toy_settings(learning_rate=1e-9, **values)
    steps = training_function(toy_model(), SHAPES, settings, TASK, 0)
    one_batch = np.tile(np.arange(8), 20)
    clips, labels = toy_data()
    losses = steps({"rgb": clips[one_batch]}, labels[one_batch], 0).numpy()
    assert (len(set(losses.round(5))) > 10) == differ


def test_streams_are_shifted_and_mirrored_alike() -> None:
    """A network that sees a stream minus the same stream sees nothing, however augmented."""
    one, other = (keras.Input((FRAMES, SIDE, SIDE, 3), name=name) for name in ("a", "b"))
    difference = keras.layers.Flatten()(keras.layers.Subtract()([one, other]))
    logits = keras.layers.Dense(CLASSES, use_bias=False)(difference)
    model = keras.Model({"a": one, "b": other}, logits)
    settings = toy_settings(**AUGMENTED)
    shapes = {"a": SHAPES["rgb"], "b": SHAPES["rgb"]}
    steps = training_function(model, shapes, settings, TASK, 0)
    clips, labels = toy_data()
    losses = steps({"a": clips, "b": clips}, labels, 0).numpy()
    assert losses == pytest.approx(np.log(CLASSES))


@pytest.mark.parametrize("smoothing", [0.0, 0.3, 1.0])
def test_losses_are_the_cross_entropies_of_the_batches_in_order(smoothing: float) -> None:
    settings = toy_settings(learning_rate=1e-9, label_smoothing=smoothing)
    losses, _ = train(settings, chunk=8)
    truth = np.eye(CLASSES)[toy_data()[1]]
    targets = (1 - smoothing) * truth + smoothing / CLASSES
    batches = batch_indices(40, 8, 20, 0)
    expected = expected_losses(toy_model(), batches, targets)
    assert losses == pytest.approx(expected, rel=1e-4)
    assert np.ptp(expected) > 0.01


# Several labels

@pytest.mark.parametrize("values", [
    {"learning_rate": 0.3}, {"optimizer": "adamw", "learning_rate": 0.02},
], ids=["sgd", "adamw"])
def test_a_network_learns_several_labels(values: dict[str, Any]) -> None:
    losses, _ = train(toy_settings(train_steps=150, **values), chunk=150, task=SEVERAL)
    assert np.mean(losses[:5]) > 0.55
    assert np.mean(losses[-20:]) < 0.25


@pytest.mark.parametrize("smoothing", [0.0, 0.3, 1.0])
def test_losses_of_several_labels_are_the_binary_cross_entropies_in_order(
    smoothing: float
) -> None:
    settings = toy_settings(learning_rate=1e-9, label_smoothing=smoothing)
    losses, _ = train(settings, chunk=8, task=SEVERAL)
    clips, labels = data_of_several_labels()
    there = 1 / (1 + np.exp(-np.asarray(toy_model()(clips / 127.5 - 1)).astype(float)))
    targets = (1 - smoothing) * labels + smoothing / 2
    entropies = -(targets * np.log(there) + (1 - targets) * np.log(1 - there)).mean(axis=1)
    expected = entropies[batch_indices(40, 8, 20, 0)].mean(axis=1)
    assert losses == pytest.approx(expected.tolist(), rel=1e-4)
    assert np.ptp(expected) > 0.01


@pytest.mark.parametrize("labels", [[0, 0, 0], [1, 1, 1], [0, 1, 1]], ids=str)
def test_a_clip_may_have_no_label_or_all(labels: list[int]) -> None:
    loss = loss_function(SEVERAL, 0.0)
    sure = np.array([np.where(labels, 30.0, -30.0)], np.float32)
    assert float(loss(sure, np.array([labels], np.uint8))) == pytest.approx(0, abs=1e-6)
    assert float(loss(-sure, np.array([labels], np.uint8))) == pytest.approx(30)
    assert float(loss(0 * sure, np.array([labels], np.uint8))) == pytest.approx(np.log(2))


# Gradients

def test_long_gradients_are_cut_and_short_ones_are_not() -> None:
    def length(clip_gradients: float) -> float:
        settings = toy_settings(
            **{**CONSTANT, "clip_gradients": clip_gradients}, train_steps=1, momentum=0.0
        )
        _, weights = train(settings)
        return float(np.linalg.norm(weights - flat(toy_model())) / 0.1)

    whole = length(1e6)
    assert whole > 0.1
    assert length(0.01) == pytest.approx(0.01, rel=1e-3)
    assert length(whole / 2) == pytest.approx(whole / 2, rel=1e-3)
    assert length(whole * 2) == pytest.approx(whole, rel=1e-5)


def test_dropout_is_on_in_training() -> None:
    assert train(toy_settings(), model=toy_model(dropout=0.5))[0] != train(toy_settings())[0]


def test_a_loss_that_is_no_number_is_given_back() -> None:
    settings = toy_settings(**{**CONSTANT, "learning_rate": 1e30, "clip_gradients": 1e30})
    losses, _ = train(settings)
    assert np.isfinite(losses[0])
    assert not np.isfinite(losses).all()
