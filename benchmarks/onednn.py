"""Trainings with oneDNN's kernels against those with TensorFlow's own, on this processor.

    python benchmarks/onednn.py --videos DIR

Networks are sampled as the first generation of a search is, and each is trained in a process of
its own, with TF_ENABLE_ONEDNN_OPTS=0 and 1 in turns. What is compared are the seconds of the
optimiser's steps. TensorFlow uses oneDNN by default where a processor has AVX512-VNNI or AMX.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, TextIO

import click

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.common.conditions import machine, write_records
from benchmarks.common.progress import watched
from videonas.logs import set_up_logging

OWN, ONEDNN = "0", "1"
"""Values of TF_ENABLE_ONEDNN_OPTS."""

TRAIN_ONE = "import sys; from benchmarks.onednn import train_one; print(train_one(*sys.argv[1:]))"


@dataclass(frozen=True)
class Round:
    """One network, trained with either kind of kernels.

    Attributes:
        network: its name.
        seconds: of the optimiser's steps, by value of TF_ENABLE_ONEDNN_OPTS.
    """

    network: str
    seconds: dict[str, float]

    @property
    def ratio(self) -> float:
        """The time with oneDNN as a share of that without."""
        return self.seconds[ONEDNN] / self.seconds[OWN]


def train_one(search_root: str, name: str) -> float:
    """Trains one network of the first generation; gives back the seconds of its steps."""
    from videonas.search.individual import candidate_seed
    from videonas.search.root import SearchRoot
    from videonas.steps.candidates import Batch
    from videonas.training.jobs import TrainingJob
    from videonas.training.trainer import train_job

    batch = Batch(SearchRoot(search_root), 0, [name])
    (individual,) = batch.individuals
    seed = candidate_seed(batch.root.settings, individual.id)
    with tempfile.TemporaryDirectory() as scratch:
        weights = Path(scratch, "one.weights.h5")
        training = train_job(
            TrainingJob(batch.candidate(individual), seed, batch.shards.of("train"), weights)
        )
    assert training.outcome == "ok", training.message
    return training.seconds["train"]


def rounds_of(search_root: str, names: Sequence[str], rounds: int) -> Iterator[Round]:
    """Every network a few times, with both kinds of kernels in turns."""
    for number in range(rounds):
        for name in names:
            turns = (OWN, ONEDNN) if number % 2 == 0 else (ONEDNN, OWN)
            yield Round(name, {kind: _in_a_process(search_root, name, kind) for kind in turns})


def _in_a_process(search_root: str, name: str, onednn: str) -> float:
    ended = subprocess.run(
        [sys.executable, "-c", TRAIN_ONE, search_root, name], text=True, capture_output=True,
        cwd=Path(__file__).parents[1], check=False,
        env={**os.environ, "TF_ENABLE_ONEDNN_OPTS": onednn, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    if ended.returncode:
        raise click.ClickException(f"{name}: {ended.stderr.strip().splitlines()[-1]}")
    return float(ended.stdout.split()[-1])


def table(measured: Sequence[Round]) -> str:
    """Seconds of each network, and the median of the ratios by round."""
    lines = ["| network | without oneDNN, s | with, s | with / without |", "|" + "---|" * 4]
    for name in dict.fromkeys(each.network for each in measured):
        own = [each for each in measured if each.network == name]
        seconds = [median(each.seconds[kind] for each in own) for kind in (OWN, ONEDNN)]
        cells = [name, *(f"{value:.2f}" for value in seconds),
                 f"{median(each.ratio for each in own):.2f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--videos", required=True, metavar="DIR",
              help="As `videonas demo-videos` writes them.")
@click.option("--space", default="tiny_video", show_default=True, help="Search space.")
@click.option("--networks", default=4, show_default=True, type=click.IntRange(1),
              help="Networks to train.")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1),
              help="Trainings of each, with either kind of kernels.")
@click.option("--output", type=click.File("w"), help="Every measured value, as JSON.")
def main(videos: str, space: str, networks: int, rounds: int, output: TextIO | None) -> None:
    """Trainings with oneDNN's kernels against those with TensorFlow's own.

    Three minutes by default.
    """
    from videonas.search.root import SearchRoot
    from videonas.search.settings import read_settings_file
    from videonas.steps.data_prep import data_prep
    from videonas.steps.mutate import mutate
    from videonas.steps.start import start

    set_up_logging("benchmark")
    demo = read_settings_file(Path(__file__).parents[1] / "pipelines" / space / "demo.yaml")
    with tempfile.TemporaryDirectory() as folder:
        root = SearchRoot(folder)
        given: dict[str, Any] = {**demo, "videos": videos, "population": networks}
        start(root, given)
        data_prep(root)
        mutate(root, 0)
        names = [each.name for each in root.need_candidates(0).individuals]
        measured = watched(rounds_of(folder, names, rounds), "trainings", networks * rounds)
    click.echo(table(measured))
    click.echo(
        f"\nMedian of all: {median(each.ratio for each in measured):.2f}. {networks} networks of "
        f"the demo of {space}, one thread, {rounds} rounds in turns. {machine()}"
    )
    if output:
        write_records(output, measured)


if __name__ == "__main__":
    main()
