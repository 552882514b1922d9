"""Runs a job in a child process, watches its time and memory, and survives it. No TensorFlow.

Children are forked from a fork server that has TensorFlow imported already, so a fresh process,
whose memory is given back in full, costs no import.
"""

from __future__ import annotations

import errno
import logging
import math
import multiprocessing
import os
import pkgutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

import psutil

from videonas.errors import VideonasError, reason
from videonas.logs import set_up_logging
from videonas.processes import wait_for_end
from videonas.search.environment import Environment, installed

log = logging.getLogger(__name__)

T = TypeVar("T")

POLL_SECONDS = 0.1
OF_THE_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EMFILE)
QUIET_START = "videonas.training.preload"
SCRIPT = "videonas.cli"
MEMORY_SHARE = 0.9
"""Of the container's memory: above it the kernel might end the supervisor instead."""

ENVIRONMENT = "videonas.training.environment:environment_job"
ENVIRONMENT_SECONDS = 300.0

_CHILDREN = threading.Lock()
"""Held while a child is started or waited for: `multiprocessing` also polls the children of other
threads then, and of two threads that poll one child at once only one learns how it ended."""


@dataclass(frozen=True)
class Limits:
    """What a job may use.

    Attributes:
        seconds: wall time.
        memory_mb: resident memory in MB.
    """

    seconds: float
    memory_mb: float

    @property
    def patience(self) -> float:
        """Seconds after which an attempt on another machine is over, come what may."""
        return 3 * self.seconds + 600


@dataclass(frozen=True)
class Ending:
    """How a job ended.

    Attributes:
        kind: `finished`, or what stopped it.
        value: what the job returned, if it finished.
        message: a sentence, if it did not.
        peak_memory_mb: largest resident memory that was seen.
    """

    kind: Literal["finished", "timed_out", "out_of_memory", "crashed"]
    value: Any = None
    message: str = ""
    peak_memory_mb: float = 0.0

    def value_or(self, record: Callable[[Any, str], T]) -> T:
        """What the job returned; or `record` of what stopped it, with the message."""
        return self.value if self.kind == "finished" else record(self.kind, self.message)  # type: ignore[no-any-return]


class Interrupted(BaseException):
    """Another thread stopped the supervisor, so this one has to end as on a signal."""


class Runner(Protocol):
    """What `Supervisor` is to those who only tell of jobs, and end them."""

    @property
    def environment(self) -> Environment:
        """What jobs run in."""

    def stop(self) -> None:
        """Ends all jobs."""


class Supervisor:
    """Runs jobs, each in a process of its own, as many at a time as there are threads that do.

    Args:
        preload: modules that the fork server imports once for all jobs. A process has one fork
            server: once it runs, it imports no more.
    """

    def __init__(self, *preload: str) -> None:
        self._context = multiprocessing.get_context("forkserver")
        # a child imports the main module again; from the fork server it has it at no cost. The
        # script `videonas` cannot be imported, but all that it imports
        main = getattr(sys.modules["__main__"], "__spec__", None)
        modules = [QUIET_START, *preload, main.name if main else SCRIPT]
        self._context.set_forkserver_preload(modules)
        self._stopped = threading.Event()

    @cached_property
    def environment(self) -> Environment:
        """What jobs run in; without the device where TensorFlow cannot be asked for it."""
        try:
            ending = self.run(ENVIRONMENT, None, Limits(ENVIRONMENT_SECONDS, math.inf))
        except (VideonasError, ModuleNotFoundError):
            return installed()
        return ending.value_or(lambda *_: installed())

    def stop(self) -> None:
        """Ends all jobs: every thread that runs one gets `Interrupted`."""
        self._stopped.set()

    def run(
        self, job: str, argument: Any, limits: Limits, heard: Callable[..., object] | None = None
    ) -> Ending:
        """Runs a job in a child process and waits for it.

        Args:
            job: a function of `argument`, as `module:name`: this process need not import it.
            argument: picklable, as is what the job returns.
            limits: what it may use; memory above 90 % of the container's counts as too much.
            heard: called here with whatever the job calls its second argument with; without it the
                job has one argument.

        Raises:
            VideonasError: the job raised one, or met a full disk: no fault of the candidate.
            ModuleNotFoundError: the job needs a package that is not there.
            Interrupted: `stop` was called.
        """
        receiver, sender = self._context.Pipe(duplex=False)
        child = self._context.Process(
            target=_child, args=(job, argument, sender, os.getpid(), heard is not None),
            daemon=True,
        )
        with _CHILDREN:
            child.start()
        sender.close()
        try:
            return self._watch(child, receiver, limits, heard)
        finally:
            with _CHILDREN:
                if child.is_alive():
                    child.kill()
                child.join()
            receiver.close()

    def _watch(
        self, child: Any, receiver: Connection, limits: Limits, heard: Callable[..., object] | None
    ) -> Ending:
        """Waits for the child's last word, its end, or a limit."""
        started, peak = time.monotonic(), 0.0
        ceiling = min(limits.memory_mb, MEMORY_SHARE * container_memory_mb())
        while not self._stopped.is_set():
            if receiver.poll(POLL_SECONDS):
                try:
                    kind, value = receiver.recv()
                except (EOFError, OSError):  # nothing, or half a message
                    with _CHILDREN:
                        child.join()
                    return _crash(child.exitcode, peak)
                if kind != "heard":
                    return _ending(kind, value, max(peak, _resident_mb(child.pid)))
                if heard is not None:
                    heard(*value)
            peak = max(peak, _resident_mb(child.pid))
            if peak > ceiling:
                return Ending("out_of_memory", peak_memory_mb=peak, message=(
                    f"used {peak:,.0f} MB of memory; allowed: {ceiling:,.0f} MB"))
            if time.monotonic() - started > limits.seconds:
                return Ending("timed_out", peak_memory_mb=peak, message=(
                    f"not finished after {limits.seconds:g} s"))
        raise Interrupted


