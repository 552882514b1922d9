"""Where the time of a search on this machine goes, by step and by kind of work.

    python benchmarks/wall_time.py --videos DIR

Runs a search in a folder of its own, as `make search` does, then adds up what every step and every
training kept. One training has one thread, so its wall time is core time.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import click

from videonas.search.root import SearchRoot
from videonas.steps.shell import errors_as_sentences

KINDS = {
    "train": "optimiser steps",
    "evaluate": "validation passes",
    "trace": "tracing",
    "build": "building networks",
    "start": "TensorFlow's import, and forks",
    "latency": "measuring latency",
    "load": "input: reading shards",
    "save": "saving weights",
}


def run_search(videos: Path, root: Path, settings: Path, assignments: tuple[str, ...]) -> float:
    """Runs the search; gives back wall seconds."""
    command = [
        sys.executable, "-m", "pipelines", "run", "tiny_video", "--videos", str(videos),
        "--search-root", str(root), "--settings", str(settings),
    ]
    for assignment in assignments:
        command += ["--set", assignment]
    started = time.monotonic()
    subprocess.run(command, check=True)
    return time.monotonic() - started


def seconds_by_kind(root: SearchRoot) -> dict[str, float]:
    """Seconds inside child processes, each result once."""
    kinds: dict[str, float] = defaultdict(float)
    for result in {m.result.key: m.result for m in root.lineage().members.values()}.values():
        for part in (result.latency, result.training, result.evaluation):
            for kind, seconds in (part.seconds if part else {}).items():
                kinds[kind] += seconds
    return kinds


def tables(root: SearchRoot, wall: float, core: float) -> str:
    """The tables, as Markdown."""
    steps: dict[str, list[float]] = defaultdict(list)
    for timing in root.timings():
        steps[timing.step].append(timing.seconds)
    kinds = seconds_by_kind(root)
    inside = sum(map(sum, steps.values()))
    rows = {KINDS[kind]: kinds[kind] for kind in KINDS}
    rows |= {
        "the rest of the steps: videos, mutation, selection, report": inside - sum(kinds.values()),
        "outside the steps: the interpreter, imports, the summary": wall - inside,
    }
    useful = kinds["train"] + kinds["evaluate"]
    lines = [
        f"{len(root.lineage().members)} networks, {root.settings.train_steps} steps each; "
        f"{wall:.0f} s of wall time, {core:.0f} core-seconds.",
        f"Optimiser steps and validation passes: {useful / core:.0%} of core-seconds.", "",
        "| kind | seconds | share of wall time |", "|---|---|---|",
        *(f"| {name} | {s:.1f} | {s / wall:.0%} |" for name, s in rows.items()), "",
        "| step | times | seconds |", "|---|---|---|",
        *(f"| {name} | {len(each)} | {sum(each):.1f} |" for name, each in steps.items()),
    ]
    return "\n".join(lines)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--videos", required=True, type=click.Path(exists=True, path_type=Path),
              help="Folder of videos; `videonas demo-videos DIR` makes one.")
@click.option("--settings", type=click.Path(path_type=Path), show_default=True,
              default=Path("pipelines/tiny_video/demo.yaml"), help="Settings of the search.")
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE",
              help="A setting, such as train_steps=1000.")
def main(videos: Path, settings: Path, assignments: tuple[str, ...]) -> None:
    """Where the time of a search on this machine goes."""
    with tempfile.TemporaryDirectory() as folder:
        wall = run_search(videos, Path(folder) / "root", settings, assignments)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        root = SearchRoot(f"{folder}/root")
        # a run does not wait for its fork server, so the system does not count that as its child
        core = used.ru_utime + used.ru_stime + sum(t.children_cpu for t in root.timings())
        click.echo(tables(root, wall, core))


if __name__ == "__main__":
    with errors_as_sentences():
        main()
