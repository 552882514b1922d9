"""What the events of a run look like: bars on a terminal, whole lines elsewhere."""

from __future__ import annotations

import io
import logging
import re
import threading
from collections.abc import Iterator, Sequence
from itertools import count
from types import SimpleNamespace

import pytest
from rich.console import Console

from videonas.console.progress import Bars, progress
from videonas.console.standing import Standing
from videonas.progress import (
    Event,
    Failed,
    Finished,
    Generations,
    LogLines,
    Note,
    Stage,
    Started,
    Step,
    Waiting,
)
from videonas.running.display import Lines

TRAINING: Sequence[Event] = (
    Stage("training candidates", 4, 2),
    Finished("000002-00", "ok"),
    Started("000002-01", "measuring latency"),
    Started("000002-01", "training"),
    Step("000002-01", 50, 200, 1.5),
)
"""In the middle of a stage: one candidate has ended, and of another a quarter."""


def standing(*events: Event) -> Standing:
    made = Standing()
    for event in events:
        made.hear(event)
    return made


# How far it is


def test_work_under_way_counts_as_far_as_it_has_come() -> None:
    now = standing(*TRAINING)
    assert (now.done, now.total) == (1.25, 4)
    assert str(now) == (
        "generation 2: training candidates 1 of 4; 000002-01: step 50 of 200, loss 1.500"
    )


def test_what_is_finished_twice_counts_once() -> None:
    """Networks of one architecture share a result."""
    assert standing(*TRAINING, Finished("000002-00", "ok")).done == 1.25


def test_an_attempt_that_failed_is_under_way_no_more() -> None:
    now = standing(*TRAINING, Failed("000002-01", "attempt 1 at training failed: no reason"))
    assert (now.done, now.detail) == (1, "")


def test_several_at_a_time_are_all_told() -> None:
    now = standing(*TRAINING, Started("000002-02", "training"))
    assert now.detail == "000002-01: step 50 of 200, loss 1.500; 000002-02: training"


def test_a_wait_is_told_until_something_happens() -> None:
    waiting = (*TRAINING, Waiting("another run to finish 000002-03"))
    assert standing(*waiting).detail == "waiting for another run to finish 000002-03"
    assert standing(*waiting, Started("000002-03", "training")).detail.startswith("000002-01: ")


def test_a_stage_begins_with_nothing_of_the_one_before() -> None:
    now = standing(*TRAINING, Stage("selecting", None, 2))
    assert (now.done, now.total, str(now)) == (0, None, "generation 2: selecting")


def test_a_stage_that_is_one_piece_of_work_counts_its_steps() -> None:
    now = standing(Stage("preparing the videos"), Step("videos", 3, 96))
    assert (now.done, now.total) == (3, 96)
    assert str(now) == "preparing the videos 3 of 96"


# On a terminal


class Terminal(io.StringIO):
    """What was shown on a terminal, frame after frame."""

    @property
    def lines(self) -> list[str]:
        """Without what moves the cursor and colours."""
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.getvalue()).replace("\r", "\n")
        return [re.sub("[━╸╺]+ *", "| ", line).rstrip() for line in plain.splitlines()]


def shown(*events: Event) -> list[str]:
    """The last frame on a terminal, each line without the time."""
    terminal = Terminal()
    console = Console(file=terminal, force_terminal=True, width=100)
    with Bars(console) as bars:
        for event in events:
            bars(event)
        terminal.seek(0)
        terminal.truncate()
        bars._bars.refresh()
        frame = terminal.lines
    return [re.sub(r" \d:\d\d:\d\d$", "", line) for line in frame if line]


def test_a_terminal_shows_the_run_the_stage_and_the_work_under_way() -> None:
    assert shown(Generations(1, 3), *TRAINING) == [
        "generations of this run           | 1/3",
        "generation 2: training candidates | 1/4",
        "000002-01: step 50 of 200, loss 1.500",
    ]


def test_a_stage_without_a_count_has_no_count_of_the_one_before() -> None:
    assert shown(*TRAINING, Stage("selecting", None, 2)) == ["generation 2: selecting | 0/?"]


def test_a_note_stays_above_the_bars() -> None:
    terminal = Terminal()
    with Bars(Console(file=terminal, force_terminal=True, width=100)) as bars:
        bars(Note("a [bold]note[/bold]"))
        bars(Stage("selecting"))
    assert "a [bold]note[/bold]" in terminal.lines


