"""One birth: an individual that fits the static budget, drawn in a bounded number of tries."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from random import Random
from typing import Any

from videonas.errors import BudgetError
from videonas.evolution.algorithm import Algorithm
from videonas.evolution.starts import starts
from videonas.search.budget import Budget
from videonas.search.individual import Individual, ParentWeights
from videonas.search.population import Member
from videonas.search.settings import Settings
from videonas.spaces import Costs, Edit, Learned, SearchSpace, architecture_id
from videonas.task import Task

OPERATOR_TRIES = 100
"""Draws of an operator until one applies; spaces have operators that nearly always do."""


def no_weights(parent: Member[Any]) -> bool:
    """That a parent's weights are not there."""
    return False


@dataclass(frozen=True)
class BirthPlace:
    """Everything that births of one generation share."""

    space: SearchSpace[Any]
    task: Task
    settings: Settings
    algorithm: Algorithm
    budget: Budget
    parents: Sequence[Member[Any]]
    """The fittest first; nobody in the first generation."""
    first: int = 0
    """The first generation, or the last one that was sampled anew since the videos changed."""
    has_weights: Callable[[Member[Any]], bool] = no_weights
    """Whether a parent's weights are there; asked only where children inherit."""

    def birth(self, name: str, taken: Collection[str]) -> Individual[Any]:
        """The individual of a name.

        The name and the search's seed decide all draws, so a child does not depend on how many
        are born after it. An architecture that is there already is drawn again; when nothing
        else turns up, it is taken, and costs nothing since its result is known.

        The first names of the first generation go to the networks of `start_from`.

        Args:
            name: such as `000007-03`.
            taken: ids of the parents' and the earlier newborns' architectures.

        Raises:
            BudgetError: no draw fits the static budget.
            UnfitStart: a network of `start_from` does not, or the task does not allow it.
        """
        given = self._given(name)
        if given is not None:
            return given
        rng = Random(f"{self.settings.seed}/{name}")
        refused: list[Costs] = []
        known: Individual[Any] | None = None
        for _ in range(self.settings.sampling_tries):
            individual = self._draw(name, rng)
            costs = self.space.costs(individual.architecture, self.task)
            if self.budget.excess_of_costs(costs):
                refused.append(costs)
            elif individual.id not in taken:
                return self._with_weights(individual)
            else:
                known = known or individual
        if known is None:
            raise BudgetError(self._excluded(name, refused))
        return self._with_weights(known)

    def _with_weights(self, individual: Individual[Any]) -> Individual[Any]:
        """The individual, with the weights that it begins with: its parent's, or new ones."""
        if not self.settings.inherit_weights or not individual.parents:
            return individual
        parent = next(m for m in self.parents if m.individual.name == individual.parents[0])
        if not self.has_weights(parent):
            return individual
        return replace(
            individual, inherits=ParentWeights(parent.individual.id, parent.result.key)
        )

    def _given(self, name: str) -> Individual[Any] | None:
        """The individual that `start_from` says; None for a name that it does not reach."""
        generation, _, index = name.partition("-")
        if int(generation) > self.first or int(index) >= len(self._starts):
            return None
        architecture = self._starts[int(index)]
        identity = architecture_id(self.space.name, architecture)
        return Individual(name, identity, architecture, "given")

    @cached_property
    def _starts(self) -> Sequence[Any]:
        return starts(self.settings, self.space, self.task, self.budget)

    def _draw(self, name: str, rng: Random) -> Individual[Any]:
        if self.algorithm.parent is None or not self.parents:
            architecture = self.space.sample(self.task, rng)
            identity = architecture_id(self.space.name, architecture)
            return Individual(name, identity, architecture, "sampled")
        parent = self.algorithm.parent(self.parents, rng)
        taught = parent.result.training.learned if parent.result.training else {}
        count = self.algorithm.mutations(int(name.partition("-")[0]) - self.first)
        architecture, edits = mutate(
            self.space, parent.individual.architecture, self.task, rng, count, taught
        )
        identity = architecture_id(self.space.name, architecture)
        return Individual(
            name, identity, architecture, "mutated", (parent.individual.name,), edits
        )

    def _excluded(self, name: str, refused: Sequence[Costs]) -> str:
        least = Costs(min(c.parameters for c in refused), min(c.macs for c in refused))
        return (
            f"individual {name}: none of {len(refused)} draws fits max_parameters="
            f"{self.budget.max_parameters} and max_macs={self.budget.max_macs}; the smallest had "
            f"{least.parameters:,} parameters and the cheapest {least.macs:,} multiply-adds: raise "
            "the limit, or give the search space smaller options"
        )


def mutate(
    space: SearchSpace[Any],
    architecture: Any,
    task: Task,
    rng: Random,
    count: int,
    learned: Learned,
) -> tuple[Any, tuple[Edit, ...]]:
    """Applies `count` mutations, each of which changes the network.

    Args:
        space: whose operators are drawn, each as likely as the other.
        architecture: of the parent, normalised.
        task: what the network must do.
        rng: decides all draws.
        count: number of mutations.
        learned: what the parent's training taught; only the first mutation sees it, since the
            others act on another network.

    Returns:
        the normalised architecture, and the edits in order; fewer than `count` only when no
        operator applies.
    """
    names = sorted(space.operators)
    edits: list[Edit] = []
    for _ in range(count):
        for _ in range(OPERATOR_TRIES):
            operator = space.operators[rng.choice(names)]
            mutated = operator(architecture, task, rng, {} if edits else learned)
            if mutated is None:
                continue
            normalised = space.normalise(mutated[0], task)
            if normalised != architecture:
                architecture = normalised
                edits.append(mutated[1])
                break
    return architecture, tuple(edits)

