"""Evolution against random search, and against evolution with selection replaced by chance.

Paired: the searches of one seed share their first population and its results, and train the same
number of networks. Each search's best network is then trained again from scratch with seeds that
no search used, and measured on the test split, which no search saw. With `--finalists` each search
is finished too: several networks are trained at full length, and the best of them is compared with
their ensemble.

    python benchmarks/search_vs_random.py --videos DIR --output runs/search_vs_random
    python benchmarks/search_vs_random.py --videos DIR --settings pipelines/evanet/demo.yaml \
        --set optical_flow=none --set finish_streams=rgb --set finish_train_steps=30 \
        --finalists 3 --seeds 4 --output runs/evanet_vs_random

It can be stopped and run again: what is finished is kept. About 1,600 trainings by default.
"""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import click

from videonas.search.dataset import Dataset
from videonas.search.individual import Individual
from videonas.search.root import SearchRoot
from videonas.search.settings import merge_settings, parse_assignments, read_settings_file
from videonas.steps.data_prep import data_prep
from videonas.steps.evaluate import evaluate
from videonas.steps.mutate import mutate
from videonas.steps.select import select
from videonas.steps.shell import errors_as_sentences
from videonas.steps.start import start
from videonas.steps.train_candidate import train_candidate
from videonas.training.jobs import (
    EVALUATE,
    PRELOAD,
    TRAIN,
    Candidate,
    EvaluationJob,
    TrainingJob,
)
from videonas.training.supervisor import Limits, Supervisor

with errors_as_sentences():
    import numpy as np

    from videonas.steps.finish import finish

ARMS = ("tournament", "random", "drift")
FRESH_SEEDS = (101, 102, 103)
"""A search draws seeds by hash from 31 bits: that it drew one of these is next to impossible."""

RESAMPLES = 10_000


@dataclass(frozen=True)
class Generation:
    """One generation of one search: `networks` and `seconds` are counted from the start."""

    networks: int
    seconds: float
    best_top1: float
    newborn_median_top1: float


@dataclass(frozen=True)
class FinishScores:
    """What `finish` measured on the test split, by video.

    Attributes:
        finalists: individuals that were to be trained at full length, on one stream or several.
        single: top-1 of the network that is best on the validation split.
        ensemble: top-1 of several together; None where fewer than two were finished.
    """

    finalists: int
    single: float
    ensemble: float | None


@dataclass(frozen=True)
class Search:
    """One search of one seed, and the test accuracy of its best network, trained anew.

    Attributes:
        arm: the algorithm.
        seed: of the search.
        generations: its course.
        retrained_top1: one a fresh seed, by clip.
        together: None where nothing was finished.
    """

    arm: str
    seed: int
    generations: tuple[Generation, ...]
    retrained_top1: tuple[float, ...]
    together: FinishScores | None = None


def run_search(
    arm: str, seed: int, folder: Path, given: Mapping[str, Any], rounds: int, finalists: int = 0
) -> Search:
    """Runs one search, or what is missing of it.

    Args:
        arm: the algorithm.
        seed: of the search.
        folder: of all searches of this seed.
        given: settings.
        rounds: generations.
        finalists: individuals to train at full length, for the ensemble; 0 leaves that out.
    """
    record, root = folder / f"{arm}.json", SearchRoot(str(folder / arm))
    if record.exists():
        search = read_search(record)
    else:
        search = _search(root, arm, seed, given, rounds)
        record.write_text(json.dumps(asdict(search)))
    done = search.together.finalists if search.together else 0
    if finalists not in (0, done):
        search = replace(search, together=_finish(root, finalists))
        record.write_text(json.dumps(asdict(search)))
    return search


def read_search(record: Path) -> Search:
    """What `run_search` kept, now or before searches were finished."""
    plain = json.loads(record.read_text())
    generations = tuple(Generation(**g) for g in plain["generations"])
    together = FinishScores(**plain["together"]) if plain.get("together") else None
    return Search(
        plain["arm"], plain["seed"], generations, tuple(plain["retrained_top1"]), together
    )


def _search(
    root: SearchRoot, arm: str, seed: int, given: Mapping[str, Any], rounds: int
) -> Search:
    """A search, and its best network trained anew."""
    folder = Path(root.uri).parent
    start(root, merge_settings(given, {"algorithm": arm, "seed": seed, "measure_latency": False}))
    data_prep(root)
    for generation in range(rounds):
        mutate(root, generation)
        train_candidate(root, generation)
        evaluate(root, generation)
        select(root, generation)
        if generation == 0 and arm == ARMS[0]:
            for other in ARMS[1:]:  # the first population is the same, and so are its results
                shutil.copytree(folder / arm / "results", folder / other / "results",
                                dirs_exist_ok=True)
    return Search(arm, seed, _course(root), _retrain(root))


