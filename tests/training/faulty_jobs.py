"""Jobs that go wrong on purpose."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from videonas.errors import DataError


def add_one(number: int) -> int:
    return number + 1


def count_aloud(number: int, report: Callable[..., None]) -> int:
    for done in range(1, number + 1):
        report(done, number)
    return number


def talk_for_ever(_: object, report: Callable[..., None]) -> None:
    while True:
        report("still here")
        time.sleep(0.01)


def report_pid_and_hang(_: object, report: Callable[..., None]) -> None:
    report(os.getpid())
    time.sleep(600)


def process_id(_: object) -> int:
    return os.getpid()


def hang(_: object) -> None:
    time.sleep(600)


def eat_memory(_: object) -> None:
    eaten = []
    while True:
        eaten.append(bytearray(32 * 2**20))
        time.sleep(0.01)


def raise_error(message: str) -> None:
    raise RuntimeError(message)


def refuse(message: str) -> None:
    raise DataError(message)


def import_nothing(_: object) -> None:
    import there_is_no_such_package  # type: ignore[import-not-found]  # noqa: F401


def fill_the_disk(_: object) -> None:
    with open("/dev/full", "w") as file:
        file.write("x" * 100_000)


def crash(number: int) -> None:
    os.kill(os.getpid(), number)


def exit_at_once(_: object) -> None:
    os._exit(7)


def write_pid_and_hang(path: str) -> None:
    with open(path + ".new", "w") as file:
        file.write(str(os.getpid()))
    os.rename(path + ".new", path)
    time.sleep(600)


SEGFAULT = int(signal.SIGSEGV)
KILL = int(signal.SIGKILL)
