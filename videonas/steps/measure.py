"""`measure`: the latency of a batch of candidates, which may run on other nodes than training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from videonas.progress import LOG_LINES, Progress, Stage, Started
from videonas.search.individual import Individual
from videonas.search.result import Latency, Outcome, Training
from videonas.search.root import SearchRoot
from videonas.steps.candidates import Batch, forget_failures_elsewhere
from videonas.training.attempts import Assignment, work_through
from videonas.training.jobs import MEASURE, PRELOAD
from videonas.training.machine_lock import machine_lock
from videonas.training.supervisor import Ending, Supervisor


def measure(
    root: SearchRoot,
    generation: int,
    names: Sequence[str] | None = None,
    progress: Progress = LOG_LINES,
) -> dict[str, Outcome | None]:
    """Measures candidates, unless that is done or off; what goes wrong with one is its outcome.

    Args:
        root: where the search is kept.
        generation: counted from 0.
        names: of the individuals; None for all of the generation.
        progress: told what is done.

    Returns:
        outcomes by name; None for those that remain to be trained or evaluated.
    """
    batch, supervisor = Batch(root, generation, names), Supervisor(*PRELOAD)
    unmeasured = [each for each in batch.individuals if batch.result(each).latency is None]
    forget_failures_elsewhere(batch, unmeasured, supervisor)
    measure_batch(batch, supervisor, progress)
    return batch.outcomes()


def measure_batch(batch: Batch, supervisor: Supervisor, progress: Progress) -> None:
    """Measures what is not measured of a batch, one network after the other.

    Args:
        batch: the candidates.
        supervisor: runs the measurements.
        progress: told what is done.
    """
    meter = Meter(batch, supervisor, progress)
    work = [
        meter.assignment(individual) for individual in batch.individuals
        if meter.outcome(individual) is None
    ]
    if work:
        progress(Stage("measuring candidates", len(work), batch.generation))
        work_through(
            work, batch.root.settings.attempts, batch.limits.patience, progress,
            supervisor=supervisor, peers=batch.peers,
        )


@dataclass(frozen=True)
class Meter:
    """Measures one candidate after the other, each with the machine to itself."""

    batch: Batch
    supervisor: Supervisor
    progress: Progress

    def assignment(self, individual: Individual[Any]) -> Assignment:
        """The work on one individual."""
        folder = self.batch.folder(individual)
        return Assignment(
            individual.name,
            folder,
            "latency",
            outcome=lambda: self.outcome(individual),
            work=lambda: self._measure(individual),
            give_up=lambda why: folder.publish(
                Training("failed", why, environment=self.supervisor.environment)
            ),
        )

    def outcome(self, individual: Individual[Any]) -> str | None:
        """What is known of an individual's latency; None while it is to be measured."""
        if not self.batch.root.settings.measure_latency:
            return "not measured"
        result = self.batch.result(individual)
        if result.excess(self.batch.budget):
            return "over_budget"
        if result.latency is not None:
            return f"{result.latency.median_ms:.2f} ms"
        return result.training.outcome if result.training else None

    def _measure(self, individual: Individual[Any]) -> str:
        """Measures and publishes; gives back why it could not."""
        folder = self.batch.folder(individual)
        with machine_lock(self.progress, alone=True):
            self.progress(Started(individual.name, "measuring latency"))
            candidate = self.batch.candidate(individual)
            ending = self.supervisor.run(MEASURE, candidate, self.batch.limits)
        if isinstance(ending.value, Latency):
            folder.publish(ending.value)
            return ""
        return publish_ending(self.batch, individual, ending)


def publish_ending(batch: Batch, individual: Individual[Any], ending: Ending) -> str:
    """Publishes how training ended, be it before it began.

    Args:
        batch: that the individual is in.
        individual: who.
        ending: how the child process ended.

    Returns:
        why it has to be tried again; empty where it has not.
    """
    if ending.kind == "crashed":
        return ending.message
    training = ending.value_or(Training)
    peak = round(ending.peak_memory_mb, 1)
    batch.folder(individual).publish(replace(training, peak_memory_mb=peak))
    return ""
