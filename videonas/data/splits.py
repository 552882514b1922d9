"""Which video trains, which validates and which tests: decided by hash, so by nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from videonas.data.sources import SourceVideo
from videonas.errors import DataError
from videonas.search.dataset import SPLITS
from videonas.search.settings import Settings

EVERY_CLASS = ("train", "validation")
"""The splits that must have videos of every class."""


def split_videos(
    videos: Sequence[SourceVideo], classes: Sequence[str], settings: Settings
) -> dict[str, list[SourceVideo]]:
    """Every video in exactly one split, each class in the same proportions.

    Within a class, videos are ordered by a hash of the split seed and their path, so neither the
    order of `videos` nor what other classes hold matters. Each list is in writing order, see
    `mixed`.

    Args:
        videos: what `find_videos` found.
        classes: the names of the classes, for messages.
        settings: `validation_fraction`, `test_fraction` and `split_seed` count.

    Raises:
        DataError: see `check_splits`.
    """
    fractions = split_fractions(settings)
    splits: dict[str, list[SourceVideo]] = {name: [] for name in SPLITS}
    for label in range(len(classes)):
        of_class = [video for video in videos if video.label == label]
        of_class.sort(key=lambda video: _hash(f"split/{settings.split_seed}", video))
        start = 0
        for name, count in share_out(len(of_class), fractions).items():
            splits[name] += of_class[start : start + count]
            start += count
    splits = {name: mixed(part, settings.split_seed) for name, part in splits.items()}
    check_splits(splits, classes, settings)
    return splits


def split_fractions(settings: Settings) -> dict[str, float]:
    """The share of each split, in the order of `SPLITS`; training gets what the others leave."""
    held_out = settings.validation_fraction, settings.test_fraction
    return dict(zip(SPLITS, (1 - sum(held_out), *held_out), strict=True))


def share_out(count: int, fractions: Mapping[str, float]) -> dict[str, int]:
    """Whole numbers that add up to `count`, as near to the fractions as can be.

    Rounded down, then the largest remainders get one more. A split with a positive fraction gets
    at least one where there are enough; where there are not, the first splits get one each.

    Args:
        count: number of videos.
        fractions: share of each split; they add up to 1.
    """
    wanted = {name: count * fraction for name, fraction in fractions.items() if fraction > 0}
    if count <= len(wanted):
        return {name: int(name in list(wanted)[:count]) for name in fractions}
    # Fractions such as 0.29 are a hair below what they say; 1e-9 puts 28.999... right.
    shares = {name: int(amount + 1e-9) for name, amount in wanted.items()}
    by_remainder = sorted(wanted, key=lambda name: shares[name] - wanted[name])
    for name in by_remainder[: count - sum(shares.values())]:
        shares[name] += 1
    for name in shares:
        if shares[name] == 0:
            shares[max(shares, key=lambda other: shares[other])] -= 1
            shares[name] = 1
    return {name: shares.get(name, 0) for name in fractions}


def mixed(videos: Iterable[SourceVideo], seed: int) -> list[SourceVideo]:
    """Videos in an order in which every stretch holds the classes in proportion.

    A reader that takes the first clips only thus gets all classes.

    Args:
        videos: in any order; it does not matter.
        seed: another seed gives another order.
    """
    hashes = {video: _hash(f"order/{seed}", video) for video in videos}
    by_class: dict[int, list[SourceVideo]] = {}
    for video in sorted(hashes, key=lambda video: hashes[video]):
        by_class.setdefault(video.label, []).append(video)
    place = {
        video: (rank + 0.5) / len(part)
        for part in by_class.values()
        for rank, video in enumerate(part)
    }
    return sorted(hashes, key=lambda video: (place[video], hashes[video]))


def check_splits(
    splits: Mapping[str, Sequence[SourceVideo]],
    classes: Sequence[str],
    settings: Settings,
    *,
    because: str = "",
) -> None:
    """Refuses splits that a search cannot use.

    Args:
        splits: the videos by split.
        classes: the names of the classes.
        settings: which splits are wanted.
        because: added to the message, such as what was skipped.

    Raises:
        DataError: training or validation lacks a class, or a split that has a positive fraction
            is empty.
    """
    wanted = [name for name, fraction in split_fractions(settings).items() if fraction > 0]
    for name in wanted:
        present = {video.label for video in splits[name]}
        for label, class_name in enumerate(classes):
            if name in EVERY_CLASS and label not in present:
                found = sum(v.label == label for part in splits.values() for v in part)
                raise DataError(
                    f"videos: class {class_name!r} has {found} usable video(s), and none for the "
                    f"{name} split; {len(wanted)} or more are needed, one a split{because}"
                )
        if not present:
            total = sum(map(len, splits.values()))
            raise DataError(
                f"videos: the {name} split is empty, of {total} usable videos; add videos, "
                f"or set {name}_fraction to 0{because}"
            )


def _hash(purpose: str, video: SourceVideo) -> bytes:
    return hashlib.sha256(f"{purpose}/{video.path}".encode()).digest()
