"""Which video trains, which validates and which tests: decided by hash, so by nothing else."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import chain

from videonas.data.sources import Sources, SourceVideo
from videonas.data.stratification import stratified
from videonas.errors import DataError
from videonas.search.dataset import SPLITS
from videonas.search.settings import Settings

log = logging.getLogger(__name__)

EVERY_CLASS = ("train", "validation")
"""The splits that must have videos of every class."""


def split_videos(
    sources: Sources, settings: Settings, copies: Mapping[str, str] | None = None
) -> dict[str, list[SourceVideo]]:
    """Every video in exactly one split, each class in the same proportions.

    A split that a list or a folder gives is kept. One that it does not give is cut from the
    training videos, or from all where it gives none, by its fraction, each group of videos in one
    piece. So are copies, unless a class has too few other videos for that.

    Within a class, videos are ordered by a hash of the split seed and their path, so neither the
    order of videos nor what other classes hold matters; with groups or several labels a video,
    see `stratified`. Each list is in writing order, see `mixed`.

    Args:
        sources: the videos.
        settings: `validation_fraction`, `test_fraction` and `split_seed` count.
        copies: videos with the bytes of another one, by path, see `copies_in`.

    Raises:
        DataError: see `check_splits`.
    """
    splits = _split(sources, settings, copies or {})
    try:
        check_splits(splits, sources, settings)
    except DataError:
        if not copies:
            raise
        splits = _split(sources, settings, {})
        check_splits(splits, sources, settings)
    if given := {video.split for video in sources.videos} - {None}:
        for name in SPLITS[1:]:
            if name not in given and splits[name]:
                log.info("the %s split is not given: it is cut from the training videos", name)
    return splits


def _split(
    sources: Sources, settings: Settings, copies: Mapping[str, str]
) -> dict[str, list[SourceVideo]]:
    given = {video.split for video in sources.videos} - {None}
    fractions = _fractions_to_cut(given, settings)
    splits: dict[str, list[SourceVideo]] = {
        name: [video for video in sources.videos if video.split == name] for name in SPLITS
    }
    whole = splits["train"] if given else list(sources.videos)
    if any(video.group is not None or len(video.labels) != 1 for video in whole):
        cut = stratified(whole, fractions, settings.split_seed, copies)
    else:
        cut = _by_class(whole, fractions, settings.split_seed, copies)
    for name, part in cut.items():
        splits[name] = part if name not in given or name == "train" else splits[name]
    return {name: mixed(part, settings.split_seed) for name, part in splits.items()}


def _fractions_to_cut(given: Set[str | None], settings: Settings) -> dict[str, float]:
    """The shares into which the videos without a split of their own are cut."""
    fractions = split_fractions(settings)
    held_out = {name: 0.0 if name in given else fractions[name] for name in SPLITS[1:]}
    return {"train": 1 - sum(held_out.values()), **held_out}


def _by_class(
    videos: Sequence[SourceVideo],
    fractions: Mapping[str, float],
    seed: int,
    copies: Mapping[str, str],
) -> dict[str, list[SourceVideo]]:
    """Splits of videos with one label each, every class by itself; copies go with their first."""
    splits: dict[str, list[SourceVideo]] = {name: [] for name in SPLITS}
    equal: dict[str, list[SourceVideo]] = {}
    for video in sorted(videos, key=lambda video: video.path):
        equal.setdefault(copies.get(video.path, video.path), []).append(video)
    by_class: dict[int, list[list[SourceVideo]]] = {}
    for some in equal.values():
        by_class.setdefault(some[0].labels[0], []).append(some)
    for _, of_class in sorted(by_class.items()):
        of_class.sort(key=lambda some: _hash(f"split/{seed}", some[0]))
        start = 0
        for name, count in share_out(len(of_class), fractions).items():
            splits[name] += chain.from_iterable(of_class[start : start + count])
            start += count
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

    Of several labels a video, every stretch holds equal sets of them in proportion. A reader that
    takes the first clips only thus gets all classes.

    Args:
        videos: in any order; it does not matter.
        seed: another seed gives another order.
    """
    hashes = {video: _hash(f"order/{seed}", video) for video in videos}
    by_class: dict[tuple[int, ...], list[SourceVideo]] = {}
    for video in sorted(hashes, key=lambda video: hashes[video]):
        by_class.setdefault(video.labels, []).append(video)
    place = {
        video: (rank + 0.5) / len(part)
        for part in by_class.values()
        for rank, video in enumerate(part)
    }
    return sorted(hashes, key=lambda video: (place[video], hashes[video]))


def check_splits(
    splits: Mapping[str, Sequence[SourceVideo]],
    sources: Sources,
    settings: Settings,
    *,
    because: str = "",
) -> None:
    """Refuses splits that a search cannot use.

    Args:
        splits: the videos by split, those that were skipped left out.
        sources: where they are from; all of them.
        settings: which splits are wanted.
        because: added to the message, such as what was skipped.

    Raises:
        DataError: training or validation lacks a class, or a split that has a positive fraction
            is empty. Where videos can have several labels, validation may lack a class.
    """
    if all(video.split not in (None, "train") for video in sources.videos):
        raise DataError(
            f"videos: the train split is empty, of {len(sources.videos)} videos; give some the "
            f"split 'train'{because}"
        )
    wanted = [name for name, fraction in split_fractions(settings).items() if fraction > 0]
    for name in wanted:
        present = {label for video in splits[name] for label in video.labels}
        for label in range(len(sources.classes)):
            if name not in EVERY_CLASS or label in present:
                continue
            if sources.multi_label and name != "train" and splits[name]:
                continue
            raise DataError(_lack(splits, sources, label, name, len(wanted)) + because)
        if not splits[name]:
            total = sum(map(len, splits.values()))
            raise DataError(
                f"videos: the {name} split is empty, of {total} usable videos; add videos, "
                f"or set {name}_fraction to 0{because}"
            )


def warn_of_rare(splits: Mapping[str, Sequence[SourceVideo]], sources: Sources) -> None:
    """Names the classes that validation lacks, which `check_splits` lets pass."""
    present = {label for video in splits["validation"] for label in video.labels}
    for label, class_name in enumerate(sources.classes):
        if label not in present:
            log.warning("validation: no video of class %r is in it", class_name)


def _lack(
    splits: Mapping[str, Sequence[SourceVideo]],
    sources: Sources,
    label: int,
    name: str,
    needed: int,
) -> str:
    """Says that a class is missing in a split, and what would help."""
    usable = [video for part in splits.values() for video in part if label in video.labels]
    groups = {video.group for video in usable if video.group is not None}
    if any(video.split == name for video in sources.videos):
        advice = f"give some the split {name!r} in {sources.place}"
    elif groups and len(usable) >= needed:
        advice = f"they are in {len(groups)} group(s), and a group is in one split"
    else:
        advice = f"{needed} or more are needed, one a split"
    return (
        f"videos: class {sources.classes[label]!r} has {len(usable)} usable video(s), and none "
        f"for the {name} split; {advice}"
    )


def _hash(purpose: str, video: SourceVideo) -> bytes:
    return hashlib.sha256(f"{purpose}/{video.path}".encode()).digest()
