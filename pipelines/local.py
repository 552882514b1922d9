"""Runs a search on this machine with KFP's local runner, showing progress throughout."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console

from pipelines.arguments import pipeline_arguments
from pipelines.cluster import Cluster
from pipelines.generational import generational_pipeline
from pipelines.progress import show_progress
from pipelines.summary import print_summary
from videonas.errors import EXIT_STATUS
from videonas.search.root import SearchRoot
from videonas.steps.shell import ERROR_RECORD, RUN_PID

LOG_LINES = 25
"""Of the log, shown when a step failed without a sentence of its own."""


def run_locally(space: str, search_root: str, given: Mapping[str, Any], parallelism: int) -> int:
    """Runs a few generations of a search and prints what came out.

    Args:
        space: search space.
        search_root: path or URI.
        given: settings by name; those not given are those of the search, or the defaults.
        parallelism: training tasks at a time.

    Returns:
        the exit status: 0, 2 where a step said what to put right, 1 where one failed otherwise.

    Raises:
        VideonasError: a setting that is not allowed.
    """
    root = SearchRoot(search_root)
    arguments = pipeline_arguments(root, space, given)
    root.logs_folder.mkdir(parents=True, exist_ok=True)
    log = root.logs_folder / f"run-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    here = Cluster(parallelism=parallelism, gpu=False, secrets=(), config_maps=())
    pipeline = generational_pipeline(space, arguments["generations"], here)
    with tempfile.TemporaryDirectory(prefix="videonas-kfp-") as scratch:
        record = Path(scratch) / "errors"
        with _redirected_to(log) as terminal:
            console = Console(file=terminal)
            console.print(
                f"search root {root.uri}; log {log}",
                highlight=False, markup=False, soft_wrap=True,
            )
            finished = threading.Event()
            watcher = threading.Thread(
                target=show_progress, args=(root.uri, arguments["generations"], console, finished)
            )
            watcher.start()
            try:
                error = _execute(pipeline, arguments, Path(scratch), record)
            finally:
                finished.set()
                watcher.join()
        if error is not None:
            return _explain(error, record, log)
    print_summary(SearchRoot(search_root), Console())
    return 0


def _execute(pipeline: Any, arguments: dict[str, Any], scratch: Path, record: Path) -> str | None:
    """Calls the pipeline; gives back why it failed, None if it did not."""
    from kfp import local

    os.environ[RUN_PID] = str(os.getpid())
    os.environ[ERROR_RECORD] = str(record)
    here = str(Path(__file__).resolve().parents[1])
    os.environ["PYTHONPATH"] = os.pathsep.join(
        filter(None, [here, os.environ.get("PYTHONPATH", "")])
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        local.init(
            runner=local.SubprocessRunner(use_venv=False),
            pipeline_root=str(scratch / "artifacts"),
            raise_on_error=True,
        )
        try:
            pipeline(**arguments)
        except Exception as error:  # kfp raises RuntimeError and others for a failed task
            return f"{type(error).__name__}: {error}"
    return None


def _explain(error: str, record: Path, log: Path) -> int:
    """Prints the failing step's own sentence, or the end of the log."""
    sentences = record.read_text().splitlines() if record.exists() else []
    if sentences:
        print(f"error: {sentences[0]}", file=sys.stderr)
        return EXIT_STATUS
    lines = log.read_text(errors="replace").splitlines()[-LOG_LINES:]
    print("\n".join(lines), file=sys.stderr)
    print(f"error: a step failed: {error.splitlines()[0]}; the whole log: {log}; what is finished "
          "is kept, run the same command again to go on", file=sys.stderr)
    return 1


@contextlib.contextmanager
def _redirected_to(log: Path) -> Iterator[TextIO]:
    """Sends all that this process and its children print to a file; yields the terminal.

    kfp prints what its tasks print, each carriage return as a line of its own.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    with log.open("ab") as file, os.fdopen(os.dup(1), "w") as terminal:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield terminal
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for target, descriptor in zip((1, 2), saved, strict=True):
                os.dup2(descriptor, target)
                os.close(descriptor)
