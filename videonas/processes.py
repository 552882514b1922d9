"""Processes of this machine."""

from __future__ import annotations

import contextlib
import time

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
