"""Optical flow, frames a second: data preparation, in parallel, against OpenCV in a plain loop.

    python benchmarks/flow.py
    python benchmarks/flow.py --method tvl1 --clips 4 --rounds 3

Both compute the flow of the same clips with the same parameters. OpenCV alone has the grey frames
in its memory, takes one pair after the other, and keeps nothing: in one thread, and with as many as
it takes for one pair where nothing else is said. Data preparation reduces the flow by area and
turns it into bytes, one clip a thread. Before anything is timed, the bytes of both are compared.
Two more lines decode videos, without flow and with it, so that they tell what flow adds.
"""

from __future__ import annotations

import platform
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, TextIO

import click

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.common.conditions import machine, write_records
from benchmarks.common.forms import Times, time_in_turns
from videonas.data.parallel import cores, map_in_order
from videonas.search.dataset import OpticalFlow
from videonas.steps.shell import errors_as_sentences
from videonas.task import Clip
from videonas.training.machine_lock import machine_lock

with errors_as_sentences():
    import numpy as np

    from videonas.data.decoding import read_clips
    from videonas.data.demo import write_demo_videos
    from videonas.data.flow import encode_flow, flow_of_clips, flow_side, need_opencv

PLAIN, ITS_OWN = "OpenCV, a plain loop", "OpenCV, a plain loop with its own threads"
PARALLEL = "data preparation, flow"
DECODED, WITH_FLOW = "data preparation, decoding", "data preparation, decoding and flow"

Frames = dict[int, Any]
"""Grey frames by index."""


@dataclass(frozen=True)
class Rate:
    """What was measured of one way.

    Attributes:
        method: of flow.
        way: in words.
        threads: that it used.
        frames: of all clips; of each clip, the flow of one is a repetition.
        seconds: of every round.
    """

    method: str
    way: str
    threads: int
    frames: int
    seconds: tuple[float, ...]


@click.command(help=__doc__)
@click.option("--output", type=click.File("w", lazy=False),
              help="A JSON file for everything that was measured.")
@click.option("--rounds", default=7, show_default=True, type=click.IntRange(1),
              help="Measurements of each way, the ways in turns.")
@click.option("--threads", default=None, type=click.IntRange(1),
              help="Of data preparation; by default one a core.")
@click.option("--clips", default=32, show_default=True, type=click.IntRange(1),
              help="Number of clips, and of demo videos.")
@click.option("--frames", default=16, show_default=True, type=click.IntRange(2, 16),
              help="Of a clip.")
@click.option("--size", default=32, show_default=True, type=click.IntRange(8),
              help="Side of the clips, in pixels.")
@click.option("--side", default=256, show_default=True, type=click.IntRange(16),
              help="Short side of the videos, in pixels; those that are decoded have their own.")
@click.option("--method", "methods", multiple=True, default=("dis",), show_default=True,
              type=click.Choice(["dis", "tvl1"]), help="May be given several times.")
def main(
    output: TextIO | None, rounds: int, threads: int | None, clips: int, frames: int, size: int,
    side: int, methods: Sequence[OpticalFlow],
) -> None:
    """Prints a table."""
    threads, rates = threads or cores(), []
    given = made_up_clips(clips, frames, flow_side(size, side))
    click.echo("| flow | way | threads | frames/s | against the plain loop |")
    click.echo("|---|---|---:|---:|---:|")
    with machine_lock(alone=True), tempfile.TemporaryDirectory() as scratch:
        videos = demo_videos(Path(scratch), clips)
        for method in methods:
            for frames_of_clip in given:
                need_the_same_bytes(frames_of_clip, size, method)
            ways: Mapping[str, tuple[int, Callable[[], object]]] = {
                PLAIN: (1, partial(plain_loop, given, method)),
                ITS_OWN: (cores(), partial(plain_loop, given, method, threads=-1)),
                PARALLEL: (threads, partial(in_parallel, given, size, method, threads)),
                DECODED: (threads, partial(decoded, videos, frames, size, "none", threads)),
                WITH_FLOW: (threads, partial(decoded, videos, frames, size, method, threads)),
            }
            times = time_in_turns({way: run for way, (_, run) in ways.items()}, rounds)
            print_rows(method, ways, times, clips * frames)
            rates += [
                Rate(method, way, used, clips * frames, tuple(times.seconds[way]))
                for way, (used, _) in ways.items()
            ]
    version = need_opencv("dis").__version__
    click.echo(
        f"\n{clips} clips of {frames} frames, {size} pixels; flow of the first three lines with "
        f"frames of {flow_side(size, side)}. Ways in turns, rounds: {rounds}; medians, of ratios "
        f"by rounds.\nOpenCV {version}, {platform.system()}. {machine()}"
    )
    if output:
        write_records(output, rates)


