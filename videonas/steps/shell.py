"""What surrounds a step: logging, signals, timing, and errors as one sentence."""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType

import psutil

from videonas.errors import EXIT_STATUS, VideonasError
from videonas.logs import set_up_logging
from videonas.processes import own_age
from videonas.search.records import Timing
from videonas.search.root import SearchRoot

log = logging.getLogger(__name__)

EXTRAS = {
    "tensorflow": "train", "keras": "train", "av": "train", "numpy": "train", "kfp": "pipelines",
    "optuna": "benchmarks", "hypothesis": "dev",
}
"""Packages that the base does without, and the extra that brings each."""


@contextlib.contextmanager
def step(name: str, search_root: str, generation: int | None = None) -> Iterator[SearchRoot]:
    """Surrounds a step that has a process of its own.

    Errors that people can put right end the process with one sentence and exit status 2. On
    SIGTERM it cleans up behind itself.

    Args:
        name: of the step.
        search_root: path or URI.
        generation: that it works on, if any.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminate)
    with errors_as_sentences(), _timed(name, search_root, generation, Usage.before()) as root:
        yield root


@contextlib.contextmanager
def step_of_run(
    name: str, search_root: str, generation: int | None = None
) -> Iterator[SearchRoot]:
    """Surrounds one of several steps of a process; arguments as those of `step`."""
    with _timed(name, search_root, generation, Usage.now()) as root:
        yield root


@contextlib.contextmanager
def _timed(
    name: str, search_root: str, generation: int | None, since: Usage
) -> Iterator[SearchRoot]:
    set_up_logging(name)
    startup = time.time() - since.moment
    root = SearchRoot(search_root)  # afresh: another run may have begun, with other settings
    log.info("begins on %s", root.uri)
    yield root
    used = Usage.now() - since
    root.add_timing(
        Timing(
            step=name,
            generation=generation,
            started=round(since.moment, 3),
            seconds=round(used.moment, 3),
            startup=round(startup, 3),
            cpu=round(used.cpu, 3),
            children_cpu=round(used.children_cpu, 3),
        )
    )
    log.info("done in %.1f s", used.moment)


@dataclass(frozen=True)
class Usage:
    """What this process has used until a moment.

    Attributes:
        moment: in seconds since 1970.
        cpu: processor seconds of the process.
        children_cpu: of its children, and of theirs.
    """

    moment: float
    cpu: float = 0.0
    children_cpu: float = 0.0

    @staticmethod
    def before() -> Usage:
        """When the process began."""
        return Usage(time.time() - own_age())

    @staticmethod
    def now() -> Usage:
        """Until now."""
        process = psutil.Process()
        times = process.cpu_times()
        children = times.children_user + times.children_system
        for child in process.children(recursive=True):
            with contextlib.suppress(psutil.Error):
                children += sum(child.cpu_times()[:4])
        return Usage(time.time(), times.user + times.system, children)

    def __sub__(self, earlier: Usage) -> Usage:
        return Usage(
            self.moment - earlier.moment, self.cpu - earlier.cpu,
            # a child that ends while it is looked at is missed once
            max(self.children_cpu - earlier.children_cpu, 0.0),
        )


@contextlib.contextmanager
def errors_as_sentences() -> Iterator[None]:
    """Ends the process with exit status 2 and one sentence where a `VideonasError` arrives, or
    where the operating system refuses a file.
    """
    try:
        yield
    except Exception as error:
        sentence = sentence_of(error)
        if sentence is None:
            raise
        print(f"error: {sentence}", file=sys.stderr, flush=True)
        sys.exit(EXIT_STATUS)


def sentence_of(error: Exception) -> str | None:
    """What to tell a person who can put an error right; None where nobody but us can."""
    if isinstance(error, VideonasError):
        return str(error)
    if isinstance(error, ModuleNotFoundError) and error.name in EXTRAS:
        return f"needs {error.name}; pip install 'videonas[{EXTRAS[error.name]}]'"
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return None


def _terminate(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)
