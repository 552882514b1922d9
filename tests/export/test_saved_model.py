from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from videonas.data.clips import resize
from videonas.errors import DamagedRecord
from videonas.export.about import About, StreamSettings
from videonas.export.saved_model import prepared, probabilities, write_saved_model
from videonas.task import Clip

CLASSES = ("run", "sit down", "überholen | ☕")
EXAMPLES = sorted((Path(__file__).parent / "formats").glob("export-1*.json"))
EXAMPLE = EXAMPLES[0]


def about(*, multi_label: bool = False, **streams: StreamSettings) -> About:
    streams = streams or {"rgb": StreamSettings(2, 3, 4, Clip(8, 16))}
    return About("000001-02", "0" * 12, "d" * 64, CLASSES, multi_label, streams, 2, 1)


def toy(described: About) -> keras.Model:
    """A network of one dense layer on all pixels of all streams."""
    keras.utils.set_random_seed(0)
    inputs = {
        name: keras.Input((s.frames, s.size, s.size, s.prepared.channels), name=name)
        for name, s in described.streams.items()
    }
    flat = [keras.layers.Flatten()(x) for x in inputs.values()]
    together = keras.layers.Concatenate()(flat) if len(flat) > 1 else flat[0]
    given = inputs if len(flat) > 1 else next(iter(inputs.values()))
    return keras.Model(given, keras.layers.Dense(len(CLASSES))(together))


def clips(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 99))
def test_square_clips_are_resized_as_the_shards_are(side: int, size: int, seed: int) -> None:
    pixels = clips(2, 2, side, side, 3, seed=seed)
    found = prepared(tf.constant(pixels), StreamSettings(2, 1, size, Clip(8, 16))).numpy()
    assert (found == resize(pixels, size)).all()


@pytest.mark.parametrize(("height", "width"), [(8, 14), (15, 8), (9, 20)])
def test_of_others_the_central_square_is_taken(height: int, width: int) -> None:
    pixels, side = clips(1, 2, height, width, 3), min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = pixels[:, :, top : top + side, left : left + side]
    found = prepared(tf.constant(pixels), StreamSettings(2, 1, 4, Clip(8, 16))).numpy()
    assert (found == resize(np.ascontiguousarray(square), 4)).all()


def test_scores_of_one_label_add_up_and_of_several_do_not() -> None:
    logits = np.array([[1.0, -2.0, 3.0]], np.float32)
    assert probabilities(logits, False).numpy().sum() == pytest.approx(1)
    assert probabilities(logits, True).numpy() == pytest.approx(1 / (1 + np.exp(-logits)))


@pytest.mark.parametrize("multi_label", [False, True])
def test_labels_stand_in_the_order_of_the_scores(multi_label: bool, tmp_path: Path) -> None:
    described = about(multi_label=multi_label)
    model = toy(described)
    write_saved_model(model, described, tmp_path / "m")
    loaded = tf.saved_model.load(str(tmp_path / "m"))
    pixels = clips(5, 2, 4, 4, 3)
    answer = loaded.signatures["classify"](rgb=tf.constant(pixels))
    scores = answer["scores"].numpy()
    expected = probabilities(model(pixels / np.float32(127.5) - 1), multi_label).numpy()
    assert scores == pytest.approx(expected, abs=1e-6)
    for row, labels in zip(scores, answer["labels"].numpy(), strict=True):
        names = [label.decode() for label in labels]
        assert sorted(names) == sorted(CLASSES)
        in_order = [row[CLASSES.index(name)] for name in names]
        assert in_order == sorted(in_order, reverse=True)
    served = loaded.signatures["serving_default"](rgb=tf.constant(pixels))["scores"]
    assert (served.numpy() == scores).all()


def test_no_clips_have_no_labels_whatever_kernels_run(tmp_path: Path) -> None:
    """A convolution of an empty batch has too few channels with oneDNN."""
    clip = keras.Input((2, 4, 4, 3), name="rgb")
    x = keras.layers.Conv3D(5, 2, padding="same")(clip)
    x = keras.layers.GlobalAveragePooling3D()(keras.layers.BatchNormalization()(x))
    write_saved_model(keras.Model(clip, keras.layers.Dense(3)(x)), about(), tmp_path / "m")
    classify = tf.saved_model.load(str(tmp_path / "m")).signatures["classify"]
    answer = classify(rgb=tf.zeros((0, 2, 9, 7, 3), tf.uint8))
    assert answer["scores"].shape == answer["labels"].shape == (0, len(CLASSES))


def test_any_batch_height_and_width_is_taken(tmp_path: Path) -> None:
    described = about()
    write_saved_model(toy(described), described, tmp_path / "m")
    classify = tf.saved_model.load(str(tmp_path / "m")).signatures["classify"]
    for shape in [(1, 2, 4, 4, 3), (3, 2, 9, 31, 3), (2, 2, 120, 67, 3), (0, 2, 5, 5, 3)]:
        assert classify(rgb=tf.constant(clips(*shape)))["scores"].shape == (shape[0], len(CLASSES))


def test_it_says_what_it_is(tmp_path: Path) -> None:
    described = about()
    write_saved_model(toy(described), described, tmp_path / "m")
    said = tf.saved_model.load(str(tmp_path / "m")).signatures["describe"]()
    assert [name.decode() for name in said["classes"].numpy()] == list(CLASSES)
    assert About.decode(said["settings"].numpy(), "here") == described


def test_a_network_of_two_streams_takes_both_by_name(tmp_path: Path) -> None:
    described = about(rgb=StreamSettings(2, 1, 4, Clip(8, 16)),
                      flow=StreamSettings(3, 1, 2, Clip(8, 16, 2)))
    model = toy(described)
    write_saved_model(model, described, tmp_path / "m")
    classify = tf.saved_model.load(str(tmp_path / "m")).signatures["classify"]
    given = {"rgb": clips(2, 2, 4, 4, 3), "flow": clips(2, 3, 2, 2, 2)}
    found = classify(**{name: tf.constant(pixels) for name, pixels in given.items()})["scores"]
    scaled = {name: pixels / np.float32(127.5) - 1 for name, pixels in given.items()}
    assert found.numpy() == pytest.approx(tf.nn.softmax(model(scaled)).numpy(), abs=1e-6)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_of_the_format_loads_and_loses_nothing(path: Path) -> None:
    written = json.loads(About.decode(path.read_bytes(), path.name).encode())
    before = json.loads(path.read_bytes())
    assert {name: written[name] for name in before} == before


def test_another_format_is_refused() -> None:
    newer = EXAMPLE.read_bytes().replace(b"export/1", b"export/2")
    with pytest.raises(DamagedRecord, match=r"here: its format is 'export/2'"):
        About.decode(newer, "here")
