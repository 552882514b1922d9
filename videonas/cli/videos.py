"""Commands that make videos."""

from __future__ import annotations

from pathlib import Path

import click

from videonas.logs import set_up_logging
from videonas.steps.shell import errors_as_sentences


@click.command("demo-videos")
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
    from videonas.console.progress import progress

    set_up_logging("demo-videos")
    with errors_as_sentences(), progress("videos") as report:
        from videonas.data.demo import write_demo_videos

        write_demo_videos(folder, videos_per_class=videos_per_class, seed=seed, progress=report)
    click.echo(f"demo videos: {folder}")
