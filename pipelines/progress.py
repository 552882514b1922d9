"""Progress of a run, read from its search root."""

from __future__ import annotations

import statistics
import threading
import time
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pipelines.finishing import finishing
from videonas.errors import VideonasError
from videonas.report.quantities import headline, metrics_of
from videonas.search.budget import Budget
from videonas.search.population import Population
from videonas.search.root import SearchRoot

POLL_SECONDS = 1.0
LINE_SECONDS = 15.0
"""Between two lines where there is no terminal to draw on."""


@dataclass(frozen=True)
class Standing:
    """How far a run is.

    Attributes:
        text: what is going on.
        done: candidates of this generation that have been through it.
        total: candidates of this generation, 0 while none are drawn.
        ended: generations that ended, since the search began.
    """

    text: str
    done: int
    total: int
    ended: int


def standing(root: SearchRoot) -> Standing:
    """How far the search at a root is.

    Raises:
        VideonasError: something there cannot be read.
    """
    if not root.exists:
        return Standing("starting", 0, 0, 0)
    generation = root.head() + 1
    candidates = root.candidates(generation)
    dataset = root.dataset(candidates.data if candidates else None)
    if dataset is None:
        return Standing("preparing the videos", 0, 0, 0)
    if candidates is None:
        return Standing(f"generation {generation}: mutating", 0, 0, generation)
    budget = Budget.of(root.settings)
    results = [root.result(individual, dataset) for individual in candidates.individuals]
    trained = sum(r.training is not None or r.outcome(budget) is not None for r in results)
    done = sum(r.outcome(budget) is not None for r in results)
    name, total = f"generation {generation}:", len(results)
    if trained < total:
        return Standing(f"{name} training candidates", trained, total, generation)
    return Standing(f"{name} evaluating candidates", done, total, generation)


def show_progress(
    uri: str, generations: int, console: Console, finished: threading.Event
) -> None:
    """Shows progress until `finished` is set: bars on a terminal, else a line now and then.

    Args:
        uri: of the search root.
        generations: of this run.
        console: to show it on.
        finished: ends it.
    """
    view = _Bars(console, generations) if console.is_terminal else _Lines(console)
    first = seen = -1
    with view:
        while True:
            over = finished.wait(POLL_SECONDS)
            try:
                root = SearchRoot(uri)  # afresh: settings may come with the first step
                now = standing(root)
                if seen < 0:
                    first = seen = now.ended
                for generation in range(seen, now.ended):
                    if (population := root.population(generation)) is not None:
                        view.say(sentence(population, root))
                seen = now.ended
                if now.ended < first + generations:
                    view.update(now)
                elif (last_step := finishing(root)) is not None:
                    text, done, total = last_step
                    view.update(Standing(text, done, total, now.ended))
                else:
                    view.end()
            except VideonasError:
                pass  # a step meets it too, and says it
            if over:
                return


def sentence(population: Population[object], root: SearchRoot) -> str:
    """How a generation ended, in a line."""
    ok = [m for m in population.newborn if population.outcome_of(m) == "ok"]
    lineage = root.lineage()
    best = lineage.best(root.settings, population.generation)
    if best is None:
        return f"generation {population.generation}: nobody"
    shown = headline(metrics_of(lineage))
    values = [value for m in ok if (value := shown.value(m)) is not None]
    median = f", median of the newborn {statistics.median(values):.3f}" if values else ""
    latency = f", {best.result.latency.median_ms:.1f} ms" if best.result.latency else ""
    accuracy = "" if shown.name == "loss" else f"{shown.words} {shown.value(best):.3f}, "
    return (
        f"generation {population.generation}: {len(ok)} of {len(population.newborn)} trained; best "
        f"{best.individual.name}: {accuracy}loss {best.result.metrics['loss']:.3f}{latency}{median}"
    )


class _Bars:
    """Two bars: generations of the run, candidates of the generation."""

    def __init__(self, console: Console, generations: int) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TimeElapsedColumn(), console=console,
        )
        self._run = self._progress.add_task("generations of this run", total=generations)
        self._generation = self._progress.add_task("starting", total=None)
        self._first: int | None = None

    def __enter__(self) -> None:
        self._progress.start()

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def update(self, now: Standing) -> None:
        """Shows how far the run is."""
        self._first = now.ended if self._first is None else self._first
        self._progress.update(self._run, completed=now.ended - self._first)
        self._progress.update(
            self._generation, description=now.text, completed=now.done, total=now.total or None,
            visible=True,
        )

    def end(self) -> None:
        """Shows that all generations of the run have ended."""
        (run, *_) = self._progress.tasks
        self._progress.update(self._run, completed=run.total)
        self._progress.update(self._generation, visible=False)

    def say(self, text: str) -> None:
        """Prints a line that stays."""
        self._progress.console.print(text, highlight=False, markup=False, soft_wrap=True)


class _Lines:
    """A line now and then, and whenever what is going on changes."""

    def __init__(self, console: Console) -> None:
        self._console, self._last, self._text = console, 0.0, ""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None

    def update(self, now: Standing) -> None:
        """Shows how far the run is."""
        moment = time.monotonic()
        if now.text != self._text or moment - self._last > LINE_SECONDS:
            self._last, self._text = moment, now.text
            count = f" {now.done} of {now.total}" if now.total else ""
            self.say(f"{time.strftime('%H:%M:%S')} {now.text}{count}")

    def end(self) -> None:
        """The line of the last generation has said it."""

    def say(self, text: str) -> None:
        """Prints a line that stays."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)
