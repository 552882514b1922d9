"""What one evaluation of an architecture gave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from videonas.codec import STRICT
from videonas.search.budget import Budget
from videonas.search.environment import Environment
from videonas.spaces import Costs

Outcome = Literal[
    "ok", "invalid", "over_budget", "diverged", "out_of_memory", "timed_out", "failed"
]
OUTCOMES: tuple[Outcome, ...] = (
    "ok", "invalid", "over_budget", "diverged", "out_of_memory", "timed_out", "failed"
)


@dataclass(frozen=True)
class Latency:
    """Measured time of one forward pass of one clip, in milliseconds.

    Attributes:
        median_ms: median of the measured passes.
        quartiles_ms: lower and upper quartile.
        repeats: measured passes, after a warm-up.
        threads: of one pass.
        device: the processor's name.
        seconds: wall time by kind: `start`, `build`, `latency`.
    """

    __pydantic_config__ = STRICT

    median_ms: float
    quartiles_ms: tuple[float, float]
    repeats: int
    threads: int
    device: str
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Inherited:
    """What a training began with that was another one's.

    Attributes:
        key: of the result that the weights come from.
        steps: of the optimiser that they had behind them, along the whole line of inheritance.
        tensors: how many were `kept` whole, `widened` (kept, with more beside it), `cut`, or `new`.
        parameters: trainable ones that were `inherited`, and those that are `new`.
        names: of the tensors by what became of them; `blocks.1` stands for all that lies below it.
    """

    __pydantic_config__ = STRICT

    key: str
    steps: int
    tensors: dict[str, int]
    parameters: dict[str, int]
    names: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Training:
    """What proxy training gave.

    Attributes:
        outcome: `ok`, or why there are no weights.
        message: a sentence where the outcome is not `ok`.
        loss: mean training loss over the last tenth of the steps.
        learned: what training can teach evolution, by path in the architecture.
        seconds: wall time by kind: `start`, `build`, `load`, `trace`, `train`, `save`.
        peak_memory_mb: largest resident memory of the training process.
        curve: mean training loss of each stretch of steps, see `training.early_stopping`.
        steps: of the optimiser, fewer than the setting says where training was ended early; None
            where there are no weights, and in older records.
        inherited: what it began with of its parent's; None where all weights were new.
        environment: where it failed, of the outcome `failed`; None elsewhere, and in older records.
    """

    __pydantic_config__ = STRICT

    outcome: Outcome
    message: str = ""
    loss: float | None = None
    learned: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    peak_memory_mb: float | None = None
    curve: tuple[float, ...] = ()
    steps: int | None = None
    inherited: Inherited | None = None
    environment: Environment | None = None

    @property
    def total_steps(self) -> int | None:
        """Steps behind these weights, those of inherited ones among them; None as `steps` is."""
        if self.steps is None:
            return None
        return self.steps + (self.inherited.steps if self.inherited else 0)


@dataclass(frozen=True)
class Evaluation:
    """Accuracy on the validation split.

    Attributes:
        outcome: `ok`, or why there are no metrics.
        message: a sentence where the outcome is not `ok`.
        metrics: `top1` and `top5` as shares of the clips, of several labels `map` as mean average
            precision instead; `loss` as mean cross-entropy in nats.
        clips: number of clips.
        seconds: wall time by kind: `start`, `build`, `load`, `trace`, `evaluate`.
        environment: where it failed, of the outcome `failed`; None elsewhere, and in older records.
    """

    __pydantic_config__ = STRICT

    outcome: Outcome
    message: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    clips: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    environment: Environment | None = None


@dataclass(frozen=True)
class Result:
    """Everything known about one architecture under one result key; parts come one by one.

    Attributes:
        key: the result key.
        costs: by arithmetic.
        latency: None until measured.
        training: None until trained.
        evaluation: None until evaluated.
    """

    __pydantic_config__ = STRICT

    key: str
    costs: Costs
    latency: Latency | None = None
    training: Training | None = None
    evaluation: Evaluation | None = None

    def outcome(self, budget: Budget) -> Outcome | None:
        """What became of the candidate under a budget; None while something is still to do."""
        if self.training is not None and self.training.outcome == "invalid":
            return "invalid"
        if self.excess(budget):
            return "over_budget"
        if self.training is None:
            return None
        if self.training.outcome != "ok":
            return self.training.outcome
        return None if self.evaluation is None else self.evaluation.outcome

    def excess(self, budget: Budget) -> str | None:
        """Which limit is exceeded, as a sentence; None when none is, as far as is known."""
        return budget.excess_of_costs(self.costs) or (
            budget.excess_of_latency(self.latency.median_ms) if self.latency else None
        )

    def message(self, budget: Budget) -> str:
        """Why the outcome is not `ok`, in a sentence."""
        parts = (self.excess(budget), self.training and self.training.message,
                 self.evaluation and self.evaluation.message)
        return next((part for part in parts if part), "")

    @property
    def metrics(self) -> dict[str, float]:
        """The validation metrics; empty until evaluated."""
        return self.evaluation.metrics if self.evaluation else {}
