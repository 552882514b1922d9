"""`data-prep`: videos to shards, once."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path

from videonas.errors import ConflictingSearch, SettingsError
from videonas.search.dataset import Dataset
from videonas.search.root import SearchRoot
from videonas.search.settings import Settings

log = logging.getLogger(__name__)

FEWEST_FOR_TOP5 = 20
"""Classes below which top-5 accuracy says little."""


def data_prep(root: SearchRoot, progress: Callable[[int, int], None] | None = None) -> Dataset:
    """Makes the data set of a search, unless it is there.

    Args:
        root: where the search is kept.
        progress: told how many videos of how many are done.

    Raises:
        DataError: no data set can be made of the videos.
        ConflictingSearch: the search has a data set of other videos.
        SettingsError: no videos are given, or the fitness does not suit their classes.
    """
    settings, streams = root.settings, root.space.largest()
    existing = root.dataset()
    if existing is not None:
        _check_fitness(settings, len(existing.classes))
    if settings.videos is None or not Path(settings.videos).exists():
        if existing is not None:
            log.info("no videos at %s; the data set is there: %s", settings.videos, existing.digest)
            return existing
        if settings.videos is None:
            raise SettingsError("no videos: give --videos, a folder with one folder a class")
    from videonas.data.prepare import prepare_dataset
    from videonas.data.sources import class_names, find_videos, source_digest

    folder = Path(settings.videos)
    videos = find_videos(folder)
    _check_fitness(settings, len(class_names(videos)))
    digest = source_digest(folder, videos, streams, settings)
    if existing is not None:
        if existing.digest != digest:
            raise ConflictingSearch(
                f"{folder}: the videos are not those that the search at {root.uri} began with "
                f"({existing.source}); put them back, or begin another search in another search "
                "root"
            )
        log.info("the data set is there: %s", digest)
        return existing
    with tempfile.TemporaryDirectory(prefix="videonas-") as scratch:
        dataset = prepare_dataset(folder, Path(scratch), streams, settings, progress)
        return root.publish_dataset(dataset, Path(scratch))


def _check_fitness(settings: Settings, classes: int) -> None:
    if settings.fitness == "top1+top5" and classes < FEWEST_FOR_TOP5:
        raise SettingsError(
            f"fitness is 'top1+top5' and there are {classes} classes; top-5 says little below "
            f"{FEWEST_FOR_TOP5}: begin a search with fitness=loss in another search root"
        )


def dataset_metadata(dataset: Dataset) -> dict[str, str | float]:
    """What an artifact store shows of a data set, flat."""
    counts = {f"{name}_clips": float(split.clips) for name, split in dataset.splits.items()}
    return {
        "digest": dataset.digest,
        "classes": float(len(dataset.classes)),
        "skipped_files": float(len(dataset.skipped)),
        **counts,
    }
