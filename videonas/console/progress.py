"""Progress of long work: bars on a terminal, log lines elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress
from rich.text import Text

from videonas.console.standing import Standing
from videonas.progress import Event, Generations, LogLines, Note, Progress, Stage, Step


@contextmanager
def step_progress() -> Iterator[Progress]:
    """Shows what one step reports: by bars, or by log lines where there is no terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield LogLines()
        return
    with Bars(console, TimeRemainingColumn()) as bars:
        yield bars


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """As `step_progress`, of work that is no step.

    Args:
        what: is counted, in the plural.

    Yields:
        a function to be told how many of how many are done.
    """
    with step_progress() as report:
        report(Stage(what))
        yield lambda done, total: report(Step(what, done, total))


class Bars:
    """Shows events on a terminal: a bar for the stage, one for the generations of the run where
    there are any, and a line on the work under way. To be used in a `with` statement.

    Args:
        console: a terminal.
        clock: shows time elapsed or left.
    """

    def __init__(self, console: Console, clock: ProgressColumn | None = None) -> None:
        self._standing, self._lock = Standing(), threading.Lock()
        self._bars = _BarsAndLine(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            clock or TimeElapsedColumn(), console=console, redirect_stdout=False,
            redirect_stderr=False,
        )
        self._run: TaskID | None = None
        self._stage = self._new_bar()

    def __enter__(self) -> Bars:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.line = ""
        self._bars.stop()

    def __call__(self, event: Event) -> None:
        """Shows an event."""
        with self._lock:
            self._standing.hear(event)
            match event:
                case Generations(done, total):
                    self._show_run(done, total)
                case Stage():
                    self._bars.remove_task(self._stage)
                    self._stage = self._new_bar()
                case Note(text):
                    self._bars.console.print(text, highlight=False, markup=False, soft_wrap=True)
            self._bars.line = self._standing.detail
            self._bars.update(
                self._stage, completed=self._standing.done, total=self._standing.total
            )

    def _show_run(self, done: int, total: int) -> None:
        if self._run is None:
            self._bars.remove_task(self._stage)
            self._run = self._bars.add_task("generations of this run", total=total)
            self._stage = self._new_bar()
        self._bars.update(self._run, completed=done)

    def _new_bar(self) -> TaskID:
        """Of the stage; a bar that has a total cannot lose it again."""
        return self._bars.add_task(str(self._standing.stage), total=self._standing.total)


class _BarsAndLine(RichProgress):
    """Bars with a line below them."""

    line = ""

    def get_renderables(self) -> Iterable[RenderableType]:
        """The table of bars, and the line where there is one."""
        yield self.make_tasks_table(self.tasks)
        if self.line:
            yield Text(self.line, overflow="ellipsis", no_wrap=True)