def _finish(root: SearchRoot, finalists: int) -> FinishScores:
    """Trains the best at full length, and measures them alone and together."""
    finished = finish(root, best=finalists)
    if finished.record.best is None:
        return FinishScores(finalists, 1 / root.need_dataset().task.classes, None)
    metrics = finished.metrics
    return FinishScores(finalists, metrics["test_top1"], metrics.get("ensemble_top1"))


def _course(root: SearchRoot) -> tuple[Generation, ...]:
    """The best so far, whether it survived or not, and the newborn, by generation."""
    networks, seconds, course = 0, 0.0, []
    lineage = root.lineage()
    for population in lineage.generations:
        tops = []
        for member in population.newborn:
            networks += 1
            for part in (member.result.training, member.result.evaluation):
                seconds += sum(part.seconds.values()) if part else 0.0
            if (metrics := member.result.metrics):
                tops.append(metrics["top1"])
        best = lineage.best(root.settings, population.generation)
        best_top1 = best.result.metrics["top1"] if best else 0.0
        median = statistics.median(tops) if tops else 0.0
        course.append(Generation(networks, seconds, best_top1, median))
    return tuple(course)


def _retrain(root: SearchRoot) -> tuple[float, ...]:
    """Test accuracy of the best network, trained from scratch, seed by seed."""
    best = root.lineage().best(root.settings)
    assert best is not None, "every generation ends with somebody who was trained"
    supervisor, dataset = Supervisor(*PRELOAD), root.need_dataset()
    return tuple(_test(supervisor, root, dataset, best.individual, seed) for seed in FRESH_SEEDS)


def _test(
    supervisor: Supervisor, root: SearchRoot, dataset: Dataset, individual: Individual[Any],
    seed: int,
) -> float:
    settings = root.settings
    limits = Limits(settings.candidate_timeout, settings.candidate_memory_mb)
    architecture = individual.architecture
    samplings = root.space.sampling(architecture)
    candidate = Candidate(
        individual.name, settings.space, architecture, dataset.task, samplings, settings
    )
    with tempfile.TemporaryDirectory() as scratch:
        weights = Path(scratch) / "new.weights.h5"
        shards = tuple(root.shards(dataset, "train"))
        trained = supervisor.run(TRAIN, TrainingJob(candidate, seed, shards, weights), limits)
        if trained.kind != "finished" or trained.value.outcome != "ok":
            return 1 / len(dataset.classes)
        held_out = tuple(root.shards(dataset, "test"))
        tested = supervisor.run(EVALUATE, EvaluationJob(candidate, held_out, weights), limits)
    return float(tested.value.metrics.get("top1", 1 / len(dataset.classes)))


def run_seed(
    seed: int, folder: Path, given: Mapping[str, Any], rounds: int, finalists: int = 0
) -> list[Search]:
    """All searches of one seed; see `run_search`."""
    return [run_search(arm, seed, folder, given, rounds, finalists) for arm in ARMS]


def spread(values: Sequence[float]) -> str:
    """Mean, and lower and upper quartile."""
    low, high = np.percentile(values, (25, 75))
    return f"{np.mean(values):.3f} ({low:.3f} to {high:.3f})"


def bootstrap(differences: Sequence[float]) -> tuple[float, float, float]:
    """Mean of paired differences, with a 95 % interval by resampling the pairs."""
    values = np.asarray(differences)
    draws = np.random.default_rng(0).choice(values, (RESAMPLES, len(values))).mean(axis=1)
    low, high = np.percentile(draws, (2.5, 97.5))
    return float(values.mean()), float(low), float(high)


