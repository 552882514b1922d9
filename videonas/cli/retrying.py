"""The command that takes failures back."""

from __future__ import annotations

import click

from videonas.steps.shell import errors_as_sentences


@click.command("retry")
@click.argument("search_root")
@click.option(
    "--generation", type=click.IntRange(0),
    help="Only this generation; by default the whole search.",
)
@click.option(
    "--outcome", "outcomes", multiple=True, default=("failed",), show_default=True,
    type=click.Choice(["failed", "out_of_memory", "timed_out"]),
    help="Outcome of the results to take back; can be given several times.",
)
def retry_command(search_root: str, generation: int | None, outcomes: tuple[str, ...]) -> None:
    """Takes back failed results and attempts, so that the next run tries them again.

    Meant for failures whose cause was the machine, the image or the data. A run does this by
    itself where the versions, the device or the kernels of TensorFlow have changed. Selected
    generations stay as they are, except for the last one: it is selected again unless the next one
    has been drawn from it.

    Example: videonas retry runs/mine --generation 3
    """
    from videonas.search.root import SearchRoot
    from videonas.steps.retry import retry

    with errors_as_sentences():
        root = SearchRoot(search_root)
        _ = root.settings  # without a search, that is what is wrong
        retried = retry(root, generation, outcomes)  # type: ignore[arg-type]
        click.echo(f"to be tried again: {', '.join(retried.networks) or 'no network'}")
        if retried.earlier:
            click.echo(
                f"taken back, in generations that stay as they are: {', '.join(retried.earlier)}; "
                "tried again only if a later generation draws an equal network"
            )
        if retried.reopened is not None:
            click.echo(f"generation {retried.reopened} will be selected again")
        for address in retried.final:
            click.echo(
                f"taken back in {address}: tried again by `videonas finish`, and by a run that "
                "ends with the same finalists"
            )
