"""Tells how long a whole run takes, from what its trainings take."""

from __future__ import annotations

import time

from videonas.progress import Event, Generations, Note, Progress, Stage, TimeLeft, duration
from videonas.search.finished import final_settings
from videonas.search.settings import Settings

TRAINING = "training candidates"
"""The stage from which the rest is estimated."""


class RunClock:
    """Passes events on, and turns the time left of a batch of trainings into that of the run.

    Later generations are taken to be like this one, and final trainings to take as much longer as
    they have more steps. What is done between trainings is counted once a generation has ended.

    Args:
        settings: of the search.
        progress: told everything.
    """

    def __init__(self, settings: Settings, progress: Progress) -> None:
        self._settings, self._progress = settings, progress
        self._generations = Generations(0, 1)
        self._began = self._training_began = self._training_ended = time.monotonic()
        self._is_training, self._told = False, False
        self._networks, self._between = 1, 0.0

    def __call__(self, event: Event) -> None:
        """Passes an event on."""
        match event:
            case Generations():
                self._end_generation(event)
            case Stage():
                self._begin_stage(event)
            case TimeLeft(of="batch"):
                self._tell(event)
                return
        self._progress(event)

    def _begin_stage(self, stage: Stage) -> None:
        now = time.monotonic()
        if self._is_training:
            self._training_ended = now
        self._is_training = stage.what == TRAINING
        if self._is_training:
            self._training_began = now
            self._networks = stage.total or 1

    def _end_generation(self, generations: Generations) -> None:
        now, training = time.monotonic(), self._training_ended - self._training_began
        if generations.done and training > 0:
            self._between = max(now - self._began - training, 0.0) / self._networks
        self._began, self._generations = now, generations

    def _tell(self, batch: TimeLeft) -> None:
        """Passes on the time left of the run, where the time of one network is known."""
        if not batch.each:
            return
        settings, later = self._settings, self._generations.total - self._generations.done - 1
        final_steps = final_settings(settings, settings.finish_train_steps).train_steps
        left = (
            batch.seconds + self._between * self._networks
            + later * settings.children * (batch.each + self._between)
            + settings.finish_best * batch.each * final_steps / settings.train_steps
        )
        if not self._told:
            self._told = True
            what = self._what(batch.networks + later * settings.children)
            self._progress(Note(f"{what} takes about {duration(left)}"))
        self._progress(TimeLeft(left, "run"))

    def _what(self, networks: int) -> str:
        best = self._settings.finish_best
        final = f"the best {best if best > 1 else 'one'} at full length" if best else ""
        if not networks and final:
            return f"training {final}"
        return f"training {networks} networks" + (f", then {final}," if final else "")
