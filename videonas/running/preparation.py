"""Data preparation in a child process: it needs TensorFlow, which the loop does without."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass

from videonas.data.class_counts import count_lines
from videonas.errors import VideonasError
from videonas.logs import set_up_logging
from videonas.progress import Note, Progress
from videonas.search.root import SearchRoot
from videonas.steps.data_prep import data_prep
from videonas.training.supervisor import Limits, Supervisor

DATA_PREP = "videonas.running.preparation:data_prep_job"

UNLIMITED = Limits(seconds=math.inf, memory_mb=math.inf)


@dataclass(frozen=True)
class DataPrepJob:
    """The preparation of a search's data.

    Attributes:
        search_root: path or URI.
        scratch: folder for temporary files; its owner removes what a killed child leaves there.
    """

    search_root: str
    scratch: str


def prepare_data(root: SearchRoot, supervisor: Supervisor, progress: Progress) -> None:
    """Does `data_prep` in a child process.

    Args:
        root: where the search is kept.
        supervisor: runs the child.
        progress: told what is done.

    Raises:
        VideonasError: see `data_prep`; or the child crashed.
    """
    with tempfile.TemporaryDirectory(prefix="videonas-") as scratch:
        job = DataPrepJob(root.uri, scratch)
        ending = supervisor.run(DATA_PREP, job, UNLIMITED, progress)
    if ending.kind != "finished":
        raise VideonasError(f"{root.uri}: data preparation failed: {ending.message}")


def data_prep_job(job: DataPrepJob, report: Progress) -> None:
    """Runs in the child."""
    set_up_logging("data-prep")
    tempfile.tempdir = job.scratch
    for line in count_lines(data_prep(SearchRoot(job.search_root), report)):
        report(Note(line))
