"""Tells how long the trainings of a batch take, before they begin and while they go on."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from videonas.progress import Event, Finished, Note, Progress, TimeLeft, duration
from videonas.search.result import Result
from videonas.steps.candidates import Batch
from videonas.training.forecast import Forecast

LONG = 60.0
"""Seconds below which no single training is worth a word."""


class TrainingClock:
    """Passes events on, and adds an estimate of the time left whenever a training has ended.

    Args:
        batch: the candidates, measured where latency is.
        parallelism: trainings at a time.
        progress: told everything.
    """

    def __init__(self, batch: Batch, parallelism: int, progress: Progress) -> None:
        self._batch, self._parallelism, self._progress = batch, parallelism, progress
        self._forecast, self._lock = Forecast(batch.root.settings), threading.Lock()
        self._inside: dict[str, Result] = {}
        self._waiting: dict[str, Result] = {}
        self._names = {individual.name: individual for individual in batch.individuals}

    def begin(self) -> None:
        """Tells how long all trainings take, as far as that is known."""
        batch = self._batch
        before = batch.root.population(batch.generation - 1) if batch.generation else None
        for member in before.newborn if before else ():
            self._forecast.learn(member.result)
        results = {name: batch.result(each) for name, each in self._names.items()}
        for result in results.values():  # trained by a run that was stopped
            self._forecast.learn(result)
        self._inside = {n: each for n, each in results.items() if not each.excess(batch.budget)}
        self._waiting = {n: each for n, each in self._inside.items() if each.training is None}
        self._tell_long_ones()
        self._tell_time_left()

    def __call__(self, event: Event) -> None:
        """Passes an event on."""
        self._progress(event)
        if isinstance(event, Finished) and event.name in self._waiting:
            with self._lock:
                del self._waiting[event.name]
                self._forecast.learn(self._batch.result(self._names[event.name]))
                self._tell_time_left()

    def _expected(self, results: Mapping[str, Result]) -> dict[str, float]:
        """Seconds of the training of each; nothing as long as that is not known."""
        seconds = {name: self._forecast.seconds(result) for name, result in results.items()}
        return {name: value for name, value in seconds.items() if value is not None}

    def _tell_time_left(self) -> None:
        expected = self._expected(self._waiting).values()
        if expected or not self._waiting:
            # in the best case all processes are busy until the end
            longest = max(expected, default=0.0)
            # those over budget count too, as networks that take no time
            each = sum(self._expected(self._inside).values()) / len(self._names)
            self._progress(TimeLeft(
                max(sum(expected) / self._parallelism, longest), networks=len(self._waiting),
                each=each / self._parallelism,
            ))

    def _tell_long_ones(self) -> None:
        expected = self._expected(self._waiting)
        together = sum(expected.values())
        for name, seconds in expected.items():
            if len(expected) > 1 and seconds > max(together / 2, LONG):
                self._progress(Note(
                    f"{name} alone is expected to train for {duration(seconds)} of the "
                    f"{duration(together)} that {len(expected)} networks take; max_latency_ms or "
                    "max_macs keeps such networks out"
                ))
