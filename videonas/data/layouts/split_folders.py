"""Folders `train`, `validation` and `test`, each with one folder of videos a class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from videonas.data.layouts.names import SPLIT_WORDS, listing
from videonas.data.places import Place
from videonas.data.sources import SourceVideo
from videonas.errors import DataError, brief

_ALLOWED = "train, validation and test (or names such as training, val, dev, testing)"

Found = Mapping[str, Sequence[str]]
"""The videos below each folder, by their paths, which begin with its name."""


def split_of_folder(name: str) -> str | None:
    """The split that a folder's name means, in any mixture of cases; None for another name."""
    return SPLIT_WORDS.get(name.strip().lower())


def splits_of(folder: Place, found: Found) -> dict[str, str] | None:
    """The split of each folder; None where the folders are classes.

    Folders are splits where all are named so, one of them for training. A class may be called
    `test`, among others, unless what is in it looks like classes too.

    Args:
        folder: that holds them, for messages.
        found: their videos.

    Raises:
        DataError: it cannot be told, two folders are one split, or there is none for training.
    """
    named = {name: split for name in found if (split := split_of_folder(name))}
    if not named:
        return None
    if len(named) < len(found):
        _check_no_splits(folder, found, named)
        return None
    for name, paths in found.items():
        loose = [path for path in paths if path.count("/") == 1]
        if loose:
            raise DataError(
                f"videos: {len(loose)} video(s) lie directly in {folder / name}, the first is "
                f"{loose[0]}: where {name} is a split, move them into one folder a class; where it "
                "is a class, give a list of the videos with their labels"
            )
    _check_splits_there(folder, named)
    return named


def videos_in(
    folder: Place, found: Found, splits: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[SourceVideo, ...]]:
    """The classes in split folders, in alphabetical order, and the videos.

    Args:
        folder: that holds them, for messages.
        found: their videos.
        splits: the split of each folder.

    Raises:
        DataError: the folder of the training or the validation split lacks a class.
    """
    classes = sorted({name for paths in found.values() for name in _inner(paths)})
    for name, split in splits.items():
        missing = sorted(set(classes) - _inner(found[name]))
        if missing and split != "test":
            raise DataError(
                f"videos: {folder / name} has no videos of {listing(missing[:3])}"
                f"{f' and {len(missing) - 3} more classes' if len(missing) > 3 else ''}, which "
                "another split has; each class needs some for training and for validation"
            )
    index = {name: label for label, name in enumerate(classes)}
    videos = sorted(
        (
            SourceVideo(path, (index[path.split("/")[1]],), split)
            for name, split in splits.items()
            for path in found[name]
        ),
        key=lambda video: video.path,
    )
    return tuple(classes), tuple(videos)


def _inner(paths: Sequence[str]) -> Set[str]:
    """The folders in a folder that hold videos."""
    return {path.split("/")[1] for path in paths if path.count("/") > 1}


def _check_no_splits(folder: Place, found: Found, named: Mapping[str, str]) -> None:
    """Refuses folders named as splits, beside others, that do not look like classes."""
    others = [name for name in found if name not in named]
    inner = {name: _inner(paths) for name, paths in found.items()}
    for name in named:
        elsewhere = set(others).union(*(inner[other] for other in found if other != name))
        shared = inner[name] & elsewhere
        # `day` and `night` in each of many classes are no classes; in `train` and `eval` they are
        alike = bool(shared) and (len(found) == 2 or len(named) > 1 or bool(shared & set(others)))
        all_deeper = all(path.count("/") > 1 for path in found[name])
        alone = len(inner[name]) > 1 and all_deeper and not any(inner[other] for other in others)
        if alike or alone:
            raise DataError(
                f"videos: {folder} holds {brief(name)} with folders such as "
                f"{brief(min(shared or inner[name]))} beside {brief(others[0])}: they may be "
                f"splits or classes; keep only {_ALLOWED} there, or give a list of the videos with "
                "their labels"
            )


def _check_splits_there(folder: Place, named: Mapping[str, str]) -> None:
    by_split: dict[str, list[str]] = {}
    for name, split in named.items():
        by_split.setdefault(split, []).append(name)
    for split, names in by_split.items():
        if len(names) > 1:
            raise DataError(
                f"videos: {folder} holds {listing(names)}, which are all the {split} split; put "
                "their videos into one of them"
            )
    if "train" not in by_split:
        raise DataError(
            f"videos: {folder} holds {listing(list(named))} and no folder train; add one, or give "
            f"{folder / next(iter(named))} as --videos to split what is in it"
        )
