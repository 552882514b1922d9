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
from dataclasses import dataclass, field
from typing import Literal

import psutil

from videonas.processes import own_host
from videonas.progress import LOG_LINES, Failed, Finished, Progress, Waiting
from videonas.search.records import Attempt, Failure
from videonas.search.result_folder import AttemptFolder, ResultFolder
from videonas.training.common_cause import FailureWatch
from videonas.training.supervisor import Runner

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
    supervisor: Runner,
    parallelism: int = 1,
    peers: Callable[[], Iterable[ResultFolder]] = tuple,
) -> None:
    """Does every assignment, or waits until somebody else has done it.

    Args:
        assignments: in the order of birth; those that an earlier run tried come last.
        attempts: tries of one candidate before it is given up.
        seconds: after which an attempt on another machine is over.
        progress: told what has ended, and what is waited for.
        supervisor: runs the work; stopped where one thread fails or this one is interrupted.
        parallelism: assignments at a time, each in a thread.
        peers: results of all networks that should succeed as these do, see `FailureWatch`.

    Raises:
        CommonCause: the first few fail in one way, which is no fault of theirs.
    """
    trying = _Trying(attempts, seconds, progress, supervisor, peers)
    waiting, told, look = list(assignments), list[Assignment](), trying.begin
    while waiting:
        states = _in_threads(look, waiting, parallelism, supervisor)
        look = trying.advance
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
    supervisor: Runner,
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
            supervisor.stop()
            raise
    return [ended.result() for ended in looks]


@dataclass(frozen=True)
class _Trying:
    """Makes attempts, one at a time for an assignment; the fields are those of `work_through`."""

    attempts: int
    seconds: float
    progress: Progress
    supervisor: Runner
    peers: Callable[[], Iterable[ResultFolder]]
    watch: FailureWatch = field(default_factory=FailureWatch)

    def begin(self, assignment: Assignment) -> State:
        """As `advance`, but leaves what was tried before for later.

        A run that a common cause stopped goes on with other networks: so the first few, where they
        do fail through their own fault, cannot stop every run.
        """
        return self.advance(assignment, untried=True)

    def advance(self, assignment: Assignment, *, untried: bool = False) -> State:
        """Does what can be done now; where asked for, only if it was never tried."""
        folder, task = assignment.folder, assignment.task
        outcome = assignment.outcome()
        if outcome is None:
            tried, failures = folder.attempts(task), folder.failures(task)
            if any(is_alive(tried[number]) for number in tried if number not in failures):
                return "taken"
            if tried and untried:
                return "failed"
            if len(tried) >= self.attempts:
                last = failures.get(max(tried))
                why = last.message if last else "the machine, or the task, stopped"
                assignment.give_up(f"{len(tried)} attempts gave no result; the last one: {why}")
            else:
                number = max(tried, default=0) + 1
                if not folder.begin_attempt(task, number, _own_attempt(self.seconds)):
                    return "taken"
                if failure := self._try(assignment, number):
                    message = f"attempt {number} at {task} failed: {failure}"
                    self.progress(Failed(assignment.name, message))
                    others = (each for each in self.peers() if each.folder != folder.folder)
                    self.watch.failed(task, assignment.name, failure, others)
                    return "failed"
                self.watch.succeeded()
            outcome = assignment.outcome()
        self.progress(Finished(assignment.name, outcome or "done"))
        return "ended"

    def _try(self, assignment: Assignment, number: int) -> str:
        """Makes an attempt that has begun; gives back why it gave no result, if so."""
        folder, task = assignment.folder, assignment.task
        failure = ""
        try:
            # another run may have finished between our look and our claim
            if assignment.outcome() is None:
                failure = assignment.work()
            if failure:
                folder.publish_failure(task, number, Failure(failure, self.supervisor.environment))
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