def made_up_clips(count: int, frames: int, side: int) -> list[Frames]:
    """Grey clips of textures that drift, each another way.

    Args:
        count: number of clips.
        frames: of each.
        side: in pixels.
    """
    opencv, clips = need_opencv("dis"), []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        coarse = rng.integers(0, 256, (side // 8 + 16,) * 2, np.uint8)
        texture = opencv.resize(coarse, None, fx=8, fy=8, interpolation=opencv.INTER_CUBIC)
        step = rng.integers(-3, 4, 2)
        corners = [60 + number * step for number in range(frames)]
        clips.append({
            number: np.ascontiguousarray(texture[top : top + side, left : left + side])
            for number, (top, left) in enumerate(corners)
        })
    return clips


def demo_videos(folder: Path, count: int) -> list[Path]:
    """That many demo videos."""
    write_demo_videos(folder, videos_per_class=-(-count // 8))
    return sorted(folder.glob("*/*.mp4"))[:count]


def plain_loop(clips: Sequence[Frames], method: OpticalFlow, threads: int = 1) -> None:
    """What is done without this project: OpenCV, pair by pair, with one object for all.

    Args:
        clips: to compute flow of.
        method: of flow.
        threads: for one pair; -1 for OpenCV's default.
    """
    solver, opencv = plain_solver(method), need_opencv(method)
    opencv.setNumThreads(threads)
    for frames in clips:
        for first, second in pairwise(frames.values()):
            solver.calc(first, second, None)
    opencv.setNumThreads(1)


def plain_solver(method: OpticalFlow) -> Any:
    """OpenCV with the parameters that data preparation has."""
    opencv = need_opencv(method)
    if method == "dis":
        return opencv.DISOpticalFlow_create(opencv.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return opencv.optflow.DualTVL1OpticalFlow_create()


def in_parallel(clips: Sequence[Frames], size: int, method: OpticalFlow, threads: int) -> None:
    """As data preparation does it: a clip a thread."""
    for _ in map_in_order(partial(flow_of, size=size, method=method), clips, threads):
        pass


def flow_of(frames: Frames, size: int, method: OpticalFlow) -> Any:
    """The stored flow of one clip, `(1, frames, size, size, 2)`."""
    return flow_of_clips(frames, [sorted(frames)], 1, size, method)


def decoded(
    videos: Sequence[Path], frames: int, size: int, method: OpticalFlow, threads: int
) -> None:
    """Decodes videos as data preparation does, with or without flow."""
    clip = Clip(frames, size)
    for _ in map_in_order(lambda path: read_clips(path, clip, 1, 1, method), videos, threads):
        pass


def need_the_same_bytes(frames: Frames, size: int, method: OpticalFlow) -> None:
    """Makes sure that both compute the same.

    Raises:
        ClickException: they do not, and cannot be compared.
    """
    opencv, solver = need_opencv(method), plain_solver(method)
    plain = []
    for first, second in pairwise(frames.values()):
        pixels = solver.calc(first, second, None)
        small = opencv.resize(pixels, (size, size), interpolation=opencv.INTER_AREA)
        plain.append(encode_flow(small * (size / len(pixels)), size))
    if not (np.array(plain) == flow_of(frames, size, method)[0, :-1]).all():
        raise click.ClickException(f"{method}: data preparation's flow is not OpenCV's own")


def print_rows(
    method: str, ways: Mapping[str, tuple[int, object]], times: Times, frames: int
) -> None:
    """Rows of a Markdown table."""
    for way, (threads, _) in ways.items():
        rate = frames / times.median(way)
        compared = f"{times.ratio(PLAIN, way):.2f}" if way in (PLAIN, ITS_OWN, PARALLEL) else ""
        click.echo(f"| {method} | {way} | {threads} | {rate:,.0f} | {compared} |")


if __name__ == "__main__":
    with errors_as_sentences():
        main()
