"""What steps report of their work while they do it: events, and log lines made of them.

A step takes a `Progress`, any function of an event, and calls it from whichever thread does the
work. By default events become log lines. A receiver ignores events that it does not show.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

log = logging.getLogger(__name__)

LOG_SECONDS = 10.0
"""Between two log lines on one piece of work, but for its first and its last step."""


@dataclass(frozen=True)
class Generations:
    """How many generations of the run have ended.

    Attributes:
        done: ended in this run.
        total: of this run.
    """

    done: int
    total: int


@dataclass(frozen=True)
class Stage:
    """The next stage of the run begins; it ends with the one after it.

    Attributes:
        what: such as `training candidates`.
        total: pieces of work, each of which ends with a `Finished`; None where they are not
            counted.
        generation: counted from 0; None for a stage that belongs to none.
    """

    what: str
    total: int | None = None
    generation: int | None = None

    def __str__(self) -> str:
        generation = "" if self.generation is None else f"generation {self.generation}: "
        return f"{generation}{self.what}"


@dataclass(frozen=True)
class Started:
    """Work begins.

    Attributes:
        name: of a candidate, or of whatever else is worked on.
        what: such as `training`; a piece of work can have several parts.
    """

    name: str
    what: str

    def __str__(self) -> str:
        return f"{self.name}: {self.what}"


@dataclass(frozen=True)
class Step:
    """A piece of work has come so far.

    Attributes:
        name: what is worked on.
        done: steps made, videos prepared and so on.
        total: how many there will be.
        loss: mean training loss of the last steps; None for what has none.
    """

    name: str
    done: int
    total: int
    loss: float | None = None

    def __str__(self) -> str:
        if self.loss is None:
            return f"{self.name}: {self.done} of {self.total}"
        return f"{self.name}: step {self.done} of {self.total}, loss {self.loss:.3f}"


@dataclass(frozen=True)
class Finished:
    """A piece of work has ended, here or in another run that shares the search.

    Attributes:
        name: what was worked on.
        outcome: such as `ok` or `over_budget`.
    """

    name: str
    outcome: str


@dataclass(frozen=True)
class Failed:
    """An attempt at a piece of work gave no result; it may be tried again.

    Attributes:
        name: what was worked on.
        message: what happened.
    """

    name: str
    message: str


@dataclass(frozen=True)
class Waiting:
    """Nothing is done for now; the next event ends the wait.

    Attributes:
        reason: what is waited for, such as `another run to finish 000003-01`.
    """

    reason: str

    def __str__(self) -> str:
        return f"waiting for {self.reason}"


@dataclass(frozen=True)
class TimeLeft:
    """How long the rest is expected to take; a later estimate replaces an earlier one.

    Attributes:
        seconds: wall time.
        of: `batch`, for the trainings of a step, or `run`.
        networks: that are still to be trained, of a batch.
        each: wall time of one network of a batch, on average over all of them; 0 if unknown.
    """

    seconds: float
    of: Literal["batch", "run"] = "batch"
    networks: int = 0
    each: float = 0.0

    def __str__(self) -> str:
        return f"about {duration(self.seconds)} left"


@dataclass(frozen=True)
class Note:
    """A sentence for the user, which stays on the screen."""

    text: str


Event = Generations | Stage | Started | Step | Finished | Failed | Waiting | TimeLeft | Note

Progress = Callable[[Event], None]


def duration(seconds: float) -> str:
    """Seconds in words that are no more exact than an estimate, such as `12 min` or `2.5 h`."""
    if seconds < 60:
        return f"{max(round(seconds / 5) * 5, 5)} s"
    if seconds < 3600:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


class LogLines:
    """Writes events as log lines."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def __call__(self, event: Event) -> None:
        """Logs an event; of many steps one after another only some."""
        match event:
            case Stage(total=int(total)):
                log.info("%s: %d", event, total)
            case Step():
                self._log_step(event)
            case Finished(name, outcome):
                self._last.pop(name, None)
                log.info("%s: %s", name, outcome)
            case Failed(name, message):
                log.warning("%s: %s", name, message)
            case Started() | Waiting():
                log.info("%s", event)
            case TimeLeft(seconds, of) if seconds >= 1:
                log.info("%s: %s", of, event)
            case Note(text):
                log.info("%s", text)

    def _log_step(self, step: Step) -> None:
        now, last = time.monotonic(), self._last.get(step.name)
        if last is None or step.done == step.total or now - last >= LOG_SECONDS:
            self._last[step.name] = now
            log.info("%s", step)


LOG_LINES: Progress = LogLines()
