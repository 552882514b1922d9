"""The numbers of a report, apart from how they are drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain, pairwise
from statistics import median
from typing import Any

from videonas.report.bill import Charge
from videonas.report.quantities import Quantity
from videonas.search.lineage import Lineage, fitness
from videonas.search.population import Member
from videonas.search.records import Timing
from videonas.search.result import OUTCOMES, Outcome, Result
from videonas.search.settings import Settings


@dataclass(frozen=True)
class Progress:
    """One generation in one measure; None where no newborn has the outcome `ok`.

    Attributes:
        generation: counted from 0.
        born: individuals born in it.
        ok: of these, with the outcome `ok`.
        best: of the newborn that are `ok`.
        median: of the newborn that are `ok`.
        so_far: the best up to and with this generation, of those that count in it.
    """

    generation: int
    born: int
    ok: int
    best: float | None
    median: float | None
    so_far: float | None


@dataclass(frozen=True)
class Ancestor:
    """One step of an ancestry.

    Attributes:
        member: who.
        fitness: None where it is not known.
        change: of fitness against the parent, None for a sampled one or where one is not known.
    """

    member: Member[Any]
    fitness: float | None
    change: float | None


@dataclass(frozen=True)
class Failure:
    """Individuals that ended in the same way.

    Attributes:
        outcome: neither `ok` nor `over_budget`.
        message: what was said.
        names: who, the youngest first.
    """

    outcome: Outcome
    message: str
    names: tuple[str, ...]


@dataclass
class KindTime:
    """Wall seconds of one kind of work.

    Attributes:
        kind: such as `trace`.
        training: seconds in measuring and training.
        evaluation: seconds in evaluation.
    """

    kind: str
    training: float = 0.0
    evaluation: float = 0.0

    @property
    def total(self) -> float:
        """Seconds in both."""
        return self.training + self.evaluation


@dataclass
class StepTime:
    """What the executions of one step took.

    Attributes:
        step: its name.
        times: number of executions.
        seconds: wall time, from the start of a process to its end.
        startup: of these, seconds until the step began.
        cpu: processor seconds, children included.
    """

    step: str
    times: int = 0
    seconds: float = 0.0
    startup: float = 0.0
    cpu: float = 0.0

    @property
    def startup_share(self) -> float:
        """The share of the wall time in which the step had not begun, 0 to 1."""
        return self.startup / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class Extent:
    """How far a search is.

    Attributes:
        generations: that ended.
        born: individuals born in them.
        architectures: different ones among them.
        trained: different results that were trained to the end.
        ok: individuals with the outcome `ok`.
    """

    generations: int
    born: int
    architectures: int
    trained: int
    ok: int


@dataclass(frozen=True)
class Spent:
    """Seconds of training and evaluation.

    Attributes:
        total: over all different results.
        rejected: of these, on results whose outcome is not `ok`.
        kinds: by kind, the longest first.
    """

    total: float
    rejected: float
    kinds: list[KindTime] = field(default_factory=list)


def extent(lineage: Lineage) -> Extent:
    """How far a search is, by its ended generations."""
    results = distinct_results(lineage).values()
    return Extent(
        generations=len(lineage.generations),
        born=len(lineage.members),
        architectures=len({m.individual.id for m in lineage.members.values()}),
        trained=sum(r.training is not None and r.training.outcome == "ok" for r in results),
        ok=len(ok_members(lineage)),
    )


def ok_members(lineage: Lineage) -> list[Member[Any]]:
    """Everybody whose outcome was `ok` under the budget of its generation, in order of birth."""
    return list(chain.from_iterable(lineage.ok))


def by_generation(lineage: Lineage, quantity: Quantity) -> list[Progress]:
    """Best and median of the newborn that are `ok`, and the best so far.

    Args:
        lineage: of the search.
        quantity: what is looked at.
    """
    choose: Callable[[list[float]], float] = max if quantity.highest else min
    rows: list[Progress] = []
    so_far: float | None = None
    for generation, able in zip(lineage.generations, lineage.ok, strict=True):
        if generation.change and generation.change.discards:
            so_far = None
        values = [value for m in able if (value := quantity.value(m)) is not None]
        best = choose(values) if values else None
        if best is not None:
            so_far = best if so_far is None else choose([so_far, best])
        middle = median(values) if values else None
        born = len(generation.newborn)
        rows.append(Progress(generation.generation, born, len(able), best, middle, so_far))
    return rows


def by_trained(lineage: Lineage, quantity: Quantity) -> list[tuple[int, float]]:
    """`Lineage.best_so_far`, without what stays as it is.

    Returns:
        `(trainings, best)` where the best changes, and at the end; empty where nobody is `ok`.
    """
    curve = lineage.best_so_far(quantity.value, highest=quantity.highest)
    points: list[tuple[int, float]] = []
    for number, best in enumerate(curve, 1):
        if best is not None and (not points or best != points[-1][1] or number == len(curve)):
            points.append((number, best))
    return points


def first_reached(lineage: Lineage, quantity: Quantity, goal: float) -> int | None:
    """After how many trainings one was as good as a goal; None where none is."""
    return next(
        (n for n, best in by_trained(lineage, quantity) if not quantity.better(goal, best)), None
    )


def ancestry(lineage: Lineage, name: str, settings: Settings) -> list[Ancestor]:
    """An individual and its first parents, the one that was sampled first.

    Raises:
        KeyError: nobody of that name was born.
        DamagedRecord: somebody was born before their parent.
    """
    line = lineage.ancestry(name)[::-1]
    scores = [fitness(member, settings) for member in line]
    changes = [None] + [
        None if now is None or before is None else now - before
        for before, now in pairwise(scores)
    ]
    return [Ancestor(*step) for step in zip(line, scores, changes, strict=True)]


def outcome_counts(lineage: Lineage) -> list[dict[Outcome, int]]:
    """How many newborn had which outcome, one dictionary of all outcomes a generation."""
    counts = []
    for generation in lineage.generations:
        row: dict[Outcome, int] = dict.fromkeys(OUTCOMES, 0)
        for member in generation.newborn:
            row[generation.outcome_of(member)] += 1
        counts.append(row)
    return counts


def failures(lineage: Lineage) -> list[Failure]:
    """Who ended neither `ok` nor `over_budget`; equal messages together, the youngest first."""
    found: dict[tuple[Outcome, str], list[str]] = {}
    for generation in reversed(lineage.generations):
        for member in reversed(generation.newborn):
            outcome = generation.outcome_of(member)
            if outcome not in ("ok", "over_budget"):
                message = member.result.message(generation.budget)
                found.setdefault((outcome, message), []).append(member.individual.name)
    return [Failure(*what, tuple(names)) for what, names in found.items()]


def distinct_results(lineage: Lineage) -> dict[str, Result]:
    """Results by key: individuals with the same architecture share one."""
    return {m.result.key: m.result for m in lineage.members.values()}


def seconds_spent(charged: Iterable[Charge]) -> Spent:
    """Wall seconds of training and evaluation by kind, a shared result counted once."""
    kinds: dict[str, KindTime] = {}
    total = rejected = 0.0
    for charge in charged:
        result = charge.member.result
        for part in (result.latency, result.training, result.evaluation):
            for kind, seconds in (part.seconds if part else {}).items():
                entry = kinds.setdefault(kind, KindTime(kind))
                if part is result.evaluation:
                    entry.evaluation += seconds
                else:
                    entry.training += seconds
        total += charge.seconds
        if charge.outcome != "ok":
            rejected += charge.seconds
    ordered = sorted(kinds.values(), key=lambda kind: -kind.total)
    return Spent(total, rejected, ordered)


def seconds_by_step(timings: Iterable[Timing]) -> list[StepTime]:
    """What the steps took, summed over their executions; the longest first."""
    steps: dict[str, StepTime] = {}
    for timing in timings:
        step = steps.setdefault(timing.step, StepTime(timing.step))
        step.times += 1
        step.seconds += timing.seconds
        step.startup += timing.startup
        step.cpu += timing.cpu + timing.children_cpu
    return sorted(steps.values(), key=lambda step: (-step.seconds, step.step))
