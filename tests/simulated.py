"""Searches in memory, without training: what evolution does when the fitness is known.

Tests and benchmarks share them. A generation is that of the steps `mutate` and `select`: the same
births, the same order of the parents, the same survival.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from typing import Any

from tests.architectures import TASK
from videonas.evolution import Algorithm, BirthPlace, different, open_algorithm
from videonas.search.budget import Budget
from videonas.search.individual import Individual, individual_name
from videonas.search.population import Member
from videonas.search.result import Evaluation, Result, Training
from videonas.search.settings import Settings
from videonas.spaces import Costs, Edit, Learned, SearchSpace, architecture_id, open_space
from videonas.task import Task

Fitness = Callable[[Any], float]
"""What selection maximises, of an architecture."""


ONE = Costs(1, 1)


def member(
    individual: Individual[Any], fitness: float, learned: Learned | None = None, costs: Costs = ONE
) -> Member[Any]:
    """An individual with a result of outcome `ok` and the fitness `-loss`."""
    training = Training("ok", learned=dict(learned or {}))
    evaluation = Evaluation("ok", metrics={"loss": -fitness})
    return Member(individual, Result("0" * 12, costs, None, training, evaluation))


@dataclass
class Simulation:
    """A search whose networks are evaluated by a function.

    Attributes:
        settings: of the search.
        fitness: what an architecture is worth.
        space: by default the one that the settings name.
        task: what the networks are for.
        parents: the fittest first.
        best: the highest fitness after each birth.
    """

    settings: Settings
    fitness: Fitness
    space: SearchSpace[Any] | None = None
    task: Task = TASK
    parents: list[Member[Any]] = field(default_factory=list)
    best: list[float] = field(default_factory=list)
    generation: int = 0

    def births(self, count: int) -> list[Individual[Any]]:
        """Who is born next, evaluating nobody."""
        parents = self.algorithm.ranking(self.parents)
        place = BirthPlace(
            self.its_space, self.task, self.settings, self.algorithm, Budget.of(self.settings),
            parents,
        )
        taken = {parent.individual.id for parent in self.parents}
        born = []
        for index in range(count):
            born.append(place.birth(individual_name(self.generation, index), taken))
            taken.add(born[-1].id)
        return born

    def step(self, count: int | None = None) -> list[Individual[Any]]:
        """One generation; gives back who was born in it."""
        default = self.settings.children if self.generation else self.settings.population
        born = self.births(count or default)
        self.settle(born)
        return born

    def settle(self, born: Sequence[Individual[Any]]) -> None:
        """Evaluates those who were born; they and the parents survive, or not."""
        newborn = [
            member(each, self.fitness(each.architecture),
                   costs=self.its_space.costs(each.architecture, self.task))
            for each in born
        ]
        for each in newborn:
            self.best.append(max(-each.result.metrics["loss"], *self.best[-1:], float("-inf")))
        rng = Random(f"{self.settings.seed}/{self.generation}/survival")
        order = self.algorithm.ranking(different([*self.parents, *newborn]))
        self.parents = self.algorithm.survival(order, rng)
        self.generation += 1

    def run(self, generations: int) -> Simulation:
        """So many generations more."""
        for _ in range(generations):
            self.step()
        return self

    @cached_property
    def its_space(self) -> SearchSpace[Any]:
        """The space that is searched."""
        return self.space or open_space(self.settings.space, self.settings.space_options)

    @property
    def algorithm(self) -> Algorithm:
        """As the settings name it."""
        return open_algorithm(self.settings)


def towards(target: Any, space: SearchSpace[Any]) -> Fitness:
    """A synthetic fitness: minus the distance to a hidden architecture; 0 is the best."""
    return lambda architecture: -space.distance(architecture, target)


# A search space small enough to know everything about


@dataclass(frozen=True)
class Word:
    """An architecture of letters, 0 and 1."""

    letters: tuple[int, ...]


@dataclass
class Words:
    """All words of one length; a word costs its number of ones.

    Attributes:
        length: of every word.
        taught: what each call of an operator was told that training taught.
        stuck: operators never apply.
    """

    length: int = 3
    taught: list[dict[str, float]] = field(default_factory=list)
    stuck: bool = False
    name: str = "words"
    kind: type[Word] = Word

    @property
    def operators(self) -> dict[str, Any]:
        """`flip` changes a letter; `swap` two, which often changes nothing."""
        return {"flip": self._flip, "swap": self._swap}

    @property
    def presets(self) -> dict[str, Word]:
        """None was published."""
        return {}

    def largest(self) -> dict[str, Any]:
        """Words have no clip."""
        return {}

    def sampling(self, word: Word) -> dict[str, Any]:
        """Words have no clip."""
        return {}

    def on_stream(self, word: Word, stream: str) -> Word:
        """Words have no stream but their own."""
        return word

    def sample(self, task: Task, rng: Random) -> Word:
        """Every word is as likely."""
        return Word(tuple(rng.randrange(2) for _ in range(self.length)))

    def normalise(self, word: Word, task: Task) -> Word:
        """Nothing in a word is ignored."""
        return word

    def shrunk(self, word: Word, task: Task) -> Word:
        """Words have no clip."""
        return word

    def costs(self, word: Word, task: Task) -> Costs:
        """The number of ones."""
        return Costs(sum(word.letters), sum(word.letters))

    def distance(self, a: Word, b: Word) -> float:
        """Share of letters that differ."""
        return sum(x != y for x, y in zip(a.letters, b.letters, strict=True)) / self.length

    def diagram(self, word: Word, task: Task, learned: Learned) -> Any:
        """Nobody draws words."""
        raise NotImplementedError

    def table(self, word: Word, task: Task) -> Any:
        """Nobody prints words."""
        raise NotImplementedError

    def identity(self, *letters: int) -> str:
        """The id of a word."""
        return architecture_id(self.name, Word(letters))

    def _flip(self, word: Word, task: Task, rng: Random, learned: Learned) -> Any:
        self.taught.append(dict(learned))
        if self.stuck:
            return None
        place = rng.randrange(self.length)
        before = word.letters[place]
        changed = (*word.letters[:place], 1 - before, *word.letters[place + 1 :])
        return Word(changed), Edit("flip", f"letters.{place}", before, 1 - before)

    def _swap(self, word: Word, task: Task, rng: Random, learned: Learned) -> Any:
        self.taught.append(dict(learned))
        if self.stuck:
            return None
        one, two = sorted(rng.sample(range(self.length), 2))
        letters = list(word.letters)
        letters[one], letters[two] = letters[two], letters[one]
        return Word(tuple(letters)), Edit("swap", f"letters.{one}", list(word.letters), letters)
