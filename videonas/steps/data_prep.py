"""`data-prep`: videos to shards, once."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from videonas.errors import DataError, NoVideos, SettingsError
from videonas.progress import LOG_LINES, Progress, Stage, Step
from videonas.search.dataset import Dataset, streams_of
from videonas.search.root import SearchRoot
from videonas.search.settings import Settings
from videonas.steps.new_videos import check_new_videos, choose_dataset

if TYPE_CHECKING:
    from videonas.data.places import Fingerprint
    from videonas.data.sources import Sources
    from videonas.task import Clip

log = logging.getLogger(__name__)

FEWEST_FOR_TOP5 = 20
"""Classes below which top-5 accuracy says little."""

SEVERAL_LABELS_LACK = ("top1+top5", "top1", "top5")
"""Fitness and objectives that are not measured where a video can have several labels."""

ONE_LABEL_LACKS = ("map",)
"""Those that are not measured where every video has one."""


def data_prep(root: SearchRoot, progress: Progress = LOG_LINES) -> Dataset:
    """Makes the data set of a search, unless it is there.

    The setting `new_videos` says what is done about videos that have changed; what is made counts
    for generations that are not drawn yet.

    Args:
        root: where the search is kept.
        progress: told what is done.

    Raises:
        DataError: no data set can be made of the videos.
        ConflictingSearch: the search has a data set of other videos, and cannot go on with these.
        SettingsError: no videos are given, or the fitness or an objective does not suit their
            labels.
    """
    dataset = _data_set(root, progress)
    from videonas.data.class_counts import count_lines

    for line in count_lines(dataset):
        log.info("%s", line)
    return dataset


def _data_set(root: SearchRoot, progress: Progress) -> Dataset:
    settings = root.settings
    streams = streams_of(root.space, settings.optical_flow)
    existing = root.dataset()
    if existing is not None:
        _check_fitness(settings, len(existing.classes), existing.multi_label)
        if settings.videos is None:
            return existing
    from videonas.data.layouts.recognise import find_sources
    from videonas.data.sources import fingerprints, source_digest

    try:
        sources = find_sources(settings)
    except DataError as error:
        if existing is None or not (
            isinstance(error, NoVideos) or _is_as_first_found(existing, settings, streams)
        ):
            raise
        log.info("%s; the data set is there: %s", error, existing.digest)
        return existing
    _check_fitness(settings, len(sources.classes), sources.multi_label)
    prints = fingerprints(sources)
    digest = source_digest(sources, streams, settings, prints)
    if existing is not None:
        if existing.digest == digest:
            log.info("the data set is there: %s", digest)
            return existing
        if _is_as_first_found(existing, settings, streams):
            log.warning(
                "the data set is there: %s; an older version prepared it, and found %d classes in "
                "%s; this version finds %d videos of %d classes, which another search would use",
                existing.digest, len(existing.classes), sources.place, len(sources.videos),
                len(sources.classes),
            )
            return existing
        check_new_videos(root, existing, sources, sources.place)
    made = root.dataset(digest)  # where videos were put back
    if made is None:
        made = _prepare(root, sources, prints, digest, existing, progress)
    return choose_dataset(root, made)


def _is_as_first_found(
    existing: Dataset, settings: Settings, streams: Mapping[str, Clip]
) -> bool:
    """Whether a data set is what the first versions made of the class folders that are there."""
    from videonas.data.first_rules import first_digest
    from videonas.data.places import open_place

    if existing.labels_from != "class folders" or settings.videos is None:
        return False
    try:
        return first_digest(open_place(settings.videos), streams, settings) == existing.digest
    except OSError:
        return False


def _prepare(
    root: SearchRoot,
    sources: Sources,
    prints: Mapping[str, Fingerprint],
    digest: str,
    earlier: Dataset | None,
    progress: Progress,
) -> Dataset:
    """Makes a data set, with the clips of an earlier one where their videos are as they were."""
    from videonas.data.earlier import EarlierClips
    from videonas.data.prepare import prepare_dataset

    settings, clips = root.settings, None
    streams = streams_of(root.space, settings.optical_flow)
    if earlier is not None and (videos := root.prepared_videos(earlier)) is not None:
        clips = EarlierClips(earlier, videos, lambda split: root.shards(earlier, split))
    progress(Stage("preparing the videos"))
    with (
        tempfile.TemporaryDirectory(prefix="videonas-") as scratch,
        root.publication(digest) as publication,
    ):
        prepared = prepare_dataset(
            sources, Path(scratch), streams, settings, digest,
            lambda done, total: progress(Step("videos", done, total)),
            prints=prints, earlier=clips, closed=publication.send,
        )
        return publication.finish(prepared.dataset, prepared.videos)


def _check_fitness(settings: Settings, classes: int, multi_label: bool) -> None:
    """Refuses to select by what will not be measured on these labels.

    Raises:
        SettingsError: naming the fitness or the objective, and what is allowed.
    """
    labels = "can have several labels" if multi_label else "has one label"
    unmeasured = SEVERAL_LABELS_LACK if multi_label else ONE_LABEL_LACKS
    if settings.fitness in unmeasured:
        allowed = "map or loss" if multi_label else "loss or top1+top5"
        raise SettingsError(
            f"fitness is {settings.fitness!r}, and a video {labels}; begin a search with fitness "
            f"{allowed} in another search root"
        )
    wrong = next((name for name in settings.objectives if name in unmeasured), None)
    if settings.algorithm == "nsga2" and wrong is not None:
        allowed = "map" if multi_label else "top1 or top5"
        raise SettingsError(
            f"objectives has {wrong!r}, and a video {labels}; set objectives with {allowed} or "
            "loss instead"
        )
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
        "labels_from": dataset.labels_from,
        "multi_label": "yes" if dataset.multi_label else "no",
        "skipped_files": float(len(dataset.skipped)),
        **counts,
    }