def container_memory_mb() -> float:
    """Memory in MB that this process and its children may use together."""
    limits = [float(psutil.virtual_memory().total)]
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            limits.append(float(Path(path).read_text()))
        except (OSError, ValueError):  # not this kind of cgroup, or `max`
            continue
    return min(limits) / 2**20


def _ending(kind: str, value: Any, peak: float) -> Ending:
    """What a child's last word means."""
    if kind == "refused":
        raise VideonasError(value)
    if kind == "lacks":
        raise ModuleNotFoundError(f"No module named {value!r}", name=value)
    if kind == "raised":
        return Ending("crashed", message=value, peak_memory_mb=peak)
    return Ending("finished", value=value, peak_memory_mb=peak)


def _crash(exit_code: int, peak: float) -> Ending:
    if exit_code == -9:
        message = "killed from outside, most likely by the kernel for lack of memory"
        return Ending("out_of_memory", message=message, peak_memory_mb=peak)
    what = f"signal {-exit_code}" if exit_code < 0 else f"status {exit_code}"
    return Ending("crashed", message=f"the process ended with {what}", peak_memory_mb=peak)


def _resident_mb(pid: int) -> float:
    try:
        return float(psutil.Process(pid).memory_info().rss) / 2**20
    except psutil.Error:  # it ended just now
        return 0.0


def _child(job: str, argument: Any, sender: Connection, supervisor: int, reports: bool) -> None:
    """What the child process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches it too; its supervisor ends it
    set_up_logging(job.rpartition(":")[2])
    threading.Thread(target=_end_with, args=(supervisor,), daemon=True).start()

    def report(*what: object) -> None:
        """Lets the supervisor hear how far the job is."""
        sender.send(("heard", what))

    try:
        function = pkgutil.resolve_name(job)
        value = function(argument, report) if reports else function(argument)
        sender.send(("returned", value))
    except VideonasError as error:
        sender.send(("refused", str(error)))
    except ModuleNotFoundError as error:
        sender.send(("lacks", error.name))
    except Exception as error:
        traceback.print_exc()
        words = f"{type(error).__name__}: {reason(error)}"
        sender.send(("refused" if _of_the_machine(error) else "raised", words))
    sender.close()
    # the interpreter's own shutdown would only tear down TensorFlow, slowly
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _of_the_machine(error: Exception) -> bool:
    """Whether the machine is at fault, so that every candidate would meet the same."""
    return isinstance(error, ImportError) or (
        isinstance(error, OSError) and error.errno in OF_THE_MACHINE
    )


def _end_with(supervisor: int) -> None:
    """Ends this process when its supervisor is gone: `kill -9` leaves no training behind."""
    wait_for_end(supervisor)
    os._exit(1)
