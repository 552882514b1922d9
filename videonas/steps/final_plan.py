"""Whom a run of the pipeline trains at full length at its end. No TensorFlow: `start` asks too."""

from __future__ import annotations

import logging

from videonas.search.finished import Plan, make_plan
from videonas.search.root import SearchRoot

log = logging.getLogger(__name__)


def plan_of_run(root: SearchRoot) -> Plan | None:
    """What the last step of a run carries out; None where it has nothing to do.

    Raises:
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
    return make_plan(
        lineage, settings, dataset.digest, best=settings.finish_best,
        train_steps=settings.finish_train_steps, initial=settings.finish_from,
    )


def left_to_finish(root: SearchRoot) -> bool:
    """Whether the best of the search are not finished yet: an earlier run was stopped before.

    Raises:
        DamagedRecord: the history, or what was finished, cannot be read.
    """
    plan = plan_of_run(root)
    return plan is not None and not any(
        folder.record() is not None for folder in root.finish_folders() if folder.plan() == plan
    )
