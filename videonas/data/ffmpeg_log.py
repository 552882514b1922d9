"""What FFmpeg has to say while it reads a file; PyAV keeps it to itself otherwise."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import av

_one_at_a_time = threading.Lock()
"""FFmpeg has one level of logging for all threads."""

# PyAV sends messages about other threads' files there meanwhile.
logging.getLogger("libav").addHandler(logging.NullHandler())
logging.getLogger("libav").propagate = False


def finds_no_fault(work: Callable[[], object]) -> bool:
    """Whether FFmpeg does some work in this thread without an error or a warning.

    Args:
        work: reads a file. Codecs must not have threads of their own: with Python's lock held, PyAV
            could wait for one that waits for the lock to write its message.
    """
    with _one_at_a_time, av.logging.Capture(local=True) as messages:
        # a message counts though another thread's was the same
        av.logging.set_skip_repeated(False)
        av.logging.set_level(av.logging.WARNING)
        try:
            work()
        except av.FFmpegError:
            return False
        finally:
            # not None, as it is at first: a thread that is about to log would stumble over that
            av.logging.set_level(av.logging.PANIC)
            av.logging.set_skip_repeated(True)
    return not messages
