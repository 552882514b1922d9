"""Works through candidates, with others at work on the same search and machines that stop.

Whoever begins writes `attempt-<n>` first. An attempt whose owner lives is left to the owner; one
whose owner is gone counts, and after so many a candidate is given up, so that no candidate can
stop a search for ever.
"""

from __future__ import annotations

import logging
import os
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import psutil

from videonas.processes import own_host
from videonas.search.records import Attempt
from videonas.search.result_folder import AttemptFolder

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Assignment:
    """One piece of work on one candidate.

    Attributes:
        name: of the individual.
        folder: where attempts are counted.
        task: what is missing.
        done: whether there is nothing to do any more.
        work: does it and publishes; gives back why it did not, or an empty string.
        give_up: publishes that it cannot be done, and why.
    """

    name: str
    folder: AttemptFolder
    task: Literal["latency", "training", "evaluation", "ensemble"]
    done: Callable[[], bool]
    work: Callable[[], str]
    give_up: Callable[[str], object]


def work_through(assignments: Iterable[Assignment], attempts: int, seconds: float) -> None:
    """Does every assignment, or waits until somebody else has done it.

    Args:
        assignments: in the order of birth.
        attempts: tries of one candidate before it is given up.
        seconds: after which an attempt on another machine is over.
    """
    waiting = list(assignments)
    told: list[Assignment] = []
    while waiting:
        still = [a for a in waiting if not _advance(a, attempts, seconds)]
        if still == waiting:
            if still != told:
                log.info("waiting for whoever is at %s", ", ".join(a.name for a in still))
                told = still
            time.sleep(POLL_SECONDS)
        waiting = still


def _advance(assignment: Assignment, attempts: int, seconds: float) -> bool:
    """Does what can be done now; True when nothing is left to do."""
    if assignment.done():
        return True
    folder, task = assignment.folder, assignment.task
    tried, failures = folder.attempts(task), folder.failures(task)
    if any(is_alive(tried[number]) for number in tried if number not in failures):
        return False
    if len(tried) >= attempts:
        last = failures.get(max(tried), "the machine, or the task, stopped")
        assignment.give_up(f"{len(tried)} attempts gave no result; the last one: {last}")
        return True
    number = max(tried, default=0) + 1
    if not folder.begin_attempt(task, number, _own_attempt(seconds)):
        return False
    failure = ""
    try:
        if not assignment.done():  # or somebody finished between our look and our claim
            failure = assignment.work()
        if failure:
            log.warning("%s: attempt %d at %s failed: %s", assignment.name, number, task, failure)
            folder.publish_failure(task, number, failure)
    except BaseException:  # stopped from outside, or storage failed: no fault of the candidate
        folder.take_back(task, number)
        raise
    if not failure:
        folder.take_back(task, number)
    return not failure


def is_alive(attempt: Attempt) -> bool:
    """Whether the owner of an attempt is still at work on it, as far as can be seen."""
    if attempt.host != own_host():
        return time.time() < attempt.started + attempt.seconds
    try:
        # a process that began later has only been given the same number
        return float(psutil.Process(attempt.pid).create_time()) <= attempt.started
    except psutil.NoSuchProcess:
        return False


def _own_attempt(seconds: float) -> Attempt:
    return Attempt(uuid.uuid4().hex, own_host(), os.getpid(), time.time(), seconds)
