"""How many steps a child that inherits its parent's weights saves.

    python benchmarks/inheritance.py --videos DIR

Random networks of the demo's space are trained as a search trains them; each is then mutated, and
its child is trained twice with the same seed: from new weights, and from those of its parent. The
accuracy on the validation split is looked at every few steps. The mark of a child is the accuracy
that it has at the end of its training from new weights; what is counted is the steps until each of
its two trainings is there. The parent's steps are counted too: a child that inherits has them
behind it.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import mean, median
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.common.progress import watched
from benchmarks.common.trials import shards_of
from benchmarks.proxy_fidelity import draw, prepare
from videonas.errors import VideonasError
from videonas.evolution.birth import mutate
from videonas.logs import set_up_logging
from videonas.search.budget import Budget
from videonas.search.individual import Individual, candidate_seed
from videonas.search.result import Inherited
from videonas.search.root import SearchRoot
from videonas.spaces import Edit, architecture_id
from videonas.steps.shell import errors_as_sentences
from videonas.training.jobs import PRELOAD, Candidate, Shards, Stopwatch, TrainedParent
from videonas.training.machine_lock import machine_lock
from videonas.training.supervisor import Limits, Supervisor

CURVE = "benchmarks.inheritance:curve_job"
TRIES = 50
"""Draws of a child until one is inside the budget."""


@dataclass(frozen=True)
class Course:
    """One training, looked at now and then.

    Attributes:
        candidate: what to build.
        seed: decides initialisation, order and augmentation.
        train: shards to train on.
        validation: shards to measure on.
        every: steps from one look to the next.
        weights: where to leave what was learned.
        parent: what a parent leaves; None for new weights.
    """

    candidate: Candidate
    seed: int
    train: Shards
    validation: Shards
    every: int
    weights: Path
    parent: TrainedParent | None = None


@dataclass(frozen=True)
class Curve:
    """What was seen of a training.

    Attributes:
        top1: accuracy by number of steps, from 0 on.
        inherited: what it began with; None for new weights.
        message: why there is nothing to see.
    """

    top1: dict[int, float]
    inherited: Inherited | None = None
    message: str = ""


@dataclass(frozen=True)
class Pair:
    """A child, trained both ways.

    Attributes:
        seed: of the search that its parent was drawn from.
        edits: their operators.
        scratch: from new weights.
        inherited: from its parent's.
    """

    seed: int
    edits: tuple[str, ...]
    scratch: Curve
    inherited: Curve


def curve_job(course: Course) -> Curve:
    """Trains, and looks at the validation split every few steps."""
    import keras
    import numpy as np
    import tensorflow as tf

    from videonas.data.clips import RESIDENT_BYTES, ClipReader
    from videonas.evaluation.accuracy import evaluate
    from videonas.networks import build
    from videonas.training.inheritance import take_over
    from videonas.training.setup import set_up
    from videonas.training.trainer import chunks, training_function

    candidate, settings = course.candidate, course.candidate.settings
    set_up(settings.train_threads, optimise_graphs=False)
    tf.get_logger().setLevel("ERROR")  # each look at the accuracy traces a graph anew
    keras.utils.set_random_seed(course.seed)
    model = build(
        candidate.space, candidate.architecture, candidate.task, dropout=settings.dropout
    )
    inherited = take_over(model, course.parent, candidate) if course.parent else None
    reader = ClipReader(
        course.train, candidate.task, candidate.samplings,
        take=settings.train_steps * settings.batch_size, resident_bytes=RESIDENT_BYTES,
    )
    steps = training_function(model, reader.shapes, settings, candidate.task, course.seed)

    def top1() -> float:
        """The accuracy now."""
        seen = ClipReader(course.validation, candidate.task, candidate.samplings)
        return evaluate(model, seen, Stopwatch(time.time()))["top1"]

    seen, made, width = {0: top1()}, 0, settings.batch_size
    for clips, labels in chunks(reader, settings, course.seed):
        there = len(labels) // width
        for first in range(0, there, course.every):
            part = slice(first * width, min(first + course.every, there) * width)
            own = {name: pixels[part] for name, pixels in clips.items()}
            losses = steps(own, labels[part], made).numpy()
            made += len(losses)
            if not np.isfinite(losses).all():
                return Curve({}, inherited, f"the loss was not a number by step {made}")
            seen[made] = top1()
    model.save_weights(course.weights)
    return Curve(seen, inherited)


def steps_to(curve: Curve, mark: float) -> int | None:
    """The steps after which a training is as accurate as the mark; None if it never is."""
    return next((steps for steps, top1 in sorted(curve.top1.items()) if top1 >= mark), None)


def child_of(root: SearchRoot, parent: Individual[Any]) -> tuple[Any, tuple[Edit, ...]]:
    """A child by one mutation that fits the static budget, and the edits that lead to it.

    Raises:
        VideonasError: none of `TRIES` does.
    """
    budget, task = Budget.of(root.settings), root.need_dataset().task
    rng = Random(f"{root.settings.seed}/{parent.name}/child")
    for _ in range(TRIES):
        child, edits = mutate(root.space, parent.architecture, task, rng, 1, {})
        if not budget.excess_of_costs(root.space.costs(child, task)):
            return child, edits
    raise VideonasError(f"no child of {parent.name} is inside the budget")


def run_seed(
    root: SearchRoot, seed: int, families: int, every: int, folder: Path
) -> Iterator[Pair | str]:
    """Trains each parent, and its child both ways; a message where one of them failed."""
    supervisor, settings, dataset = Supervisor(*PRELOAD), root.settings, root.need_dataset()
    limits = Limits(settings.candidate_timeout, settings.candidate_memory_mb)
    train, validation = (shards_of(root, dataset, s) for s in ("train", "validation"))

    def trained(architecture: object, name: str, parent: TrainedParent | None = None) -> Curve:
        """One training in a child process."""
        candidate = Candidate(name, root.space.name, architecture, dataset.task,
                              root.space.sampling(architecture), settings)
        identity = architecture_id(root.space.name, architecture)
        course = Course(candidate, candidate_seed(settings, identity), train, validation, every,
                        folder / f"{seed}-{name}.weights.h5", parent)
        with machine_lock(alone=False):
            ending = supervisor.run(CURVE, course, limits)
        return ending.value if ending.kind == "finished" else Curve({}, message=ending.message)

    for parent in draw(root, families):
        child, edits = child_of(root, parent)
        before = trained(parent.architecture, parent.name)
        begun = TrainedParent(
            parent.name, parent.architecture, edits,
            folder / f"{seed}-{parent.name}.weights.h5", "0" * 12, settings.train_steps,
        )
        curves = [before]
        if before.top1:
            curves += [trained(child, f"{parent.name}-scratch"),
                       trained(child, f"{parent.name}-inherited", begun)]
        failed = next((curve.message for curve in curves if not curve.top1), None)
        yield failed or Pair(seed, tuple(edit.operator for edit in edits), *curves[1:])


def summary(pairs: Sequence[Pair], root: SearchRoot) -> str:
    """The table, as Markdown, and its conditions."""
    steps = root.settings.train_steps
    lines = [
        "| seed | children | accuracy before training | steps to the mark | of these | mark "
        "| accuracy after all steps |", "|---|---|---|---|---|---|---|",
    ]
    for seed in sorted({pair.seed for pair in pairs}):
        lines += _rows([pair for pair in pairs if pair.seed == seed], str(seed))
    lines += _rows(pairs, "all")
    needed = [(steps_to(p.scratch, _mark(p)), steps_to(p.inherited, _mark(p))) for p in pairs]
    sooner = sum(b is not None and (a is None or b < a) for a, b in needed)
    ahead = [pair for pair in pairs if pair.inherited.top1[0] >= _mark(pair)]
    lines += ["", (
        f"{len(pairs)} children, each one mutation from its parent, trained for {steps} steps from "
        f"new weights and from its parent's, which had {steps} steps; the same seed and clips. "
        "Accuracy: top-1 on the validation split, means. The mark: what a child has after "
        f"{steps} steps from new weights; steps to it are medians, over those that got there. "
        f"{sooner} of the children that inherit are there sooner, {len(ahead)} before they are "
        "trained at all. At equal total steps, a child that inherits stands after n steps against "
        f"{steps} + n from new weights. Batches of {root.settings.batch_size}, learning rate "
        f"{root.settings.learning_rate:g}."
    )]
    return "\n".join(lines)


def _mark(pair: Pair) -> float:
    return pair.scratch.top1[max(pair.scratch.top1)]


def _rows(pairs: Sequence[Pair], name: str) -> list[str]:
    """A line for each of the two kinds of training."""
    return [
        _row(f"{name}, scratch", [pair.scratch for pair in pairs], pairs),
        _row(f"{name}, inherited", [pair.inherited for pair in pairs], pairs),
    ]


def _row(name: str, curves: Sequence[Curve], pairs: Sequence[Pair]) -> str:
    """One kind of training, in the order of the pairs."""
    marks = [_mark(pair) for pair in pairs]
    needed = map(steps_to, curves, marks)
    there = [steps for steps in needed if steps is not None]
    cells = [
        name, f"{len(curves)}", f"{mean(curve.top1[0] for curve in curves):.2f}",
        f"{median(there):g}" if there else "never", f"{len(there)}", f"{mean(marks):.2f}",
        f"{mean(curve.top1[max(curve.top1)] for curve in curves):.2f}",
    ]
    return f"| {' | '.join(cells)} |"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--videos", required=True, type=click.Path(exists=True, path_type=Path),
              help="Folder of videos; `videonas demo-videos DIR` makes one.")
@click.option("--settings", "settings_file", type=click.Path(path_type=Path), show_default=True,
              default=Path("pipelines/tiny_video/demo.yaml"),
              help="Settings of the search whose space and training are looked at.")
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(1),
              help="Searches that parents are drawn from.")
@click.option("--families", default=6, show_default=True, type=click.IntRange(1),
              help="Parents of each seed, with one child each.")
@click.option("--every", default=20, show_default=True, type=click.IntRange(1),
              help="Steps from one look at the accuracy to the next.")
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1),
              help="Seeds at a time.")
def main(
    videos: Path, settings_file: Path, seeds: int, families: int, every: int, jobs: int
) -> None:
    """How many steps a child that inherits its parent's weights saves."""
    set_up_logging("benchmark")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        try:
            roots = [prepare(videos, settings_file, seed, folder / f"root-{seed}")
                     for seed in range(seeds)]
        except VideonasError as error:
            raise click.UsageError(str(error)) from None
        pool = stack.enter_context(ThreadPoolExecutor(jobs))
        queues = [
            pool.submit(lambda s, r: list(run_seed(r, s, families, every, folder)), seed, root)
            for seed, root in enumerate(roots)
        ]
        try:
            by_seed = watched((queue.result() for queue in queues), "seeds", seeds)
        except VideonasError as error:
            raise click.ClickException(str(error)) from None
        found = [each for queue in by_seed for each in queue]
        pairs = [each for each in found if isinstance(each, Pair)]
        for message in sorted({each for each in found if isinstance(each, str)}):
            click.echo(f"left out: {message}")
        if not pairs:
            raise click.ClickException("no child was trained both ways")
        click.echo(summary(pairs, roots[0]))


if __name__ == "__main__":
    with errors_as_sentences():
        main()
