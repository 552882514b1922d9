"""`evaluate`: accuracy and loss of a batch of trained candidates on the validation split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from videonas.progress import LOG_LINES, Progress, Stage, Started
from videonas.search.individual import Individual
from videonas.search.lineage import fitness
from videonas.search.population import Member
from videonas.search.result import Evaluation, Outcome
from videonas.search.root import SearchRoot
from videonas.steps.candidates import Batch, forget_failures_elsewhere
from videonas.training.attempts import Assignment, work_through
from videonas.training.jobs import EVALUATE, PRELOAD, EvaluationJob
from videonas.training.machine_lock import machine_lock
from videonas.training.supervisor import Supervisor


def evaluate(
    root: SearchRoot,
    generation: int,
    names: Sequence[str] | None = None,
    progress: Progress = LOG_LINES,
    parallelism: int = 1,
) -> dict[str, Outcome | None]:
    """Evaluates candidates; whatever goes wrong with one is its outcome.

    Args:
        root: where the search is kept.
        generation: counted from 0.
        names: of the individuals; None for all of the generation.
        progress: told what is done.
        parallelism: evaluations at a time.

    Returns:
        outcomes by name; None for those that were not trained.
    """
    batch, supervisor = Batch(root, generation, names), Supervisor(*PRELOAD)
    trained = [each for each in batch.individuals if _is_trained(batch, each)]
    forget_failures_elsewhere(batch, trained, supervisor)
    evaluator = _Evaluator(batch, supervisor, progress)
    work = [
        evaluator.assignment(individual)
        for individual in batch.individuals
        if batch.result(individual).training is not None
    ]
    progress(Stage("evaluating candidates", len(work), generation))
    work_through(
        work, root.settings.attempts, batch.limits.patience, progress, supervisor=supervisor,
        parallelism=parallelism, peers=batch.peers,
    )
    return batch.outcomes()


def foremost(
    root: SearchRoot, generation: int, names: Sequence[str] | None = None
) -> Member[Any]:
    """The fittest of a batch; the first one where none has the outcome `ok`.

    Args:
        root: where the search is kept.
        generation: counted from 0.
        names: of the individuals, at least one; None for all of the generation.
    """
    batch = Batch(root, generation, names)
    members = [Member(each, batch.result(each)) for each in batch.individuals]
    able = [m for m in members if m.result.outcome(batch.budget) == "ok"]
    scored = [(score, m) for m in able if (score := fitness(m, root.settings)) is not None]
    return max(scored, key=lambda pair: pair[0])[1] if scored else members[0]


def _is_trained(batch: Batch, individual: Individual[Any]) -> bool:
    training = batch.result(individual).training
    return training is not None and training.outcome == "ok"


@dataclass(frozen=True)
class _Evaluator:
    """Evaluates one candidate after the other."""

    batch: Batch
    supervisor: Supervisor
    progress: Progress

    def assignment(self, individual: Individual[Any]) -> Assignment:
        """The work on one individual."""
        folder = self.batch.folder(individual)
        return Assignment(
            individual.name,
            folder,
            "evaluation",
            outcome=lambda: self.batch.result(individual).outcome(self.batch.budget),
            work=lambda: self._evaluate(individual),
            give_up=lambda why: folder.publish(
                Evaluation("failed", why, environment=self.supervisor.environment)
            ),
        )

    def _evaluate(self, individual: Individual[Any]) -> str:
        """Evaluates and publishes; gives back why it could not."""
        folder = self.batch.folder(individual)
        shards = self.batch.shards.of("validation")
        weights = folder.fetch_weights()
        with machine_lock(self.progress, alone=False):
            self.progress(Started(individual.name, "evaluation"))
            job = EvaluationJob(self.batch.candidate(individual), shards, weights)
            ending = self.supervisor.run(EVALUATE, job, self.batch.limits)
        if ending.kind == "crashed":
            return ending.message
        folder.publish(ending.value_or(Evaluation))
        return ""
