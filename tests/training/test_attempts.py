from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from videonas.processes import own_host
from videonas.progress import Event, Failed, Finished, Waiting
from videonas.search.environment import Environment, installed
from videonas.search.records import Attempt, Records
from videonas.search.result import Training
from videonas.search.result_folder import ResultFolder
from videonas.storage import open_store
from videonas.training import attempts
from videonas.training.attempts import Assignment, is_alive
from videonas.training.common_cause import CommonCause


@dataclass
class Work:
    """One candidate whose training does what a test wants."""

    folder: ResultFolder
    reasons: list[str] = field(default_factory=list)
    tries: int = 0
    given_up: str = ""
    before: Callable[[], None] = lambda: None

    name: str = "000000-00"

    def assignment(self) -> Assignment:
        return Assignment(
            self.name, self.folder, "training", self.outcome, self.work, self.give_up
        )

    def outcome(self) -> str | None:
        training = self.folder.training()
        return training.outcome if training else None

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


class Here:
    """Where jobs run, without TensorFlow."""

    def __init__(self, stop: Callable[[], object] = lambda: None) -> None:
        self.stopping = stop

    @property
    def environment(self) -> Environment:
        return installed()

    def stop(self) -> None:
        self.stopping()


def work_through(work: Iterable[Assignment], *others: Any, **options: Any) -> None:
    attempts.work_through(work, *others, **{"supervisor": Here(), **options})


@pytest.fixture
def folder(tmp_path: Path) -> ResultFolder:
    return ResultFolder(Records(open_store(str(tmp_path))), "a" * 12, "b" * 12)


def _attempt(pid: int, host: str | None = None, started: float = 0.0) -> Attempt:
    return Attempt("somebody", host or own_host(), pid, started or time.time(), 60.0)


def _dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def folders(folder: ResultFolder, count: int) -> list[ResultFolder]:
    return [ResultFolder(folder.records, f"{n:012x}", "b" * 12) for n in range(count)]


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
    assert {n: each.message for n, each in folder.failures("training").items()} == {
        1: "once", 2: "twice"
    }


