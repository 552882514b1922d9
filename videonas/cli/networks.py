"""Commands that look at networks and individuals, convert them, and set them side by side."""

from __future__ import annotations

from pathlib import Path

import click

from videonas.steps.shell import errors_as_sentences

JSON = click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
CLASSES = click.option(
    "--classes", type=click.IntRange(2), metavar="N",
    help="Classes of a network that does not say how many, as presets and published files.",
)


@click.command("show")
@click.argument("network", metavar="NETWORK")
@click.argument("individual", required=False)
@click.option("--svg", type=click.Path(path_type=Path), help="Also write the picture to a file.")
@CLASSES
@JSON
def show_command(
    network: str, individual: str | None, svg: Path | None, classes: int | None, as_json: bool
) -> None:
    """Shows a network: a table, a picture, its costs; of an individual also its result.

    NETWORK is a preset such as tvn1, an architecture.yaml, a .json or .b64 file of a published
    form, or a search root. INDIVIDUAL is born in that search; without one its best is shown.

    Example: videonas show runs/mine 000004-11 --svg network.svg
    """
    with errors_as_sentences():
        from videonas.console.architecture import print_network

        print_network(network, individual, svg=svg, classes=classes, as_json=as_json)


@click.command("convert")
@click.argument("network", metavar="NETWORK")
@click.argument("output", type=click.Path(path_type=Path, dir_okay=False))
@CLASSES
@click.option("--mobile", is_flag=True, help="The published form with input streams.")
@JSON
def convert_command(
    network: str, output: Path, classes: int | None, mobile: bool, as_json: bool
) -> None:
    """Writes a network as an architecture.yaml, or in its published form.

    NETWORK is a preset, an architecture.yaml, or a file of a published form. OUTPUT ends in .yaml,
    or as the published form of its search space does: .json for tiny_video, .b64 for evanet. What
    the new form cannot hold is told.

    Example: videonas convert network.json architecture.yaml --classes 339
    """
    with errors_as_sentences():
        from videonas.console.conversion import convert

        convert(network, output, classes=classes, mobile=mobile, as_json=as_json)


@click.command("lineage")
@click.argument("search_root")
@click.argument("individual", required=False)
@click.option("--descendants", is_flag=True, help="Also everybody who descends from it.")
@JSON
def lineage_command(
    search_root: str, individual: str | None, descendants: bool, as_json: bool
) -> None:
    """Shows whom an individual descends from, edit by edit; by default the best one.

    Example: videonas lineage runs/mine 000004-11 --descendants
    """
    with errors_as_sentences():
        from videonas.console.lineage import print_lineage

        print_lineage(search_root, individual, descendants=descendants, as_json=as_json)


@click.command("compare")
@click.argument("networks", nargs=-1, required=True, metavar="NETWORK NETWORK...")
@CLASSES
@JSON
def compare_command(networks: tuple[str, ...], classes: int | None, as_json: bool) -> None:
    """Sets networks side by side: results, costs, and the fields in which they differ.

    NETWORK is a preset, an architecture.yaml, a file of a published form, a search root
    with individuals after it, ROOT:INDIVIDUAL, or a search root, whose best it means. Search roots
    alone are compared as searches.

    Example: videonas compare runs/mine 000000-07 000004-11 tvn1
    """
    with errors_as_sentences():
        from videonas.console.comparison import print_comparison

        print_comparison(networks, classes=classes, as_json=as_json)
