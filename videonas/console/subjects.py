"""What people point at on a command line: a network by itself, or an individual of a search."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from videonas.errors import VideonasError
from videonas.search.budget import Budget
from videonas.search.lineage import Lineage, fitness
from videonas.search.named_network import NamedNetwork, presets, read_network
from videonas.search.population import Member
from videonas.search.result import Outcome
from videonas.search.root import SearchRoot
from videonas.search.settings import Settings
from videonas.spaces import SearchSpace, architecture_id
from videonas.task import Task

INDIVIDUAL = re.compile(r"\d{6}-\d{2,5}")
"""Generation and index of birth."""


class Search:
    """A search that people look at.

    Args:
        uri: of its root.

    Raises:
        VideonasError: there is none, or its history cannot be read.
    """

    def __init__(self, uri: str) -> None:
        self.root = SearchRoot(uri)
        self.word, self.uri = uri, self.root.uri
        self.settings: Settings = self.root.settings
        self.lineage: Lineage = self.root.lineage()

    def best(self) -> Born:
        """The fittest individual; see `Lineage.best`.

        Raises:
            VideonasError: no generation ended, or nobody is `ok`.
        """
        if not self.lineage.generations:
            raise VideonasError(f"{self.uri}: no generation of this search has ended, so none of "
                                "its networks is the best; name an individual")
        best = self.lineage.best(self.settings)
        if best is None:
            raise VideonasError(f"{self.uri}: none of its networks is ok; name an individual")
        return self.born(best.individual.name)

    def born(self, name: str) -> Born:
        """The individual of a name, with what is known of it so far.

        Raises:
            VideonasError: nobody is named so.
        """
        if not INDIVIDUAL.fullmatch(name):
            raise VideonasError(
                f"{self.uri}: {name!r} is not the name of an individual; allowed: generation and "
                "index of birth, such as 000004-11"
            )
        member = self.lineage.members.get(name)
        if member is not None:
            generation = self.lineage.generations[member.individual.generation]
            return Born(self, member, generation.outcome_of(member), generation.budget)
        return self._under_way(name)

    def _under_way(self, name: str) -> Born:
        """An individual of the generation that has not ended."""
        candidates = self.root.candidates(len(self.lineage.generations))
        born = {each.name: each for each in candidates.individuals} if candidates else {}
        if candidates is None or name not in born:
            raise self._nobody(name, [*self.lineage.members, *born])
        result = self.root.result(born[name], self.root.need_dataset(candidates.data))
        outcome = result.outcome(candidates.budget)
        return Born(self, Member(born[name], result), outcome, candidates.budget)

    def _nobody(self, name: str, names: Sequence[str]) -> VideonasError:
        generation = [each for each in names if each.startswith(name.partition("-")[0])]
        if generation:
            there = f"its generation has {generation[0]} to {generation[-1]}"
        elif names:
            there = f"there are {names[0]} to {names[-1]}"
        else:
            there = "nobody is born yet"
        return VideonasError(f"{self.uri}: nobody is named {name!r}; {there}")


@dataclass(frozen=True)
class Born:
    """An individual of a search.

    Attributes:
        search: that it was born in.
        member: who, with what is known of its result.
        outcome: under the budget of its generation; None while something is still to do.
        budget: of its generation.
    """

    search: Search
    member: Member[Any]
    outcome: Outcome | None
    budget: Budget

    @property
    def name(self) -> str:
        """Of the individual."""
        return self.member.individual.name

    @property
    def task(self) -> Task:
        """What the networks of its search are for."""
        drawn = self.search.root.need_candidates(self.member.individual.generation)
        return self.search.root.need_dataset(drawn.data).task

    @property
    def fitness(self) -> float | None:
        """What selection maximises; None where it is not known."""
        return fitness(self.member, self.search.settings)

    @cached_property
    def ancestry(self) -> list[Born]:
        """The individual and its first parents, the one that was not mutated first."""
        parents = self.member.individual.parents
        line = self.search.lineage.ancestry(parents[0]) if parents else []
        return [self.search.born(each.individual.name) for each in reversed(line)] + [self]

    @cached_property
    def change(self) -> float | None:
        """Of fitness against the parent; None where one is not known."""
        parents = self.member.individual.parents
        before = self.search.born(parents[0]).fitness if parents else None
        return None if before is None or self.fitness is None else self.fitness - before


@dataclass(frozen=True)
class Subject:
    """A network that somebody asked about.

    Attributes:
        label: what it is called in headings.
        space: its search space, with the options of its search.
        architecture: normalised.
        task: what it is for.
        left_out: see `NamedNetwork`.
        born: what a search knows of it; None for a network by itself.
        assumed_classes: whether nobody said how many classes there are.
    """

    label: str
    space: SearchSpace[Any]
    architecture: Any
    task: Task
    left_out: tuple[str, ...] = ()
    born: Born | None = None
    assumed_classes: bool = False

    @property
    def id(self) -> str:
        """The architecture's."""
        return architecture_id(self.space.name, self.architecture)

    @property
    def learned(self) -> dict[str, float]:
        """What training taught about it."""
        training = self.born.member.result.training if self.born else None
        return training.learned if training else {}


