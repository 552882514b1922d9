"""What all commands of ours have in common."""

from __future__ import annotations

import sys
from typing import Any

import click

from videonas.console.output import Output, name_output_errors
from videonas.steps.shell import errors_as_sentences


class Program(click.Group):
    """A group of commands that end with one sentence where their output cannot be written."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Runs a command; arguments as those of `click.Group.main`."""
        name_output_errors()
        with errors_as_sentences():
            try:
                return super().main(*args, **kwargs)
            finally:
                if isinstance(sys.stdout, Output):
                    sys.stdout.finish()

    def invoke(self, ctx: click.Context) -> Any:
        """Runs a command; a closed pipe is told before click ends the process without a word."""
        with errors_as_sentences():
            return super().invoke(ctx)
