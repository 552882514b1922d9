"""The network that a search found, against networks that people made, all trained alike.

    python -m pipelines run tiny_video --videos DIR --search-root runs/mine
    python benchmarks/handmade_networks.py --search-root runs/mine

Every network is trained on the search's own training split, by its settings: as many steps, the
same batches, optimiser and augmentation. Each gets the best of the same learning rates, by accuracy
on the validation split; then it is trained anew with seeds of its own and measured once on the
test split, clip by clip. Latency is that of one clip by one thread, all networks in turns.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

import click

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.common.progress import watched
from benchmarks.common.trials import (
    STREAM,
    Measured,
    Network,
    Trial,
    Tried,
    measure,
    need_one_label,
    run_trials,
    searched,
    shards_of,
)
from benchmarks.handmade import HANDMADE, MOVINET, MOVINET_BUILDER
from benchmarks.handmade.movinet import missing
from videonas.errors import VideonasError
from videonas.logs import set_up_logging
from videonas.search.dataset import Dataset
from videonas.search.root import SearchRoot
from videonas.search.settings import Settings
from videonas.steps.shell import errors_as_sentences
from videonas.task import Sampling, Task
from videonas.training.jobs import Shards

FOUND = "found"
TUNING_SEED, FIRST_SEED = 1000, 1001
"""A search draws seeds by hash from 31 bits: that it drew one of these is next to impossible."""


@dataclass(frozen=True)
class Compared:
    """What is known of one network.

    Attributes:
        name: for people.
        clip: what it is given, for people.
        learning_rate: the best on the validation split.
        top1: on the test split, by seed; empty where no training came to its end.
        seconds: of the steps of one training, the mean.
        measured: what it costs.
        message: why a training failed.
    """

    name: str
    clip: str
    learning_rate: float
    top1: tuple[float, ...]
    seconds: float
    measured: Measured
    message: str = ""

    @property
    def mean_top1(self) -> float:
        """Over the seeds; 0 where there is none."""
        return statistics.mean(self.top1) if self.top1 else 0.0

    @property
    def latency_ms(self) -> float:
        """The median of the rounds' medians."""
        return statistics.median(self.measured.latencies_ms)


@dataclass(frozen=True)
class Field:
    """Where networks are compared.

    Attributes:
        task: what they must do.
        settings: of the training.
        shards: by split.
    """

    task: Task
    settings: Settings
    shards: Mapping[str, Shards]

    def trial(self, network: Network, learning_rate: float, seed: int, split: str) -> Trial:
        """One training, measured on one split."""
        settings = self.settings.model_copy(update={"learning_rate": learning_rate})
        splits = {split: self.shards[split]}
        return Trial(network, self.task, settings, seed, self.shards["train"], splits)


def competitors(root: SearchRoot, dataset: Dataset, widths: Sequence[float],
                clips: str) -> list[Network]:
    """The found network, and the hand-made ones at every width and clip.

    Args:
        root: of the search.
        dataset: of the search.
        widths: shares of the published channels.
        clips: `stored`: hand-made networks are given the whole stored clip; `found`: what the
            found network takes of it; `both`.

    Raises:
        VideonasError: the search found nothing yet.
    """
    best = root.lineage().best(root.settings)
    if best is None:
        raise VideonasError(f"{root.uri}: no network of it was trained; `python -m pipelines run`")
    ours = searched(root, FOUND, best.individual.architecture)
    stored = dataset.task.streams[STREAM]
    given = {"stored": Sampling(stored.frames, 1, stored.size), FOUND: ours.sampling}
    samplings = dict.fromkeys(given.values() if clips == "both" else [given[clips]])
    networks = [ours]
    for sampling in samplings:
        networks += [
            Network(f"{name}, width {width:g}", builder, sampling, {"width": width})
            for name, builder in HANDMADE.items() for width in widths
        ]
        if missing() is None:
            networks.append(Network(MOVINET, MOVINET_BUILDER, sampling))
    return networks


def best_rates(
    networks: Sequence[Network], rates: Sequence[float], tried: Sequence[Tried]
) -> list[float]:
    """The learning rate of each network with the highest accuracy on the validation split.

    Of equal ones it is that with the lower loss; where every training failed, the first.

    Args:
        networks: in order.
        rates: the same for each.
        tried: of every network, of every rate.
    """
    chosen = []
    for place in range(len(networks)):
        own = tried[place * len(rates) : (place + 1) * len(rates)]
        scores = [
            (m["top1"], -m["loss"]) if (m := t.metrics.get("validation")) else (-1.0, 0.0)
            for t in own
        ]
        chosen.append(rates[scores.index(max(scores))])
    return chosen


def compare(
    field: Field, networks: Sequence[Network], rates: Sequence[float], seeds: int, jobs: int,
    rounds: int,
) -> list[Compared]:
    """Tunes, trains and measures all networks; those that were found first."""
    costs = measure(networks, field.task, field.settings, rounds)  # first: it takes seconds
    tuning = [field.trial(n, rate, TUNING_SEED, "validation") for n in networks for rate in rates]
    tuned = watched(run_trials(tuning, jobs), "trainings for learning rates", len(tuning))
    chosen = best_rates(networks, rates, tuned)
    finals = [
        field.trial(network, rate, FIRST_SEED + seed, "test")
        for network, rate in zip(networks, chosen, strict=True) for seed in range(seeds)
    ]
    tested = watched(run_trials(finals, jobs), "trainings for the test split", len(finals))
    found = []
    for place, (network, rate) in enumerate(zip(networks, chosen, strict=True)):
        own = tested[place * seeds : (place + 1) * seeds]
        trained = [t for t in own if t.metrics]
        sampling = network.sampling
        found.append(Compared(
            network.name, f"{sampling.frames} x {sampling.size}²", rate,
            tuple(t.metrics["test"]["top1"] for t in trained),
            statistics.mean(t.seconds for t in trained) if trained else 0.0, costs[place],
            next((t.message for t in own if t.message), ""),
        ))
    return found