def is_search_root(word: str) -> bool:
    """Whether a word can be a search root: a folder or a URI."""
    return "://" in word or Path(word).is_dir()


def subject_in(root: str, individual: str) -> Subject:
    """An individual of a search.

    Raises:
        VideonasError: there is no such search, or nobody of that name in it.
    """
    return _of_search(Search(root).born(individual), several=False)


def subjects(words: Sequence[str], classes: int | None = None) -> list[Subject]:
    """The networks that words point at.

    A word is a preset, a file, a search root, whose best network it then means, or an individual:
    `ROOT:NAME`, or `NAME` after its root, which then means only that.

    Args:
        words: as they stand on the command line.
        classes: of networks that do not say how many; by default those of the first that does.

    Raises:
        VideonasError: a word points at nothing.
    """
    searches: dict[str, Search] = {}
    pointed: list[NamedNetwork | Born] = []
    for root, name in _pointed(words):
        if root and root not in searches:
            searches[root] = Search(root)
        if not root:
            pointed.append(read_network(name))
        elif name:
            pointed.append(searches[root].born(name))
        else:
            pointed.append(searches[root].best())
    tasks = [task for each in pointed if (task := each.task) is not None]
    classes = classes or (tasks[0].classes if tasks else None)
    several = len(searches) > 1
    return [
        _of_search(each, several) if isinstance(each, Born) else _by_itself(each, classes)
        for each in pointed
    ]


def _pointed(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Search root and individual, each empty where there is none."""
    last = ""
    for place, word in enumerate(words):
        root, _, name = word.rpartition(":")
        if INDIVIDUAL.fullmatch(word):
            if not last:
                raise VideonasError(
                    f"{word}: of which search? Write its search root before it, or ROOT:{word}"
                )
            yield last, word
        elif root and INDIVIDUAL.fullmatch(name):
            yield root, name
        elif is_search_root(word) or _names_a_search(word, words[place + 1 : place + 2]):
            last = word
            if not _are_individuals(words[place + 1 : place + 2]):
                yield word, ""
        else:
            yield "", word


def _names_a_search(word: str, after: Sequence[str]) -> bool:
    """Whether a word that is no folder is meant to be one: an individual stands behind it."""
    return _are_individuals(after) and word not in presets() and not Path(word).is_file()


def _are_individuals(words: Sequence[str]) -> bool:
    return any(INDIVIDUAL.fullmatch(word) for word in words)


def _by_itself(network: NamedNetwork, classes: int | None) -> Subject:
    architecture, task = network.placed(classes)
    assumed = network.task is None and classes is None
    return Subject(network.word, network.space, architecture, task, network.left_out,
                   assumed_classes=assumed)


def _of_search(born: Born, several: bool) -> Subject:
    """An individual; where there are several searches, names alone do not tell them apart."""
    label = f"{born.search.word}:{born.name}" if several else born.name
    architecture = born.member.individual.architecture
    return Subject(label, born.search.root.space, architecture, born.task, (), born)
