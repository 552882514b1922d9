"""Reads the populations of a search one after another, what they have in common once."""

from __future__ import annotations

from typing import Any

from videonas.search.population import Member, Population
from videonas.search.records import Records


class HistoryReader:
    """Reads populations in the order of their generations.

    A parent is written whole in every generation that it lives through, so most of a file was read
    before. Such a member is taken as the object that was made of it then, where it is written with
    the same values; everything else is checked as it is everywhere.

    Args:
        records: of the search.
        kind: the class of its populations, with that of its architectures.
    """

    def __init__(self, records: Records, kind: Any) -> None:
        self._records, self._kind = records, kind
        self._known: dict[str, tuple[Any, Member[Any]]] = {}

    def read(self, data: bytes, key: str) -> Population[Any]:
        """The population that `data`, read at `key`, holds.

        Raises:
            DamagedRecord: it cannot be read as a population.
        """
        plain = self._records.plain(self._kind, data, key)
        parents = _members(plain, "parents")
        written = [*_members(plain, "newborn"), *parents]
        for place, parent in enumerate(parents):
            then, member = self._known.get(_name(parent), (None, None))
            if member is not None and then == parent:
                parents[place] = member
        population: Population[Any] = self._records.from_plain(self._kind, plain, key)
        # whom the next generation may have as parents, and how they were written
        members = (*population.newborn, *population.parents)
        self._known = {
            member.individual.name: (plain_one, member)
            for plain_one, member in zip(written, members, strict=True)
        }
        return population


def _members(plain: dict[str, Any], field: str) -> list[Any]:
    """The members in a field; none where it does not hold a list, which is found out later."""
    found = plain.get(field)
    return found if isinstance(found, list) else []


def _name(member: Any) -> str:
    """The name of a member as it is written; empty where it has none, which is found out later."""
    individual = member.get("individual") if isinstance(member, dict) else None
    name = individual.get("name") if isinstance(individual, dict) else None
    return name if isinstance(name, str) else ""