def summary(searches: Sequence[Search]) -> str:
    """The tables, as Markdown."""
    by_arm = {arm: [s for s in searches if s.arm == arm] for arm in ARMS}
    seeds = len(by_arm[ARMS[0]])
    lines = [f"{seeds} paired seeds, mean (quartiles); top-1 on the validation split.", ""]
    for title, name in (("best so far", "best_top1"),
                        ("median of the newborn", "newborn_median_top1")):
        lines += [f"| networks trained: {title} | " + " | ".join(ARMS) + " |",
                  "|---|" + "---|" * len(ARMS)]
        for place, generation in enumerate(by_arm[ARMS[0]][0].generations):
            cells = [spread([getattr(s.generations[place], name) for s in by_arm[a]]) for a in ARMS]
            lines.append(f"| {generation.networks} | " + " | ".join(cells) + " |")
        lines.append("")
    lines += ["| device-seconds of a search | " + " | ".join(ARMS) + " |",
              "|---|" + "---|" * len(ARMS)]
    for place, generation in enumerate(by_arm[ARMS[0]][0].generations):
        seconds = {a: [s.generations[place].seconds for s in by_arm[a]] for a in ARMS}
        cells = [f"{np.mean(seconds[arm]):.0f}" for arm in ARMS]
        lines.append(f"| after {generation.networks} networks | " + " | ".join(cells) + " |")
    lines += ["", f"Best network of each search trained anew with {len(FRESH_SEEDS)} fresh seeds, "
              "top-1 on the test split:", ""]
    means = {a: [float(np.mean(s.retrained_top1)) for s in by_arm[a]] for a in ARMS}
    lines += [f"- {arm}: {spread(means[arm])}" for arm in ARMS]
    for other in ARMS[1:]:
        pairs = [a - b for a, b in zip(means[ARMS[0]], means[other], strict=True)]
        mean, low, high = bootstrap(pairs)
        wins = sum(p > 0 for p in pairs)
        lines.append(f"- {ARMS[0]} minus {other}: {mean:+.3f} (95 % interval {low:+.3f} to "
                     f"{high:+.3f}), ahead in {wins} of {len(pairs)} pairs")
    if any(s.together for s in searches):
        lines += ["", ensemble_table(by_arm)]
    return "\n".join(lines)


def ensemble_table(by_arm: Mapping[str, Sequence[Search]]) -> str:
    """The single best against the ensemble, over the searches of which both were measured."""
    lines = ["| finished | searches | single best | ensemble | ensemble minus single best | "
             "ahead in |", "|---|---|---|---|---|---|"]
    finalists = set()
    for arm, searches in by_arm.items():
        pairs = []
        for each in (s.together for s in searches if s.together):
            finalists.add(each.finalists)
            if each.ensemble is not None:
                pairs.append((each.single, each.ensemble))
        if not pairs:
            continue
        singles, ensembles = zip(*pairs, strict=True)
        gains = [ensemble - single for single, ensemble in pairs]
        mean, low, high = bootstrap(gains)
        lines.append(
            f"| {arm} | {len(pairs)} | {spread(singles)} | {spread(ensembles)} | {mean:+.3f} "
            f"({low:+.3f} to {high:+.3f}) | {sum(g > 0 for g in gains)} of {len(gains)} |"
        )
    numbers = ", ".join(str(number) for number in sorted(finalists))
    lines += ["", "Up to so many individuals of each search were trained at full length: "
              f"{numbers}. The single best is chosen by the validation split; top-1 on the test "
              "split, by video; mean (quartiles), and a 95 % interval of the mean difference."]
    return "\n".join(lines)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--videos", required=True, type=click.Path(exists=True, path_type=Path),
              help="Folder of videos; `videonas demo-videos DIR` makes one.")
@click.option("--settings", "settings_file", type=click.Path(path_type=Path), show_default=True,
              default=Path("pipelines/tiny_video/demo.yaml"), help="Settings of the searches.")
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE",
              help="A setting of the searches that is to be another than in the file.")
@click.option("--output", type=click.Path(path_type=Path), show_default=True,
              default=Path("runs/search_vs_random"), help="Where everything is kept.")
@click.option("--seeds", default=10, show_default=True, help="Paired seeds.")
@click.option("--generations", default=5, show_default=True, help="The first population included.")
@click.option("--finalists", default=0, show_default=True, type=click.IntRange(0),
              help="Individuals of each search that are trained at full length, and tested alone "
              "and together, as the settings for `finish` say; 0 leaves that out.")
@click.option("--jobs", default=2, show_default=True, help="Seeds at a time.")
def main(
    videos: Path, settings_file: Path, assignments: tuple[str, ...], output: Path, seeds: int,
    generations: int, finalists: int, jobs: int,
) -> None:
    """Evolution against random search and against chance, at equal numbers of networks."""
    given = merge_settings(
        read_settings_file(settings_file), parse_assignments(assignments),
        {"videos": str(videos.absolute())},
    )
    searches: list[Search] = []
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        futures = [
            pool.submit(run_seed, seed, output / f"seed-{seed}", given, generations, finalists)
            for seed in range(seeds)
        ]
        for seed, future in enumerate(futures):
            searches += future.result()
            click.echo(f"seed {seed}: " + ", ".join(
                f"{s.arm} {np.mean(s.retrained_top1):.3f}" for s in searches[-len(ARMS):]))
    text = summary(searches)
    (output / "summary.md").write_text(text + "\n")
    (output / "searches.json").write_text(json.dumps([asdict(s) for s in searches], indent=1))
    click.echo(text)


if __name__ == "__main__":
    with errors_as_sentences():
        main()
