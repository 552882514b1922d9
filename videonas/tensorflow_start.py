"""Keeps what TensorFlow says of its own start out of our output.

It writes lines to the file descriptor of standard error while it is imported, whatever
TF_CPP_MIN_LOG_LEVEL says: on the processor, on oneDNN, on CUDA that is not there. They pass through
a small process that drops them and lets everything else through, also the last words of an import
that aborts.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

LEVEL = "TF_CPP_MIN_LOG_LEVEL"
"""Environment variable: 0 shows all lines, 1 warnings, 2 errors, 3 only what ends the process."""

DRIVER = Path("/dev/nvidiactl")
"""Is there where there are GPUs: elsewhere, that CUDA does not start is no error."""

START = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog\(\)"
    rb"|[IW]\d{4} \d\d:\d\d:"  # absl's format, from TensorFlow 2.20 on
    rb"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IW] "  # the one before
    rb"|To enable the following instructions: "
    rb"|.*Unable to register cu\w+ factory"  # an error by name, on every machine with CUDA
    rb"|INFO: Created TensorFlow Lite XNNPACK delegate"
)
"""How the lines begin."""


def quieten_tensorflow() -> None:
    """Lets TensorFlow be imported without a word, unless TF_CPP_MIN_LOG_LEVEL asks for more."""
    os.environ.setdefault(LEVEL, "2" if DRIVER.exists() else "3")
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder:
    """Finds TensorFlow once, as it would be found without this, and quietens its import."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's specification, as the import system asks for it."""
        if name != "tensorflow":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_quietly(module: ModuleType) -> None:
                with without_start_lines():
                    execute(module)

            spec.loader.exec_module = execute_quietly  # type: ignore[method-assign]
        return spec


@contextlib.contextmanager
def without_start_lines() -> Iterator[None]:
    """Drops the lines of `START` from what is written to the descriptor of standard error."""
    if os.environ.get(LEVEL, "3") < "2":
        yield
        return
    sys.stderr.flush()
    try:
        sieve = subprocess.Popen([sys.executable, "-IS", __file__], stdin=subprocess.PIPE)
    except OSError:  # no further process is allowed
        yield
        return
    assert sieve.stdin is not None
    error = os.dup(2)
    os.dup2(sieve.stdin.fileno(), 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(error, 2)
        os.close(error)
        sieve.stdin.close()
        sieve.wait()


def _sift() -> None:
    """What the small process does, until nobody can write to it any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for line in sys.stdin.buffer:
        if not START.match(line):
            sys.stderr.buffer.write(line)
            sys.stderr.buffer.flush()


if __name__ == "__main__":
    _sift()
