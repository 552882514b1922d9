from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.export.test_saved_model import CLASSES, about, clips, toy
from videonas.export.about import StreamSettings
from videonas.export.saved_model import probabilities
from videonas.export.tflite import convert, disagreement
from videonas.steps.finish import Finish
from videonas.task import Clip


@pytest.mark.parametrize("multi_label", [False, True])
def test_it_gives_the_scores_of_the_network(multi_label: bool) -> None:
    described = about(multi_label=multi_label)
    model, pixels = toy(described), clips(3, 2, 4, 4, 3)
    expected = probabilities(model(pixels / np.float32(127.5) - 1), multi_label).numpy()
    content = convert(model, described)
    assert disagreement(content, {"rgb": pixels}, expected) == ""
    said = disagreement(content, {"rgb": pixels}, expected + 0.25)
    assert said == "its scores are not those of the network; they differ by 0.25"


def test_where_litert_is_not_installed_tensorflow_checks_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    model, pixels = toy(about()), clips(3, 2, 4, 4, 3)
    expected = probabilities(model(pixels / np.float32(127.5) - 1), False).numpy()
    content = convert(model, about())
    assert disagreement(content, {"rgb": pixels}, expected) == ""
    assert "differ by 0.25" in disagreement(content, {"rgb": pixels}, expected + 0.25)


@pytest.mark.parametrize("side", [8, 12, 16])
def test_convolutions_that_only_some_interpreters_get_right_are_checked_by_one_that_does(
    side: int,
) -> None:
    """The interpreter within TensorFlow 2.21 gives other values for a stride of 4."""
    clip = keras.Input((2, side, side, 3))
    convolved = keras.layers.TimeDistributed(keras.layers.Conv2D(8, 3, 4, "same"))(clip)
    model = keras.Model(clip, keras.layers.Dense(3)(keras.layers.Flatten()(convolved)))
    described = about(rgb=StreamSettings(2, 3, side, Clip(8, side)))
    pixels = clips(2, 2, side, side, 3)
    expected = probabilities(model(pixels / np.float32(127.5) - 1), False).numpy()
    assert disagreement(convert(model, described), {"rgb": pixels}, expected) == ""


def test_scores_that_are_no_numbers_are_not_those_of_the_network() -> None:
    model, pixels = toy(about()), clips(1, 2, 4, 4, 3)
    model.layers[-1].set_weights([np.full_like(w, np.nan) for w in model.layers[-1].get_weights()])
    expected = np.full((1, len(CLASSES)), 1 / 3)
    assert disagreement(convert(model, about()), {"rgb": pixels}, expected)


def test_an_operation_that_tflite_lacks_is_told() -> None:
    def odd(x: Any) -> Any:
        return tf.raw_ops.Betainc(a=tf.abs(x) + 1, b=tf.abs(x) + 1, x=tf.sigmoid(x))

    clip = keras.Input((2, 4, 4, 3))
    changed = keras.layers.Lambda(odd, output_shape=(2, 4, 4, 3))(clip)
    model = keras.Model(clip, keras.layers.Dense(3)(keras.layers.Flatten()(changed)))
    with pytest.raises(Exception, match="Betainc"):
        convert(model, about())


def test_it_holds_class_names_and_clip_settings(finished: Finish) -> None:
    files = list(Path(finished.folder.address).glob("*/network.tflite"))
    without = [n for n in finished.record.networks if n.without_tflite]
    assert len(files) + len(without) == len(finished.record.networks)
    assert files, [n.without_tflite for n in without]
    for file in files:
        with zipfile.ZipFile(file) as archive:
            names = archive.read("labels.txt").decode().splitlines()
            said = json.loads(archive.read("settings.json"))
        assert names == said["classes"]
        assert len(names) == 8
