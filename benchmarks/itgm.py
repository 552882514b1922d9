"""The iTGM layer in the form that it runs, against the three-dimensional kernel that it stands for.

    python benchmarks/itgm.py
    python benchmarks/itgm.py --frames 4 --frames 8 --frames 32 --threads 0

The published layer inflates its few numbers to a whole kernel over time and space. The factorised
form gives the same with M filters over time and one convolution over space. Which one runs is
decided by the length of the window, the frames of the clip and whether TensorFlow runs oneDNN's
kernels (`factorises`; TF_ENABLE_ONEDNN_OPTS=0 or 1 chooses them); both are
measured everywhere, so that the table shows where that rule chooses the slower one. Outputs and
gradients of the two are compared in the run.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

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
from videonas.spaces.evanet.architecture import GAUSSIANS, SIDE
from videonas.steps.shell import errors_as_sentences
from videonas.training.machine_lock import machine_lock

INFLATED, FACTORISED = "inflated", "factorised"


@dataclass(frozen=True)
class Case:
    """One layer on one clip; as many channels come in as go out.

    Attributes:
        frames: of the clip.
        length: of the window, in frames.
        channels: that come in, and go out.
        side: of the clip, in pixels.
        batch: clips.
    """

    frames: int
    length: int
    channels: int
    side: int
    batch: int


@dataclass(frozen=True)
class Row:
    """Both forms of one layer, measured.

    Attributes:
        case: which layer.
        chosen: the form that the layer runs.
        forward: times of a pass.
        gradients: times of a pass and back.
        output_difference: of what the forms give, as a share of the largest value.
        gradient_difference: of their gradients, the largest of all.
    """

    case: Case
    chosen: str
    forward: Times
    gradients: Times
    output_difference: float
    gradient_difference: float


def measure(case: Case, rounds: int) -> Row:
    """Both forms of one layer, with the same weights on the same clips, in turns.

    Raises:
        ClickException: they do not give the same.
    """
    from videonas.networks.device import uses_onednn
    from videonas.networks.itgm import factorises

    shape = (case.batch, case.frames, case.side, case.side, case.channels)
    clips = distinct(shape, seed=0)
    layers = {form: _layer(case, form) for form in (INFLATED, FACTORISED)}
    passes = {form: Passes(layer, clips) for form, layer in layers.items()}
    layers[FACTORISED].set_weights(layers[INFLATED].get_weights())
    what = f"length {case.length}, {case.frames} frames, {case.channels} channels"
    differences = [
        need_the_same(what, largest_difference(*results)) for results in (
            [each.forward() for each in passes.values()],
            [each.gradients() for each in passes.values()],
        )
    ]
    factorised = factorises(case.length, case.frames, GAUSSIANS, uses_onednn())
    chosen = FACTORISED if factorised else INFLATED
    return Row(
        case, chosen,
        time_in_turns({form: each.forward for form, each in passes.items()}, rounds),
        time_in_turns({form: each.gradients for form, each in passes.items()}, rounds),
        *differences,
    )


def _layer(case: Case, form: str) -> Any:
    from videonas.networks.itgm import InflatedTGM

    return InflatedTGM(
        case.channels, (case.length, SIDE), gaussians=GAUSSIANS, factorised=form == FACTORISED
    )


def table(rows: Sequence[Row]) -> str:
    """Milliseconds, and how many times as long the inflated kernel takes as the chosen form."""
    lines = [
        "| frames | length | channels | runs | forward: inflated, ms | factorised | inflated / "
        "chosen | with gradients: inflated, ms | factorised | inflated / chosen |",
        "|" + "---|" * 10,
    ]
    for row in rows:
        cells = []
        for times in (row.forward, row.gradients):
            cells += [f"{1e3 * times.median(form):.2f}" for form in (INFLATED, FACTORISED)]
            cells.append(f"{times.ratio(INFLATED, row.chosen):.2f}")
        case = row.case
        lines.append(f"| {case.frames} | {case.length} | {case.channels} | {row.chosen} | "
                     + " | ".join(cells) + " |")
    return "\n".join(lines)


def verdict(rows: Sequence[Row]) -> str:
    """Where the rule chooses the slower form, and how far the forms differ."""
    said = [
        f"{what} the form that runs is the faster one in {_rightly(rows, passes)}"
        for what, passes in (("Forward", "forward"), ("With gradients", "gradients"))
    ]
    return (
        f"{'. '.join(said)}. Where the inflated kernel itself runs, the ratio is 1 by "
        "construction. Largest difference of the forms, as a share of the largest value: outputs "
        f"{max(row.output_difference for row in rows):.1e}, gradients "
        f"{max(row.gradient_difference for row in rows):.1e}."
    )


def _rightly(rows: Sequence[Row], passes: str) -> str:
    """In how many cases the form that runs is the faster one, and the worst of the others.

    Args:
        rows: of the table.
        passes: `forward` or `gradients`.
    """
    lost = []
    for row in rows:
        times: Times = getattr(row, passes)
        ratio = times.ratio(row.chosen, INFLATED if row.chosen == FACTORISED else FACTORISED)
        if ratio > 1:
            lost.append((ratio, f"length {row.case.length}, {row.case.frames} frames and "
                         f"{row.case.channels} channels"))
    said = f"{len(rows) - len(lost)} of {len(rows)} cases"
    if not lost:
        return said
    ratio, worst = max(lost)
    return f"{said}; elsewhere it takes up to {ratio:.2f} times as long, at {worst}"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--length", "lengths", multiple=True, default=(3, 5, 7, 9, 11), show_default=True,
              type=click.IntRange(2), help="Frames of the window; again for another.")
@click.option("--channels", multiple=True, default=(32, 64, 128, 256), show_default=True,
              type=click.IntRange(1), help="Channels in and out; again for another.")
@click.option("--frames", multiple=True, default=(16,), show_default=True, type=click.IntRange(1),
              help="Frames of the clip; again for another, to see whether the rule holds there.")
@click.option("--side", default=14, show_default=True, type=click.IntRange(1),
              help="Height and width of the clip in pixels: 14 is that of the third published "
              "module.")
@click.option("--batch", default=1, show_default=True, type=click.IntRange(1),
              help="Clips at a time.")
@options
def main(
    lengths: tuple[int, ...], channels: tuple[int, ...], frames: tuple[int, ...], side: int,
    batch: int, threads: int, optimise_graphs: bool, rounds: int, output: TextIO | None,
) -> None:
    """The iTGM layer in the form that it runs, against the three-dimensional kernel that it stands for.

    A few minutes by default.
    """  # noqa: E501
    from videonas.training.setup import set_up

    set_up_logging("benchmark")
    set_up(threads, optimise_graphs=optimise_graphs)
    cases = [Case(f, length, c, side, batch) for f in frames for length in lengths
             for c in channels]
    with machine_lock(alone=True):
        rows = watched((measure(case, rounds) for case in cases), "layers", len(cases))
    click.echo(table(rows))
    click.echo(
        f"\n{verdict(rows)} Clips: {batch} of {side} x {side} pixels, windows of {SIDE} x {SIDE}, "
        f"M = {GAUSSIANS}; at length L the factorised form can be L / {GAUSSIANS} times as fast, "
        f"{max(lengths) / GAUSSIANS:.2f} at length {max(lengths)}. "
        f"{where(threads, optimise_graphs, rounds)} {machine()}"
    )
    if output:
        write_records(output, rows)


if __name__ == "__main__":
    with errors_as_sentences():
        main()