def test_a_failure_of_ours_is_reported_and_tried_again_without_a_wait(
    folder: ResultFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("videonas.training.attempts.POLL_SECONDS", 60.0)
    heard: list[Event] = []
    work_through([Work(folder, reasons=["once"]).assignment()], 3, 60, heard.append)
    assert heard == [
        Failed("000000-00", "attempt 1 at training failed: once"), Finished("000000-00", "ok")
    ]


def test_three_failures_are_the_end(folder: ResultFolder) -> None:
    work = Work(folder, reasons=["once", "twice", "a third time", "never reached"])
    work_through([work.assignment()], 3, 60)
    assert work.tries == 3
    assert work.given_up == "3 attempts gave no result; the last one: a third time"
    again = Work(folder)
    work_through([again.assignment()], 3, 60)
    assert again.tries == 0


@pytest.mark.parametrize("parallelism", [1, 3])
def test_networks_that_fail_alike_stop_the_work_and_none_is_given_up(
    folder: ResultFolder, parallelism: int
) -> None:
    of_each = folders(folder, 8)
    broken = [Work(each, reasons=[f"no such shape: [{n},3]"] * 9) for n, each in enumerate(of_each)]
    with pytest.raises(CommonCause) as stopped:
        work_through([each.assignment() for each in broken], 3, 60, parallelism=parallelism,
                     peers=lambda: of_each)
    assert "no such shape" in str(stopped.value)
    assert sum(each.tries for each in broken) <= 2 + 2 * parallelism, "of 24"
    assert not any(each.given_up for each in broken)
    # once it is fixed, nothing is in the way
    mended = [Work(each) for each in of_each]
    work_through([each.assignment() for each in mended], 3, 60, peers=lambda: of_each)
    assert all(each.tries == 1 for each in mended)


def test_networks_at_fault_themselves_do_not_stop_every_run_though_they_come_first(
    folder: ResultFolder,
) -> None:
    of_each = folders(folder, 5)
    work = [Work(each, reasons=["the process ended with signal 11"] * 9) for each in of_each[:3]]
    work += map(Work, of_each[3:])
    with pytest.raises(CommonCause):
        work_through([each.assignment() for each in work], 3, 60, peers=lambda: of_each)
    work_through([each.assignment() for each in work], 3, 60, peers=lambda: of_each)
    assert [bool(each.given_up) for each in work] == [True, True, True, False, False]
    assert [each.outcome() for each in work] == ["failed", "failed", "failed", "ok", "ok"]


def test_messages_that_differ_by_numbers_and_addresses_are_of_one_way(
    folder: ResultFolder,
) -> None:
    of_each = folders(folder, 3)
    addresses = ("0x7f3a12", "0x7fbc00", "0x55d1e0")
    broken = [
        Work(each, reasons=[f"bad pointer {address} in [{n}, 16]"])
        for n, (each, address) in enumerate(zip(of_each, addresses, strict=True))
    ]
    with pytest.raises(CommonCause):
        work_through([each.assignment() for each in broken], 3, 60, peers=lambda: of_each)


def test_networks_that_fail_while_another_succeeds_are_given_up(folder: ResultFolder) -> None:
    of_each = folders(folder, 4)
    Work(of_each[0]).work()
    broken = [Work(each, reasons=["too large"] * 9) for each in of_each[1:]]
    work_through([each.assignment() for each in broken], 3, 60, peers=lambda: of_each)
    assert all(each.given_up for each in broken)


def test_what_breaks_between_two_networks_stops_the_work_too(folder: ResultFolder) -> None:
    of_each = folders(folder, 10)
    names = [f"000000-{number:02}" for number in range(10)]
    work = [Work(each, reasons=["no device"] * (0 if n < 2 else 9))
            for n, each in enumerate(of_each)]
    assignments = [replace(each.assignment(), name=name)
                   for each, name in zip(work, names, strict=True)]
    with pytest.raises(CommonCause, match="5 networks in a row: no device"):
        work_through(assignments, 3, 60, peers=lambda: of_each)
    assert not any(each.given_up for each in work)
    assert [each.tries for each in work] == [1] * 7 + [0] * 3


def test_networks_that_fail_in_different_ways_are_given_up(folder: ResultFolder) -> None:
    of_each = folders(folder, 3)
    whys = ("too large", "of another shape", "the process ended with signal 11")
    broken = [Work(each, reasons=[why] * 9) for each, why in zip(of_each, whys, strict=True)]
    work_through([each.assignment() for each in broken], 3, 60, peers=lambda: of_each)
    assert all(each.given_up for each in broken)


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
    heard: list[Event] = []
    work_through([work.assignment()], 3, 60, heard.append)
    other.kill()
    other.wait()
    assert work.tries == 0
    assert heard == [Waiting("another run to finish 000000-00"), Finished("000000-00", "ok")]
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


# Several at a time


@pytest.mark.parametrize("parallelism", [1, 2, 3])
def test_as_many_are_worked_on_at_a_time_as_were_asked_for(
    folder: ResultFolder, parallelism: int
) -> None:
    lock, now, most = threading.Lock(), 0, 0

    def meet() -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.2)
        with lock:
            now -= 1

    work = [Work(each, before=meet, name=str(n)) for n, each in enumerate(folders(folder, 6))]
    heard: list[Event] = []
    assignments = [each.assignment() for each in work]
    work_through(assignments, 3, 60, heard.append, parallelism=parallelism)
    assert most == parallelism
    assert [each.tries for each in work] == [1] * 6
    assert {event.name for event in heard if isinstance(event, Finished)} == set("012345")


def test_equal_networks_are_worked_on_once_though_at_a_time(folder: ResultFolder) -> None:
    work = [Work(folder, before=lambda: time.sleep(0.2), name=str(n)) for n in range(2)]
    work_through([each.assignment() for each in work], 3, 60, parallelism=2)
    assert sum(each.tries for each in work) == 1


def test_where_one_cannot_go_on_the_others_are_stopped_and_all_attempts_taken_back(
    folder: ResultFolder,
) -> None:
    """As after a full disk: it is no fault of a candidate, so every attempt is as if not made."""
    begun, stopped = threading.Event(), threading.Event()

    def work_until_stopped() -> None:
        begun.set()
        assert stopped.wait(60)
        raise KeyboardInterrupt

    def fail() -> None:
        assert begun.wait(60)
        raise OSError("the disk is full")

    of_each = folders(folder, 3)
    before = (work_until_stopped, fail, work_until_stopped)
    work = [Work(each, before=do) for each, do in zip(of_each, before, strict=True)]
    with pytest.raises(OSError, match="the disk is full"):
        work_through([each.assignment() for each in work], 3, 60, parallelism=2,
                     supervisor=Here(stopped.set))
    assert stopped.is_set()
    assert not any(each.attempts("training") for each in of_each)


def test_an_owner_on_this_machine_lives_while_its_process_does() -> None:
    assert is_alive(_attempt(os.getpid()))
    assert not is_alive(_attempt(_dead_pid()))
    before_us = psutil.Process().create_time() - 10
    assert not is_alive(_attempt(os.getpid(), started=before_us)), "a number given a second time"


def test_an_owner_elsewhere_lives_until_its_time_is_over() -> None:
    assert is_alive(_attempt(1, host="elsewhere"))
    assert not is_alive(_attempt(1, host="elsewhere", started=time.time() - 61))
