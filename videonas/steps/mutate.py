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
from videonas.search.goal import goal_met
from videonas.search.individual import Individual, individual_name
from videonas.search.new_data import DataChange
from videonas.search.population import Candidates, Member, Population
from videonas.search.root import SearchRoot
from videonas.steps.new_videos import data_change

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Mutated:
    """What is to be trained.

    Attributes:
        generation: counted from 0.
        go: whether there is anything to do in this generation.
        batches: names of the candidates that have no result yet, one batch a task.
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
        last: generation after which the run ends; beyond it there is nothing to do, as in a search
            that has met its goal.

    Raises:
        BudgetError: nothing that is drawn fits the budget.
        UnfitStart: a network of `start_from` does not, or the data does not allow it.
        DamagedRecord: the population before cannot be read.
        VideonasError: the generation before has not ended.
    """
    if last is not None and generation > last:
        return Mutated(generation, False, [], 0)
    if goal := goal_met(root, generation):
        log.info("generation %d is not to be: %s", generation, goal)
        return Mutated(generation, False, [], 0)
    candidates = root.candidates(generation)
    if candidates is None:
        candidates = root.publish_candidates(_draw(root, generation))
    dataset = root.need_dataset(candidates.data)
    for individual in candidates.individuals:
        root.publish_architecture(individual, dataset.task)
    waiting = [] if root.population(generation) else _without_result(root, candidates, dataset)
    size = root.settings.candidates_per_pod
    batches = [waiting[i : i + size] for i in range(0, len(waiting), size)]
    log.info("generation %d: %d born, %d to train", generation, len(candidates.individuals),
             len(waiting))
    return Mutated(generation, True, batches, len(candidates.individuals))


def _draw(root: SearchRoot, generation: int) -> Candidates[Any]:
    settings, budget, dataset = root.settings, Budget.of(root.settings), root.need_dataset()
    algorithm = open_algorithm(settings)
    before = _before(root, generation)
    change = data_change(root, before.data, dataset) if before else None
    # in order afresh: objectives may be others than when the generation ended
    parents = algorithm.ranking(before.parents if before else ())
    born: list[Individual[Any]] = []
    if change and change.discards:
        again = change.policy == "reevaluate"
        born = _born_again(root, generation, dataset, parents) if again else []
        parents = []  # whoever else is born is sampled: no earlier result counts
    place = BirthPlace(
        root.space, dataset.task, settings, algorithm, budget, parents,
        _first(root, generation, change),
        has_weights=lambda parent: _has_weights(root, parent),
    )
    taken = {each.id for each in (*(member.individual for member in parents), *born)}
    for index in range(len(born), settings.children if parents else settings.population):
        born.append(place.birth(individual_name(generation, index), taken))
        taken.add(born[-1].id)
    return Candidates(generation, dataset.digest, budget, tuple(born), change)


def _has_weights(root: SearchRoot, parent: Member[Any]) -> bool:
    """Whether a child can begin with a parent's weights."""
    training = parent.result.training
    return bool(training and training.outcome == "ok") and root.folder_of(parent).has_weights()


def _born_again(
    root: SearchRoot, generation: int, dataset: Dataset, parents: Sequence[Member[Any]]
) -> list[Individual[Any]]:
    """The parents' networks that fit the static budget, to be trained on another data set."""
    budget, task = Budget.of(root.settings), dataset.task
    fit = [
        parent.individual for parent in parents
        if not budget.excess_of_costs(root.space.costs(parent.individual.architecture, task))
    ]
    return [
        Individual(
            individual_name(generation, index), each.id, each.architecture, "reevaluated",
            (each.name,),
        )
        for index, each in enumerate(fit)
    ]


def _first(root: SearchRoot, generation: int, change: DataChange | None) -> int:
    """The generation in which the search began, or was sampled anew."""
    if change is not None and change.policy == "restart":
        return generation
    if generation == 0 or len(root.data_choices()) < 2:
        return 0  # the videos never changed
    return root.lineage().began()


def _before(root: SearchRoot, generation: int) -> Population[Any] | None:
    """How the generation before ended; None where there is none."""
    if generation == 0:
        return None
    population = root.population(generation - 1)
    if population is None:
        raise VideonasError(
            f"{root.uri}: generation {generation - 1} has not ended; `videonas select` ends it"
        )
    if not population.parents:
        raise DamagedRecord(f"{root.uri}: nobody survived generation {generation - 1}")
    return population


def _without_result(root: SearchRoot, candidates: Candidates[Any], dataset: Dataset) -> list[str]:
    """Names of those to be trained; what failed is, if the environment has changed since."""
    budget = Budget.of(root.settings)
    return [
        individual.name
        for individual in candidates.individuals
        if root.result(individual, dataset).outcome(budget) in (None, "failed")
    ]
