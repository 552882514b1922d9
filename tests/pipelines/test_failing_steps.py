"""How a run on this machine ends when one of its steps does not do what it should."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.local import LOG_LINES
from tests.synthetic import make_search
from videonas.search.root import SearchRoot

TOP = Path(__file__).parents[2]

IN_A_STEP = """
import os, sys
if "kfp.dsl.executor_main" in sys.orig_argv and "start" in sys.orig_argv:
    {what}
"""
"""What Python runs before anything else, in the process of the step `start` alone."""


def run(root: Path, *more: object, in_start: str = "pass") -> subprocess.CompletedProcess[str]:
    """A run whose step `start` meets something first."""
    folder = root.parent / "site"
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(IN_A_STEP.format(what=in_start))
    command = [sys.executable, "-m", "pipelines", "run", "tiny_video", "--search-root", root, *more]
    return subprocess.run(
        list(map(str, command)), cwd=TOP, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "PYTHONPATH": str(folder)},
    )


def log_of(root: Path) -> Path:
    (log,) = (root / "logs").iterdir()
    return log


@pytest.fixture(scope="module")
def died(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A run of which a step said many lines and then broke down."""
    root = tmp_path_factory.mktemp("died") / "root"
    lines = f'print(*(f"line {{n}}" for n in range({4 * LOG_LINES})), sep="\\n", flush=True)'
    said = run(root, "--videos", "/videos", in_start=f'{lines}; os._exit(7)')
    return root, said


def test_a_step_that_breaks_down_ends_the_run_with_the_end_of_its_log(
    died: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    root, said = died
    assert said.returncode == 1
    *shown, sentence = said.stderr.splitlines()
    assert shown == log_of(root).read_text().splitlines()[-LOG_LINES:]
    assert f"line {4 * LOG_LINES - 1}" in "\n".join(shown)
    assert sentence.startswith("error: a step failed: ")
    assert sentence.endswith(
        f"; the whole log: {log_of(root)}; what is finished is kept, run the same command again "
        "to go on"
    )


def test_what_kfp_prints_goes_to_the_log_and_not_to_the_terminal(
    died: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    root, said = died
    assert said.stdout.splitlines()[0] == f"search root {root}; log {log_of(root)}"
    rest = said.stdout.splitlines()[1:]
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d starting", line) for line in rest)
    log = log_of(root).read_text()
    for words in ("line 0", "Running pipeline", "start"):
        assert words in log


def test_a_step_that_meets_bad_records_has_its_own_sentence_and_the_log_has_its_story(
    tmp_path: Path,
) -> None:
    search = make_search(tmp_path / "root", generations=2, population=4, children=3)
    file = Path(search.generation_address(1)) / "population.json"
    file.write_bytes(file.read_bytes()[:-100])
    said = run(tmp_path / "root")
    assert said.returncode == 2
    (sentence,) = said.stderr.splitlines()
    assert sentence.startswith(f"error: {file}: not JSON (")
    log = log_of(tmp_path / "root").read_text()
    assert sentence.removeprefix("error: ") in log
    assert not list(tmp_path.glob("root/generations/000002/*"))
    assert SearchRoot(search.uri).settings.population == 4
