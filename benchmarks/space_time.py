"""Operations over time and space in three dimensions, or made of operations in two.

    python benchmarks/space_time.py

A convolution over space alone acts on frames as a two-dimensional one does on pictures, and one
over time alone on a picture whose height is time; one over both is two-dimensional on frames that
lie side by side as channels. Max pooling over both is one over space and then one over time.
`convolve` in `videonas/networks/convolution.py` and `max_pool` in `videonas/networks/space_time.py`
choose by what is measured here. Outputs and gradients of the two forms are compared in the run.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TextIO

import click

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.common.conditions import machine, write_records
from benchmarks.common.forms import (
    Passes,
    Times,
    distinct,
    largest_difference,
    need_the_same,
    options,
    time_in_turns,
    where,
)
from benchmarks.common.progress import watched
from videonas.logs import set_up_logging
from videonas.spaces.evanet.architecture import Pool, Size
from videonas.steps.shell import errors_as_sentences
from videonas.training.machine_lock import machine_lock

THREE, TWO, OURS = "three-dimensional", "two-dimensional", "videonas"


@dataclass(frozen=True)
class Operation:
    """What is done to a clip.

    Attributes:
        kind: convolution, convolution over time and then over space, or max pooling.
        window: frames, and pixels of a side.
        strides: in frames, and in pixels.
        given: channels that come in; None for as many as go out.
    """

    kind: Literal["convolution", "(2+1)D convolution", "max pooling"]
    window: tuple[int, int]
    strides: tuple[int, int] = (1, 1)
    given: int | None = None

    def __str__(self) -> str:
        (time, side), (time_stride, side_stride) = self.window, self.strides
        said = f"{self.kind} {time} x {side} x {side}"
        if self.strides != (1, 1):
            said += f", strides {time_stride} x {side_stride} x {side_stride}"
        return said + (f", of {self.given} channels" if self.given else "")


OPERATIONS = (
    Operation("convolution", (3, 7), (2, 2), 3),
    Operation("(2+1)D convolution", (3, 7), (2, 2), 3),
    Operation("convolution", (1, 1)),
    Operation("convolution", (1, 3)),
    Operation("convolution", (3, 1)),
    Operation("convolution", (11, 1)),
    Operation("convolution", (3, 3)),
    Operation("convolution", (11, 3)),
    Operation("(2+1)D convolution", (3, 3)),
    Operation("(2+1)D convolution", (11, 3)),
    Operation("max pooling", (1, 3), (2, 2)),
    Operation("max pooling", (9, 2), (1, 2)),
    Operation("max pooling", (3, 3)),
    Operation("max pooling", (7, 3)),
    Operation("max pooling", (11, 3)),
)
"""Such as the published networks are made of; the first two may be the first of a network."""


@dataclass(frozen=True)
class Row:
    """Both forms of one operation, measured.

    Attributes:
        operation: in words.
        channels: that go out.
        chosen: the form that runs.
        forward: times of a pass.
        gradients: times of a pass and back.
        difference: of what they give and of the input's gradient, as a share of the largest value.
    """

    operation: str
    channels: int
    chosen: str
    forward: Times
    gradients: Times
    difference: float


def build_form(operation: Operation, form: str, size: Size) -> Any:
    """A model of one operation alone, from clips to clips.

    Args:
        operation: what it does.
        form: `THREE`, `TWO`, or `OURS` for what networks of this project run.
        size: of a clip; its channels are those that go out.
    """
    import keras

    (time, side), (time_stride, side_stride) = operation.window, operation.strides
    clip = keras.Input((size.frames, size.side, size.side, operation.given or size.channels))
    if operation.kind == "max pooling":
        made = _pooled(clip, operation, form, size)
    elif operation.kind == "convolution":
        made = _convolved(clip, operation.window, operation.strides, size.channels, form)
    else:
        made = _convolved(clip, (time, 1), (time_stride, 1), size.channels // 2, form)
        made = _convolved(made, (1, side), (1, side_stride), size.channels, form)
    return keras.Model(clip, made)


def _pooled(clip: Any, operation: Operation, form: str, size: Size) -> Any:
    from keras import layers

    from videonas.networks.space_time import max_pool

    (time, side), (time_stride, side_stride) = operation.window, operation.strides
    if form == THREE:
        return layers.MaxPooling3D(
            (time, side, side), strides=(time_stride, side_stride, side_stride), padding="same"
        )(clip)
    after = size.after(time_stride, side_stride, size.channels)
    return max_pool(clip, Pool("pool", operation.window, size, after, operation.strides))


def _convolved(
    clip: Any, window: tuple[int, int], strides: tuple[int, int], filters: int, form: str
) -> Any:
    """A convolution without bias."""
    from keras import layers

    from videonas.networks.convolution import SpaceTimeConv

    (time, side), (time_stride, side_stride) = window, strides
    if form == THREE:
        return layers.Conv3D(
            filters, (time, side, side), (time_stride, side_stride, side_stride), padding="same",
            use_bias=False,
        )(clip)
    if form == TWO and min(window) > 1:
        return _frames_side_by_side(filters, window, strides)(clip)
    return SpaceTimeConv(filters, window, strides)(clip)


def _frames_side_by_side(filters: int, window: tuple[int, int], strides: tuple[int, int]) -> Any:
    """The layer of this project, in the form that it runs with strides or few channels."""
    from videonas.networks.convolution import SpaceTimeConv, side_by_side

    class SideBySide(SpaceTimeConv):  # type: ignore[misc]
        def call(self, clips: Any) -> Any:
            """In two dimensions, whatever `convolve` would choose."""
            return side_by_side(clips, self.kernel, self.strides)

    return SideBySide(filters, window, strides)


def form_that_runs(operation: Operation, size: Size) -> str:
    """The form that networks of this project run, read from the graph of one.

    Args:
        operation: what it does.
        size: see `build_form`.
    """
    import tensorflow as tf

    model = build_form(operation, OURS, size)
    clip = tf.TensorSpec((1, *model.input_shape[1:]), tf.float32)
    graph = tf.function(model, autograph=False).get_concrete_function(clip).graph
    kinds = {each.type for each in graph.get_operations()}
    return THREE if kinds & {"Conv3D", "MaxPool3D"} else TWO


def _arranged(kernel: Any, shape: tuple[int, ...]) -> Any:
    """A three-dimensional kernel for a form whose kernel has another shape.

    Args:
        kernel: `(time, side, side, in, out)`.
        shape: the same, or that of `_side_by_side`.
    """
    if len(shape) < kernel.ndim:
        kernel = kernel.transpose(1, 2, 0, 3, 4)
    return kernel.reshape(shape)


def measure(operation: Operation, size: Size, batch: int, rounds: int) -> Row:
    """Both forms of one operation, with the same weights on the same clips, in turns.

    Raises:
        ClickException: they do not give the same.
    """
    models = {form: build_form(operation, form, size) for form in (THREE, TWO)}
    given = zip(models[THREE].get_weights(), models[TWO].weights, strict=True)
    models[TWO].set_weights([_arranged(kernel, weight.shape) for kernel, weight in given])
    clips = distinct((batch, *models[THREE].input_shape[1:]), seed=0)
    passes = {form: Passes(model, clips) for form, model in models.items()}
    # of gradients those of the input: kernels do not have the same shape
    three, two = (each.forward() + each.gradients()[:1] for each in passes.values())
    difference = need_the_same(str(operation), largest_difference(three, two))
    return Row(
        str(operation), size.channels, form_that_runs(operation, size),
        time_in_turns({form: each.forward for form, each in passes.items()}, rounds),
        time_in_turns({form: each.gradients for form, each in passes.items()}, rounds),
        difference,
    )


def table(rows: Sequence[Row]) -> str:
    """Milliseconds, and how many times as long the form that does not run takes."""
    lines = [
        "| operation | channels | runs | forward: three-dimensional, ms | two-dimensional | other "
        "/ chosen | with gradients: three-dimensional, ms | two-dimensional | other / chosen |",
        "|" + "---|" * 9,
    ]
    for row in rows:
        other = THREE if row.chosen == TWO else TWO
        cells = []
        for times in (row.forward, row.gradients):
            cells += [f"{1e3 * times.median(form):.2f}" for form in (THREE, TWO)]
            cells.append(f"{times.ratio(other, row.chosen):.2f}")
        lines.append(f"| {row.operation} | {row.channels} | {row.chosen} | "
                     + " | ".join(cells) + " |")
    return "\n".join(lines)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--channels", multiple=True, default=(32, 128), show_default=True,
              type=click.IntRange(2), help="Channels in and out; again for another.")
@click.option("--frames", default=16, show_default=True, type=click.IntRange(1),
              help="Frames of the clip.")
@click.option("--side", default=14, show_default=True, type=click.IntRange(1),
              help="Height and width of the clip in pixels.")
@click.option("--batch", default=4, show_default=True, type=click.IntRange(1),
              help="Clips at a time.")
@options
def main(
    channels: tuple[int, ...], frames: int, side: int, batch: int, threads: int,
    optimise_graphs: bool, rounds: int, output: TextIO | None,
) -> None:
    """Operations over time and space in three dimensions, or made of operations in two.

    A minute by default.
    """
    from videonas.training.setup import set_up

    set_up_logging("benchmark")
    set_up(threads, optimise_graphs=optimise_graphs)
    cases = [(operation, Size(frames, side, count)) for operation in OPERATIONS
             for count in channels]
    with machine_lock(alone=True):
        measured = (measure(operation, size, batch, rounds) for operation, size in cases)
        rows = watched(measured, "operations", len(cases))
    click.echo(table(rows))
    click.echo(
        f"\nBelow 1 the form that runs is the slower one. Clips: {batch} of {frames} x {side}². "
        "Largest difference of the forms, as a share of the largest value: "
        f"{max(row.difference for row in rows):.1e}. "
        f"{where(threads, optimise_graphs, rounds)} {machine()}"
    )
    if output:
        write_records(output, rows)


if __name__ == "__main__":
    with errors_as_sentences():
        main()
