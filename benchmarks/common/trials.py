"""Trains any network with this project's own training, and measures it with its own evaluation.

Each trial runs in a child process of its own, as a candidate of a search does.
"""

from __future__ import annotations

import pkgutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from videonas.errors import VideonasError
from videonas.search.dataset import Dataset
from videonas.search.root import SearchRoot
from videonas.search.settings import Settings
from videonas.task import Clip, Sampling, Task
from videonas.training.jobs import PRELOAD, Shards, Stopwatch
from videonas.training.machine_lock import machine_lock
from videonas.training.supervisor import Limits, Supervisor

TRIAL = "benchmarks.common.trials:trial_job"
MEASURE = "benchmarks.common.trials:measure_job"
STREAM = "rgb"
"""What a network is given where nothing else is said."""

T = TypeVar("T")


@dataclass(frozen=True)
class Network:
    """What to build, and what it is given of a clip.

    Attributes:
        name: for people.
        builder: as `module:name`, a function of the clip, the number of classes and the share of
            dropout, which gives a model from float32 clips to logits `(batch, classes)`.
        sampling: of a stored clip.
        arguments: further ones of the builder.
        stream: that the clip is of.
    """

    name: str
    builder: str
    sampling: Sampling
    arguments: Mapping[str, Any] = field(default_factory=dict)
    stream: str = STREAM

    def build(self, task: Task, dropout: float = 0.0) -> Any:
        """A new model, its weights random.

        Raises:
            ImportError: the builder needs a package that is not installed.
        """
        channels = task.streams[self.stream].channels
        clip = Clip(self.sampling.frames, self.sampling.size, channels)
        return pkgutil.resolve_name(self.builder)(clip, task.classes, dropout, **self.arguments)


@dataclass(frozen=True)
class Trial:
    """One training, and the splits to measure it on.

    Attributes:
        network: what to build.
        task: what it must do.
        settings: of the training.
        seed: decides initialisation, order and augmentation.
        train: shards to train on.
        splits: shards to measure on, by the split's name.
    """

    network: Network
    task: Task
    settings: Settings
    seed: int
    train: Shards
    splits: Mapping[str, Shards]


@dataclass(frozen=True)
class Tried:
    """How a trial ended.

    Attributes:
        metrics: by split; empty where the training failed.
        message: why it failed.
        seconds: wall time of the training's steps.
    """

    metrics: Mapping[str, Mapping[str, float]]
    message: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Measured:
    """What a network costs.

    Attributes:
        parameters: trainable.
        macs: multiply-adds of one clip.
        latencies_ms: the median of each round.
        device: what it was measured on.
    """

    parameters: int
    macs: int
    latencies_ms: tuple[float, ...]
    device: str


def found(clip: Clip, classes: int, dropout: float, *, space: str, architecture: Any,
          task: Task) -> Any:
    """The network of an architecture, as a search builds it."""
    from videonas.networks import build

    del clip, classes  # both follow from the architecture and the task
    return build(space, architecture, task, dropout=dropout)


def searched(root: SearchRoot, name: str, architecture: Any) -> Network:
    """An architecture of a search's space as a network to be tried, on the stream that it takes."""
    arguments = {"space": root.space.name, "architecture": architecture,
                 "task": root.need_dataset().task}
    ((stream, sampling),) = root.space.sampling(architecture).items()
    return Network(name, "benchmarks.common.trials:found", sampling, arguments, stream)


def need_one_label(root: SearchRoot) -> None:
    """Refuses a data set whose accuracy is not top-1.

    Raises:
        VideonasError: a clip may have several labels.
    """
    if root.need_dataset().task.multi_label:
        raise VideonasError(f"{root.uri}: its clips have several labels; allowed: one a clip")


def shards_of(root: SearchRoot, dataset: Dataset, split: str) -> Shards:
    """The files of a split, each the one that was written.

    Raises:
        DamagedRecord: a file is missing or was changed.
    """
    files = tuple(root.shards(dataset, split))
    for path, shard in files:
        shard.check(path)
    return files


