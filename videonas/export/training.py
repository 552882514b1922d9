"""A training at full length, in a child process."""

from __future__ import annotations

import logging
from pathlib import Path

from videonas.export.jobs import FinalTraining
from videonas.search.result import Training
from videonas.training.trainer import train_job


def final_train_job(job: FinalTraining) -> Training:
    """Trains, telling how far it is."""
    if job.steps is not None:
        logger = logging.getLogger(train_job.__module__)
        logger.addHandler(StepsToFile(job.steps))
        logger.propagate = False
    return train_job(job.job)


class StepsToFile(logging.Handler):
    """Keeps the number of the last step that the trainer logged in a file.

    Args:
        file: it is replaced whole, so that who reads it never sees a part.
    """

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    def emit(self, record: logging.LogRecord) -> None:
        """Takes the step from `NAME: step N of M, loss L`."""
        if isinstance(record.args, tuple) and len(record.args) > 1:
            new = self._file.with_suffix(".new")
            new.write_text(str(record.args[1]))
            new.replace(self._file)
