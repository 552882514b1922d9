"""One birth in a search."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated, Generic, Literal, TypeVar, get_args

from pydantic import StringConstraints

from videonas.codec import STRICT, canonical, digest
from videonas.search.settings import Settings
from videonas.spaces import Edit

A = TypeVar("A")

IndividualName = Annotated[str, StringConstraints(pattern=r"^\d{6}-\d{2,5}$")]
ArchitectureId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")]
Origin = Literal["sampled", "mutated", "given"]
ORIGINS: tuple[Origin, ...] = get_args(Origin)


@dataclass(frozen=True)
class Individual(Generic[A]):
    """One birth. Ancestry refers to names, since edits undo each other and architectures recur.

    Attributes:
        name: generation and index of birth, such as `000007-03`.
        id: of the architecture.
        architecture: the genotype, normalised.
        origin: `sampled`, `mutated`, or `given` by the person who began the search.
        parents: names; none for one that was not mutated.
        edits: the mutations that made it of its parent, in order.
    """

    __pydantic_config__ = STRICT

    name: IndividualName
    id: ArchitectureId
    architecture: A
    origin: Origin
    parents: tuple[IndividualName, ...] = ()
    edits: tuple[Edit, ...] = ()

    @property
    def generation(self) -> int:
        """The generation that it was born in."""
        return int(self.name.partition("-")[0])


def individual_name(generation: int, index: int) -> str:
    """The name of the `index`-th birth, from 0, in a generation."""
    return f"{generation:06d}-{index:02d}"


def candidate_seed(settings: Settings, architecture_id: str) -> int:
    """The seed of a candidate's training: equal architectures of a search train alike.

    Returns:
        an integer of 31 bits.
    """
    text = f"{settings.seed}/{architecture_id}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


def result_key(settings: Settings, architecture_id: str, data: str) -> str:
    """Names everything that an evaluation depends on, so that none is done twice.

    Args:
        settings: of the search; those that decide a result count.
        architecture_id: of the architecture.
        data: digest of the data set.

    Returns:
        12 hex digits.
    """
    depends_on = {
        "architecture": architecture_id,
        "data": data,
        "initialisation": "scratch",
        "seed": candidate_seed(settings, architecture_id),
        "settings": settings.identifying("result"),
    }
    return digest(canonical(depends_on))[:12]
