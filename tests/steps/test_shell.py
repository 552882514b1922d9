"""What surrounds a step: whose time it books."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from videonas.search.root import SearchRoot
from videonas.steps.shell import step_of_run
from videonas.training.supervisor import Limits, Supervisor

TOP = Path(__file__).parents[2]
LIMITS = Limits(60, 4096)
SECONDS = 1.0


def use_processor(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_a_step_of_several_books_what_it_and_its_children_used_and_no_more(
    new_root: Callable[..., SearchRoot],
) -> None:
    uri, supervisor = new_root().uri, Supervisor()
    job = "tests.steps.test_shell:use_processor"
    use_processor(SECONDS)
    supervisor.run(job, SECONDS, LIMITS)
    with step_of_run("mutate", uri, 0):
        use_processor(SECONDS)
    with step_of_run("train-candidate", uri, 0):
        supervisor.run(job, SECONDS, LIMITS)
    with step_of_run("select", uri, 0):
        pass
    own, children, idle = sorted(SearchRoot(uri).timings(), key=lambda timing: timing.started)
    assert (own.step, own.generation) == ("mutate", 0)
    assert SECONDS * 0.9 <= own.cpu <= own.seconds + 0.1
    assert own.children_cpu < 0.5
    assert children.children_cpu >= SECONDS * 0.9
    assert children.cpu < 0.5
    assert idle.seconds < 0.5
    assert idle.cpu + idle.children_cpu < 0.5


def test_a_step_that_has_a_process_of_its_own_books_that_from_its_start(
    new_root: Callable[..., SearchRoot],
) -> None:
    root = new_root()
    program = (
        "import time; time.sleep(1.0)\n"
        "from videonas.steps.shell import step\n"
        f"with step('mutate', {root.uri!r}, 0):\n    time.sleep(0.5)\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=TOP, check=True, capture_output=True)
    (timing,) = root.timings()
    assert timing.seconds >= timing.startup + 0.5 >= 1.5
    assert timing.started + timing.seconds <= time.time()
