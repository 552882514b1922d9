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
SCRATCH = "scratch"
"""The initialisation of a network whose weights are all new."""

Origin = Literal["sampled", "mutated", "given", "reevaluated"]
ORIGINS: tuple[Origin, ...] = get_args(Origin)


@dataclass(frozen=True)
class ParentWeights:
    """Whose weights an individual begins with.

    Attributes:
        id: of the first parent's architecture.
        key: of the parent's result.
    """

    __pydantic_config__ = STRICT

    id: ArchitectureId
    key: ArchitectureId


@dataclass(frozen=True)
class Individual(Generic[A]):
    """One birth. Ancestry refers to names, since edits undo each other and architectures recur.

    Attributes:
        name: generation and index of birth, such as `000007-03`.
        id: of the architecture.
        architecture: the genotype, normalised.
        origin: `sampled`, `mutated`, `given` by the person who began the search, or `reevaluated`:
            a parent born again, since the videos are others than those that it was trained on.
        parents: names; none for one that was sampled or given.
        edits: the mutations that made it of its parent, in order.
        inherits: the weights that it begins with; None for new ones. Decided at birth, since a
            result's key depends on it.
    """

    __pydantic_config__ = STRICT

    name: IndividualName
    id: ArchitectureId
    architecture: A
    origin: Origin
    parents: tuple[IndividualName, ...] = ()
    edits: tuple[Edit, ...] = ()
    inherits: ParentWeights | None = None

    @property
    def initialisation(self) -> str:
        """Names what its training begins with: `scratch`, or the weights and the way to them.

        Edits say which block of the parent a block was: the same network by other edits begins
        otherwise.
        """
        if self.inherits is None:
            return SCRATCH
        way = [[edit.operator, edit.path] for edit in self.edits]
        return f"{self.inherits.key}/{digest(canonical(way))[:12]}"

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


def result_key(
    settings: Settings, architecture_id: str, data: str, initialisation: str = SCRATCH
) -> str:
    """Names everything that an evaluation depends on, so that none is done twice.

    Args:
        settings: of the search; those that decide a result count.
        architecture_id: of the architecture.
        data: digest of the data set.
        initialisation: see `Individual.initialisation`.

    Returns:
        12 hex digits.
    """
    depends_on = {
        "architecture": architecture_id,
        "data": data,
        "initialisation": initialisation,
        "seed": candidate_seed(settings, architecture_id),
        "settings": settings.identifying("result"),
    }
    return digest(canonical(depends_on))[:12]
