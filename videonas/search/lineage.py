"""The whole history of a search, read from its generations, and questions to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from videonas.errors import DamagedRecord
from videonas.search.population import Member, Population
from videonas.search.settings import Settings


def fitness(member: Member[Any], settings: Settings) -> float | None:
    """What selection maximises; None for a member without validation metrics.

    Raises:
        DamagedRecord: a metric that selection needs is missing.
    """
    metrics = member.result.metrics
    if not metrics:
        return None
    try:
        if settings.fitness == "loss":
            return -metrics["loss"]
        return sum(metrics[name] for name in settings.fitness.split("+"))
    except KeyError as error:
        raise DamagedRecord(
            f"{member.individual.name}: its result has no {error.args[0]!r} among {sorted(metrics)}"
        ) from None


@dataclass(frozen=True)
class Lineage:
    """The generations of a search, oldest first."""

    generations: Sequence[Population[Any]]
    members: dict[str, Member[Any]] = field(init=False)

    def __post_init__(self) -> None:
        born = {m.individual.name: m for g in self.generations for m in g.newborn}
        object.__setattr__(self, "members", born)

    @cached_property
    def ok(self) -> list[list[Member[Any]]]:
        """Of each generation, the newborn with the outcome `ok` under its budget."""
        return [
            [m for m in generation.newborn if m.result.outcome(generation.budget) == "ok"]
            for generation in self.generations
        ]

    @cached_property
    def metrics(self) -> frozenset[str]:
        """Names of the metrics that somebody has."""
        return frozenset(name for m in self.members.values() for name in m.result.metrics)

    @property
    def data(self) -> str | None:
        """Digest of the data set of the last generation; None before the first."""
        return self.generations[-1].data if self.generations else None

    @property
    def changes(self) -> list[str]:
        """Every change of the data set, in a sentence each."""
        return [
            g.change.sentence(g.generation, g.data) for g in self.generations if g.change
        ]

    def counts_from(self, generation: int | None = None) -> int:
        """The first generation whose results count in a generation: 0, or that of new videos.

        Args:
            generation: counted from 0; by default the last.
        """
        until = self.generations[: None if generation is None else generation + 1]
        fresh = (g.generation for g in reversed(until) if g.change and g.change.discards)
        return next(fresh, 0)

    def began(self) -> int:
        """The generation that was sampled anew last: 0, or that of new videos."""
        fresh = (
            g.generation for g in reversed(self.generations)
            if g.change and g.change.policy == "restart"
        )
        return next(fresh, 0)

    def ancestry(self, name: str) -> list[Member[Any]]:
        """An individual and its first parents, back to one that was sampled; youngest first.

        Raises:
            KeyError: nobody of that name was born.
            DamagedRecord: somebody was born before their parent.
        """
        line = [self.members[name]]
        while parents := line[-1].individual.parents:
            child, parent = line[-1].individual, self.members.get(parents[0])
            if parent is None or parent.individual.generation >= child.generation:
                raise DamagedRecord(f"{child.name}: its parent {parents[0]} was not born before it")
            line.append(parent)
        return line

    def best(self, settings: Settings, generation: int | None = None) -> Member[Any] | None:
        """The first of `fittest`; None where there is none."""
        return next(iter(self.fittest(settings, generation)), None)

    def fittest(self, settings: Settings, generation: int | None = None) -> list[Member[Any]]:
        """Those of `able` whose fitness is known, the fittest first, of equals the first born.

        Of equal architectures, only the fittest is there.

        Args:
            settings: say what fitness is.
            generation: see `able`.
        """
        able = self.able(generation)
        scored = [(s, m) for m in able if (s := fitness(m, settings)) is not None]
        fittest: dict[str, Member[Any]] = {}
        for _, member in sorted(scored, key=lambda pair: -pair[0]):
            fittest.setdefault(member.individual.id, member)
        return list(fittest.values())

    def able(self, generation: int | None = None) -> list[Member[Any]]:
        """Individuals born until the end of a generation, in the order of birth.

        They are `ok` under that generation's budget. Survival may have let them die, so they need
        not be parents. Of equal results, only the first born is there: equal architectures have
        one, unless they inherited other weights. Those whose results no longer count, since the
        videos changed, are left out.

        Args:
            generation: counted from 0; by default the last.
        """
        if generation not in self._able:
            self._able[generation] = self._find_able(generation)
        return list(self._able[generation])

    @cached_property
    def _able(self) -> dict[int | None, list[Member[Any]]]:
        """What `able` found already: a report asks it many times."""
        return {}

    def _find_able(self, generation: int | None) -> list[Member[Any]]:
        until = self.generations[: None if generation is None else generation + 1]
        first_born: dict[tuple[str, str], Member[Any]] = {}
        counting = until[self.counts_from(generation) :]
        for member in (member for population in counting for member in population.newborn):
            if member.result.outcome(until[-1].budget) == "ok":
                first_born.setdefault((member.individual.id, member.result.key), member)
        return list(first_born.values())

    def best_so_far(
        self, value: Callable[[Member[Any]], float | None], *, highest: bool
    ) -> list[float | None]:
        """The anytime curve: the best value after each training.

        Every different result counts once whose training began, whatever came of it: what failed
        was paid for. Values are those of newborn that are `ok` under the budget of their
        generation and whose results still count.

        Args:
            value: of a member; None where it has none.
            highest: whether more is better.

        Returns:
            one entry a training; None until there is a value.
        """
        choose = max if highest else min
        counts_from = self.counts_from()
        seen: set[str] = set()
        curve: list[float | None] = []
        best: float | None = None
        for generation, ok in zip(self.generations, self.ok, strict=True):
            able = {m.individual.name for m in ok} if generation.generation >= counts_from else ()
            for member in generation.newborn:
                if member.result.training is None:  # over budget before it was trained
                    continue
                if member.result.key not in seen:
                    seen.add(member.result.key)
                    curve.append(best)
                found = value(member) if member.individual.name in able else None
                if found is not None:
                    # one that is known already may be inside a budget that was raised since
                    best = curve[-1] = found if best is None else choose(best, found)
        return curve

    def trainings(self) -> list[int]:
        """How many entries `best_so_far` has at the end of each generation."""
        seen: set[str] = set()
        counts = []
        for generation in self.generations:
            seen |= {m.result.key for m in generation.newborn if m.result.training is not None}
            counts.append(len(seen))
        return counts
