"""`evaluate`: accuracy and loss of a batch of trained candidates on the validation split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from videonas.search.individual import Individual
from videonas.search.lineage import fitness
from videonas.search.population import Member
from videonas.search.result import Evaluation, Outcome
from videonas.search.root import SearchRoot
from videonas.steps.candidates import Batch
from videonas.training.attempts import Assignment, work_through
from videonas.training.jobs import EVALUATE, PRELOAD, EvaluationJob
from videonas.training.machine_lock import machine_lock
from videonas.training.supervisor import Supervisor


def evaluate(
    root: SearchRoot, generation: int, names: Sequence[str] | None = None
) -> dict[str, Outcome | None]:
    """Evaluates candidates; whatever goes wrong with one is its outcome.

    Args:
        root: where the search is kept.
        generation: counted from 0.
        names: of the individuals; None for all of the generation.

    Returns:
        outcomes by name; None for those that were not trained.
    """
    batch = Batch(root, generation, names)
    supervisor = Supervisor(*PRELOAD)
    work = [
        _assignment(batch, individual, supervisor)
        for individual in batch.individuals
        if batch.result(individual).training is not None
    ]
    work_through(work, root.settings.attempts, batch.limits.patience)
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


def _assignment(batch: Batch, individual: Individual[Any], supervisor: Supervisor) -> Assignment:
    folder = batch.folder(individual)
    return Assignment(
        individual.name,
        folder,
        "evaluation",
        done=lambda: batch.result(individual).outcome(batch.budget) is not None,
        work=lambda: _evaluate(batch, individual, supervisor),
        give_up=lambda why: folder.publish(Evaluation("failed", why)),
    )


def _evaluate(batch: Batch, individual: Individual[Any], supervisor: Supervisor) -> str:
    """Evaluates and publishes; gives back why it could not."""
    folder = batch.folder(individual)
    shards = batch.shards.of("validation")
    weights = folder.fetch_weights()
    with machine_lock(alone=False):
        job = EvaluationJob(batch.candidate(individual), shards, weights)
        ending = supervisor.run(EVALUATE, job, batch.limits)
    if ending.kind == "crashed":
        return ending.message
    folder.publish(ending.value_or(Evaluation))
    return ""
