"""Processes of this machine."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from pathlib import Path

import psutil

POLL_SECONDS = 0.5


def wait_for_end(pid: int) -> None:
    """Returns once the process that has the number `pid` now has ended.

    It need not be a child of ours. One that ended and was not waited for by its parent counts as
    ended, and so does a number that no process has.
    """
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(POLL_SECONDS)


def own_age() -> float:
    """Seconds since this process began."""
    try:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        begun = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        return time.clock_gettime(time.CLOCK_BOOTTIME) - begun
    except (OSError, AttributeError):  # not Linux; psutil knows it to a second
        return time.time() - float(psutil.Process().create_time())


def own_host() -> str:
    """Names where numbers of processes mean what they mean here: the machine, or the container.

    Containers can share their machine's name and still each count from 1.
    """
    try:
        return f"{socket.gethostname()}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:  # not Linux
        return socket.gethostname()
