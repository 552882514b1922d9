"""The benchmark of long searches: what it measures is the search that it says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import long_search
from benchmarks.long_search import Point
from tests.synthetic import make_search
from videonas.search.root import SearchRoot

TOP = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five generations."""
    return Path(make_search(tmp_path_factory.mktemp("long") / "search", 5, 6, 4).uri)


def test_a_search_cut_short_is_the_search_that_was_made_shorter(
    search: Path, tmp_path: Path
) -> None:
    part = SearchRoot(str(long_search.shortened(search, 3, tmp_path / "part")))
    made = make_search(tmp_path / "made", 3, 6, 4)
    assert part.lineage().generations == made.lineage().generations
    assert part.candidates(3) is None
    key = lambda timing: (timing.started, timing.step)  # noqa: E731
    assert sorted(part.timings(), key=key) == sorted(made.timings(), key=key)
    assert SearchRoot(str(search)).head() == 4, "the longer one is left as it was"


def test_the_generation_that_is_timed_is_complete_and_only_added(
    search: Path, tmp_path: Path
) -> None:
    part = long_search.shortened(search, 2, tmp_path / "part")
    point = long_search.measure(str(part))
    root = SearchRoot(str(part))
    assert (point.generations, point.individuals) == (2, 10)
    assert root.head() == 2
    newest = root.lineage().generations[-1]
    assert len(newest.newborn) == 4
    assert point.report_bytes == Path(root.report_address(2)).stat().st_size
    assert point.record_bytes == sum(
        len(path.read_bytes()) for path in part.glob("generations/*/population.json")
    )
    assert min(point.load, point.mutate, point.select, point.report) > 0
    assert SearchRoot(str(search)).lineage().generations[2] != newest


def test_a_further_generation_costs_what_the_rows_differ_by() -> None:
    points = [
        Point(100, 1006, 0.5, 0.1, 1.0, 0.4, 400_000, 5_000_000),
        Point(300, 3006, 0.9, 0.1, 2.0, 0.9, 900_000, 15_000_000),
    ]
    first, second = long_search.table(points).splitlines()[2:]
    assert first == "| 100 | 1,006 | 0.50 | 0.10 | 1.00 | 0.40 | – | – | 0.40 | 5.0 |"
    assert second == "| 300 | 3,006 | 0.90 | 0.10 | 2.00 | 0.90 | 2.00 | 5.00 | 0.90 | 15.0 |"


def test_the_whole_script_at_a_small_size(tmp_path: Path) -> None:
    output = tmp_path / "measured.json"
    said = subprocess.run(
        [sys.executable, "benchmarks/long_search.py", "--generations", "3", "--at", "3", "--at",
         "2", "--population", "4", "--children", "3", "--output", str(output)],
        cwd=TOP, capture_output=True, text=True, check=True,
    )
    assert re.findall(r"^\| (\d+) \| (\d+) \|", said.stdout, re.MULTILINE) == [
        ("2", "7"), ("3", "10")
    ]
    assert [record["individuals"] for record in json.loads(output.read_text())] == [7, 10]
    assert "generations written: 3 of 3" in said.stderr


def test_a_length_that_is_not_written_is_refused() -> None:
    said = subprocess.run(
        [sys.executable, "benchmarks/long_search.py", "--generations", "3", "--at", "4"],
        cwd=TOP, capture_output=True, text=True, check=False,
    )
    assert said.returncode == 2
    assert "--at 4 is more than --generations 3" in said.stderr
