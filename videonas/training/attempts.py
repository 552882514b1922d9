"""Works through candidates, with others at work on the same search and machines that stop.

Whoever begins writes `attempt-<n>` first. An attempt whose owner lives is left to the owner; one
whose owner is gone counts, and after so many a candidate is given up, so that no candidate can
stop a search for ever.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import Literal

import psutil

from videonas.processes import own_host
from videonas.progress import LOG_LINES, Failed, Finished, Progress, Waiting
from videonas.search.records import Attempt
from videonas.search.result_folder import AttemptFolder

POLL_SECONDS = 1.0

State = Literal["ended", "failed", "taken"]
"""Of an assignment after a look at it: nothing is left to do, an attempt of ours failed, or
somebody else is at work on it."""


@dataclass(frozen=True)
class Assignment:
    """One piece of work on one candidate.

    Attributes:
        name: of the individual.
        folder: where attempts are counted.
        task: what is missing.
        outcome: what came of it, in a word; None while something is left to do.
        work: does it and publishes; gives back why it did not, or an empty string.
        give_up: publishes that it cannot be done, and why.
    """

    name: str
    folder: AttemptFolder
    task: Literal["latency", "training", "evaluation", "ensemble"]
    outcome: Callable[[], str | None]
    work: Callable[[], str]
    give_up: Callable[[str], object]


def work_through(
    assignments: Iterable[Assignment],
    attempts: int,
    seconds: float,
    progress: Progress = LOG_LINES,
    *,
    parallelism: int = 1,
    stop: Callable[[], object] = lambda: None,
) -> None:
    """Does every assignment, or waits until somebody else has done it.

    Args:
        assignments: in the order of birth.
        attempts: tries of one candidate before it is given up.
        seconds: after which an attempt on another machine is over.
        progress: told what has ended, and what is waited for.
        parallelism: assignments at a time, each in a thread.
        stop: ends the work of all threads, where one of them failed or this one was interrupted.
    """
    look = partial(_advance, attempts=attempts, seconds=seconds, progress=progress)
    waiting, told = list(assignments), list[Assignment]()
    while waiting:
        states = _in_threads(look, waiting, parallelism, stop)
        taken = [a for a, state in zip(waiting, states, strict=True) if state == "taken"]
        waiting = [a for a, state in zip(waiting, states, strict=True) if state != "ended"]
        if waiting and waiting == taken:
            if taken != told:
                names = ", ".join(assignment.name for assignment in taken)
                progress(Waiting(f"another run to finish {names}"))
                told = taken
            time.sleep(POLL_SECONDS)


def _in_threads(
    look: Callable[[Assignment], State],
    waiting: list[Assignment],
    parallelism: int,
    stop: Callable[[], object],
) -> list[State]:
    """Looks at every assignment; a signal interrupts this thread, and through it the others."""
    if parallelism == 1:
        return [look(assignment) for assignment in waiting]
    with ThreadPoolExecutor(parallelism, "videonas-candidate") as pool:
        looks = [pool.submit(look, assignment) for assignment in waiting]
        try:
            for ended in wait(looks, return_when=FIRST_EXCEPTION).done:
                ended.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            stop()
            raise
    return [ended.result() for ended in looks]


def _advance(
    assignment: Assignment, *, attempts: int, seconds: float, progress: Progress
) -> State:
    """Does what can be done now."""
    folder, task = assignment.folder, assignment.task
    outcome = assignment.outcome()
    if outcome is None:
        tried, failures = folder.attempts(task), folder.failures(task)
        if any(is_alive(tried[number]) for number in tried if number not in failures):
            return "taken"
        if len(tried) >= attempts:
            last = failures.get(max(tried), "the machine, or the task, stopped")
            assignment.give_up(f"{len(tried)} attempts gave no result; the last one: {last}")
        else:
            number = max(tried, default=0) + 1
            if not folder.begin_attempt(task, number, _own_attempt(seconds)):
                return "taken"
            if failure := _try(assignment, number):
                progress(Failed(assignment.name, f"attempt {number} at {task} failed: {failure}"))
                return "failed"
        outcome = assignment.outcome()
    progress(Finished(assignment.name, outcome or "done"))
    return "ended"


def _try(assignment: Assignment, number: int) -> str:
    """Makes an attempt that has been begun; gives back why it gave no result, if so."""
    folder, task = assignment.folder, assignment.task
    failure = ""
    try:
        # somebody may have finished between our look and our claim
        if assignment.outcome() is None:
            failure = assignment.work()
        if failure:
            folder.publish_failure(task, number, failure)
    except BaseException:  # stopped from outside, or storage failed: no fault of the candidate
        folder.take_back(task, number)
        raise
    if not failure:
        folder.take_back(task, number)
    return failure


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
