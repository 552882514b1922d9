"""`videonas STEP ...`: what Argo runs, and what people type."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from videonas import __version__
from videonas.logs import set_up_logging
from videonas.search.settings import (
    merge_settings,
    parse_assignments,
    read_settings_file,
)
from videonas.steps.shell import errors_as_sentences, step

SEARCH_ROOT = click.option(
    "--search-root", required=True, metavar="URI",
    help="Where the search is kept: a local path.",
)
GENERATION = click.option(
    "--generation", required=True, type=click.IntRange(0), help="Counted from 0."
)
NAMES = click.argument("names", nargs=-1, metavar="[INDIVIDUAL]...")


def settings_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options by which every command that takes settings takes them."""
    options = (
        click.option("--videos", metavar="DIR", help="Folder with one folder of videos a class."),
        click.option(
            "--settings", "settings_file", type=click.Path(path_type=Path), metavar="FILE",
            help="YAML file of settings; --set wins over it.",
        ),
        click.option(
            "--set", "assignments", multiple=True, metavar="NAME=VALUE",
            help="A setting, such as train_steps=300, or an option of the search space, such as "
            "space.filters=[8,16]; `videonas settings` lists them.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def given_settings(
    videos: str | None, settings_file: Path | None, assignments: Sequence[str]
) -> dict[str, Any]:
    """The settings that a command line gives, by name.

    Raises:
        SettingsError: a file that cannot be read, or a word that is no assignment.
    """
    given = merge_settings(
        read_settings_file(settings_file) if settings_file else {},
        parse_assignments(assignments),
        {"videos": videos} if videos else {},
    )
    if isinstance(given.get("videos"), str) and given["videos"]:
        given["videos"] = str(Path(given["videos"]).absolute())  # the next run may start elsewhere
    return given


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__)
def main() -> None:
    """Searches for video-classification networks by evolution.

    \b
    The steps of one generation, in order:
      start  data-prep  mutate  train-candidate  evaluate  select

    `python -m pipelines run` chains them on this machine; Kubeflow and Argo do it on a cluster.
    Every step can be repeated: what exists is not made again.
    """  # noqa: D301  (a backspace, which tells click to keep the lines)


@main.command("start")
@SEARCH_ROOT
@settings_options
def start_command(
    search_root: str, videos: str | None, settings_file: Path | None, assignments: tuple[str, ...]
) -> None:
    """Begins a search, or a further run of the one that is there.

    Prints the first and the last generation of the run. The only step that takes settings: the
    others read them from the search root.

    Example: videonas start --search-root runs/mine --videos DIR --set train_steps=300
    """
    from videonas.steps.start import start

    with step("start", search_root) as root:
        started = start(root, given_settings(videos, settings_file, assignments))
        click.echo(json.dumps({"first": started.first, "last": started.last}))


@main.command("data-prep")
@SEARCH_ROOT
def data_prep_command(search_root: str) -> None:
    """Turns videos into shards of clips, once.

    Splits by video into train, validation and test; skips and counts files that cannot be read.

    Example: videonas data-prep --search-root runs/mine
    """
    from videonas.console import progress
    from videonas.steps.data_prep import data_prep

    with step("data-prep", search_root) as root, progress("videos") as report:
        dataset = data_prep(root, report)
        for name, split in dataset.splits.items():
            click.echo(f"{name}: {split.clips} clips of {split.videos} videos")
        for skipped in dataset.skipped:
            click.echo(f"skipped {skipped.path}: {skipped.reason}")


@main.command("mutate")
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


@main.command("train-candidate")
@SEARCH_ROOT
@GENERATION
@NAMES
def train_candidate_command(search_root: str, generation: int, names: tuple[str, ...]) -> None:
    """Measures candidates, and trains those inside the budget; all without names.

    A candidate that fails has an outcome and a message; the step fails only when it cannot write.

    Example: videonas train-candidate --search-root runs/mine --generation 0 000000-03
    """
    from videonas.steps.train_candidate import train_candidate

    with step("train-candidate", search_root, generation) as root:
        _echo_outcomes(train_candidate(root, generation, names or None), "trained")


@main.command("evaluate")
@SEARCH_ROOT
@GENERATION
@NAMES
def evaluate_command(search_root: str, generation: int, names: tuple[str, ...]) -> None:
    """Evaluates trained candidates on the validation split; all without names.

    Example: videonas evaluate --search-root runs/mine --generation 0
    """
    from videonas.steps.evaluate import evaluate

    with step("evaluate", search_root, generation) as root:
        _echo_outcomes(evaluate(root, generation, names or None), "not trained")


@main.command("select")
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


@main.command("settings")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def settings_command(as_json: bool) -> None:
    """Lists every setting: its default, what it decides, what it means.

    Example: videonas settings --json
    """
    from videonas.console import print_settings

    print_settings(as_json=as_json)


@main.command("show")
@click.argument("architecture", type=click.Path(path_type=Path))
@click.option("--svg", type=click.Path(path_type=Path), help="Also write the picture to a file.")
def show_command(architecture: Path, svg: Path | None) -> None:
    """Shows an architecture: a table, a picture, its costs.

    ARCHITECTURE is an architecture.yaml of a search root.

    Example: videonas show runs/mine/results/ID/architecture.yaml --svg network.svg
    """
    from videonas.console import print_architecture

    with errors_as_sentences():
        print_architecture(architecture, svg)


@main.command("report")
@click.argument("search_root")
@click.option(
    "--output", type=click.Path(path_type=Path), help="Where to.",
    default=Path("report.html"), show_default=True,
)
def report_command(search_root: str, output: Path) -> None:
    """Writes the report of a search as one HTML file.

    Example: videonas report runs/mine --output mine.html
    """
    from videonas.report import build_report
    from videonas.search.root import SearchRoot

    with errors_as_sentences():
        output.write_text(build_report(SearchRoot(search_root)), encoding="utf-8")
        click.echo(f"report: {output.absolute()}")


@main.command("demo-videos")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--videos-per-class", type=click.IntRange(3), default=160, show_default=True,
    help="Videos in each of the eight classes.",
)
@click.option("--seed", default=0, show_default=True, help="Decides every video.")
def demo_videos_command(folder: Path, videos_per_class: int, seed: int) -> None:
    """Writes videos in which only motion tells the class, in class folders, to try a search on.

    Example: videonas demo-videos videos --videos-per-class 20
    """
    from videonas.console import progress

    set_up_logging("demo-videos")
    with errors_as_sentences(), progress("videos") as report:
        from videonas.data.demo import write_demo_videos

        write_demo_videos(folder, videos_per_class=videos_per_class, seed=seed, progress=report)
    click.echo(f"demo videos: {folder}")


def _echo_outcomes(outcomes: dict[str, Any], without: str) -> None:
    for name, outcome in outcomes.items():
        click.echo(f"{name} {outcome or without}")
