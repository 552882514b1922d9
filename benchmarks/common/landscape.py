"""A rugged fitness of Tiny Video Networks that takes microseconds, to compare searches with.

It is an NK landscape (Kauffman and Levin 1987) on the real architectures. A network is read at
three stages: its first block, its middle one and its last. Every field of the clip and every field
of these blocks is a gene. A gene gives a number between 0 and 1 that depends on its own value and
on the values of its partners, a few other genes; fitness is the mean of these numbers. Half of a
gene's partners are fields of the same block, the others fields of the clip or of the block read
before: what is good depends on what stands around it, and much depends on the clip.

Neutral are: a share of the genes, which give nothing; squeeze ratios with the same first decimal;
and blocks at which a network is not read. A network of up to three blocks is read at each.

A seed decides partners, neutral genes and all numbers. Equal networks have equal fitness, on every
machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from hashlib import blake2b
from random import Random
from typing import Any

from videonas.spaces.tiny_video import Block, TinyVideoArchitecture

STAGES = 3
"""Places at which a network is read."""

PARTNERS = 3
NEUTRAL = 0.3
"""With these it is as rugged as networks that are trained: in the demo's space one mutation leaves
a rank correlation of 0.77 and two leave 0.63; of validation losses they left 0.75 and 0.59.
docs/benchmarks.md says of which networks."""

MOST_PARTNERS = 6
"""The clip, around the first block, has three fields: more cannot be drawn from it."""

CLIP_FIELDS = ("image_size", "frames", "frame_stride")
BLOCK_FIELDS = tuple(f.name for f in fields(Block))

Gene = tuple[int, str]
"""0 for the clip or a stage counted from 1, and the name of a field."""


@dataclass(frozen=True)
class Landscape:
    """A fitness between 0 and 1, to be maximised.

    Attributes:
        seed: another seed is another landscape.
        partners: of each gene; 0: every field acts on its own.
        neutral: share of the genes that give nothing.
        partners_of: the genes that give something, and the partners of each.

    Raises:
        ValueError: a number of partners or a share that no landscape has.
    """

    seed: int
    partners: int = PARTNERS
    neutral: float = NEUTRAL
    partners_of: Mapping[Gene, Sequence[Gene]] = field(init=False, repr=False)
    _given: dict[tuple[Any, ...], float] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.partners <= MOST_PARTNERS:
            raise ValueError(f"partners is {self.partners}; allowed: 0 to {MOST_PARTNERS}")
        if not 0 <= self.neutral < 1:
            raise ValueError(f"neutral is {self.neutral}; allowed: 0 to less than 1")
        object.__setattr__(self, "partners_of", self._draw_partners())

    def __call__(self, architecture: TinyVideoArchitecture) -> float:
        """The fitness of a normalised architecture."""
        values = genes(architecture)
        given = 0.0
        for gene, partners in self.partners_of.items():
            given += self._number(gene, (values[gene], *[values[other] for other in partners]))
        return given / len(self.partners_of)

    def _draw_partners(self) -> dict[Gene, tuple[Gene, ...]]:
        rng = Random(f"landscape/{self.seed}")
        names = [CLIP_FIELDS, *[BLOCK_FIELDS] * STAGES]
        everyone = [(place, name) for place, own in enumerate(names) for name in own]
        acting = rng.sample(everyone, max(round(len(everyone) * (1 - self.neutral)), 1))
        found = {}
        for place, name in sorted(acting):
            own = [(place, other) for other in names[place] if other != name]
            near = rng.sample(own, min((self.partners + 1) // 2, len(own)))
            far: list[Gene] = []
            while len(near) + len(far) < self.partners:
                around = rng.choice((0, place - 1)) if place else 1
                other = (around, rng.choice(names[around]))
                if other not in far:
                    far.append(other)
            found[place, name] = (*near, *far)
        return found

    def _number(self, gene: Gene, values: tuple[Any, ...]) -> float:
        """What a gene gives beside the values of its partners: any number is as likely."""
        known = self._given.get((gene, values))
        if known is None:
            text = repr((self.seed, gene, values)).encode()
            known = int.from_bytes(blake2b(text, digest_size=8).digest(), "big") / 2**64
            self._given[gene, values] = known
        return known


def genes(architecture: TinyVideoArchitecture) -> dict[Gene, Any]:
    """The values of all genes of a normalised architecture."""
    values: dict[Gene, Any] = {(0, name): getattr(architecture, name) for name in CLIP_FIELDS}
    blocks = architecture.blocks
    for stage in range(STAGES):
        block = blocks[round(stage * (len(blocks) - 1) / (STAGES - 1))]
        values |= {(stage + 1, name): getattr(block, name) for name in BLOCK_FIELDS}
        values[stage + 1, "squeeze"] = int(block.squeeze * 10) / 10
    return values
