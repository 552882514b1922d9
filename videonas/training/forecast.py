"""How long trainings take, from measured latency and from trainings that have ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median

from videonas.search.result import Result
from videonas.search.settings import Settings

STEP_IN_PASSES = 2.0
"""A step on a clip in forward passes, until a training has ended: 3 where arithmetic counts, since
gradients by inputs and by weights cost a pass each; 1 where calling operations does, which the
clips of a batch share."""

FIXED_SECONDS = 1.0
"""Around the steps of a training, such as building and tracing, until one has ended."""


@dataclass
class Forecast:
    """Expects a fixed time, and a time proportional to that of one forward pass.

    Attributes:
        settings: of the search.
    """

    settings: Settings
    _fixed: list[float] = field(default_factory=list)
    _stepping: float = 0.0
    _work: float = 0.0

    def learn(self, result: Result) -> None:
        """Takes in a training that has ended; others are ignored."""
        training = result.training
        if training is None or training.outcome != "ok" or "train" not in training.seconds:
            return
        stepping = training.seconds["train"]
        self._fixed.append(sum(training.seconds.values()) - stepping)
        self._stepping += stepping
        self._work += self._work_of(result, training.steps or self.settings.train_steps)

    def seconds(self, result: Result) -> float | None:
        """Of a training that is still to come; None as long as nothing is known of it."""
        work = self._work_of(result, self.settings.train_steps)
        if self._work > 0:
            return median(self._fixed) + work * self._stepping / self._work
        return FIXED_SECONDS + STEP_IN_PASSES * work if result.latency else None

    def _work_of(self, result: Result, steps: int) -> float:
        """Seconds of all forward passes; where latency is not measured, their multiply-adds."""
        one = result.latency.median_ms / 1e3 if result.latency else result.costs.macs
        return float(one * steps * self.settings.batch_size)
