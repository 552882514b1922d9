"""Commands that look at settings, networks and searches, and change nothing."""

from __future__ import annotations

from pathlib import Path

import click

from videonas.steps.shell import errors_as_sentences


@click.command("settings")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def settings_command(as_json: bool) -> None:
    """Lists every setting: its default, what it decides, what it means.

    Example: videonas settings --json
    """
    from videonas.console.settings import print_settings

    print_settings(as_json=as_json)


@click.command("show")
@click.argument("architecture", type=click.Path(path_type=Path))
@click.option("--svg", type=click.Path(path_type=Path), help="Also write the picture to a file.")
def show_command(architecture: Path, svg: Path | None) -> None:
    """Shows an architecture: a table, a picture, its costs.

    ARCHITECTURE is an architecture.yaml of a search root.

    Example: videonas show runs/mine/results/ID/architecture.yaml --svg network.svg
    """
    from videonas.console.architecture import print_architecture

    with errors_as_sentences():
        print_architecture(architecture, svg)


@click.command("report")
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
