"""What a long search costs at its end: loading it, one more `mutate`, one more `select`.

One search is written with real records and made-up results, nothing is trained. It is measured as
it was after 100, 300 and 1,000 generations: what grows should grow evenly, so what a further
generation adds should stay as it is.

    python benchmarks/long_search.py
    python benchmarks/long_search.py --generations 30 --at 10 --at 30
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import cycle
from multiprocessing import get_context
from pathlib import Path
from typing import TextIO, TypeVar

import click

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.common.conditions import machine, write_records
from tests.synthetic import make_search
from videonas.console.progress import progress
from videonas.logs import set_up_logging
from videonas.report import build_report
from videonas.search.root import SearchRoot
from videonas.steps.mutate import mutate
from videonas.steps.select import select
from videonas.steps.shell import errors_as_sentences

R = TypeVar("R")

AT = (100, 300, 1000)


@dataclass(frozen=True)
class Point:
    """What one more generation costs.

    Attributes:
        generations: that ended before.
        individuals: born in them.
        load: seconds in which the whole history is read.
        mutate: seconds of the step.
        select: seconds of the step: population and report are published in them.
        report: of these, about so many seconds make the page.
        report_bytes: of the page.
        record_bytes: of the populations.
    """

    generations: int
    individuals: int
    load: float
    mutate: float
    select: float
    report: float
    report_bytes: int
    record_bytes: int


def write_search(folder: Path, generations: int, population: int, children: int) -> None:
    """Writes a search root with that many generations, and shows how far it is."""
    with ThreadPoolExecutor(1) as pool, progress("generations written") as tell:
        written = pool.submit(make_search, folder, generations, population, children)
        while not wait([written], timeout=1.0).done:
            tell(sum(1 for _ in folder.glob("generations/*")), generations)
        written.result()
        tell(generations, generations)


def shortened(search: Path, generations: int, folder: Path) -> Path:
    """The search root as it was when so many generations had ended.

    Its files are links to those of the longer search: records are never written again.
    """
    for file in search.rglob("*"):
        if not file.is_file() or not _was_there(file.relative_to(search), file, generations):
            continue
        link = folder / file.relative_to(search)
        link.parent.mkdir(parents=True, exist_ok=True)
        os.link(file, link)
    return folder


def _was_there(path: Path, file: Path, generations: int) -> bool:
    """Whether a file of a search was written before that many generations had ended."""
    if path.parts[0] == "generations":
        return int(path.parts[1]) < generations
    if path.parts[0] == "timings":
        generation = json.loads(file.read_text())["generation"]
        return generation is None or generation < generations
    return True


def measure(search: str) -> Point:
    """Adds one generation to a search, in the time that is said."""
    root = SearchRoot(search)
    load, lineage = _timed(root.lineage)
    generation = len(lineage.generations)
    report, _ = _timed(lambda: build_report(root, lineage))
    mutated, _ = _timed(lambda: mutate(root, generation))
    _publish_results(root, generation)
    selected, _ = _timed(lambda: select(root, generation))
    folder = Path(search, "generations")
    return Point(
        generation, len(lineage.members), load, mutated, selected, report,
        (folder / f"{generation:06d}" / "report.html").stat().st_size,
        sum(file.stat().st_size for file in folder.glob("*/population.json")),
    )


def _timed(call: Callable[[], R]) -> tuple[float, R]:
    """Seconds that a call took, and what it gave."""
    began = time.perf_counter()
    result = call()
    return time.perf_counter() - began, result


def _publish_results(root: SearchRoot, generation: int) -> None:
    """Gives every candidate the result of one that was there before."""
    dataset, done = root.need_dataset(), root.lineage().able()
    born = root.need_candidates(generation).individuals
    for individual, member in zip(born, cycle(done)):
        folder = root.result_folder(individual.id, dataset.digest)
        for part in (member.result.latency, member.result.training, member.result.evaluation):
            if part is not None:
                folder.publish(part)


def table(points: Sequence[Point]) -> str:
    """The table, as Markdown; what a further generation costs, against the row above."""
    lines = [
        "| generations | individuals | load, s | `mutate`, s | `select`, s | of it the report, s | "
        "load, ms a further generation | `select`, ms a further generation | report, MB | "
        "populations, MB |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for before, p in zip((None, *points[:-1]), points, strict=True):
        further = ["–", "–"]
        if before:
            more = p.generations - before.generations
            seconds = (p.load - before.load, p.select - before.select)
            further = [f"{1000 * s / more:.2f}" for s in seconds]
        lines.append(
            f"| {p.generations:,} | {p.individuals:,} | {p.load:.2f} | {p.mutate:.2f} | "
            f"{p.select:.2f} | {p.report:.2f} | {' | '.join(further)} | "
            f"{p.report_bytes / 1e6:.2f} | {p.record_bytes / 1e6:.1f} |"
        )
    return "\n".join(lines)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--generations", default=AT[-1], show_default=True, type=click.IntRange(1),
              help="Generations of the search that is written.")
@click.option("--at", multiple=True, default=AT, show_default=True, type=click.IntRange(1),
              help="Number of generations at which it is measured; can be given again.")
@click.option("--population", default=16, show_default=True, type=click.IntRange(2),
              help="Networks that can be parents, and the size of the first generation.")
@click.option("--children", default=10, show_default=True, type=click.IntRange(1),
              help="Networks born in each later generation.")
@click.option("--output", type=click.File("w", lazy=False),
              help="A JSON file for everything that was measured.")
def main(
    generations: int, at: tuple[int, ...], population: int, children: int, output: TextIO | None
) -> None:
    """What a long search costs at its end: loading it, one more `mutate`, one more `select`.

    Nothing is trained. About 10,000 individuals by default, and two minutes.
    """
    set_up_logging("benchmark")
    if max(at) > generations:
        raise click.UsageError(
            f"--at {max(at)} is more than --generations {generations}; allowed: as many at most"
        )
    points = []
    with tempfile.TemporaryDirectory() as scratch, progress("lengths measured") as tell:
        search = Path(scratch, "search")
        write_search(search, generations, population, children)
        for number in sorted(set(at)):
            part = shortened(search, number, Path(scratch, f"after-{number}"))
            # a step is a process of its own: nothing is left over from the length before
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                points.append(pool.submit(measure, str(part)).result())
            tell(len(points), len(set(at)))
    click.echo(table(points))
    click.echo(
        f"\nPopulation {population}, {children} children. One pass each in a process of its own, "
        f"imports not counted, on a local path; files in the cache of the system. {machine()}"
    )
    if output:
        write_records(output, points)


if __name__ == "__main__":
    with errors_as_sentences():
        main()
