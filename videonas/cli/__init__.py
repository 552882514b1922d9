"""`videonas STEP ...`: what Argo runs, and what people type."""

from __future__ import annotations

import click

from videonas import __version__
from videonas.cli import deploy, looking, networks, retrying, steps, videos
from videonas.cli.program import Program


@click.group(
    cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__)
def main() -> None:
    """Searches for video-classification networks by evolution.

    \b
    The steps of one generation, in order:
      start  data-prep  mutate  measure  train-candidate  evaluate  select

    \b
    After a search:
      finish  predict

    `python -m pipelines run` chains them on this machine; Kubeflow and Argo do it on a cluster.
    Every step can be repeated: what exists is not made again.
    """  # noqa: D301  (a backspace, which tells click to keep the lines)


for _module in (steps, deploy, networks, looking, retrying, videos):
    for _command in vars(_module).values():
        if isinstance(_command, click.Command):
            main.add_command(_command)
