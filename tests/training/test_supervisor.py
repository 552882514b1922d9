from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from tests.training.faulty_jobs import KILL, SEGFAULT
from videonas.errors import VideonasError
from videonas.training.supervisor import (
    Interrupted,
    Limits,
    Supervisor,
    container_memory_mb,
)

JOBS = "tests.training.faulty_jobs"
AMPLE = Limits(seconds=60, memory_mb=4096)


@pytest.fixture(scope="module")
def supervisor() -> Supervisor:
    return Supervisor()


def test_a_job_gives_back_what_it_returns(supervisor: Supervisor) -> None:
    ending = supervisor.run(f"{JOBS}:add_one", 41, AMPLE)
    assert (ending.kind, ending.value) == ("finished", 42)


def test_every_job_has_a_process_of_its_own(supervisor: Supervisor) -> None:
    pids = {supervisor.run(f"{JOBS}:process_id", None, AMPLE).value for _ in range(3)}
    assert len(pids) == 3
    assert os.getpid() not in pids


def test_a_hanging_job_is_ended_in_time(supervisor: Supervisor) -> None:
    started = time.monotonic()
    ending = supervisor.run(f"{JOBS}:hang", None, Limits(seconds=1, memory_mb=4096))
    assert ending.kind == "timed_out"
    assert "1 s" in ending.message
    assert time.monotonic() - started < 20


def test_a_job_that_eats_memory_is_ended(supervisor: Supervisor) -> None:
    ending = supervisor.run(f"{JOBS}:eat_memory", None, Limits(seconds=60, memory_mb=300))
    assert ending.kind == "out_of_memory"
    assert "allowed: 300 MB" in ending.message
    assert ending.peak_memory_mb > 300


def test_an_exception_is_told_in_its_own_words(supervisor: Supervisor) -> None:
    ending = supervisor.run(f"{JOBS}:raise_error", "the reason", AMPLE)
    assert (ending.kind, ending.message) == ("crashed", "RuntimeError: the reason")


def test_what_a_person_can_put_right_is_raised(supervisor: Supervisor) -> None:
    with pytest.raises(VideonasError, match="the shards are gone"):
        supervisor.run(f"{JOBS}:refuse", "the shards are gone", AMPLE)


def test_a_full_disk_is_no_fault_of_the_candidate(supervisor: Supervisor) -> None:
    with pytest.raises(VideonasError, match="No space left"):
        supervisor.run(f"{JOBS}:fill_the_disk", None, AMPLE)


def test_nor_is_a_missing_package_which_is_named(supervisor: Supervisor) -> None:
    with pytest.raises(ModuleNotFoundError) as found:
        supervisor.run(f"{JOBS}:import_nothing", None, AMPLE)
    assert found.value.name == "there_is_no_such_package"


def test_a_segmentation_fault_is_survived(supervisor: Supervisor) -> None:
    ending = supervisor.run(f"{JOBS}:crash", SEGFAULT, AMPLE)
    assert ending.kind == "crashed"
    assert f"signal {SEGFAULT}" in ending.message


def test_a_child_killed_from_outside_counts_as_out_of_memory(supervisor: Supervisor) -> None:
    assert supervisor.run(f"{JOBS}:crash", KILL, AMPLE).kind == "out_of_memory"


def test_an_exit_without_a_word_is_a_crash(supervisor: Supervisor) -> None:
    ending = supervisor.run(f"{JOBS}:exit_at_once", None, AMPLE)
    assert (ending.kind, ending.message) == ("crashed", "the process ended with status 7")


def test_what_a_job_reports_is_heard_in_order_before_it_ends(supervisor: Supervisor) -> None:
    heard: list[tuple[int, int]] = []
    ending = supervisor.run(
        f"{JOBS}:count_aloud", 300, AMPLE, lambda done, total: heard.append((done, total))
    )
    assert ending.value == 300
    assert heard == [(done, 300) for done in range(1, 301)]


def test_a_job_that_never_stops_talking_is_ended_in_time(supervisor: Supervisor) -> None:
    heard: list[str] = []
    ending = supervisor.run(f"{JOBS}:talk_for_ever", None, Limits(1, 4096), heard.append)
    assert ending.kind == "timed_out"
    assert len(heard) > 10


def test_a_listener_that_fails_ends_the_job(supervisor: Supervisor) -> None:
    def fail(_: str) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        supervisor.run(f"{JOBS}:talk_for_ever", None, AMPLE, fail)


def test_jobs_of_several_threads_run_at_a_time_and_end_as_they_do_alone(
    supervisor: Supervisor,
) -> None:
    jobs = [("add_one", 1), ("crash", SEGFAULT), ("exit_at_once", 0), ("crash", KILL)] * 5
    kinds: dict[int, str] = {}

    def run(number: int, job: str, argument: int) -> None:
        kinds[number] = supervisor.run(f"{JOBS}:{job}", argument, AMPLE).message

    threads = [threading.Thread(target=run, args=(n, *job)) for n, job in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [kinds[n] for n in range(len(jobs))] == [
        "", f"the process ended with signal {SEGFAULT}", "the process ended with status 7",
        "killed from outside, most likely by the kernel for lack of memory",
    ] * 5


def test_stopped_from_another_thread_it_leaves_no_child() -> None:
    supervisor, pids = Supervisor(), list[int]()
    threading.Timer(1.5, supervisor.stop).start()
    with pytest.raises(Interrupted):
        supervisor.run(f"{JOBS}:report_pid_and_hang", None, AMPLE, pids.append)
    (pid,) = pids
    assert not psutil.pid_exists(pid)


def test_ctrl_c_leaves_the_child_to_its_supervisor(supervisor: Supervisor) -> None:
    """A terminal sends it to the child too, which would die with a traceback of its own."""
    ending = supervisor.run(f"{JOBS}:crash", int(signal.SIGINT), AMPLE)
    assert ending.kind == "finished"


def test_the_supervisor_goes_on_after_all_that(supervisor: Supervisor) -> None:
    assert supervisor.run(f"{JOBS}:add_one", 1, AMPLE).value == 2


def test_a_child_ends_when_its_supervisor_is_killed(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    program = (
        "from videonas.training.supervisor import *\n"
        "if __name__ == '__main__':\n"
        f"    Supervisor().run({JOBS + ':write_pid_and_hang'!r}, {str(pid_file)!r}, "
        "Limits(600, 4096))\n"
    )
    script = tmp_path / "program.py"
    script.write_text(program)
    here = str(Path(__file__).parents[2])
    parent = subprocess.Popen([sys.executable, str(script)], env={**os.environ, "PYTHONPATH": here})
    _wait_for(pid_file.exists)
    child = int(pid_file.read_text())
    assert psutil.pid_exists(child)
    parent.kill()
    parent.wait()
    _wait_for(lambda: not psutil.pid_exists(child))


def test_the_memory_of_the_container_is_never_more_than_the_machines() -> None:
    assert 0 < container_memory_mb() <= psutil.virtual_memory().total / 2**20


def _wait_for(condition: object, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)
