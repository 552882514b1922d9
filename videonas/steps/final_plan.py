"""Whom a run of the pipeline trains at full length at its end. No TensorFlow: `start` asks too."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from videonas.errors import VideonasError
from videonas.search.dataset import Dataset
from videonas.search.finished import Initial, Plan, make_plan
from videonas.search.lineage import Lineage
from videonas.search.root import SearchRoot

log = logging.getLogger(__name__)


def plan_of(
    root: SearchRoot,
    lineage: Lineage,
    dataset: Dataset,
    *,
    best: int | None = None,
    train_steps: int | None = None,
    initial: Initial | None = None,
    distance: float | None = None,
    streams: Sequence[str] = (),
    ensemble_size: int | None = None,
) -> Plan:
    """Whom to train at full length, and how; what is not given is as the settings say.

    Args:
        root: where the search is kept.
        lineage: of the search.
        dataset: of the search.
        best: how many individuals; at least one.
        train_steps: optimiser steps.
        initial: what training begins from.
        distance: the least between two of them.
        streams: on each of which each is trained.
        ensemble_size: networks in the ensemble.

    Raises:
        VideonasError: no network has the outcome `ok`, or a stream is not there.
    """
    settings = root.settings
    asked = tuple(streams) or settings.finish_streams
    for stream in asked:
        if stream not in dataset.streams:
            raise VideonasError(
                f"{root.uri}: finish is asked for the stream {stream!r}, which the data set does "
                f"not hold; allowed: {', '.join(dataset.streams)}"
            )
    try:
        return make_plan(
            lineage, settings, dataset.digest,
            best=best or max(settings.finish_best, 1),
            train_steps=train_steps or settings.finish_train_steps,
            initial=initial or settings.finish_from,
            distance=settings.finish_distance if distance is None else distance,
            streams=asked, task=dataset.task,
            ensemble_size=ensemble_size or settings.ensemble_size,
        )
    except VideonasError as error:
        raise VideonasError(f"{root.uri}: {error}") from None


def plan_of_run(root: SearchRoot) -> Plan | None:
    """What the last step of a run carries out; None where it has nothing to do.

    Raises:
        VideonasError: the settings ask for a stream that is not there.
        DamagedRecord: the history cannot be read.
    """
    settings, lineage = root.settings, root.lineage()
    if settings.finish_best == 0:
        log.info("finish_best is 0: nothing to finish")
        return None
    if not lineage.fittest(settings):
        log.info("no network has the outcome 'ok': nothing to finish")
        return None
    dataset = root.need_dataset(lineage.data)
    if not dataset.splits["test"].videos:
        log.warning("the data set has no test split: nothing is finished")
        return None
    return plan_of(root, lineage, dataset)


def left_to_finish(root: SearchRoot) -> bool:
    """Whether the best of the search are not finished yet: an earlier run was stopped before.

    Raises:
        VideonasError: the settings ask for a stream that is not there.
        DamagedRecord: the history, or what was finished, cannot be read.
    """
    plan = plan_of_run(root)
    return plan is not None and not any(
        folder.is_complete() for folder in root.finish_folders() if folder.plan() == plan
    )
