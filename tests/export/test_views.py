"""Whether a network uses time shows when its clips have none."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from videonas.data.clips import ClipReader
from videonas.data.shards import ShardWriter
from videonas.export.views import VIEWS, another_order, answer_clips, repeated, shuffled
from videonas.task import Clip, Sampling, Task

FRAMES, SIDE, CLASSES = 4, 2, 2


@given(st.integers(2, 12), st.integers(0, 999))
def test_another_order_has_every_frame_and_is_another(frames: int, seed: int) -> None:
    order = another_order(frames, np.random.default_rng(seed))
    assert sorted(order) == list(range(frames))
    assert list(order) != list(range(frames))


def test_one_frame_has_one_order() -> None:
    assert another_order(1, np.random.default_rng(0)).tolist() == [0]


@given(st.integers(1, 5), st.integers(1, 6))
def test_views_of_numbered_frames(clips: int, frames: int) -> None:
    numbers = np.arange(clips * frames, dtype=np.uint8).reshape(clips, frames, 1, 1, 1)
    pixels = {"rgb": np.tile(numbers, (1, 1, 2, 2, 3))}
    rng = np.random.default_rng(0)
    seen = shuffled(pixels, rng)["rgb"]
    assert seen.shape == pixels["rgb"].shape
    assert (np.sort(seen[..., 0, 0, 0], axis=1) == numbers[..., 0, 0, 0]).all()
    still = repeated(pixels, rng)["rgb"]
    assert (still == pixels["rgb"][:, frames // 2][:, None]).all()


@pytest.fixture
def reader(tmp_path: Path) -> ClipReader:
    """Clips that grow brighter in class 1 and darker in class 0."""
    writer = ShardWriter(tmp_path, "test")
    ramp = np.linspace(0, 250, FRAMES).astype(np.uint8)[:, None, None, None]
    for number in range(40):
        order = ramp if number % CLASSES else ramp[::-1]
        writer.add({"rgb": np.tile(order, (1, 1, SIDE, SIDE, 3))}, [number % CLASSES], f"{number}")
    files = [(tmp_path / shard.name, shard) for shard in writer.close()]
    task = Task({"rgb": Clip(FRAMES, SIDE)}, CLASSES)
    return ClipReader(files, task, {"rgb": Sampling(FRAMES, 1, SIDE)})


def network(weights: list[float]) -> keras.Model:
    """Logits from the brightness of each frame: of class 1 by these weights, of class 0 against."""
    clip = keras.Input((FRAMES, SIDE, SIDE, 3))
    brightness = keras.ops.mean(clip, axis=(2, 3, 4))
    logits = keras.layers.Dense(CLASSES, use_bias=False, name="head")
    model = keras.Model(clip, logits(brightness))
    row = np.array(weights, np.float32)[:, None]
    model.get_layer("head").set_weights([np.concatenate([-row, row], axis=1)])
    return model


def top1(model: keras.Model, reader: ClipReader) -> dict[str, float]:
    answers = answer_clips(model, reader, list(VIEWS))
    return {
        view: float((logits.argmax(axis=1) == answers.labels).mean())
        for view, logits in answers.logits.items()
    }


def test_a_network_that_uses_time_fails_without_it(reader: ClipReader) -> None:
    found = top1(network([-3, -1, 1, 3]), reader)
    assert found["intact"] == 1
    assert found["shuffled"] < 0.9
    assert found["repeated"] < 0.9


def test_a_network_that_does_not_use_time_does_not_mind_the_order(reader: ClipReader) -> None:
    logits = answer_clips(network([1, 1, 1, 1]), reader, list(VIEWS)).logits
    assert logits["shuffled"] == pytest.approx(logits["intact"], abs=1e-6)


def test_answers_are_logits_in_reading_order(reader: ClipReader) -> None:
    model = network([1, 1, 1, 1])
    answers = answer_clips(model, reader, ["intact"])
    expected = np.asarray(model(reader.read(range(40))[0]["rgb"] / np.float32(127.5) - 1))
    assert answers.logits["intact"] == pytest.approx(expected, abs=1e-6)
    assert answers.videos == tuple(map(str, range(40)))
    assert answers.labels.tolist() == [number % CLASSES for number in range(40)]
