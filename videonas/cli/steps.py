"""The steps of a generation as commands: what Argo runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from videonas.cli.options import (
    GENERATION,
    GPUS,
    NAMES,
    SEARCH_ROOT,
    SettingsCommand,
    given_settings,
    settings_options,
)
from videonas.steps.shell import step


@click.command("start", cls=SettingsCommand)
@SEARCH_ROOT
@settings_options
@click.option("--retry-failed", is_flag=True, help="Try failed networks again, as `retry` does.")
def start_command(
    search_root: str,
    videos: str | None,
    settings_file: Path | None,
    assignments: tuple[str, ...],
    start_from: tuple[str, ...],
    retry_failed: bool,
) -> None:
    """Begins a search, or a further run of the one that is there.

    Prints the first and the last generation of the run, whether there is anything to do, and
    where not, why the search has met its goal. The only step that takes settings: the
    others read them from the search root.

    Example: videonas start --search-root runs/mine --videos DIR --set train_steps=300
    """
    from videonas.search.start_from import naming_starts
    from videonas.steps.start import start

    with step("start", search_root) as root, naming_starts(start_from):
        given = given_settings(videos, settings_file, assignments, start_from)
        started = start(root, given, retry_failed=retry_failed)
        told = {"first": started.first, "last": started.last, "go": started.go}
        click.echo(json.dumps({**told, "goal": started.goal}))


@click.command("data-prep")
@SEARCH_ROOT
def data_prep_command(search_root: str) -> None:
    """Turns videos into shards of clips, once.

    Splits by video into train, validation and test; skips and counts files that cannot be read.
    Prints the videos of each class by split.

    Example: videonas data-prep --search-root runs/mine
    """
    from videonas.console.dataset import print_dataset
    from videonas.console.progress import step_progress
    from videonas.steps.data_prep import data_prep

    with step("data-prep", search_root) as root, step_progress() as progress:
        print_dataset(data_prep(root, progress))


@click.command("mutate")
@SEARCH_ROOT
@GENERATION
@click.option("--last", type=int, help="Generation after which the run ends.")
def mutate_command(search_root: str, generation: int, last: int | None) -> None:
    """Draws the individuals of a generation, each inside the static budget.

    Prints the names of those to be trained, in batches for one task each.

    Example: videonas mutate --search-root runs/mine --generation 0
    """
    from videonas.steps.mutate import mutate

    with step("mutate", search_root, generation) as root:
        mutated = mutate(root, generation, last)
        click.echo(json.dumps({"go": mutated.go, "batches": mutated.batches}))


@click.command("measure")
@SEARCH_ROOT
@GENERATION
@GPUS
@NAMES
def measure_command(search_root: str, generation: int, gpus: str, names: tuple[str, ...]) -> None:
    """Measures the latency of candidates, and nothing else; all without names.

    `train-candidate` measures what has not been measured, so this is for machines that are kept
    for it.

    Example: videonas measure --search-root runs/mine --generation 0 000000-03
    """
    from videonas.steps.devices import need_gpus
    from videonas.steps.measure import measure

    with step("measure", search_root, generation) as root:
        need_gpus(gpus)
        _echo_outcomes(measure(root, generation, names or None), "measured")


@click.command("train-candidate")
@SEARCH_ROOT
@GENERATION
@GPUS
@click.option("--measure/--no-measure", "measures", default=True, show_default=True,
              help="Whether to measure latency here, or leave it to `videonas measure`.")
@NAMES
def train_candidate_command(
    search_root: str, generation: int, gpus: str, measures: bool, names: tuple[str, ...]
) -> None:
    """Measures candidates, and trains those inside the budget; all without names.

    A candidate that fails has an outcome and a message; the step fails only when it cannot write.

    Example: videonas train-candidate --search-root runs/mine --generation 0 000000-03
    """
    from videonas.steps.devices import need_gpus
    from videonas.steps.train_candidate import train_candidate

    with step("train-candidate", search_root, generation) as root:
        need_gpus(gpus)
        trained = train_candidate(root, generation, names or None, measures=measures)
        _echo_outcomes(trained, "trained")


@click.command("evaluate")
@SEARCH_ROOT
@GENERATION
@GPUS
@NAMES
def evaluate_command(search_root: str, generation: int, gpus: str, names: tuple[str, ...]) -> None:
    """Evaluates trained candidates on the validation split; all without names.

    Example: videonas evaluate --search-root runs/mine --generation 0
    """
    from videonas.steps.devices import need_gpus
    from videonas.steps.evaluate import evaluate

    with step("evaluate", search_root, generation) as root:
        need_gpus(gpus)
        _echo_outcomes(evaluate(root, generation, names or None), "not trained")


@click.command("select")
@SEARCH_ROOT
@GENERATION
def select_command(search_root: str, generation: int) -> None:
    """Ends a generation: decides who can be a parent in the next, and writes the report.

    Example: videonas select --search-root runs/mine --generation 0
    """
    from videonas.steps.select import select

    with step("select", search_root, generation) as root:
        selected = select(root, generation)
        click.echo(json.dumps({"best": selected.best.individual.name, **selected.metrics}))


def _echo_outcomes(outcomes: dict[str, Any], without: str) -> None:
    for name, outcome in outcomes.items():
        click.echo(f"{name} {outcome or without}")
