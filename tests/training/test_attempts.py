from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from videonas.processes import own_host
from videonas.search.records import Attempt, Records
from videonas.search.result import Training
from videonas.search.result_folder import ResultFolder
from videonas.storage import open_store
from videonas.training.attempts import Assignment, is_alive, work_through


@dataclass
class Work:
    """One candidate whose training does what a test wants."""

    folder: ResultFolder
    reasons: list[str] = field(default_factory=list)
    tries: int = 0
    given_up: str = ""
    before: Callable[[], None] = lambda: None

    def assignment(self) -> Assignment:
        return Assignment("000000-00", self.folder, "training", self.done, self.work, self.give_up)

    def done(self) -> bool:
        return self.folder.training() is not None

    def work(self) -> str:
        self.tries += 1
        self.before()
        if self.reasons:
            return self.reasons.pop(0)
        self.folder.publish(Training("ok"))
        return ""

    def give_up(self, why: str) -> None:
        self.given_up = why
        self.folder.publish(Training("failed", why))


@pytest.fixture
def folder(tmp_path: Path) -> ResultFolder:
    return ResultFolder(Records(open_store(str(tmp_path))), "a" * 12, "b" * 12)


def _attempt(pid: int, host: str | None = None, started: float = 0.0) -> Attempt:
    return Attempt("somebody", host or own_host(), pid, started or time.time(), 60.0)


def _dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_work_is_done_once_and_leaves_no_attempt(folder: ResultFolder) -> None:
    work = Work(folder)
    work_through([work.assignment()], 3, 60)
    work_through([work.assignment()], 3, 60)
    assert work.tries == 1
    assert not folder.attempts("training")


def test_a_failure_is_tried_again(folder: ResultFolder) -> None:
    work = Work(folder, reasons=["once", "twice"])
    work_through([work.assignment()], 3, 60)
    assert work.tries == 3
    assert not work.given_up
    assert folder.failures("training") == {1: "once", 2: "twice"}


def test_three_failures_are_the_end(folder: ResultFolder) -> None:
    work = Work(folder, reasons=["once", "twice", "a third time", "never reached"])
    work_through([work.assignment()], 3, 60)
    assert work.tries == 3
    assert work.given_up == "3 attempts gave no result; the last one: a third time"
    again = Work(folder)
    work_through([again.assignment()], 3, 60)
    assert again.tries == 0


def test_attempts_of_machines_that_stopped_count(folder: ResultFolder) -> None:
    for number in (1, 2, 3):
        assert folder.begin_attempt("training", number, _attempt(_dead_pid()))
    work = Work(folder)
    work_through([work.assignment()], 3, 60)
    assert work.tries == 0
    assert "3 attempts" in work.given_up


def test_a_candidate_is_tried_again_after_a_machine_stopped(folder: ResultFolder) -> None:
    folder.begin_attempt("training", 1, _attempt(_dead_pid()))
    work = Work(folder)
    work_through([work.assignment()], 3, 60)
    assert work.tries == 1


def test_what_somebody_else_is_at_is_left_to_them(folder: ResultFolder) -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    time.sleep(0.1)
    folder.begin_attempt("training", 1, _attempt(other.pid))
    timer = threading.Timer(1.5, lambda: folder.publish(Training("ok", "theirs")))
    timer.start()
    work = Work(folder)
    work_through([work.assignment()], 3, 60)
    other.kill()
    other.wait()
    assert work.tries == 0
    training = folder.training()
    assert training is not None
    assert training.message == "theirs"


def test_others_are_done_while_one_waits(folder: ResultFolder, tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    time.sleep(0.1)
    folder.begin_attempt("training", 1, _attempt(other.pid))
    free = ResultFolder(folder.records, "c" * 12, "d" * 12)
    done_at: list[float] = []
    second = Work(free, before=lambda: done_at.append(time.monotonic()))
    killed_at: list[float] = []

    def kill() -> None:
        killed_at.append(time.monotonic())
        other.kill()
        other.wait()

    threading.Timer(1.5, kill).start()
    first = Work(folder)
    work_through([first.assignment(), second.assignment()], 3, 60)
    assert done_at[0] < killed_at[0]
    assert first.tries == 1, "taken over when its owner was gone"


def test_an_interruption_takes_the_attempt_back(folder: ResultFolder) -> None:
    def interrupt() -> None:
        raise SystemExit(143)

    work = Work(folder, before=interrupt)
    with pytest.raises(SystemExit):
        work_through([work.assignment()], 3, 60)
    assert not folder.attempts("training")


def test_an_owner_on_this_machine_lives_while_its_process_does() -> None:
    assert is_alive(_attempt(os.getpid()))
    assert not is_alive(_attempt(_dead_pid()))
    before_us = psutil.Process().create_time() - 10
    assert not is_alive(_attempt(os.getpid(), started=before_us)), "a number given a second time"


def test_an_owner_elsewhere_lives_until_its_time_is_over() -> None:
    assert is_alive(_attempt(1, host="elsewhere"))
    assert not is_alive(_attempt(1, host="elsewhere", started=time.time() - 61))
