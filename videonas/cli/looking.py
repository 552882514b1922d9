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


@click.command("searches")
@click.argument("place", metavar="PLACE")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def searches_command(place: str, as_json: bool) -> None:
    """Lists every search below a place: how far it is, its best network, its last change, its time.

    PLACE is a folder, gs://bucket/prefix or s3://bucket/prefix. The time is that of all steps,
    added up. The last change is the end of a step: one that is under way does not show.

    Example: videonas searches gs://bucket/searches
    """
    with errors_as_sentences():
        from videonas.console.overview import print_overview

        print_overview(place, as_json=as_json)


@click.command("report")
@click.argument("search_root")
@click.option(
    "--output", type=click.Path(path_type=Path), help="Where to.",
    default=Path("report.html"), show_default=True,
)
@click.option(
    "--baseline", metavar="ROOT",
    help="Search root of another search on the same data, to be drawn beside it.",
)
def report_command(search_root: str, output: Path, baseline: str | None) -> None:
    """Writes the report of a search as one HTML file.

    Example: videonas report runs/mine --baseline runs/random --output mine.html
    """
    from videonas.console.output import write_output
    from videonas.report import build_report
    from videonas.search.root import SearchRoot

    with errors_as_sentences():
        beside = SearchRoot(baseline) if baseline else None
        report = build_report(SearchRoot(search_root), baseline=beside)
        write_output(output, report)
        click.echo(f"report: {output.absolute()}")
