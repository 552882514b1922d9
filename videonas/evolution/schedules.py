"""How many mutations a child gets."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol


class Schedule(Protocol):
    """A number of mutations by generation."""

    def __call__(self, generation: int) -> int:
        """Mutations of a child born in `generation`, 1 or more."""


@dataclass(frozen=True)
class Decaying:
    """`max(ceil(d - i / r), 1)`: large and diverse changes at first, small ones later.

    Source of the form: EvaNet, arXiv 1811.10636; `i` counts the generations of mutated children
    here, from 0: generation 0 is sampled. The constants were not verified in any source.

    Attributes:
        start: d.
        decay: r, in generations.
    """

    start: float
    decay: float

    def __call__(self, generation: int) -> int:
        """See `Schedule`."""
        return max(math.ceil(self.start - (generation - 1) / self.decay), 1)
