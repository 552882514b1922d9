"""Processes that begin in milliseconds: forked from one that has imported everything already.

    python -m tests.warmed       reads requests, one a line, and answers each when its child ended
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

TOP = Path(__file__).parents[1]


@dataclass(frozen=True)
class Ended:
    """How a child process ended.

    Attributes:
        status: its exit status; minus the number of the signal that killed it.
        said: what it printed.
    """

    status: int
    said: str


class Warmed:
    """A process that forks a child for each call; to be used in a `with` statement.

    Args:
        modules: that are imported once for all children.
    """

    def __init__(self, *modules: str) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.warmed", *modules], cwd=TOP, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Warmed:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.communicate()

    def call(
        self, function: str, folder: Path, environment: Mapping[str, str] | None = None,
        **arguments: Any,
    ) -> Ended:
        """Calls `module:name` in a child that works in `folder`, and waits for its end."""
        folder.mkdir(parents=True, exist_ok=True)
        stdin, stdout = self._pipes()
        with tempfile.NamedTemporaryFile("r") as output:
            request = (function, str(folder), dict(environment or {}), arguments, output.name)
            stdin.write(json.dumps(request) + "\n")
            stdin.flush()
            return Ended(int(stdout.readline()), output.read())

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        return self._server.stdin, self._server.stdout


def serve(modules: list[str]) -> None:
    """What the warmed process does until nobody can write to it any more."""
    for module in modules:
        importlib.import_module(module)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _be_child(*json.loads(line))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _be_child(
    function: str, folder: str, environment: dict[str, str], arguments: dict[str, Any], output: str
) -> None:
    status = 1
    try:
        with open(output, "w") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        os.environ.update(environment)
        os.chdir(folder)
        module, _, name = function.partition(":")
        getattr(importlib.import_module(module), name)(**arguments)
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    serve(sys.argv[1:])
