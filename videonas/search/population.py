"""What a generation keeps: its candidates when it begins, its population when it ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from videonas.codec import STRICT
from videonas.search.budget import Budget
from videonas.search.individual import Individual
from videonas.search.new_data import DataChange
from videonas.search.result import Outcome, Result

A = TypeVar("A")


@dataclass(frozen=True)
class Candidates(Generic[A]):
    """`generations/<g>/candidates.json`: who is born.

    Attributes:
        generation: counted from 0.
        data: digest of the data set.
        budget: under which they were drawn; a later run may have another one.
        individuals: in the order of birth.
        change: where the generation before had another data set, what was done about that.
    """

    __pydantic_config__ = STRICT

    generation: int
    data: str
    budget: Budget
    individuals: tuple[Individual[A], ...]
    change: DataChange | None = None


@dataclass(frozen=True)
class Member(Generic[A]):
    """An individual with its result."""

    __pydantic_config__ = STRICT

    individual: Individual[A]
    result: Result


@dataclass(frozen=True)
class Population(Generic[A]):
    """`generations/<g>/population.json`: how a generation ended. Holds no clock time.

    Attributes:
        generation: counted from 0.
        predecessor: SHA-256 of the file before this one, empty for generation 0.
        data: digest of the data set.
        budget: that held for this generation.
        newborn: everybody born in it, with results, in the order of birth.
        parents: who can be a parent in the next one, the fittest first.
        change: see `Candidates`.
    """

    __pydantic_config__ = STRICT

    generation: int
    predecessor: str
    data: str
    budget: Budget
    newborn: tuple[Member[A], ...]
    parents: tuple[Member[A], ...]
    change: DataChange | None = None

    def outcome_of(self, member: Member[A]) -> Outcome:
        """The outcome of a newborn under this generation's budget."""
        outcome = member.result.outcome(self.budget)
        assert outcome is not None, "select admits finished candidates only"
        return outcome
