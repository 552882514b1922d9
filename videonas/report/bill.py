"""What a search cost, and what for: by generation, by outcome, by line of descent.

A result counts once, for whoever was born first with it: equal networks share one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from videonas.search.lineage import Lineage, fitness
from videonas.search.population import Member
from videonas.search.records import Timing
from videonas.search.result import OUTCOMES, Outcome, Result
from videonas.search.settings import Settings


@dataclass(frozen=True)
class Charge:
    """One result and who it is charged to.

    Attributes:
        member: the first born with it.
        outcome: under the budget of its generation.
        seconds: of measuring, training and evaluation.
    """

    member: Member[Any]
    outcome: Outcome
    seconds: float


@dataclass
class GenerationBill:
    """Seconds of one generation.

    Attributes:
        generation: counted from 0.
        ok: spent on results that are `ok`.
        rejected: spent on other results.
        steps: wall time of its steps, all processes added up.
    """

    generation: int
    ok: float = 0.0
    rejected: float = 0.0
    steps: float = 0.0

    @property
    def total(self) -> float:
        """Seconds spent on results."""
        return self.ok + self.rejected


@dataclass
class OutcomeBill:
    """Different results that ended in one way, and the seconds spent on them."""

    outcome: Outcome
    results: int = 0
    seconds: float = 0.0


@dataclass
class Line:
    """A network that was sampled or given and all that descend from it, by first parents.

    Attributes:
        founder: name of the sampled one.
        born: individuals, the founder included.
        alive: of these, who can be a parent now.
        seconds: spent on all of them.
        best: the highest fitness in it; None where nobody has one.
    """

    founder: str
    born: int = 0
    alive: int = 0
    seconds: float = 0.0
    best: float | None = None


@dataclass(frozen=True)
class Lines:
    """Every line of a search.

    Attributes:
        alive: those that have a parent of the next generation, the most expensive first.
        extinct: how many have none.
        born: individuals in the extinct ones.
        seconds: spent on the extinct ones.
    """

    alive: list[Line]
    extinct: int
    born: int
    seconds: float


@dataclass(frozen=True)
class Stopped:
    """Trainings that ended before the steps of the settings.

    Attributes:
        results: how many.
        steps: median number of steps that they took.
        of: steps of the settings.
        seconds: spent on them.
    """

    results: int
    steps: float
    of: int
    seconds: float


def seconds_of(result: Result) -> float:
    """Seconds spent on a result: measuring, training and evaluation."""
    parts = (result.latency, result.training, result.evaluation)
    return sum(sum(part.seconds.values()) for part in parts if part is not None)


def charges(lineage: Lineage) -> list[Charge]:
    """Every different result, in the order of birth."""
    seen: set[str] = set()
    found = []
    for generation in lineage.generations:
        for member in generation.newborn:
            if member.result.key not in seen:
                seen.add(member.result.key)
                outcome = generation.outcome_of(member)
                found.append(Charge(member, outcome, seconds_of(member.result)))
    return found


def seconds_by_generation(
    lineage: Lineage, charged: Sequence[Charge], timings: Iterable[Timing]
) -> list[GenerationBill]:
    """The seconds of each generation that ended."""
    bills = [GenerationBill(generation.generation) for generation in lineage.generations]
    for charge in charged:
        bill = bills[charge.member.individual.generation]
        if charge.outcome == "ok":
            bill.ok += charge.seconds
        else:
            bill.rejected += charge.seconds
    for timing in timings:
        if timing.generation is not None and timing.generation < len(bills):
            bills[timing.generation].steps += timing.seconds
    return bills


def seconds_by_outcome(charged: Sequence[Charge]) -> list[OutcomeBill]:
    """The seconds by outcome, those that occur, in their usual order."""
    bills = {outcome: OutcomeBill(outcome) for outcome in OUTCOMES}
    for charge in charged:
        bills[charge.outcome].results += 1
        bills[charge.outcome].seconds += charge.seconds
    return [bill for bill in bills.values() if bill.results]


def stopped_early(charged: Sequence[Charge], settings: Settings) -> Stopped | None:
    """What was stopped early; None where nothing was."""
    found = [(steps, c) for c in charged if (steps := steps_if_fewer(c.member.result, settings))]
    if not found:
        return None
    middle = median(steps for steps, _ in found)
    seconds = sum(charge.seconds for _, charge in found)
    return Stopped(len(found), middle, settings.train_steps, seconds)


def steps_if_fewer(result: Result, settings: Settings) -> int | None:
    """The steps that a training took, where they are fewer than the settings say."""
    steps = result.training.steps if result.training else None
    return steps if steps is not None and steps < settings.train_steps else None


def lines(lineage: Lineage, charged: Sequence[Charge], settings: Settings) -> Lines:
    """Lines of descent, by the sampled network that each goes back to."""
    founders: dict[str, str] = {}
    found: dict[str, Line] = {}
    for name, member in lineage.members.items():
        parents = member.individual.parents
        founders[name] = founder = founders.get(parents[0], name) if parents else name
        line = found.setdefault(founder, Line(founder))
        line.born += 1
        score = fitness(member, settings)
        if score is not None and (line.best is None or score > line.best):
            line.best = score
    for charge in charged:
        found[founders[charge.member.individual.name]].seconds += charge.seconds
    for parent in lineage.generations[-1].parents:
        founder = founders.get(parent.individual.name, "")
        if founder in found:
            found[founder].alive += 1
    alive = [line for line in found.values() if line.alive]
    extinct = [line for line in found.values() if not line.alive]
    return Lines(
        sorted(alive, key=lambda line: (-line.seconds, line.founder)), len(extinct),
        sum(line.born for line in extinct), sum(line.seconds for line in extinct),
    )
