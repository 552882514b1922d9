"""Average pooling and its gradient, also where TensorFlow's own is wrong."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.networks.plain import plain
from videonas.networks.layers import pool

pairs = st.tuples(st.integers(1, 9), st.integers(1, 9))


@given(sizes=pairs, window=pairs, strides=st.tuples(st.integers(1, 4), st.integers(1, 4)))
@example(sizes=(6, 6), window=(7, 7), strides=(1, 1))
@example(sizes=(4, 9), window=(11, 1), strides=(1, 1))
@settings(max_examples=40, deadline=None)
def test_means_and_gradients_leave_the_padding_out(
    sizes: tuple[int, int], window: tuple[int, int], strides: tuple[int, int]
) -> None:
    strides = min(strides[0], sizes[0]), min(strides[1], sizes[1])
    x = tf.constant(np.random.default_rng(0).normal(size=(2, *sizes, 3)), tf.float32)
    entry = keras.Input((*sizes, 3))
    model = keras.Model(entry, pool(entry, "avgpool", window, strides, "pool"))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        made = model(x)
        exact = plain("AvgPool", tf.cast(x, tf.float64), None, window, strides, "SAME")
        scores = [tf.reduce_sum(tf.sin(each)) for each in (made, exact)]
    np.testing.assert_allclose(made, exact, atol=1e-5)
    ours, theirs = (tape.gradient(score, x) for score in scores)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_a_saved_layer_gives_the_same(tmp_path: Path) -> None:
    entry = keras.Input((3, 5, 2))
    model = keras.Model(entry, pool(entry, "avgpool", (4, 1), (2, 1), "pool"))
    model.save(tmp_path / "layer.keras")
    x = tf.random.stateless_normal((2, 3, 5, 2), (1, 2))
    again = keras.models.load_model(tmp_path / "layer.keras")
    np.testing.assert_array_equal(again(x), model(x))
