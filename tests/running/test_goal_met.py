"""A run of a search that has met its goal: over after its first step."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.synthetic import make_search
from videonas.search.root import SearchRoot
from videonas.steps.select import select

TOP = Path(__file__).parents[2]


def files(root: Path) -> dict[str, bytes]:
    """What a run does not write at its beginning."""
    return {str(file.relative_to(root)): file.read_bytes() for file in root.rglob("*")
            if file.is_file() and file.relative_to(root).parts[0] not in ("logs", "runs",
                                                                          "timings")}


def test_a_run_ends_after_start_and_tells_what_was_found(tmp_path: Path) -> None:
    search = make_search(tmp_path / "root", 2, 4, 3, finish_best=0)
    select(search, 1)  # as the run before left it, with its report
    before = files(tmp_path / "root")
    earlier = len(list(search.timings()))
    said = subprocess.run(
        [sys.executable, "-m", "pipelines", "run", "tiny_video", "--search-root", search.uri,
         "--set", "max_generations=2"],
        cwd=TOP, capture_output=True, text=True, timeout=280, check=False,
    )
    assert said.returncode == 0, said.stdout + said.stderr
    assert files(tmp_path / "root") == before
    steps = [timing.step for timing in search.timings()]
    assert len(steps) == earlier + 1
    assert steps.count("start") == 2
    assert SearchRoot(search.uri).head() == 1
    best = SearchRoot(search.uri).lineage().best(search.settings)
    assert best is not None
    assert best.individual.name in said.stdout
    assert "training candidates" not in said.stdout
