"""What steps do about videos that are others than those of the search."""

from __future__ import annotations

import logging
from typing import Protocol

from videonas.errors import ConflictingSearch
from videonas.search.dataset import Dataset
from videonas.search.new_data import DataChange, policy_between
from videonas.search.root import SearchRoot

log = logging.getLogger(__name__)


class Labelled(Protocol):
    """What is asked of videos, or of a data set that was made of them."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""

    @property
    def multi_label(self) -> bool:
        """Whether a video can have several labels."""


def check_new_videos(root: SearchRoot, existing: Dataset, found: Labelled, place: object) -> None:
    """Refuses videos that a search cannot go on with, before any is decoded.

    Args:
        root: where the search is kept.
        existing: the data set that counts so far.
        found: the new videos.
        place: where they lie.

    Raises:
        ConflictingSearch: `new_videos` says so, or the labels are of another kind.
    """
    policy = root.settings.new_videos
    if policy == "refuse":
        raise ConflictingSearch(
            f"{place}: the videos are not those that the search at {root.uri} began "
            f"with ({existing.source}); put them back, begin another search in another "
            "search root, or say by new_videos=keep, reevaluate or restart how to go on with them"
        )
    if found.multi_label != existing.multi_label:
        kinds = {True: "several labels", False: "one label"}
        raise ConflictingSearch(
            f"{place}: a video can have {kinds[found.multi_label]}, and in the search at "
            f"{root.uri} {kinds[existing.multi_label]}; begin another search in another search root"
        )
    if policy == "keep" and found.classes != existing.classes:
        raise ConflictingSearch(
            f"{place}: the classes are not those of the search at {root.uri}, {_told(found)} here, "
            f"{_told(existing)} there, so results cannot be compared as new_videos=keep would; "
            "allowed: new_videos=reevaluate or restart"
        )


def _told(labelled: Labelled) -> str:
    names = ", ".join(labelled.classes[:5])
    return names if len(labelled.classes) <= 5 else f"{names} and {len(labelled.classes) - 5} more"


def choose_dataset(root: SearchRoot, made: Dataset) -> Dataset:
    """Makes a published data set count; gives back the one that does.

    Args:
        root: where the search is kept.
        made: whole, and published.

    Raises:
        ConflictingSearch: another run was faster, with other videos, and `new_videos` refuses.
    """
    policy = root.settings.new_videos
    counts = root.choose_dataset(made.digest, None if policy == "refuse" else policy)
    if counts == made.digest:
        return made
    other = root.need_dataset(counts)
    if policy == "refuse":
        check_new_videos(root, other, made, made.source)
    log.warning(
        "a run with other videos began since: its data set counts, %s of %s", counts, other.source
    )
    return other


def data_change(root: SearchRoot, before: str, now: Dataset) -> DataChange | None:
    """What a generation does that has another data set than the one before it; None where it has
    the same.

    Args:
        root: where the search is kept.
        before: digest of the data set of the generation before.
        now: its own.
    """
    if before == now.digest:
        return None
    policy = policy_between(root.data_choices(), before, now.digest) or "keep"
    then, files = _files(root, root.dataset(before)), _files(root, now)
    if then is None or files is None:
        return DataChange(before, policy)
    both = then.keys() & files.keys()
    return DataChange(
        before, policy,
        added=len(files.keys() - both),
        removed=len(then.keys() - both),
        changed=sum(then[path] != files[path] for path in both),
    )


def _files(root: SearchRoot, dataset: Dataset | None) -> dict[str, tuple[int, str]] | None:
    """The fingerprints of a data set's videos by path; None where it does not say them."""
    found = root.prepared_videos(dataset) if dataset else None
    return {v.path: (v.size, v.checksum) for v in found.videos} if found else None
