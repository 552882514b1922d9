from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.training.faulty_jobs import KILL, SEGFAULT
from videonas.errors import VideonasError
from videonas.training.supervisor import Limits, Supervisor, container_memory_mb

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