def summary(found: Sequence[Compared], field: Field, rates: Sequence[float]) -> str:
    """The table, as Markdown, the comparison in words, and the conditions."""
    lines = [
        "| network | clip | top-1, test (lowest to highest) | latency, ms (rounds) | times ours | "
        "parameters | MACs | learning rate | s a training |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    ours = found[0]
    for each in found:
        top1 = "failed" if not each.top1 else (
            f"{each.mean_top1:.3f} ({min(each.top1):.3f} to {max(each.top1):.3f})"
        )
        low, high = min(each.measured.latencies_ms), max(each.measured.latencies_ms)
        lines.append(
            f"| {each.name} | {each.clip} | {top1} | {each.latency_ms:.2f} ({low:.2f} to "
            f"{high:.2f}) | {each.latency_ms / ours.latency_ms:.1f} | "
            f"{each.measured.parameters:,} | {each.measured.macs:,} | {each.learning_rate:g} | "
            f"{each.seconds:.0f} |"
        )
    lines += ["", *(f"{c.name}, {c.clip}: {c.message}." for c in found if c.message)]
    lines += [verdict(found), "", conditions(found, field, rates)]
    return "\n".join(lines)


def verdict(found: Sequence[Compared]) -> str:
    """How the first network compares with the most accurate of the others, in a sentence."""
    ours, best = found[0], max(found[1:], key=lambda each: each.mean_top1)
    quicker = [
        f"{c.name} at {c.clip}" for c in found[1:]
        if c.latency_ms < ours.latency_ms and c.mean_top1 >= ours.mean_top1
    ]
    return (
        f"The most accurate hand-made network is {best.name} at {best.clip}: {best.mean_top1:.3f}, "
        f"{best.latency_ms:.2f} ms. The found one has {ours.mean_top1:.3f}, "
        f"{ours.mean_top1 - best.mean_top1:+.3f}, at {ours.latency_ms:.2f} ms: "
        f"{best.latency_ms / ours.latency_ms:.1f} times less. Hand-made ones that are faster "
        f"and as accurate: {', '.join(quicker) or 'none'}."
    )


def conditions(found: Sequence[Compared], field: Field, rates: Sequence[float]) -> str:
    """Under which everything was measured, in a few sentences."""
    settings, clips = field.settings, {s: sum(shard.clips for _, shard in files)
                                       for s, files in field.shards.items()}
    return (
        f"{clips['train']} clips to train, {clips['validation']} to validate, {clips['test']} to "
        f"test, {field.task.classes} classes. {settings.train_steps} steps of "
        f"{settings.batch_size} clips, {settings.optimizer}, the best of the learning rates "
        f"{', '.join(f'{rate:g}' for rate in rates)} by one training each; then, on "
        f"the test split, the mean over as many seeds: {max(len(c.top1) for c in found)}. Latency: "
        f"one clip, threads: {settings.latency_threads}, the networks in turns, rounds: "
        f"{len(found[0].measured.latencies_ms)}, of {settings.latency_repeats} passes each; "
        f"{found[0].measured.device}."
    )


def _settings(root: SearchRoot, train_steps: int | None) -> Settings:
    changed: dict[str, Any] = {"train_steps": train_steps} if train_steps else {}
    return root.settings.model_copy(update=changed)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--search-root", required=True,
              help="A search that has ended; its best network is compared.")
@click.option("--width", "widths", multiple=True, type=click.FloatRange(0, 4, min_open=True),
              default=(0.125, 0.25), show_default=True,
              help="Share of the published channels that hand-made networks have; again for "
              "another.")
@click.option("--clips", type=click.Choice(["stored", "found", "both"]), default="both",
              show_default=True, help="What hand-made networks are given: the whole stored clip, "
              "or what the found network takes of it.")
@click.option("--learning-rate", "rates", multiple=True, default=(0.05, 0.1, 0.2, 0.4),
              show_default=True, type=click.FloatRange(0, min_open=True),
              help="A learning rate that each network tries; again for another.")
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(1),
              help="Trainings of each network at its best learning rate.")
@click.option("--train-steps", type=click.IntRange(1),
              help="Steps of every training; by default those of the search.")
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1),
              help="Measurements of each network's latency, the networks in turns.")
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1),
              help="Trainings at a time.")
@click.option("--output", type=click.File("w", lazy=False),
              help="A JSON file for everything that was measured.")
def main(
    search_root: str, widths: tuple[float, ...], clips: str, rates: tuple[float, ...], seeds: int,
    train_steps: int | None, rounds: int, jobs: int, output: TextIO | None,
) -> None:
    """The network that a search found, against networks that people made, all trained alike."""
    set_up_logging("benchmark")
    try:
        root = SearchRoot(search_root)
        need_one_label(root)
        dataset = root.need_dataset()
        networks = competitors(root, dataset, widths, clips)
        shards = {s: shards_of(root, dataset, s) for s in ("train", "validation", "test")}
    except VideonasError as error:
        raise click.UsageError(str(error)) from None
    if why := missing():
        click.echo(f"{MOVINET} is left out: {why}.")
    field = Field(dataset.task, _settings(root, train_steps), shards)
    found = compare(field, networks, rates, seeds, jobs, rounds)
    click.echo(summary(found, field, rates))
    if output:
        output.write(json.dumps([asdict(each) for each in found], indent=1))


if __name__ == "__main__":
    with errors_as_sentences():
        main()
