"""Tells how long the trainings of a batch take, before they begin and while they go on."""

from __future__ import annotations

import threading

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
        self._waiting: dict[str, Result] = {}
        self._names = {individual.name: individual for individual in batch.individuals}

    def begin(self) -> None:
        """Tells how long all trainings take, as far as that is known."""
        batch = self._batch
        before = batch.root.population(batch.generation - 1) if batch.generation else None
        for member in before.newborn if before else ():
            self._forecast.learn(member.result)
        results = {name: batch.result(each) for name, each in self._names.items()}
        self._waiting = {
            name: result for name, result in results.items()
            if result.training is None and not result.excess(batch.budget)
        }
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

    def _expected(self) -> dict[str, float]:
        """Seconds of each training that has not ended; nothing as long as that is not known."""
        seconds = {name: self._forecast.seconds(result) for name, result in self._waiting.items()}
        return {name: value for name, value in seconds.items() if value is not None}

    def _tell_time_left(self) -> None:
        expected = self._expected().values()
        if expected or not self._waiting:
            # in the best case all processes are busy until the end
            longest = max(expected, default=0.0)
            self._progress(TimeLeft(max(sum(expected) / self._parallelism, longest)))

    def _tell_long_ones(self) -> None:
        expected = self._expected()
        together = sum(expected.values())
        for name, seconds in expected.items():
            if len(expected) > 1 and seconds > max(together / 2, LONG):
                self._progress(Note(
                    f"{name} alone is expected to train for {duration(seconds)} of the "
                    f"{duration(together)} that {len(expected)} networks take; max_latency_ms or "
                    "max_macs keeps such networks out"
                ))
