"""The steps of a run, in order. TensorFlow is only in the child processes of steps.

What is finished is kept and never repeated, so a run that was stopped, however it was, is resumed
by another one on the same search root.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

from videonas.export.jobs import PRELOAD as EXPORT_MODULES
from videonas.progress import LOG_LINES, Generations, Note, Progress, Stage
from videonas.report.quantities import METRICS, headline
from videonas.running.clock import RunClock
from videonas.running.preparation import prepare_data
from videonas.steps.evaluate import evaluate
from videonas.steps.finish import finish_run
from videonas.steps.mutate import mutate
from videonas.steps.select import Selected, select
from videonas.steps.shell import step_of_run
from videonas.steps.start import start
from videonas.steps.train_candidate import train_candidate
from videonas.training.jobs import PRELOAD as TRAINING_MODULES
from videonas.training.supervisor import Supervisor


def run_search(
    search_root: str,
    given: Mapping[str, Any],
    progress: Progress = LOG_LINES,
    parallelism: int = 1,
) -> None:
    """Begins a search or resumes it: a few generations, then the final training.

    Args:
        search_root: path or URI.
        given: settings by name; those not given are those of the search, or the defaults.
        progress: told what is done.
        parallelism: candidates that are trained or evaluated at a time.

    Raises:
        VideonasError: see the steps.
    """
    progress(Stage("starting"))
    with step_of_run("start", search_root) as root:
        started = start(root, given)
    if not started.go:
        return
    # TensorFlow is imported once, by the fork server that all steps share
    supervisor = Supervisor(*TRAINING_MODULES, *EXPORT_MODULES)
    progress(Stage("checking the videos"))
    with step_of_run("data-prep", search_root) as root:
        prepare_data(root, supervisor, progress)
        progress = RunClock(root.settings, progress)
    generations = range(started.first, started.last + 1)
    progress(Generations(0, len(generations)))
    for done, generation in enumerate(generations, 1):
        if not _run_generation(search_root, generation, progress, parallelism):
            break
        progress(Generations(done, len(generations)))
    with step_of_run("finish", search_root) as root:
        finish_run(root, progress)


def _run_generation(
    search_root: str, generation: int, progress: Progress, parallelism: int
) -> bool:
    """The steps of a generation; False where the search has met its goal before it."""
    progress(Stage("mutating", generation=generation))
    with step_of_run("mutate", search_root, generation) as root:
        mutated = mutate(root, generation)
    if not mutated.go:
        return False
    if names := [name for batch in mutated.batches for name in batch]:
        with step_of_run("train-candidate", search_root, generation) as root:
            train_candidate(root, generation, names, progress, parallelism)
        with step_of_run("evaluate", search_root, generation) as root:
            evaluate(root, generation, names, progress, parallelism)
    progress(Stage("selecting", generation=generation))
    with step_of_run("select", search_root, generation) as root:
        progress(Note(summary_line(select(root, generation))))
    return True


def summary_line(selected: Selected) -> str:
    """How a generation ended, in a line."""
    population, best = selected.population, selected.best.result
    ok = [member for member in population.newborn if population.outcome_of(member) == "ok"]
    shown = headline([metric for metric in METRICS if metric.name in best.metrics])
    values = [value for member in ok if (value := shown.value(member)) is not None]
    parts = [f"{shown.words} {shown.value(selected.best):.3f}"] if shown.name != "loss" else []
    parts.append(f"loss {best.metrics['loss']:.3f}")
    if best.latency:
        parts.append(f"{best.latency.median_ms:.1f} ms")
    if values:
        parts.append(f"median of the newborn {statistics.median(values):.3f}")
    return (
        f"generation {population.generation}: {len(ok)} of {len(population.newborn)} trained; best "
        f"{selected.best.individual.name}: {', '.join(parts)}"
    )
