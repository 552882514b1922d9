"""Whether a short training ranks networks as a four times longer one does.

    python benchmarks/proxy_fidelity.py --videos DIR

Random networks of the demo's space, such as a search begins with, are trained for several numbers
of steps; each training is a real one, with a learning rate that rises and falls within its own
steps, and from weights of its own. What a search would see of it, loss and accuracy on the
validation split, is compared with the loss on the test split after four times the longest of these
trainings. To be worth its time a training has to rank better than what costs nothing: parameters
and multiply-adds.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import Any, TextIO

import click

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.common.progress import watched
from benchmarks.common.trials import (
    Network,
    Trial,
    Tried,
    need_one_label,
    run_trials,
    searched,
    shards_of,
)
from videonas.errors import VideonasError
from videonas.evolution import BirthPlace, open_algorithm
from videonas.logs import set_up_logging
from videonas.search.budget import Budget
from videonas.search.individual import Individual, individual_name
from videonas.search.root import SearchRoot
from videonas.search.settings import merge_settings, read_settings_file
from videonas.steps.data_prep import data_prep
from videonas.steps.shell import errors_as_sentences
from videonas.steps.start import start

with errors_as_sentences():
    from benchmarks.common.correlation import spearman_interval

LONGER = 4
FIRST_SEED = 1000
"""Of the long trainings; the short ones have the next ones."""


@dataclass(frozen=True)
class Row:
    """One network, measured.

    Attributes:
        parameters: trainable.
        macs: multiply-adds of one clip.
        short: metrics on the validation split by number of steps.
        long: metrics on the test split, the mean over the seeds.
    """

    parameters: int
    macs: int
    short: Mapping[int, Mapping[str, float]]
    long: Mapping[str, float]


def draw(root: SearchRoot, count: int) -> list[Individual[Any]]:
    """Different random networks inside the budget, as the first generation of a search has them.

    Raises:
        BudgetError: nothing that is drawn fits the budget.
        VideonasError: there are not so many different ones.
    """
    settings = root.settings
    place = BirthPlace(
        root.space, root.need_dataset().task, settings, open_algorithm(settings),
        Budget.of(settings), (),
    )
    born: list[Individual[Any]] = []
    for index in range(count):
        known = {each.id for each in born}
        born.append(place.birth(individual_name(0, index), known))
        if born[-1].id in known:
            raise VideonasError(f"only {index} different networks were found; give --networks less")
    return born


def trials_of(
    root: SearchRoot, networks: Sequence[Network], steps: Sequence[int], seeds: int
) -> list[Trial]:
    """All trainings: of every network the short ones, then the long ones."""
    dataset, settings = root.need_dataset(), root.settings
    shards = {s: shards_of(root, dataset, s) for s in ("train", "validation", "test")}
    plan = [(n, FIRST_SEED + seeds + place, "validation") for place, n in enumerate(steps)]
    plan += [(LONGER * max(steps), FIRST_SEED + seed, "test") for seed in range(seeds)]
    return [
        Trial(network, dataset.task, settings.model_copy(update={"train_steps": count}), seed,
              shards["train"], {split: shards[split]})
        for network in networks for count, seed, split in plan
    ]


def rows_of(
    root: SearchRoot, individuals: Sequence[Individual[Any]], steps: Sequence[int],
    tried: Sequence[Tried],
) -> list[Row]:
    """What was measured, by network; those of which a training failed are left out."""
    task, each = root.need_dataset().task, len(tried) // len(individuals)
    rows = []
    for place, individual in enumerate(individuals):
        own = tried[place * each : (place + 1) * each]
        if any(not t.metrics for t in own):
            continue
        costs = root.space.costs(individual.architecture, task)
        short = {n: t.metrics["validation"] for n, t in zip(steps, own, strict=False)}
        tests = [t.metrics["test"] for t in own[len(steps) :]]
        long = {name: mean(test[name] for test in tests) for name in ("loss", "top1")}
        rows.append(Row(costs.parameters, costs.macs, short, long))
    return rows


def predictors(rows: Sequence[Row]) -> dict[str, list[float]]:
    """What may rank the networks, more being better, by name; costs last."""
    found: dict[str, list[float]] = {}
    for steps in rows[0].short:
        found[f"{steps} steps, loss"] = [-row.short[steps]["loss"] for row in rows]
        found[f"{steps} steps, accuracy"] = [row.short[steps]["top1"] for row in rows]
    found["parameters"] = [row.parameters for row in rows]
    found["multiply-adds"] = [row.macs for row in rows]
    return found


def summary(rows: Sequence[Row], drawn: int, seeds: int, root: SearchRoot) -> str:
    """The table, as Markdown, and its conditions."""
    settings, longest = root.settings, LONGER * max(rows[0].short)
    against = {"loss": [-row.long["loss"] for row in rows],
               "accuracy": [row.long["top1"] for row in rows]}
    lines = [
        f"| ranked by | with the loss after {longest} steps | with the accuracy |", "|---|---|---|",
    ]
    for name, values in predictors(rows).items():
        cells = [
            "{:+.2f} ({:+.2f} to {:+.2f})".format(*spearman_interval(values, truth))
            for truth in against.values()
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    top1 = sorted(against["accuracy"])
    lines += ["", (
        f"Spearman's rank correlation (95 % interval, the networks resampled) over {len(rows)} "
        f"random networks of {drawn}; 1 is the same order. Short trainings: loss and accuracy on "
        f"the validation split, one seed. Long ones: {longest} steps, the test split, the mean of "
        f"{seeds} seed{'s' if seeds > 1 else ''}, accuracy {top1[0]:.2f} to {top1[-1]:.2f}, median "
        f"{top1[len(top1) // 2]:.2f}; chance is {1 / root.need_dataset().task.classes:.2f}. "
        f"Batches of {settings.batch_size}, {settings.optimizer}, learning rate "
        f"{settings.learning_rate:g}, its schedule as long as each training."
    )]
    return "\n".join(lines)


def prepare(videos: Path, settings_file: Path, seed: int, folder: Path) -> SearchRoot:
    """A new search root with the videos prepared.

    Raises:
        VideonasError: a setting or the videos are not as they have to be.
    """
    given = read_settings_file(settings_file)
    root = SearchRoot(str(folder))
    start(root, merge_settings(given, {
        "videos": str(videos.absolute()), "algorithm": "random", "seed": seed,
        "measure_latency": False,
    }))
    data_prep(root)
    need_one_label(root)
    return root


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--videos", required=True, type=click.Path(exists=True, path_type=Path),
              help="Folder of videos; `videonas demo-videos DIR` makes one.")
@click.option("--settings", "settings_file", type=click.Path(path_type=Path), show_default=True,
              default=Path("pipelines/tiny_video/demo.yaml"),
              help="Settings of the search whose space and training are looked at.")
@click.option("--networks", default=30, show_default=True, type=click.IntRange(2),
              help="Random networks.")
@click.option("--steps", multiple=True, default=(25, 50, 100, 150, 200), show_default=True,
              type=click.IntRange(1), help="Length of a short training; again for another.")
@click.option("--long-seeds", "seeds", default=2, show_default=True, type=click.IntRange(1),
              help="Long trainings of each network, whose mean is taken.")
@click.option("--seed", default=0, show_default=True, help="Decides which networks are drawn.")
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1),
              help="Trainings at a time.")
@click.option("--output", type=click.File("w", lazy=False),
              help="A JSON file for everything that was measured.")
def main(
    videos: Path, settings_file: Path, networks: int, steps: tuple[int, ...], seeds: int,
    seed: int, jobs: int, output: TextIO | None,
) -> None:
    """Whether a short training ranks networks as a four times longer one does."""
    set_up_logging("benchmark")
    steps = tuple(sorted(set(steps)))
    with ExitStack() as stack:
        try:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()), "root")
            root = prepare(videos, settings_file, seed, folder)
            individuals = draw(root, networks)
        except VideonasError as error:
            raise click.UsageError(str(error)) from None
        trials = trials_of(
            root, [searched(root, i.name, i.architecture) for i in individuals], steps, seeds
        )
        tried = watched(run_trials(trials, jobs), "trainings", len(trials))
        rows = rows_of(root, individuals, steps, tried)
        for message in sorted({t.message for t in tried if t.message}):
            click.echo(f"left out: {message}")
        if len(rows) < 2:
            raise click.ClickException(f"only {len(rows)} of {networks} networks was trained")
        click.echo(summary(rows, networks, seeds, root))
        if output:
            output.write(json.dumps([asdict(row) for row in rows], indent=1))


if __name__ == "__main__":
    with errors_as_sentences():
        main()
