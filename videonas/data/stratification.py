"""Splits of videos in groups, or with several labels each, with every class in proportion."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from videonas.data.copies import together
from videonas.data.sources import SourceVideo
from videonas.search.dataset import SPLITS

_NO_LABEL = -1
"""Stands for a label of the videos that have none, so that they are shared out as well."""


@dataclass(frozen=True)
class _Unit:
    """Videos that stay together.

    Attributes:
        order: a hash, to have an order that nothing else decides.
        videos: one, or all of a group.
        counts: the number of its videos with each label.
    """

    order: bytes
    videos: tuple[SourceVideo, ...]
    counts: Counter[int]


@dataclass
class _Sharing:
    """What is placed so far, and what is still wanted.

    Attributes:
        need: videos with a label that a split still wants, by split and label.
        room: videos that a split still wants.
        placed: videos with a label that a split has, by split.
        left: units that have a label and no split, by label.
    """

    need: dict[str, dict[int, float]]
    room: dict[str, float]
    placed: dict[str, Counter[int]]
    left: Counter[int]
    splits: dict[str, list[SourceVideo]] = field(
        default_factory=lambda: {name: [] for name in SPLITS}
    )

    def place(self, unit: _Unit, label: int) -> None:
        """Puts a unit where videos with the label are wanted most."""
        lacking = [name for name in self.need if not self.placed[name][label]]
        if self.left[label] <= len(lacking):
            name = lacking[0]  # as many units as splits without one: the first splits first
        else:
            name = max(self.need, key=lambda name: (self.need[name][label], self.room[name]))
        self.splits[name] += unit.videos
        self.room[name] -= len(unit.videos)
        for own, count in unit.counts.items():
            self.need[name][own] -= count
            self.placed[name][own] += count
            self.left[own] -= 1


def stratified(
    videos: Sequence[SourceVideo],
    fractions: Mapping[str, float],
    seed: int,
    copies: Mapping[str, str] | None = None,
) -> dict[str, list[SourceVideo]]:
    """Every video in one split, every group in one piece, every class as near its share as can be.

    Iterative stratification (Sechidis, Tsoumakas and Vlahavas, 2011) with groups: the label that
    fewest groups have left is shared out first, its largest groups first, each to the split that
    lacks most videos with that label. A class in enough groups is in every split, except where
    classes that share videos stand in each other's way. The order of `videos` does not matter.

    Args:
        videos: with any number of labels each.
        fractions: share of each split; they add up to 1.
        seed: decides between groups of equal size.
        copies: videos that are to be in one split with another one, by path.
    """
    units = _units(videos, seed, copies or {})
    having: dict[int, list[_Unit]] = {}
    for unit in units:
        for label in unit.counts:
            having.setdefault(label, []).append(unit)
    totals: Counter[int] = Counter()
    for unit in units:
        totals.update(unit.counts)
    wanted = {name: fractions[name] for name in SPLITS if fractions[name] > 0}
    sharing = _Sharing(
        {name: {n: part * total for n, total in totals.items()} for name, part in wanted.items()},
        {name: part * len(videos) for name, part in wanted.items()},
        {name: Counter() for name in wanted},
        Counter({label: len(some) for label, some in having.items()}),
    )
    done: set[bytes] = set()
    while len(done) < len(units):
        label = min((n for n in having if sharing.left[n]), key=lambda n: (sharing.left[n], n))
        for unit in having[label]:
            if unit.order not in done:
                sharing.place(unit, label)
                done.add(unit.order)
    return sharing.splits


def _units(
    videos: Sequence[SourceVideo], seed: int, copies: Mapping[str, str]
) -> list[_Unit]:
    """The largest first."""
    keys = {
        video.path: f"video/{video.path}" if video.group is None else f"group/{video.group}"
        for video in videos
    }
    keys = together(keys, copies)
    units: dict[str, list[SourceVideo]] = {}
    for video in sorted(videos, key=lambda video: video.path):
        units.setdefault(keys[video.path], []).append(video)
    made = [
        _Unit(
            hashlib.sha256(f"split/{seed}/{key}".encode()).digest(),
            tuple(some),
            Counter(label for video in some for label in video.labels or (_NO_LABEL,)),
        )
        for key, some in units.items()
    ]
    return sorted(made, key=lambda unit: (-len(unit.videos), unit.order))
