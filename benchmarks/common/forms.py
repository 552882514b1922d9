"""Two forms of one operation: that they give the same, and how long each takes.

Forms take turns, since a busy minute then hits all of them alike. They are compiled with
`tf.function` and without AutoGraph, as training compiles its steps.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import click

from benchmarks.common.trials import in_turns

LEAST_SECONDS = 0.05
"""A measurement repeats what is shorter, so that the clock's own steps do not matter."""

TOLERANCE = 1e-4
"""Largest difference of two forms, as a share of the largest value: float32 sums of thousands of
products in another order stay below it."""

APART = 1e-4
"""Between values that a form is given. The gradient of TensorFlow's three-dimensional max pooling
goes in full to every value within 1e-5 of the largest, and not to the largest alone."""


@dataclass(frozen=True)
class Times:
    """How long the forms of one operation take.

    Attributes:
        seconds: of one pass, by form, in every round.
    """

    seconds: Mapping[str, Sequence[float]]

    def median(self, form: str) -> float:
        """Seconds."""
        return statistics.median(self.seconds[form])

    def ratio(self, slower: str, faster: str) -> float:
        """The median, over the rounds, of how many times as long one form takes as the other."""
        pairs = zip(self.seconds[slower], self.seconds[faster], strict=True)
        return statistics.median(slow / fast for slow, fast in pairs)


class Passes:
    """An operation compiled twice: forward alone, and with gradients.

    Args:
        operation: from a tensor to a tensor, such as a layer.
        clips: what it is given.
    """

    def __init__(self, operation: Any, clips: Any) -> None:
        import tensorflow as tf

        self._clips = clips
        made = operation(clips)
        upstream = tf.random.stateless_normal(made.shape, (0, 1))
        variables = list(getattr(operation, "trainable_variables", ()))

        def forward(x: Any) -> Any:
            """What the operation gives."""
            return operation(x)

        def gradients(x: Any, upstream: Any) -> Any:
            """Those of the input and of every variable."""
            with tf.GradientTape() as tape:
                tape.watch(x)
                made = operation(x)
            return tape.gradient(made, [x, *variables], output_gradients=upstream)

        # as arguments: constants could be folded into the graph
        self._forward = tf.function(forward, autograph=False)
        self._gradients = partial(tf.function(gradients, autograph=False), upstream=upstream)

    def forward(self) -> list[Any]:
        """One pass; what the operation gives, alone in a list."""
        return [self._forward(self._clips).numpy()]

    def gradients(self) -> list[Any]:
        """One pass and back; the gradient of the input, then those of the variables."""
        import tensorflow as tf

        return [tf.convert_to_tensor(each).numpy() for each in self._gradients(self._clips)]


def distinct(shape: tuple[int, ...], seed: int) -> Any:
    """Values around 0 in any order, no two of them nearer than `APART`.

    Args:
        shape: of what is given.
        seed: decides the order.

    Returns:
        a float32 tensor.
    """
    import numpy as np
    import tensorflow as tf

    count = math.prod(shape)
    order = np.random.default_rng(seed).permutation(count).reshape(shape)
    return tf.constant(APART * (order - count / 2), tf.float32)


def time_in_turns(passes: Mapping[str, Callable[[], object]], rounds: int) -> Times:
    """Seconds of one pass of each form, round by round, after one that does not count.

    Args:
        passes: by form.
        rounds: measurements of each.
    """
    for run in passes.values():
        run()
    measured = in_turns([partial(seconds_of, run) for run in passes.values()], rounds)
    return Times(dict(zip(passes, measured, strict=True)))


def seconds_of(run: Callable[[], object]) -> float:
    """Seconds of a pass: the mean of as many as `LEAST_SECONDS` take."""
    began, count = time.perf_counter(), 0
    while True:
        run()
        count += 1
        passed = time.perf_counter() - began
        if passed >= LEAST_SECONDS:
            return passed / count


def largest_difference(ones: Sequence[Any], others: Sequence[Any]) -> float:
    """Of arrays in the same order: the largest difference, as a share of the largest value.

    Raises:
        ValueError: they are not equally many, or differ in shape.
    """
    worst = 0.0
    for one, other in zip(ones, others, strict=True):
        if one.shape != other.shape:
            raise ValueError(f"shapes are {one.shape} and {other.shape}; allowed: the same")
        largest = float(max(abs(one).max(), abs(other).max()))
        if largest:
            worst = max(worst, float(abs(one - other).max()) / largest)
    return worst


def need_the_same(what: str, difference: float) -> float:
    """Gives back the difference of two forms.

    Raises:
        ClickException: it is too large for rounding, so that the forms cannot be compared.
    """
    if not difference <= TOLERANCE:
        raise click.ClickException(
            f"{what}: the forms differ by {difference:.1e} of the largest value; allowed: "
            f"{TOLERANCE:g}"
        )
    return difference


def where(threads: int, optimise_graphs: bool, rounds: int) -> str:
    """Under which forms were measured, in a sentence.

    Args:
        threads: of one operation; 0 for as many as there are cores.
        optimise_graphs: whether TensorFlow rewrote the graphs.
        rounds: of the measurement.
    """
    from videonas.networks.device import uses_onednn

    return (
        f"{'With' if uses_onednn() else 'Without'} oneDNN; threads: {threads or 'all'}; graphs "
        f"{'' if optimise_graphs else 'not '}optimised, forms in turns, rounds: {rounds}; "
        "medians, of ratios by rounds."
    )


def options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds what every comparison of forms can be told: threads, graphs, rounds, a file."""
    for option in (
        click.option("--output", type=click.File("w", lazy=False),
                     help="A JSON file for everything that was measured."),
        click.option("--rounds", default=7, show_default=True, type=click.IntRange(1),
                     help="Measurements of each form, the forms in turns."),
        click.option("--optimise-graphs", is_flag=True,
                     help="Let TensorFlow rewrite the graphs, as in a training of more than 1,000 "
                     "steps."),
        click.option("--threads", default=1, show_default=True, type=click.IntRange(0),
                     help="Threads of one operation; 0 for all cores."),
    ):
        command = option(command)
    return command