def run_trials(trials: Sequence[Trial], jobs: int) -> Iterator[Tried]:
    """Runs trials, some at a time; gives them back in their order, each when it has ended."""
    supervisor = Supervisor(*PRELOAD)

    def run(trial: Trial) -> Tried:
        """A trial in a child process."""
        with machine_lock(alone=False):
            ending = supervisor.run(TRIAL, trial, _limits(trial.settings))
        return ending.value if ending.kind == "finished" else Tried({}, ending.message)

    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(run, trials)


def measure(
    networks: Sequence[Network], task: Task, settings: Settings, rounds: int
) -> list[Measured]:
    """Measures networks in turns, with nothing else of ours on the machine.

    Args:
        networks: in one process, one after the other in every round.
        task: what they must do.
        settings: of a measurement: warm-up, passes and threads, the same in every round.
        rounds: measurements of each.

    Raises:
        RuntimeError: the process that measures did not come to its end.
    """
    with machine_lock(alone=True):
        argument = (tuple(networks), task, settings, rounds)
        ending = Supervisor(*PRELOAD).run(MEASURE, argument, _limits(settings))
    if ending.kind != "finished":
        raise RuntimeError(f"the latency of {len(networks)} networks: {ending.message}")
    measured: list[Measured] = ending.value
    return measured


def trial_job(trial: Trial) -> Tried:
    """Builds, trains and measures; what goes wrong with the network is a message."""
    import keras
    import numpy as np

    from videonas.data.clips import RESIDENT_BYTES, ClipReader
    from videonas.evaluation.accuracy import evaluate
    from videonas.training.setup import set_up
    from videonas.training.trainer import SHORT_TRAINING, chunks, training_function

    settings, watch = trial.settings, Stopwatch(time.time())
    set_up(settings.train_threads, optimise_graphs=settings.train_steps > SHORT_TRAINING)
    keras.utils.set_random_seed(trial.seed)
    model = trial.network.build(trial.task, settings.dropout)
    samplings = {trial.network.stream: trial.network.sampling}
    reader = ClipReader(
        trial.train, trial.task, samplings, take=settings.train_steps * settings.batch_size,
        resident_bytes=RESIDENT_BYTES,
    )
    steps = training_function(model, reader.shapes, settings, trial.task, trial.seed)
    steps.get_concrete_function()
    watch.lap("trace")
    losses: list[float] = []
    for clips, labels in chunks(reader, settings, trial.seed):
        losses += steps(clips, labels, len(losses)).numpy().tolist()
        if not np.isfinite(losses).all():
            return Tried({}, f"the loss was not a number by step {len(losses)}")
    watch.lap("train")
    metrics = {
        split: evaluate(model, ClipReader(files, trial.task, samplings), watch)
        for split, files in trial.splits.items()
    }
    return Tried(metrics, seconds=watch.seconds["train"])


def measure_job(argument: tuple[Sequence[Network], Task, Settings, int]) -> list[Measured]:
    """Builds networks, counts what they cost and measures them in turns."""
    from benchmarks.common.counting import count_macs, count_parameters
    from videonas.evaluation.latency import measure_latency
    from videonas.training.setup import set_up

    networks, task, settings, rounds = argument
    set_up(settings.latency_threads, optimise_graphs=True)
    models = [network.build(task) for network in networks]
    counted = [(count_parameters(model), count_macs(model)) for model in models]
    passes = in_turns([partial(measure_latency, model, settings) for model in models], rounds)
    return [
        Measured(parameters, macs, tuple(p.median_ms for p in own), own[0].device)
        for (parameters, macs), own in zip(counted, passes, strict=True)
    ]


def in_turns(measurements: Sequence[Callable[[], T]], rounds: int) -> list[list[T]]:
    """What each measurement gave, round by round: a busy minute hits all of them alike."""
    given: list[list[T]] = [[] for _ in measurements]
    for _ in range(rounds):
        for place, measurement in enumerate(measurements):
            given[place].append(measurement())
    return given


def _limits(settings: Settings) -> Limits:
    return Limits(settings.candidate_timeout, settings.candidate_memory_mb)

