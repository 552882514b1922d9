"""Log lines of a process, seen from outside."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest


def said(program: str, **environment: str) -> tuple[str, list[str]]:
    """What a program prints, and what it says on standard error, line by line."""
    inherited = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        [sys.executable, "-c", f"import logging, os\nfrom videonas.logs import set_up_logging\n"
         f"{program}"],
        capture_output=True, text=True, check=True, env={**inherited, **environment},
    )
    return done.stdout, done.stderr.splitlines()


def test_a_line_has_the_time_and_the_step_and_goes_to_standard_error() -> None:
    out, lines = said(
        "set_up_logging('mutate')\nlogging.getLogger('videonas.steps.mutate').info('%d born', 3)"
    )
    assert out == ""
    (line,) = lines
    assert re.fullmatch(r"\d\d:\d\d:\d\d mutate: 3 born", line)


def test_a_step_after_another_in_one_process_says_each_line_once_under_its_own_name() -> None:
    _, lines = said(
        "log = logging.getLogger('videonas')\n"
        "for name in ('mutate', 'select'):\n    set_up_logging(name)\n    log.info('begins')\n"
    )
    assert [line.partition(" ")[2] for line in lines] == ["mutate: begins", "select: begins"]


def test_others_that_log_are_left_as_they_are() -> None:
    """No handler of theirs gets our lines, and their remarks do not become ours."""
    _, lines = said(
        "import sys\n"
        "logging.basicConfig(stream=sys.stderr, format='theirs: %(message)s')\n"
        "set_up_logging('start')\n"
        "logging.getLogger('videonas.search').warning('ours')\n"
        "logging.getLogger('other').info('remark')\n"
        "logging.getLogger('other').warning('warning')\n"
    )
    assert [line[9:] if line[2] == ":" else line for line in lines] == [
        "start: ours", "theirs: warning"
    ]


@pytest.mark.parametrize(("level", "shown"), [("debug", 0), ("info", 1), ("warning", 1)])
def test_what_is_told_and_what_is_not(level: str, shown: int) -> None:
    _, lines = said(f"set_up_logging('x')\nlogging.getLogger('videonas.data').{level}('words')")
    assert len(lines) == shown
