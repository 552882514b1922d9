from __future__ import annotations

import multiprocessing
import tempfile
import time
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import pytest

from videonas.progress import Waiting
from videonas.training.machine_lock import machine_lock


@pytest.fixture(autouse=True)
def machine_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock lies in the temporary folder, which other tests share."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)


def _hold(alone: bool, held: Event, release: Event) -> None:
    with machine_lock(alone=alone):
        held.set()
        release.wait(30)


def _start(alone: bool) -> tuple[Any, Event, Event]:
    context = multiprocessing.get_context("spawn")
    held, release = context.Event(), context.Event()
    process = context.Process(target=_hold, args=(alone, held, release), daemon=True)
    process.start()
    return process, held, release


def test_trainings_share_the_machine_and_a_measurement_waits_for_them() -> None:
    first, first_held, first_release = _start(alone=False)
    second, second_held, second_release = _start(alone=False)
    assert first_held.wait(30)
    assert second_held.wait(30)
    alone, alone_held, alone_release = _start(alone=True)
    assert not alone_held.wait(2), "measured beside a training"
    first_release.set()
    first.join()
    assert not alone_held.wait(1), "measured beside a training"
    second_release.set()
    second.join()
    assert alone_held.wait(30)
    late, late_held, late_release = _start(alone=False)
    assert not late_held.wait(2), "trained beside a measurement"
    alone_release.set()
    assert late_held.wait(30)
    late_release.set()
    alone.join()
    late.join()


def test_trainings_in_turn_do_not_keep_a_measurement_waiting() -> None:
    first, first_held, first_release = _start(alone=False)
    assert first_held.wait(30)
    alone, alone_held, alone_release = _start(alone=True)
    assert not alone_held.wait(2)
    second, second_held, second_release = _start(alone=False)
    assert not second_held.wait(2), "overtook the measurement"
    first_release.set()
    assert alone_held.wait(30)
    alone_release.set()
    assert second_held.wait(30)
    second_release.set()
    for process in (first, alone, second):
        process.join()


def test_a_process_that_is_killed_gives_the_machine_back() -> None:
    holder, held, _ = _start(alone=True)
    assert held.wait(30)
    holder.kill()
    holder.join()
    started = time.monotonic()
    with machine_lock(alone=True):
        assert time.monotonic() - started < 10


def test_a_wait_is_told_before_it_begins() -> None:
    heard: list[Any] = []
    with machine_lock(heard.append, alone=False):
        assert not heard
    other, held, release = _start(alone=False)
    assert held.wait(30)

    def hear(event: Any) -> None:
        heard.append(event)
        release.set()

    with machine_lock(hear, alone=True):
        pass
    other.join()
    assert [type(event) for event in heard] == [Waiting]
