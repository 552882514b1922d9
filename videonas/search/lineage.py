"""The whole history of a search, read from its generations, and questions to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
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

        Args:
            settings: say what fitness is.
            generation: see `able`.
        """
        able = self.able(generation)
        scored = [(s, m) for m in able if (s := fitness(m, settings)) is not None]
        return [member for _, member in sorted(scored, key=lambda pair: -pair[0])]

    def able(self, generation: int | None = None) -> list[Member[Any]]:
        """Individuals born until the end of a generation, in the order of birth.

        They are `ok` under that generation's budget. Survival may have let them die, so they need
        not be parents. Of equal architectures, only the first born is there.

        Args:
            generation: counted from 0; by default the last.
        """
        until = self.generations[: None if generation is None else generation + 1]
        first_born: dict[str, Member[Any]] = {}
        for member in (member for population in until for member in population.newborn):
            if member.result.outcome(until[-1].budget) == "ok":
                first_born.setdefault(member.individual.id, member)
        return list(first_born.values())
