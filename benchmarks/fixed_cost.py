"""What one candidate costs beside its training, by how many of them one task trains.

Every network is trained for one step only, so that what is left is the fixed cost: processes,
imports, reads, writes, building and tracing. Each step has a process of its own, as on a cluster.
Beside it stands what a cluster would have to start for as large a generation, counted from the
compiled pipeline.

    python benchmarks/fixed_cost.py --videos DIR
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import click
import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.common.conditions import machine, write_records
from benchmarks.common.pods import Load, load_of
from benchmarks.common.progress import watched
from benchmarks.wall_time import seconds_by_kind
from videonas.logs import set_up_logging
from videonas.search.root import SearchRoot
from videonas.steps.shell import errors_as_sentences

BATCHES = (1, 4, 16)
STEPS = ("mutate", "train-candidate", "evaluate", "select")
"""Of a generation, as they call themselves."""

USEFUL = ("train", "evaluate")
"""Kinds of work that are no fixed cost: optimiser steps and validation passes."""


@dataclass(frozen=True)
class Cost:
    """What one generation took.

    Attributes:
        batch: networks that one task trains.
        networks: born in it.
        wall: seconds from the begin of its first step to the end of its last.
        steps: seconds in each step, all its processes added up.
        startup: of these, seconds before steps began: the interpreter and imports.
        useful: of these, seconds of optimiser steps and validation passes.
        tasks: that a cluster would run.
        pods: that a cluster would start for them.
    """

    batch: int
    networks: int
    wall: float
    steps: Mapping[str, float]
    startup: float
    useful: float
    tasks: int
    pods: int

    @property
    def between(self) -> float:
        """Seconds of the wall time in which no step ran."""
        return self.wall - sum(self.steps.values())


def cost_of(root: SearchRoot, batch: int, load: Load) -> Cost:
    """What the only generation of a search took, whose steps ran one after another.

    Args:
        root: of a search of one generation that ran.
        batch: networks that one task trained.
        load: of a cluster.
    """
    timings = [timing for timing in root.timings() if timing.generation == 0]
    steps: dict[str, float] = defaultdict(float)
    for timing in timings:
        steps[timing.step] += timing.seconds
    ends = [timing.started + timing.seconds for timing in timings]
    kinds = seconds_by_kind(root)
    return Cost(
        batch, len(root.need_candidates(0).individuals),
        max(ends) - min(timing.started for timing in timings),
        dict(steps), sum(timing.startup for timing in timings),
        sum(kinds[kind] for kind in USEFUL), load.tasks, load.pods,
    )


def compiled(generations: int) -> Mapping[str, Any]:
    """The pipeline of so many generations, as a cluster gets it."""
    from pipelines.compiling import compile_pipeline

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "pipeline.yaml")
        compile_pipeline("tiny_video", path, generations)
        pipeline: Mapping[str, Any] = next(yaml.safe_load_all(path.read_text()))
    return pipeline


def generation_load(networks: int, batch: int) -> Load:
    """What a cluster starts for one more generation of so many networks."""
    turns = math.ceil(networks / batch)
    return load_of(compiled(2), "root", turns) - load_of(compiled(1), "root", turns)


def table(costs: Sequence[Cost]) -> str:
    """Seconds a network, and what a cluster starts for the generation, as Markdown."""
    heads = ["networks a task", "seconds a network", *(f"`{step}`" for step in STEPS),
             "between steps", "of all: before steps began", "of all: training and validation",
             "tasks on a cluster", "pods", "pods a network"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for c in costs:
        by_step = [c.steps.get(step, 0.0) for step in STEPS]
        seconds = (c.wall, *by_step, c.between, c.startup, c.useful)
        cells = [f"{value / c.networks:.2f}" for value in seconds]
        cells += [str(c.tasks), str(c.pods), f"{c.pods / c.networks:.1f}"]
        lines.append(f"| {c.batch} | {' | '.join(cells)} |")
    return "\n".join(lines)


def measure(videos: Path, settings: Path, networks: int, batch: int, load: Load) -> Cost:
    """Runs a search of one generation in a folder of its own."""
    given = {"population": networks, "candidates_per_pod": batch, "train_steps": 1}
    words = [word for name, value in given.items() for word in ("--set", f"{name}={value}")]
    generation = ("--generation", "0")
    with tempfile.TemporaryDirectory() as folder:
        root = str(Path(folder, "root"))
        run_step("start", root, "--videos", str(videos), "--settings", str(settings), *words)
        run_step("data-prep", root)
        for names in json.loads(run_step("mutate", root, *generation))["batches"]:
            run_step("train-candidate", root, *generation, *names)
            run_step("evaluate", root, *generation, *names)
        run_step("select", root, *generation)
        return cost_of(SearchRoot(root), batch, load)


def run_step(name: str, root: str, *more: str) -> str:
    """Runs a step in a process of its own; gives back what it printed."""
    command = [sys.executable, "-m", "videonas", name, "--search-root", root, *more]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--videos", required=True, type=click.Path(exists=True, path_type=Path),
              help="Folder of videos; `videonas demo-videos DIR` makes one.")
@click.option("--settings", type=click.Path(path_type=Path), show_default=True,
              default=Path("pipelines/tiny_video/demo.yaml"), help="Settings of the search.")
@click.option("--networks", default=16, show_default=True, type=click.IntRange(2),
              help="Networks of the generation.")
@click.option("--batch", "batches", multiple=True, default=BATCHES, show_default=True,
              type=click.IntRange(1),
              help="Networks that one task trains, candidates_per_pod; can be given again.")
@click.option("--output", type=click.File("w", lazy=False),
              help="A JSON file for everything that was measured.")
def main(
    videos: Path, settings: Path, networks: int, batches: tuple[int, ...], output: TextIO | None
) -> None:
    """What one candidate costs beside its training, by how many of them one task trains.

    One generation for each; some minutes by default.
    """
    set_up_logging("benchmark")
    loads = {batch: generation_load(networks, batch) for batch in batches}
    costs = watched(
        (measure(videos, settings, networks, batch, load) for batch, load in loads.items()),
        "searches", len(loads),
    )
    click.echo(table(costs))
    click.echo(
        f"\nOne generation of {networks} networks, one training step each, one task at a time; "
        "start, data preparation and finish are not counted. Pods are counted from the compiled "
        "pipeline: a driver and a pod of its own a task, a driver each condition, loop and turn "
        f"of a loop. {machine()}"
    )
    if output:
        write_records(output, costs)


if __name__ == "__main__":
    with errors_as_sentences():
        main()
