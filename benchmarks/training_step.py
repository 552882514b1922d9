"""A training step of each published EvaNet: this project's builder against a plain transcription.

    python benchmarks/training_step.py
    python benchmarks/training_step.py --divide 1 --frames 64 --image-size 224 --batch 1 --rounds 3

The transcription is the published builder written down with the layers that Keras has for it
(`benchmarks/transcriptions/evanet.py`). Both networks have the same number of parameters, are given
the same weights and have to give the same logits. A step is the trainer's own: augmentation,
forward, loss, gradients, update by SGD with momentum. The networks are scaled down by default, so
that a few steps take seconds.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import click

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.common.conditions import machine, write_records
from benchmarks.common.forms import (
    Times,
    largest_difference,
    need_the_same,
    options,
    time_in_turns,
    where,
)
from benchmarks.common.progress import watched
from videonas.errors import InvalidArchitecture
from videonas.logs import set_up_logging
from videonas.search.settings import make_settings
from videonas.spaces.evanet.architecture import EvaNetArchitecture
from videonas.spaces.evanet.normalise import normalise
from videonas.spaces.evanet.presets import PRESETS
from videonas.steps.shell import errors_as_sentences
from videonas.task import Clip, Task
from videonas.training.machine_lock import machine_lock

OURS, PLAIN = "videonas", "transcription"


@dataclass(frozen=True)
class Row:
    """One published network by both builders, measured.

    Attributes:
        network: the preset's name.
        parameters: trainable, of each.
        times: of a training step.
        difference: of the logits, as a share of the largest.
    """

    network: str
    parameters: int
    times: Times
    difference: float


def scaled(
    preset: EvaNetArchitecture, divide: int, frames: int, image_size: int, classes: int
) -> tuple[EvaNetArchitecture, Task]:
    """A published network on smaller clips and with fewer channels, and a task for it.

    Args:
        preset: the network.
        divide: channels by it, those of every module and of the stem.
        frames: of the clip.
        image_size: of the clip, in pixels.
        classes: of the task.

    Raises:
        BadParameter: a branch would have too few channels.
    """
    task = Task({preset.stream: Clip(frames, image_size)}, classes)
    skeleton = replace(
        preset.skeleton,
        stem_filters=preset.skeleton.stem_filters // divide,
        filters=tuple(filters // divide for filters in preset.skeleton.filters),
    )
    smaller = replace(preset, skeleton=skeleton, frames=frames, image_size=image_size)
    try:
        normalise(smaller, task)
    except InvalidArchitecture as error:
        raise click.BadParameter(str(error), param_hint="--divide") from None
    return smaller, task


def build_both(architecture: EvaNetArchitecture, task: Task) -> dict[str, Any]:
    """The network by both builders, with the same weights.

    Raises:
        ClickException: they have not the same number of parameters.
    """
    from benchmarks.common.counting import count_parameters
    from benchmarks.transcriptions.evanet import build_evanet as transcription
    from videonas.networks.evanet import build_evanet

    models = {OURS: build_evanet(architecture, task), PLAIN: transcription(architecture, task)}
    counts = {form: count_parameters(model) for form, model in models.items()}
    if counts[OURS] != counts[PLAIN]:
        raise click.ClickException(
            f"{OURS} has {counts[OURS]:,} parameters, the {PLAIN} {counts[PLAIN]:,}; allowed: as "
            "many"
        )
    for layer in models[PLAIN].layers:
        if layer.weights:
            given = models[OURS].get_layer(layer.name).get_weights()
            layer.set_weights([
                array.reshape(weight.shape)
                for array, weight in zip(given, layer.weights, strict=True)
            ])
    return models


def measure(name: str, architecture: EvaNetArchitecture, task: Task, batch: int,
            rounds: int) -> Row:
    """Steps of both networks in turns.

    Args:
        name: of the network.
        architecture: of the network.
        task: that it does.
        batch: clips of a step.
        rounds: measurements of each.

    Raises:
        ClickException: they are not the same network.
    """
    import numpy as np

    from benchmarks.common.counting import count_parameters
    from videonas.training.augmentation import to_input
    from videonas.training.trainer import training_function

    rng = np.random.default_rng(0)
    stream: str = architecture.stream
    shape = architecture.clip(task.streams[stream].channels).shape
    clips = {stream: rng.integers(0, 256, (batch, *shape)).astype(np.uint8)}
    labels = rng.integers(0, task.classes, batch).astype(np.int32)
    models = build_both(architecture, task)
    logits = [np.asarray(model(to_input(clips), training=False)) for model in models.values()]
    difference = need_the_same(name, largest_difference(logits[:1], logits[1:]))
    settings = make_settings({"space": "evanet", "batch_size": batch})
    passes = {}
    for form, model in models.items():
        step = training_function(model, {stream: shape}, settings, task, seed=0)
        passes[form] = partial(_one_step, step, clips, labels)
    times = time_in_turns(passes, rounds)
    return Row(name, count_parameters(models[OURS]), times, difference)


def _one_step(step: Any, clips: Any, labels: Any) -> Any:
    return step(clips, labels, 0).numpy()


def table(rows: Sequence[Row]) -> str:
    """Milliseconds of a step, and how many times as fast this project's network is."""
    lines = [
        "| network | parameters | videonas, ms a step | transcription, ms a step | times as fast |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        ours, plain = (1e3 * row.times.median(form) for form in (OURS, PLAIN))
        lines.append(f"| {row.network} | {row.parameters:,} | {ours:.1f} | {plain:.1f} | "
                     f"{row.times.ratio(PLAIN, OURS):.2f} |")
    return "\n".join(lines)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--network", "names", multiple=True, type=click.Choice(list(PRESETS)),
              default=tuple(PRESETS), show_default=True,
              help="A published network; again for another.")
@click.option("--divide", default=4, show_default=True, type=click.IntRange(1),
              help="Divides the published channels.")
@click.option("--frames", default=32, show_default=True, type=click.IntRange(1),
              help="Frames of the clip; published: 64, of which a fourth reaches the modules.")
@click.option("--image-size", default=112, show_default=True, type=click.IntRange(1),
              help="Height and width of the clip in pixels; published: 224.")
@click.option("--batch", default=4, show_default=True, type=click.IntRange(1),
              help="Clips of a step.")
@click.option("--classes", default=400, show_default=True, type=click.IntRange(2),
              help="Number of classes.")
@options
def main(
    names: tuple[str, ...], divide: int, frames: int, image_size: int, batch: int, classes: int,
    threads: int, optimise_graphs: bool, rounds: int, output: TextIO | None,
) -> None:
    """A training step of each published EvaNet: this project's builder against a plain transcription.

    A few minutes by default.
    """  # noqa: E501
    networks = {name: scaled(PRESETS[name], divide, frames, image_size, classes)
                for name in names}
    from videonas.training.setup import set_up

    set_up_logging("benchmark")
    set_up(threads, optimise_graphs=optimise_graphs)
    with machine_lock(alone=True):
        measured = (measure(name, *network, batch, rounds) for name, network in networks.items())
        rows = watched(measured, "networks", len(networks))
    click.echo(table(rows))
    click.echo(
        f"\nPublished channels divided by {divide}, {batch} clips of {frames} x {image_size}², "
        f"{classes} classes. Logits of the two differ by "
        f"{max(row.difference for row in rows):.1e} of the largest. "
        f"{where(threads, optimise_graphs, rounds)} {machine()}"
    )
    if output:
        write_records(output, rows)


if __name__ == "__main__":
    with errors_as_sentences():
        main()