def test_a_line_that_is_too_long_for_the_terminal_is_cut() -> None:
    names = [f"000002-{number:02d}" for number in range(20)]
    frame = shown(Stage("training candidates", 20, 2), *(Started(n, "training") for n in names))
    assert frame[-1].startswith("000002-00: training; ")
    assert frame[-1].endswith("…")
    assert len(frame) == 2


def test_threads_may_report_at_the_same_time() -> None:
    terminal = Terminal()
    with Bars(Console(file=terminal, force_terminal=True, width=100)) as bars:
        bars(Stage("training candidates", 400))

        def report(thread: int) -> None:
            for number in range(100):
                name = f"{thread}-{number}"
                bars(Started(name, "training"))
                bars(Step(name, 1, 2, 0.5))
                bars(Finished(name, "ok"))

        threads = [threading.Thread(target=report, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (bars._standing.done, bars._standing.detail) == (400, "")


# Elsewhere


def lines(
    monkeypatch: pytest.MonkeyPatch, *events: Event, seconds_apart: float = 0.0
) -> list[str]:
    """What is printed where there is no terminal, without the times."""
    clock = count(1000, seconds_apart)
    monkeypatch.setattr("videonas.running.display.time", SimpleNamespace(
        monotonic=lambda: float(next(clock)), strftime=lambda _: "12:34:56"
    ))
    out = io.StringIO()
    with Lines(Console(file=out, width=40)) as display:
        for event in events:
            display(event)
    return [line.removeprefix("12:34:56 ") for line in out.getvalue().splitlines()]


def test_without_a_terminal_each_stage_is_one_whole_line(monkeypatch: pytest.MonkeyPatch) -> None:
    note = "generation 2: 4 of 4 trained; best 000002-01: top-1 0.500, loss 1.000"
    assert lines(monkeypatch, *TRAINING, Stage("selecting", None, 2), Note(note)) == [
        "generation 2: training candidates 0 of 4", "generation 2: selecting", note
    ]


def test_without_a_terminal_a_long_stage_says_now_and_then_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = [Step("000002-01", done, 200, 1.5) for done in range(100, 200, 10)]
    said = lines(monkeypatch, *TRAINING, *steps, seconds_apart=4)
    assert said[0] == "generation 2: training candidates 0 of 4"
    assert said[1:] == [
        f"generation 2: training candidates 1 of 4; 000002-01: step {done} of 200, loss 1.500"
        for done in (50, 130, 170)
    ], "more than 15 seconds lie between two lines"


def test_without_a_terminal_a_wait_is_a_line_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    said = lines(monkeypatch, *TRAINING, Waiting("the machine"))
    assert said[-1] == "generation 2: training candidates 1 of 4; waiting for the machine"


# In a log


class Kept(logging.Handler):
    """Keeps messages."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@pytest.fixture
def kept() -> Iterator[list[str]]:
    logger, handler = logging.getLogger("videonas.progress"), Kept()
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.INFO)
    yield handler.messages
    logger.removeHandler(handler)
    logger.setLevel(level)


def test_where_there_is_no_terminal_work_that_is_no_step_has_log_lines_too(
    kept: list[str]
) -> None:
    with progress("videos") as report:
        for done in range(1, 6):
            report(done, 5)
    assert kept == ["videos: 1 of 5", "videos: 5 of 5"]


def test_a_log_tells_every_event_in_words(kept: list[str]) -> None:
    log_lines = LogLines()
    for event in (*TRAINING, Failed("000002-01", "attempt 1 failed"), Waiting("the machine"),
                  Note("a note"), Stage("selecting", None, 2), Generations(1, 3)):
        log_lines(event)
    assert kept == [
        "generation 2: training candidates: 4", "000002-00: ok", "000002-01: measuring latency",
        "000002-01: training", "000002-01: step 50 of 200, loss 1.500",
        "000002-01: attempt 1 failed", "waiting for the machine", "a note",
    ]


def test_a_log_tells_the_first_and_the_last_step_and_some_between(
    kept: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = count(0, 4)  # four seconds from one to the next
    monkeypatch.setattr(
        "videonas.progress.time", SimpleNamespace(monotonic=lambda: float(next(clock)))
    )
    log_lines = LogLines()
    for done in range(1, 9):
        log_lines(Step("videos", done, 8))
    assert kept == [f"videos: {done} of 8" for done in (1, 4, 7, 8)], "ten seconds lie between"
