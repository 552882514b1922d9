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
