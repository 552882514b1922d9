"""What is kept of an error: the line that says why."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from videonas.errors import reason

GRAPH = """Graph execution error:

Detected at node net_1/norm/mul_1 defined at (most recent call last):
  File "<stdin>", line 5, in <module>

  File "/lib/keras/src/layers/layer.py", line 1002, in __call__

Incompatible shapes: [8] vs. [0,4,4,3]
\t [[{{node net_1/norm/mul_1}}]] [Op:__inference_f_72]"""

SEVERAL = """Graph execution error:

2 root error(s) found.
  (0) INTERNAL:  cuDNN launch failure
\t [[{{node a}}]]
  (1) INTERNAL:  cuDNN launch failure"""


@pytest.mark.parametrize(("said", "why"), [
    (GRAPH, "Incompatible shapes: [8] vs. [0,4,4,3]"),
    (SEVERAL, "cuDNN launch failure"),
    ("one line", "one line"),
    ("first\nsecond", "first"),
    ("", "ValueError"),
    ("x" * 1000, "x" * 500),
])
def test_the_line_that_says_why_is_kept(said: str, why: str) -> None:
    assert reason(ValueError(said)) == why


def test_tensorflow_says_why_behind_the_place_in_the_graph() -> None:
    @tf.function  # type: ignore[untyped-decorator]
    def divide(x: tf.Tensor) -> tf.Tensor:
        tf.debugging.assert_positive(x, message="not above zero")
        return 1 / x

    with pytest.raises(tf.errors.InvalidArgumentError) as raised:
        divide(tf.constant([1.0, -1.0]))
    assert reason(raised.value).startswith("assertion failed: [not above zero")


def test_keras_says_why_behind_the_layer() -> None:
    class Broken(keras.layers.Layer):  # type: ignore[misc]
        def call(self, x: tf.Tensor) -> tf.Tensor:
            raise ValueError("no such window")

    with pytest.raises(ValueError, match="no such window") as raised:
        Broken()(np.zeros((1, 2), np.float32))
    assert reason(raised.value) == "no such window"
