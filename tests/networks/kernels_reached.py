"""TensorFlow's kernels that random networks of a space reach, each checked against `plain`.

    python -m tests.networks.kernels_reached tiny_video 8

prints a line of JSON for each kernel before it runs, and another with what it found: a kernel may
end its process, and the last line then says which.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tests.networks.plain import plain
from videonas.evolution.birth import mutate
from videonas.networks import build
from videonas.spaces import open_space
from videonas.task import Task

KINDS = ("Conv2D", "Conv3D", "DepthwiseConv2dNative", "MaxPool", "MaxPool3D", "AvgPool",
         "AvgPool3D")
BATCH = 2
FEW = 24
"""Channels of a case at most: kernels tell apart multiples of 8 and others, not many and more."""


@dataclass(frozen=True)
class Kernel:
    """One operation of TensorFlow.

    Attributes:
        kind: TensorFlow's name of it.
        sizes: of the input, without batch and channels.
        channels: of the input.
        filters: of the output; for a depthwise convolution 1.
        window: along each axis.
        strides: along each axis.
        padding: `SAME` or `VALID`.
    """

    kind: str
    sizes: tuple[int, ...]
    channels: int
    filters: int
    window: tuple[int, ...]
    strides: tuple[int, ...]
    padding: str

    @property
    def is_unsafe(self) -> bool:
        """Whether TensorFlow is known to give wrong gradients, or to crash, on such a shape.

        Seen with TensorFlow 2.21. With oneDNN: convolutions of one pixel with strides,
        three-dimensional ones with strides, and windows beyond the clip. Without: strides longer
        than the window of a three-dimensional convolution, and average pooling with a window larger
        than the input.
        """
        if self.kind == "Conv2D" and set(self.window) == {1}:
            return set(self.strides) != {1}
        if self.kind == "Conv3D":
            reach = [window > 2 * size - 1
                     for window, size in zip(self.window, self.sizes, strict=True)]
            return any(reach) or set(self.strides) != {1}
        if self.kind.startswith("AvgPool"):
            return any(w > size for w, size in zip(self.window, self.sizes, strict=True))
        return False


def random_network(space_name: str, seed: int, dtype: str = "float32") -> tuple[Any, Any]:
    """A sampled and mutated network with random weights, and random clips for it."""
    space, rng = open_space(space_name), Random(seed)
    task = Task(space.largest(), 3)
    net = mutate(space, space.sample(task, rng), task, rng, seed % 8, {})[0]
    keras.backend.clear_session()
    keras.config.set_floatx(dtype)
    model = build(space_name, net, task, dropout=0.0)
    random = np.random.default_rng(seed)
    for weight in model.weights:
        one = len(weight.shape) == 1  # norms, gates and biases off their neutral values
        weight.assign(random.uniform(0.5, 1.5, weight.shape) if one else
                      random.normal(0, np.prod(weight.shape[:-1]) ** -0.5, weight.shape))
    return model, random.normal(size=(BATCH, *model.input_shape[1:]))


def kernels_of(model: Any) -> set[Kernel]:
    """The kernels of a pass of a network."""
    clips = tf.TensorSpec((BATCH, *model.input_shape[1:]), tf.float32)
    graph = tf.function(model, autograph=False).get_concrete_function(clips).graph
    found = set()
    for operation in graph.get_operations():
        if operation.type not in KINDS:
            continue
        _, *sizes, channels = operation.inputs[0].shape
        shape = operation.inputs[1].shape if "Conv" in operation.type else (1, 1)
        window = shape[:-2] if "Conv" in operation.type else operation.get_attr("ksize")[1:-1]
        found.add(Kernel(
            operation.type, tuple(sizes), min(channels, FEW), min(shape[-1], FEW), tuple(window),
            tuple(operation.get_attr("strides")[1:-1]), operation.get_attr("padding").decode(),
        ))
    return found


def difference(kernel: Kernel) -> float:
    """The largest difference of outputs and gradients from the reference's, relative to these."""
    random = np.random.default_rng(0)
    given = [random.normal(size=(BATCH, *kernel.sizes, kernel.channels))]
    if "Conv" in kernel.kind:
        given.append(random.normal(size=(*kernel.window, kernel.channels, kernel.filters)))

    def reference(x: Any, taps: Any = None) -> Any:
        return plain(kernel.kind, x, taps, kernel.window, kernel.strides, kernel.padding)

    def run(x: Any, taps: Any = None) -> Any:
        return _run(kernel, x, taps)

    exact = _with_gradients(reference, given, "float64")
    found = _with_gradients(run, given, "float32")
    return _largest(zip(exact, found, strict=True), lambda values: float(np.max(np.abs(values))))


def _largest(pairs: Iterable[tuple[Any, Any]], norm: Callable[[Any], float]) -> float:
    """Of exact and found values, the largest norm of their difference relative to the exact."""
    return max(
        norm(exact - found) / max(norm(exact), 1e-30) if np.isfinite(found).all() else math.inf
        for exact, found in pairs
    )


def _run(kernel: Kernel, x: Any, taps: Any) -> Any:
    options = {"strides": [1, *kernel.strides, 1], "padding": kernel.padding}
    match kernel.kind:
        case "Conv2D":
            return tf.nn.conv2d(x, taps, **options)
        case "Conv3D":
            return tf.nn.conv3d(x, taps, **options)
        case "DepthwiseConv2dNative":
            return tf.nn.depthwise_conv2d(x, taps, **options)
        case "MaxPool" | "MaxPool3D":
            return tf.nn.max_pool(x, [1, *kernel.window, 1], **options)
        case _:
            return tf.nn.avg_pool(x, [1, *kernel.window, 1], **options)


def _with_gradients(function: Any, given: list[Any], dtype: str) -> list[Any]:
    """What a function gives, and the gradients of sum(sin()) of it by all that it is given."""

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def both(*of: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(of)
            made = function(*of)
            total = tf.reduce_sum(tf.sin(made))
        return [made, *tape.gradient(total, of)]

    return [each.numpy() for each in both(*(tf.constant(each, dtype) for each in given))]


def network_difference(space: str, seed: int) -> float:
    """By how much a network's logits and gradients differ from those of the same in float64."""
    exact, found = (
        _of_network(*random_network(space, seed, dtype), dtype) for dtype in ("float64", "float32")
    )
    return _largest(zip(exact, found, strict=True), lambda values: float(np.linalg.norm(values)))


def _of_network(model: Any, clips: Any, dtype: str) -> list[Any]:
    """Logits, and the gradients of sum(sin()) of them as one vector, and by the clips."""

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def both(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            logits = model(x, training=False)
            total = tf.reduce_sum(tf.sin(logits))
        by = tape.gradient(total, [x, *model.trainable_variables])
        return [logits, by[0], tf.concat([tf.reshape(each, [-1]) for each in by[1:]], 0)]

    return [each.numpy() for each in both(tf.constant(clips, dtype))]


def main(space: str, networks: int) -> None:
    """Checks random networks of a space, and every kernel that they reach."""
    kernels: set[Kernel] = set()
    for seed in range(networks):
        _say(network=seed)
        kernels |= kernels_of(random_network(space, seed)[0])
        _say(network=seed, difference=network_difference(space, seed))
    for kernel in sorted(kernels, key=str):
        plainly = asdict(kernel)
        _say(kernel=plainly)
        _say(kernel=plainly, unsafe=kernel.is_unsafe, difference=difference(kernel))


def _say(**what: Any) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
