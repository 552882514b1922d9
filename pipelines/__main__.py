"""`python -m pipelines`: runs a search on this machine, or compiles, submits or schedules it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from pipelines.kubeflow_commands import schedule, submit
from pipelines.options import compile_options
from videonas.cli.options import SettingsCommand, given_settings, settings_options
from videonas.cli.program import Program
from videonas.search.start_from import naming_starts
from videonas.spaces import SPACES
from videonas.steps.shell import errors_as_sentences

SPACE = click.argument("space", type=click.Choice(sorted(SPACES)))


@click.group(
    cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
def main() -> None:
    """Searches as pipelines of Kubeflow: run on this machine, or compiled for a cluster."""


@main.command(cls=SettingsCommand)
@SPACE
@settings_options
@click.option(
    "--search-root", required=True, metavar="DIR",
    help="Where the search is kept; an existing search goes on.",
)
@click.option("--generations", type=int, metavar="N", help="Generations of this run.")
@click.option("--population", type=int, metavar="N", help="Networks that can be parents.")
@click.option("--children", type=int, metavar="N", help="Networks born in a generation.")
@click.option(
    "--parallelism", type=click.IntRange(1), default=1, show_default=True,
    help="Trainings at a time. Latency is always measured with nothing else of ours running.",
)
def run(
    space: str,
    search_root: str,
    videos: str | None,
    settings_file: Path | None,
    assignments: tuple[str, ...],
    start_from: tuple[str, ...],
    parallelism: int,
    **flags: int | None,
) -> None:
    """Runs a search over a folder or a list of videos on this machine.

    The steps are those that a cluster runs. Run the same command again to resume; what is finished
    is never repeated, however a run ended.

    Example: python -m pipelines run tiny_video --videos DIR --search-root runs/mine
    """
    with errors_as_sentences():
        from pipelines.arguments import check_space
        from videonas.running.local import run_here

        given = given_settings(videos, settings_file, assignments, start_from, space)
        given |= {name: value for name, value in flags.items() if value is not None}
        check_space(space, given)
        given["space"] = space
        resume = [sys.executable, "-m", "pipelines", "run", space, "--search-root"]
        with naming_starts(start_from):
            status = run_here(search_root, given, parallelism, resume)
        sys.exit(status)


@main.command()
@SPACE
@compile_options
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="FILE",
    help="Where to; by default SPACE.yaml here.",
)
def compile(space: str, output: Path | None, **options: Any) -> None:
    """Compiles a search to YAML for the Kubeflow UI.

    What may differ from run to run, such as images, memory and GPUs, is in the form there.

    Example: python -m pipelines compile tiny_video --generations 8 --output tiny_video.yaml
    """
    path = output or Path(f"{space}.yaml")
    with errors_as_sentences():
        from pipelines.compiling import compile_pipeline

        compile_pipeline(space, path, **options)
    click.echo(f"pipeline: {path.absolute()}")


main.add_command(submit)
main.add_command(schedule)


if __name__ == "__main__":
    main(prog_name="python -m pipelines")
