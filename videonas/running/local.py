"""A run as a command: progress on the terminal, everything else in a log, an exit status."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, TextIO, cast

from rich.console import Console

from videonas.console.output import Output, OutputError
from videonas.console.progress import Bars
from videonas.errors import VideonasError, reason
from videonas.progress import Event, LogLines
from videonas.running.display import Lines
from videonas.running.loop import run_search
from videonas.running.summary import print_summary
from videonas.search.root import SearchRoot
from videonas.steps.shell import sentence_of
from videonas.steps.start import check_settings
from videonas.training.common_cause import CommonCause

FAILED = 1
"""The exit status where a step failed in a way that says nothing to the user."""


def run_here(
    search_root: str, given: Mapping[str, Any], parallelism: int, resume: Sequence[str]
) -> int:
    """Runs a few generations of a search on this machine and prints what was found.

    Args:
        search_root: path or URI.
        given: settings by name; those not given are those of the search, or the defaults.
        parallelism: candidates that are trained or evaluated at a time.
        resume: the command that resumes a search, but for the search root, its last word.

    Returns:
        the exit status: 0; 1 where a step failed unexpectedly; 128 and the number of the signal
        that stopped the run.

    Raises:
        VideonasError: something that the user can put right.
    """
    root = SearchRoot(search_root)
    resume = [*resume, root.uri]
    check_settings(root, given)  # before a log is written
    root.logs_folder.mkdir(parents=True, exist_ok=True)
    log = root.logs_folder / f"run-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    resume_with = f"what is finished is kept; resume with: {shlex.join(resume)}"
    try:
        with _redirected_to(log) as terminal, _stopping_on_signals():
            console = Console(file=terminal)
            console.print(
                f"search root {root.uri}; log {log}",
                highlight=False, markup=False, soft_wrap=True,
            )
            with Bars(console) if console.is_terminal else Lines(console) as display:
                log_lines = LogLines()

                def progress(event: Event) -> None:
                    """Logs an event and shows it."""
                    log_lines(event)
                    display(event)

                run_search(search_root, given, progress, parallelism)
    except Stopped as stopped:
        name = signal.Signals(stopped.number).name
        print(f"stopped by {name}; {resume_with}", file=sys.stderr)
        return 128 + stopped.number
    except CommonCause as error:
        raise VideonasError(f"{error}; the log: {log}") from None
    except Exception as error:
        if sentence_of(error) is not None:
            raise
        print(f"error: a step failed: {type(error).__name__}: {reason(error)}; the whole log: "
              f"{log}; {resume_with}", file=sys.stderr)
        return FAILED
    print_summary(SearchRoot(search_root), Console(), resume)
    return 0


class Stopped(BaseException):
    """A signal asks the run to end.

    Args:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextlib.contextmanager
def _stopping_on_signals() -> Iterator[None]:
    """Raises `Stopped` on Ctrl-C and SIGTERM, so that attempts are taken back; a second signal
    ends the process at once.
    """
    signals = (signal.SIGINT, signal.SIGTERM)

    def stop(number: int, frame: FrameType | None) -> None:
        for each in signals:
            signal.signal(each, signal.SIG_DFL)
        raise Stopped(number)

    before = [signal.signal(number, stop) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


@contextlib.contextmanager
def _redirected_to(log: Path) -> Iterator[TextIO]:
    """Sends what this process and its children print to a file, and how a failure came about;
    yields the terminal. Descriptors are redirected, since TensorFlow writes to them itself.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    terminal = Output(os.fdopen(os.dup(1), "wb"), cast(io.TextIOWrapper, sys.stdout))
    with log.open("ab") as file, terminal:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield terminal
        except Exception:
            with contextlib.suppress(OSError):  # the log's disk may be full
                traceback.print_exc()
            raise
        finally:
            with contextlib.suppress(OSError, OutputError):
                sys.stdout.flush()
                sys.stderr.flush()
            for target, descriptor in zip((1, 2), saved, strict=True):
                os.dup2(descriptor, target)
                os.close(descriptor)
