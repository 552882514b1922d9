"""What surrounds a step: logging, signals, timing, and errors as one sentence."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import psutil

from videonas.errors import EXIT_STATUS, VideonasError
from videonas.logs import set_up_logging
from videonas.processes import own_age, wait_for_end
from videonas.search.records import Timing
from videonas.search.root import SearchRoot

log = logging.getLogger(__name__)

RUN_PID = "VIDEONAS_RUN_PID"
"""Environment variable: the process that started the run on this machine; steps end with it."""

ERROR_RECORD = "VIDEONAS_ERROR_RECORD"
"""Environment variable: a file to which a failing step writes its sentence, for the runner."""

EXTRAS = {"tensorflow": "train", "keras": "train", "av": "train", "numpy": "train",
          "kfp": "pipelines"}
"""Packages that the base does without, and the extra that brings each."""


@contextlib.contextmanager
def step(name: str, search_root: str, generation: int | None = None) -> Iterator[SearchRoot]:
    """Surrounds a step.

    Errors that people can put right end the process with one sentence and exit status 2. A step
    ends with the process that started the run, and cleans up behind itself on SIGTERM.

    Args:
        name: of the step.
        search_root: path or URI.
        generation: that it works on, if any.
    """
    began = time.time()
    set_up_logging(name)
    _end_with_the_run()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminate)
    with errors_as_sentences():
        root = SearchRoot(search_root)
        log.info("begins on %s", root.uri)
        yield root
        _keep_timing(root, name, generation, began)


@contextlib.contextmanager
def errors_as_sentences() -> Iterator[None]:
    """Ends the process with exit status 2 and one sentence where a `VideonasError` arrives, or
    where the operating system refuses a file.
    """
    try:
        yield
    except VideonasError as error:
        sentence = str(error)
    except ModuleNotFoundError as error:
        if error.name not in EXTRAS:
            raise
        sentence = f"needs {error.name}; pip install 'videonas[{EXTRAS[error.name]}]'"
    except OSError as error:
        if not error.filename or not error.strerror:
            raise
        sentence = f"{error.filename}: {error.strerror}"
    else:
        return
    print(f"error: {sentence}", file=sys.stderr, flush=True)
    if record := os.environ.get(ERROR_RECORD):
        with contextlib.suppress(OSError), Path(record).open("a") as file:  # a full disk, perhaps
            file.write(f"{sentence}\n")
    sys.exit(EXIT_STATUS)


def _keep_timing(root: SearchRoot, name: str, generation: int | None, began: float) -> None:
    process = psutil.Process()
    seconds = own_age()
    started = time.time() - seconds
    times = process.cpu_times()
    children = times.children_user + times.children_system
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            children += sum(child.cpu_times()[:4])
    root.add_timing(
        Timing(
            step=name,
            generation=generation,
            started=round(started, 3),
            seconds=round(seconds, 3),
            startup=round(began - started, 3),
            cpu=round(times.user + times.system, 3),
            children_cpu=round(children, 3),
        )
    )
    log.info("done in %.1f s", seconds)


def _terminate(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _end_with_the_run() -> None:
    """Watches the process that started the run, where it said which that is."""
    if runner := os.environ.get(RUN_PID):
        threading.Thread(target=_watch, args=(int(runner),), daemon=True).start()


def _watch(runner: int) -> None:
    wait_for_end(runner)
    # as after SIGTERM: the main thread cleans up, its children see that it is gone
    os.kill(os.getpid(), signal.SIGTERM)
