"""`train-candidate`: measures a batch of candidates, and trains those inside the budget."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from videonas.search.individual import Individual, candidate_seed
from videonas.search.result import Latency, Outcome, Training
from videonas.search.root import SearchRoot
from videonas.steps.candidates import Batch
from videonas.training.attempts import Assignment, work_through
from videonas.training.early_stopping import Curve
from videonas.training.jobs import MEASURE, PRELOAD, TRAIN, TrainingJob
from videonas.training.machine_lock import machine_lock
from videonas.training.supervisor import Ending, Supervisor


def train_candidate(
    root: SearchRoot, generation: int, names: Sequence[str] | None = None
) -> dict[str, Outcome | None]:
    """Measures and trains candidates; whatever goes wrong with one is its outcome.

    Args:
        root: where the search is kept.
        generation: counted from 0.
        names: of the individuals; None for all of the generation.

    Returns:
        outcomes by name; None for those that remain to be evaluated.
    """
    batch = Batch(root, generation, names)
    with tempfile.TemporaryDirectory(prefix="videonas-") as scratch:
        trainer = _Trainer(batch, generation, Supervisor(*PRELOAD), Path(scratch))
        work = [trainer.assignment(individual) for individual in batch.individuals]
        work_through(work, root.settings.attempts, batch.limits.patience)
    return batch.outcomes()


@dataclass(frozen=True)
class _Trainer:
    """Measures and trains one candidate after the other."""

    batch: Batch
    generation: int
    supervisor: Supervisor
    scratch: Path

    def assignment(self, individual: Individual[Any]) -> Assignment:
        """The work on one individual."""
        folder = self.batch.folder(individual)
        return Assignment(
            individual.name,
            folder,
            "training",
            done=lambda: self._done(individual),
            work=lambda: self._measure(individual) or self._train(individual),
            give_up=lambda why: folder.publish(Training("failed", why)),
        )

    def _done(self, individual: Individual[Any]) -> bool:
        result = self.batch.result(individual)
        return result.training is not None or bool(result.excess(self.batch.budget))

    def _measure(self, individual: Individual[Any]) -> str:
        """Measures latency unless that is done or off; gives back why it could not."""
        folder = self.batch.folder(individual)
        if not self.batch.root.settings.measure_latency or folder.latency() is not None:
            return ""
        with machine_lock(alone=True):
            candidate = self.batch.candidate(individual)
            ending = self.supervisor.run(MEASURE, candidate, self.batch.limits)
        if isinstance(ending.value, Latency):
            folder.publish(ending.value)
            return ""
        return self._publish(individual, ending)

    def _train(self, individual: Individual[Any]) -> str:
        """Trains unless that is settled; gives back why it could not."""
        if self._done(individual):
            return ""
        weights = self.scratch / f"{individual.name}.weights.h5"
        weights.unlink(missing_ok=True)  # of an attempt that crashed
        shards = self.batch.shards.of("train")
        with machine_lock(alone=False):
            seed = candidate_seed(self.batch.root.settings, individual.id)
            candidate = self.batch.candidate(individual)
            job = TrainingJob(candidate, seed, shards, weights, self._curves())
            ending = self.supervisor.run(TRAIN, job, self.batch.limits)
        if ending.kind == "finished" and weights.exists():
            self.batch.folder(individual).publish_weights(weights)
        return self._publish(individual, ending)

    def _publish(self, individual: Individual[Any], ending: Ending) -> str:
        """Publishes how training ended; gives back why it has to be tried again, if so."""
        if ending.kind == "crashed":
            return ending.message
        training = ending.value_or(Training)
        peak = round(ending.peak_memory_mb, 1)
        self.batch.folder(individual).publish(replace(training, peak_memory_mb=peak))
        return ""

    def _curves(self) -> tuple[Curve, ...]:
        """Of this search's finished trainings, each network once; none where none is ended early.

        Others may train at the same time, so those of this generation are looked up each time.
        """
        if not self.batch.root.settings.early_stopping:
            return ()
        born = self.batch.root.need_candidates(self.generation).individuals
        finished = dict(self._earlier)
        for individual in born:
            if finished.get(individual.id) is None:
                finished[individual.id] = self.batch.folder(individual).training()
        return tuple(training.curve for training in finished.values() if training is not None)

    @cached_property
    def _earlier(self) -> dict[str, Training | None]:
        """The trainings of the generations that ended, by architecture."""
        members = self.batch.root.lineage().members.values()
        return {m.individual.id: m.result.training for m in members}
