"""Options by which every command that compiles a pipeline takes what the cluster needs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from pipelines.cluster import DEFAULT_PARALLELISM, Cluster, make_cluster, read_cluster_file
from videonas.steps.shell import errors_as_sentences

OPTIONS = (
    click.option(
        "--cluster", "cluster_file", type=click.Path(path_type=Path), metavar="FILE",
        help="YAML file of what the cluster needs, see docs/cluster.md; options win over it.",
    ),
    click.option(
        "--registry", metavar="ADDRESS",
        help="Where the images were pushed to; by default VIDEONAS_REGISTRY says it.",
    ),
    click.option(
        "--parallelism", type=click.IntRange(1), metavar="N",
        help="Training tasks at a time; fixed in the compiled pipeline; by default "
        f"{DEFAULT_PARALLELISM}.",
    ),
    click.option(
        "--measure/--no-measure", default=None,
        help="Whether latency has a task of its own, on nodes of its own; by default not.",
    ),
    click.option(
        "--gpu/--no-gpu", default=None, help="Whether the form can ask for GPUs; by default yes.",
    ),
    click.option(
        "--pull-policy", type=click.Choice(["Always", "IfNotPresent", "Never"]),
        help="When images are pulled; by default as the cluster does by itself.",
    ),
)
FLAGS = ("registry", "parallelism", "measure", "gpu", "pull_policy")


def cluster_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options, and gives the command the `Cluster` that they say, as `cluster`."""

    @functools.wraps(command)
    def with_cluster(cluster_file: Path | None, **others: Any) -> Any:
        """The command, with a cluster in the place of the options."""
        flags = {name: others.pop(name) for name in FLAGS}
        with errors_as_sentences():
            cluster = given_cluster(cluster_file, **flags)
        return command(cluster=cluster, **others)

    given: Callable[..., Any] = with_cluster
    for option in reversed(OPTIONS):
        given = option(given)
    return given


def given_cluster(cluster_file: Path | None, **flags: Any) -> Cluster:
    """The cluster that a command line gives.

    Args:
        cluster_file: YAML file.
        flags: single fields; None where one is not given.

    Raises:
        SettingsError: a file that cannot be read, or a value that is not allowed.
    """
    values = read_cluster_file(cluster_file) if cluster_file else {}
    given = {name: value for name, value in flags.items() if value is not None}
    return make_cluster({**values, **given}, str(cluster_file or "the options"))
