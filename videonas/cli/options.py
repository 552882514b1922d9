"""Options that several commands take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from videonas.search.settings import (
    merge_settings,
    parse_assignments,
    read_settings_file,
)
from videonas.search.start_from import plain_start, read_starts

START_FROM = "--start-from"

SEARCH_ROOT = click.option(
    "--search-root", required=True, metavar="URI",
    help="Where the search is kept: a local path, gs://bucket/prefix or s3://bucket/prefix.",
)
GENERATION = click.option(
    "--generation", required=True, type=click.IntRange(0), help="Counted from 0."
)
GPUS = click.option(
    "--gpus", default="", metavar="COUNT",
    help="GPUs that this step was given; it fails where TensorFlow sees fewer.",
)
NAMES = click.argument("names", nargs=-1, metavar="[INDIVIDUAL]...")


def settings_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options by which every command that takes settings takes them."""
    options = (
        click.option(
            "--videos", metavar="PATH",
            help="Folder with one folder of videos a class, in folders of splits or not; a CSV or "
            "JSON list of videos; or the split files of UCF101, HMDB51, Kinetics or Charades.",
        ),
        click.option(
            "--settings", "settings_file", type=click.Path(path_type=Path), metavar="FILE",
            help="YAML file of settings; --set wins over it.",
        ),
        click.option(
            "--set", "assignments", multiple=True, metavar="NAME=VALUE",
            help="A setting, such as train_steps=300, or an option of the search space, such as "
            "space.filters=[8,16]; `videonas settings` lists them.",
        ),
        click.option(
            START_FROM, "start_from", multiple=True, metavar="NETWORK...",
            help="Networks that are born first: presets such as tvn1 or evanet1, architecture "
            "files, or files of a published form (.json of tiny_video, .b64 of evanet).",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


class SettingsCommand(click.Command):
    """A command with `settings_options`, of which `--start-from` takes all words up to the next
    option, so that a shell can list files for it.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeats the option before each of its words, as click knows it."""
        spread: list[str] = []
        taking = False
        for word in args:
            if word.startswith("-"):
                taking = word == START_FROM
            elif taking and spread[-1] != START_FROM:
                spread.append(START_FROM)
            spread.append(word)
        return super().parse_args(ctx, spread)


def given_settings(
    videos: str | None,
    settings_file: Path | None,
    assignments: Sequence[str],
    start_from: Sequence[str] = (),
    space: str | None = None,
) -> dict[str, Any]:
    """The settings that a command line gives, by name.

    Args:
        videos: folder of videos, or a list of them.
        settings_file: YAML file of settings.
        assignments: words such as `train_steps=300`.
        start_from: presets and files of networks.
        space: where the command line has it elsewhere.

    Raises:
        SettingsError: a file that cannot be read, or a word that is no assignment.
        VideonasError: a network that cannot be read.
    """
    given = merge_settings(
        read_settings_file(settings_file) if settings_file else {},
        parse_assignments(assignments),
        {"videos": videos} if videos else {},
    )
    for name in ("videos", "video_folder"):
        if isinstance(given.get(name), str) and given[name] and "://" not in given[name]:
            given[name] = str(Path(given[name]).absolute())  # the next run may start elsewhere
    if start_from:
        networks = read_starts(start_from, space or given.get("space"))
        for network in networks:
            for sentence in network.left_out:
                click.echo(f"{network.word}: {sentence}", err=True)
        given["start_from"] = [plain_start(network.architecture) for network in networks]
    return given
