"""Wall time of `python -m videonas mutate` as a process, on a made-up search.

The step reads the population before, draws a generation and writes it. It is timed from the start
of the interpreter to its end, each time on a fresh copy of the search root, beside an interpreter
that does nothing. One further run, not timed, lists what was imported.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
ROOT = Path(__file__).parents[1]
HEAVY = ("tensorflow", "keras", "numpy", "av", "kfp")
"""What a step that runs in a small image never imports."""


def main() -> None:
    """Prints a table; ends with status 1 where something heavy was imported."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--population", type=int, default=100, help="networks that can be parents")
    parser.add_argument("--children", type=int, default=100, help="networks born in the timed run")
    parser.add_argument("--generations", type=int, default=3, help="generations that ended before")
    parser.add_argument("--runs", type=int, default=5, help="timed runs")
    options = parser.parse_args()
    from tests.synthetic import make_search

    with tempfile.TemporaryDirectory() as folder:
        search = Path(folder, "search")
        make_search(search, options.generations, options.population, options.children)
        nothing = [timed(["-c", "pass"])[0] for _ in range(options.runs)]
        steps = []
        for number in range(options.runs):
            seconds, output = timed(mutate(copy(search, number), options.generations))
            waiting = sum(len(batch) for batch in json.loads(output)["batches"])
            assert waiting > 0, "nobody was born"
            steps.append(seconds)
        imported = imports(mutate(copy(search, options.runs), options.generations))
    print(f"{'process':28} {'median':>9} {'fastest':>9} {'slowest':>9}")
    for name, all_seconds in {"videonas mutate": steps, "python -c pass": nothing}.items():
        figures = (statistics.median(all_seconds), min(all_seconds), max(all_seconds))
        print(f"{name:28} " + " ".join(f"{1000 * s:6.0f} ms" for s in figures))
    print(
        f"\n{options.population} parents at the most, {options.children} born, of which {waiting} "
        f"have no result yet; generation {options.generations}.\n{options.runs} runs after a copy "
        f"of the search root each; files in the cache of the system. Python "
        f"{platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores."
    )
    heavy = sorted(set(HEAVY) & imported)
    print(f"imported of {', '.join(HEAVY)}: {', '.join(heavy) or 'none'}")
    if heavy:
        sys.exit(1)


def copy(search: Path, number: int) -> Path:
    """A copy of a search root that a run may change."""
    fresh = search.with_name(f"copy-{number}")
    shutil.copytree(search, fresh)
    return fresh


def mutate(search: Path, generation: int) -> list[str]:
    """The arguments of the step."""
    return ["-m", "videonas", "mutate", "--search-root", str(search), "--generation",
            str(generation)]


def timed(arguments: Sequence[str]) -> tuple[float, str]:
    """Seconds that an interpreter took, and what it printed."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, check=True, text=True, capture_output=True
    )
    return time.perf_counter() - began, done.stdout


def imports(arguments: Sequence[str]) -> set[str]:
    """The packages that an interpreter imported, by its own account."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments], cwd=ROOT, check=True, text=True,
        capture_output=True,
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    found = {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}
    assert "videonas" in found, "the list of imports was not understood"
    return found


if __name__ == "__main__":
    main()
