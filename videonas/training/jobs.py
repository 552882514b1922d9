"""What is handed to a child process. No TensorFlow: the supervisor makes these."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from videonas.networks import BUILDER_MODULES
from videonas.search.dataset import Shard
from videonas.search.settings import Settings
from videonas.spaces import Edit
from videonas.task import Sampling, Task
from videonas.training.early_stopping import Curve

Shards = tuple[tuple[Path, Shard], ...]
"""Local files, with what the data set's record says of them."""

MEASURE = "videonas.evaluation.latency:latency_job"
TRAIN = "videonas.training.trainer:train_job"
EVALUATE = "videonas.evaluation.accuracy:evaluation_job"

PRELOAD = (*(job.partition(":")[0] for job in (MEASURE, TRAIN, EVALUATE)), *BUILDER_MODULES)
"""Modules that a fork server imports before its first child, so that no child has to."""


@dataclass(frozen=True)
class Candidate:
    """A network to be built.

    Attributes:
        name: of the individual, for log lines.
        space: of the architecture.
        architecture: normalised.
        task: what the network must do.
        samplings: what the network takes of a stored clip, by stream.
        settings: of the search.
        submitted: when the job was handed over, in seconds since 1970.
    """

    name: str
    space: str
    architecture: Any
    task: Task
    samplings: Mapping[str, Sampling]
    settings: Settings
    submitted: float = field(default_factory=time.time)


@dataclass(frozen=True)
class TrainedParent:
    """What a parent leaves to a child.

    Attributes:
        name: of the parent.
        architecture: of the parent, normalised.
        edits: that lead from it to the child, in order.
        weights: of the parent.
        key: of the parent's result.
        steps: of the optimiser behind these weights.
    """

    name: str
    architecture: Any
    edits: Sequence[Edit]
    weights: Path
    key: str
    steps: int


@dataclass(frozen=True)
class TrainingJob:
    """The training of one candidate.

    Attributes:
        candidate: what to build.
        seed: decides initialisation, order and augmentation.
        shards: of the training split.
        weights: where to write what was learned.
        curves: of finished trainings of the same search, to end this one early where it falls
            behind; none and it never ends early.
        initial: weights of an equal network to begin from; None for new ones.
        parent: what a parent leaves, to begin from; None for new weights.
    """

    candidate: Candidate
    seed: int
    shards: Shards
    weights: Path
    curves: tuple[Curve, ...] = ()
    initial: Path | None = None
    parent: TrainedParent | None = None


@dataclass(frozen=True)
class EvaluationJob:
    """The evaluation of one candidate.

    Attributes:
        candidate: what to build.
        shards: of the split.
        weights: as training wrote them.
    """

    candidate: Candidate
    shards: Shards
    weights: Path


class Stopwatch:
    """Wall seconds by kind.

    Args:
        submitted: what passed since then, in seconds since 1970, is booked to `start`.
    """

    def __init__(self, submitted: float) -> None:
        self.seconds: dict[str, float] = {"start": round(max(time.time() - submitted, 0.0), 3)}
        self._last = time.monotonic()

    def lap(self, kind: str) -> None:
        """Books the time since the last lap to `kind`."""
        now = time.monotonic()
        self.seconds[kind] = round(self.seconds.get(kind, 0.0) + now - self._last, 3)
        self._last = now
