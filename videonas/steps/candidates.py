"""What the steps that work on candidates share."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from videonas.errors import VideonasError
from videonas.progress import Progress, Started, Step
from videonas.search.budget import Budget
from videonas.search.dataset import Dataset
from videonas.search.individual import Individual
from videonas.search.population import Candidates
from videonas.search.result import Outcome, Result
from videonas.search.result_folder import ResultFolder
from videonas.search.root import SearchRoot
from videonas.steps.retry import FAILED, forget_failures, has_failed
from videonas.steps.shards import CheckedShards
from videonas.training.jobs import TRAIN, Candidate, TrainingJob
from videonas.training.supervisor import Ending, Limits, Supervisor

log = logging.getLogger(__name__)


class Batch:
    """Some candidates of a generation.

    Args:
        root: where the search is kept.
        generation: counted from 0.
        names: of the individuals; None for all of the generation.

    Raises:
        VideonasError: the generation has no candidates, or none of a given name.
    """

    def __init__(self, root: SearchRoot, generation: int, names: Sequence[str] | None) -> None:
        self.root, self.generation = root, generation
        candidates: Candidates[Any] = root.need_candidates(generation)
        self.dataset: Dataset = root.need_dataset(candidates.data)
        self.shards = CheckedShards(root, self.dataset)
        self.budget = Budget.of(root.settings)
        self.born: Sequence[Individual[Any]] = candidates.individuals
        born = {individual.name: individual for individual in self.born}
        unknown = [name for name in names or () if name not in born]
        if unknown:
            raise VideonasError(
                f"{root.uri}: no individual {unknown[0]!r} in generation {generation}; it has "
                f"{', '.join(born)}"
            )
        self.individuals: list[Individual[Any]] = [
            born[name] for name in (born if names is None else names)
        ]

    def result(self, individual: Individual[Any]) -> Result:
        """What is known of an individual so far."""
        return self.root.result(individual, self.dataset)

    def folder(self, individual: Individual[Any]) -> ResultFolder:
        """Where an individual's result lies."""
        return self.root.result_folder(
            individual.id, self.dataset.digest, individual.initialisation
        )

    def peers(self) -> Iterator[ResultFolder]:
        """Where the results of all of the generation lie."""
        return map(self.folder, self.born)

    def candidate(self, individual: Individual[Any]) -> Candidate:
        """An individual as it is handed to a child process."""
        settings, task = self.root.settings, self.dataset.task
        architecture = individual.architecture
        samplings = self.root.space.sampling(architecture)
        return Candidate(
            individual.name, settings.space, architecture, task, samplings, settings
        )

    def outcomes(self) -> dict[str, Outcome | None]:
        """Outcomes by name; None while something is still to do."""
        return {i.name: self.result(i).outcome(self.budget) for i in self.individuals}

    @property
    def limits(self) -> Limits:
        """What one training, measurement or evaluation may use."""
        settings = self.root.settings
        return Limits(settings.candidate_timeout, settings.candidate_memory_mb)


def forget_failures_elsewhere(
    batch: Batch, individuals: Iterable[Individual[Any]], supervisor: Supervisor
) -> None:
    """Takes back failures that happened in another environment than this one.

    Args:
        batch: that the individuals are in.
        individuals: those that this step can try again. One whose failure is taken back by a step
            that does not repeat it would be left without a result.
        supervisor: knows the environment; it is asked only where something failed.
    """
    for individual in individuals:
        folder = batch.folder(individual)
        if has_failed(folder) and forget_failures(folder, FAILED, supervisor.environment):
            log.info("%s failed in another environment: trying it again", individual.name)


def run_training(
    supervisor: Supervisor, job: TrainingJob, limits: Limits, progress: Progress
) -> Ending:
    """Trains in a child process, and passes on how far the training is."""
    name = job.candidate.name
    progress(Started(name, "training"))
    return supervisor.run(
        TRAIN, job, limits, lambda done, total, loss: progress(Step(name, done, total, loss))
    )
