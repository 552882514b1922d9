"""`train-candidate`: measures a batch of candidates, and trains those inside the budget."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from videonas.errors import VideonasError
from videonas.progress import LOG_LINES, Progress, Stage
from videonas.search.individual import Individual, candidate_seed
from videonas.search.result import Outcome, Training
from videonas.search.root import SearchRoot
from videonas.steps.candidates import Batch, forget_failures_elsewhere, run_training
from videonas.steps.measure import measure_batch, publish_ending
from videonas.steps.trained_parent import WeightsGone, trained_parent
from videonas.steps.training_clock import TrainingClock
from videonas.training.attempts import Assignment, work_through
from videonas.training.early_stopping import Curve
from videonas.training.jobs import PRELOAD, TrainingJob
from videonas.training.machine_lock import machine_lock
from videonas.training.supervisor import Supervisor


def train_candidate(
    root: SearchRoot,
    generation: int,
    names: Sequence[str] | None = None,
    progress: Progress = LOG_LINES,
    parallelism: int = 1,
    measures: bool = True,
) -> dict[str, Outcome | None]:
    """Measures what is not measured, and trains; whatever goes wrong with one is its outcome.

    Args:
        root: where the search is kept.
        generation: counted from 0.
        names: of the individuals; None for all of the generation.
        progress: told what is done.
        parallelism: trainings at a time.
        measures: False where `measure` has nodes of its own: latencies of other nodes than these
            are not comparable.

    Returns:
        outcomes by name; None for those that remain to be evaluated.

    Raises:
        VideonasError: a candidate is not measured, and is not to be measured here.
    """
    batch, supervisor = Batch(root, generation, names), Supervisor(*PRELOAD)
    measured = [each for each in batch.individuals if measures or _has_latency(batch, each)]
    forget_failures_elsewhere(batch, measured, supervisor)
    if measures:
        measure_batch(batch, supervisor, progress)
    with tempfile.TemporaryDirectory(prefix="videonas-") as scratch:
        clock = TrainingClock(batch, parallelism, progress)
        trainer = _Trainer(batch, generation, supervisor, Path(scratch), clock)
        work = [trainer.assignment(individual) for individual in batch.individuals]
        progress(Stage("training candidates", len(work), generation))
        clock.begin()
        work_through(
            work, root.settings.attempts, batch.limits.patience, clock, supervisor=supervisor,
            parallelism=parallelism, peers=batch.peers,
        )
    return batch.outcomes()


def _has_latency(batch: Batch, individual: Individual[Any]) -> bool:
    """Whether a candidate was measured, if that is asked for at all.

    Raises:
        VideonasError: nothing is known of it.
    """
    if not batch.root.settings.measure_latency:
        return True
    result = batch.result(individual)
    if result.latency is None and result.training is None and not result.excess(batch.budget):
        raise VideonasError(f"{individual.name} was not measured; `videonas measure` does that")
    return result.latency is not None


@dataclass(frozen=True)
class _Trainer:
    """Trains one candidate after the other."""

    batch: Batch
    generation: int
    supervisor: Supervisor
    scratch: Path
    progress: Progress

    def assignment(self, individual: Individual[Any]) -> Assignment:
        """The work on one individual."""
        folder = self.batch.folder(individual)
        return Assignment(
            individual.name,
            folder,
            "training",
            outcome=lambda: self._outcome(individual),
            work=lambda: self._train(individual),
            give_up=lambda why: folder.publish(
                Training("failed", why, environment=self.supervisor.environment)
            ),
        )

    def _outcome(self, individual: Individual[Any]) -> Outcome | None:
        result = self.batch.result(individual)
        if result.excess(self.batch.budget):
            return "over_budget"
        return result.training.outcome if result.training else None

    def _train(self, individual: Individual[Any]) -> str:
        """Trains and publishes; gives back why it could not."""
        weights = self.scratch / f"{individual.name}.weights.h5"
        weights.unlink(missing_ok=True)  # of an attempt that crashed
        shards = self.batch.shards.of("train")
        try:
            parent = trained_parent(self.batch.root, individual)
        except WeightsGone as error:
            self.batch.folder(individual).publish(Training("failed", str(error)))
            return ""
        with machine_lock(self.progress, alone=False):
            seed = candidate_seed(self.batch.root.settings, individual.id)
            candidate = self.batch.candidate(individual)
            curves = self._curves(individual)
            job = TrainingJob(candidate, seed, shards, weights, curves, parent=parent)
            ending = run_training(self.supervisor, job, self.batch.limits, self.progress)
        if ending.kind == "finished" and weights.exists():
            self.batch.folder(individual).publish_weights(weights)
        return publish_ending(self.batch, individual, ending)

    def _curves(self, individual: Individual[Any]) -> tuple[Curve, ...]:
        """Of this search's finished trainings, each result once; none where none is ended early.

        Trainings that began with a parent's weights are compared with such alone, those that began
        with new ones with the others: the first have a head start that says nothing of a network.
        Others may train at the same time, so those of this generation are looked up each time.
        """
        if not self.batch.root.settings.early_stopping:
            return ()
        finished = dict(self._earlier)
        for folder in self.batch.peers():
            if finished.get(folder.key) is None:
                finished[folder.key] = folder.training()
        inherits = individual.inherits is not None
        return tuple(
            training.curve for training in finished.values()
            if training is not None and (training.inherited is not None) == inherits
        )

    @cached_property
    def _earlier(self) -> dict[str, Training | None]:
        """The trainings on the same data of the generations that ended, by result key."""
        generations = self.batch.root.lineage().generations
        same = [g for g in generations if g.data == self.batch.dataset.digest]
        return {m.result.key: m.result.training for g in same for m in g.newborn}
