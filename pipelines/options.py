"""Options that several commands of `python -m pipelines` take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from pipelines.cluster_options import cluster_options
from pipelines.form import DEFAULT_GENERATIONS

Command = Callable[..., Any]

FILE = click.Path(path_type=Path)


def compile_options(command: Command) -> Command:
    """What is decided when a pipeline is compiled; the arguments of `compile_pipeline`."""
    return _with(cluster_options(command), (
        click.option(
            "--generations", type=click.IntRange(1), default=DEFAULT_GENERATIONS,
            show_default=True,
            help="Most generations of one run; a search goes on over runs.",
        ),
    ))


def connection_options(command: Command) -> Command:
    """How Kubeflow Pipelines is reached; the fields of `Access`. No secret is an option's value."""
    return _with(command, (
        click.option(
            "--host", metavar="URL", envvar="KF_PIPELINES_ENDPOINT", show_envvar=True,
            help="Address of Kubeflow Pipelines, such as https://kubeflow.example.org/pipeline.",
        ),
        click.option(
            "--namespace", metavar="NAME",
            help="Where Kubeflow has users: the namespace, or profile, to run in.",
        ),
        click.option(
            "--token-file", type=FILE, metavar="FILE", help="File that holds a bearer token.",
        ),
        click.option(
            "--cookie-file", type=FILE, metavar="FILE",
            help="File that holds the cookie of a session, as a browser sends it.",
        ),
        click.option(
            "--ca-file", type=FILE, metavar="FILE",
            help="Certificates of the authority that the host's own is checked against.",
        ),
        click.option(
            "--insecure", is_flag=True, help="Do not check the certificate of the host.",
        ),
    ))


def placing_options(command: Command) -> Command:
    """Which search is run, where in Kubeflow, and as whom."""
    return _with(command, (
        click.option(
            "--search-root", metavar="URI",
            help="Where the search is kept: gs://bucket/prefix, s3://bucket/prefix or "
            "minio://bucket/prefix; an existing search goes on.",
        ),
        click.option(
            "--experiment", metavar="NAME",
            help="Experiment that the runs belong to; by default the name of the search root.",
        ),
        click.option(
            "--service-account", metavar="NAME",
            help="Service account of the pods, which may read and write the bucket; by default "
            "that of Kubeflow Pipelines.",
        ),
        click.option(
            "--form", multiple=True, metavar="NAME=VALUE",
            help="A field of the pipeline's form that is no setting, such as "
            "train_pool_memory=8Gi, image_train=ADDRESS or run_retry_failed=true.",
        ),
    ))


def _with(command: Command, options: Sequence[Callable[[Command], Command]]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command
