"""`mutate`: who is born in a generation. No TensorFlow."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from videonas.errors import DamagedRecord, VideonasError
from videonas.evolution import BirthPlace, open_algorithm
from videonas.search.budget import Budget
from videonas.search.dataset import Dataset
from videonas.search.individual import Individual, individual_name
from videonas.search.population import Candidates, Member
from videonas.search.root import SearchRoot

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Mutated:
    """What is to be trained.

    Attributes:
        generation: counted from 0.
        go: whether there is anything to do in this generation.
        batches: names of the candidates that have no result yet, one batch a task. Never empty:
            Kubeflow Pipelines cannot collect over nothing.
        born: number of individuals.
    """

    generation: int
    go: bool
    batches: list[list[str]]
    born: int

    @property
    def metadata(self) -> dict[str, str | float]:
        """What an artifact store shows, flat."""
        waiting = sum(len(batch) for batch in self.batches)
        return {"generation": self.generation, "born": self.born, "to_train": waiting}


def mutate(root: SearchRoot, generation: int, last: int | None = None) -> Mutated:
    """Draws a generation's individuals, unless they are drawn, each inside the static budget.

    Args:
        root: where the search is kept.
        generation: counted from 0.
        last: generation after which the run ends; beyond it there is nothing to do.

    Raises:
        BudgetError: nothing that is drawn fits the budget.
        UnfitStart: a network of `start_from` does not, or the data does not allow it.
        DamagedRecord: the population before cannot be read.
        VideonasError: the generation before has not ended.
    """
    if last is not None and generation > last:
        return Mutated(generation, False, [[]], 0)
    dataset = root.need_dataset()
    candidates = root.candidates(generation)
    if candidates is None:
        candidates = root.publish_candidates(_draw(root, generation, dataset))
    for individual in candidates.individuals:
        root.publish_architecture(individual, dataset.task)
    waiting = [] if root.population(generation) else _without_result(root, candidates, dataset)
    size = root.settings.candidates_per_pod
    batches = [waiting[i : i + size] for i in range(0, len(waiting), size)] or [[]]
    log.info("generation %d: %d born, %d to train", generation, len(candidates.individuals),
             len(waiting))
    return Mutated(generation, True, batches, len(candidates.individuals))


def _draw(root: SearchRoot, generation: int, dataset: Dataset) -> Candidates[Any]:
    settings, budget = root.settings, Budget.of(root.settings)
    algorithm = open_algorithm(settings)
    # in order afresh: objectives may be others than when the generation ended
    parents = algorithm.ranking(_parents(root, generation))
    place = BirthPlace(root.space, dataset.task, settings, algorithm, budget, parents)
    taken = {member.individual.id for member in parents}
    born: list[Individual[Any]] = []
    for index in range(settings.children if generation else settings.population):
        born.append(place.birth(individual_name(generation, index), taken))
        taken.add(born[-1].id)
    return Candidates(generation, dataset.digest, budget, tuple(born))


def _parents(root: SearchRoot, generation: int) -> Sequence[Member[Any]]:
    if generation == 0:
        return ()
    population = root.population(generation - 1)
    if population is None:
        raise VideonasError(
            f"{root.uri}: generation {generation - 1} has not ended; `videonas select` ends it"
        )
    if not population.parents:
        raise DamagedRecord(f"{root.uri}: nobody survived generation {generation - 1}")
    return population.parents


def _without_result(root: SearchRoot, candidates: Candidates[Any], dataset: Dataset) -> list[str]:
    return [
        individual.name
        for individual in candidates.individuals
        if root.result(individual, dataset).outcome(Budget.of(root.settings)) is None
    ]
