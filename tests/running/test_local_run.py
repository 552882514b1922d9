"""A run as a command, on real encoded videos: resumed, stopped, killed, refused."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import pytest
import yaml

from tests.conftest import SMALL
from videonas.search.root import SearchRoot

TOP = Path(__file__).parents[2]

LONG: tuple[object, ...] = ("--generations", 1, "--set", "train_steps=100000")
"""A run that does not come to the end of its first training."""


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    file = tmp_path / "small.yaml"
    file.write_text(yaml.safe_dump(SMALL))
    return file


def command(root: Path, *more: object) -> list[str]:
    arguments = ["-m", "pipelines", "run", "tiny_video", "--search-root", root, *more]
    return [sys.executable, *map(str, arguments)]


def run(root: Path, *more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(root, *more), cwd=TOP, capture_output=True, text=True, timeout=280, check=False
    )


def begin(root: Path, *more: object) -> subprocess.Popen[str]:
    """A run in a process group of its own, as a terminal begins it."""
    return subprocess.Popen(
        command(root, *more), cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )


def family(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]


def living(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    return [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def wait_until(condition: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def log_of(root: Path) -> str:
    return "".join(log.read_text() for log in sorted(root.glob("logs/*.log")))


def finished_parts(root: Path) -> dict[str, int]:
    return {str(p.relative_to(root)): p.stat().st_mtime_ns for p in root.glob("results/*/*/*.json")}


def history(root: Path) -> list[tuple[str, str, float | None]]:
    """Who was born, with which network, and what its training gave."""
    members = SearchRoot(str(root)).lineage().members.values()
    return [
        (m.individual.name, m.individual.id, m.result.training.loss if m.result.training else None)
        for m in members
    ]


@pytest.mark.slow
def test_a_run_and_another_that_goes_on(
    tmp_path: Path, demo_videos: Path, settings_file: Path
) -> None:
    root = tmp_path / "root"
    first = run(root, "--videos", demo_videos, "--settings", settings_file)
    assert first.returncode == 0, first.stderr
    for words in ("generation 0: ", "generation 1: ", "top-1 accuracy", "parameters",
                  "multiply-adds", "latency", "report.html", "go on"):
        assert words in first.stdout
    assert SearchRoot(str(root)).head() == 1
    before = finished_parts(root)
    assert not list(root.glob("finished/*"))
    second = run(root, "--generations", 1, "--set", "finish_best=1",
                 "--set", "finish_train_steps=4")
    assert second.returncode == 0, second.stderr
    assert f"finished   {root}/finished/1/" in second.stdout
    assert list(root.glob("finished/1/*/saved_model/saved_model.pb"))
    assert SearchRoot(str(root)).head() == 2
    after = finished_parts(root)
    assert {name: after[name] for name in before} == before
    report = next(iter(sorted(root.glob("generations/000002/report.html"))))
    assert "000002" in report.read_text()


def test_killed_it_leaves_no_process_and_resumed_it_has_the_history_of_one_left_in_peace(
    tmp_path: Path, demo_videos: Path, settings_file: Path
) -> None:
    root = tmp_path / "root"
    given = ("--videos", demo_videos, "--settings", settings_file, "--generations", 1,
             "--set", "train_steps=60")
    process = begin(root, *given)
    wait_until(lambda: list(root.glob("results/*/*/training.json")))
    processes = family(process)
    assert len(processes) > 2, "no child trains"
    process.kill()
    process.communicate()
    wait_until(lambda: not living(processes), 30)
    finished = finished_parts(root)
    assert finished
    assert SearchRoot(str(root)).head() == -1
    assert run(root).returncode == 0
    after = finished_parts(root)
    assert {name: after[name] for name in finished} == finished, "a finished candidate was repeated"
    assert run(tmp_path / "other", *given).returncode == 0
    assert history(root) == history(tmp_path / "other")


def test_killed_while_tensorflow_is_imported_it_leaves_no_process(
    tmp_path: Path, demo_videos: Path, settings_file: Path
) -> None:
    root = tmp_path / "root"
    process = begin(root, "--videos", demo_videos, "--settings", settings_file)
    wait_until(lambda: len(family(process)) > 2)
    processes = family(process)
    process.kill()
    process.communicate()
    wait_until(lambda: not living(processes), 30)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize("parallelism", [1, 2])
def test_stopped_in_a_training_it_takes_attempts_back_and_says_how_to_resume(
    tmp_path: Path, demo_videos: Path, settings_file: Path, number: signal.Signals,
    parallelism: int,
) -> None:
    root = tmp_path / "root"
    process = begin(root, "--videos", demo_videos, "--settings", settings_file, *LONG,
                    "--parallelism", parallelism)
    wait_until(lambda: len(re.findall("step .* of 100000, loss", log_of(root))) >= parallelism)
    assert len(list(root.glob("results/*/*/training-attempt-1"))) == parallelism
    processes = family(process)
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does on Ctrl-C
    else:
        process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    (sentence,) = said.splitlines()
    assert sentence.startswith(f"stopped by {number.name}; ")
    assert f"--search-root {root}" in sentence
    wait_until(lambda: not living(processes), 30)
    assert not list(root.glob("results/*/*/training-attempt-*"))
    assert not list(root.glob("results/*/*/training.json"))
    assert "Traceback" not in log_of(root)


@pytest.mark.slow
def test_two_runs_at_once_end_with_one_history(
    tmp_path: Path, demo_videos: Path, settings_file: Path
) -> None:
    root = tmp_path / "root"
    runs = [
        subprocess.Popen(
            command(root, "--videos", demo_videos, "--settings", settings_file),
            cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=280)[0] for process in runs]
    assert [process.returncode for process in runs] == [0, 0], said
    search = SearchRoot(str(root))
    lineage = search.lineage()
    # both began before a generation ended, so both work on the same two
    assert search.head() in (1, 2)
    assert len(lineage.generations[0].newborn) == 3
    trained = [line for line in log_of(root).splitlines()
               if f"step {SMALL['train_steps']} of" in line]
    assert len(trained) == len({m.individual.id for m in lineage.members.values()})


def test_several_trainings_at_a_time_have_the_history_of_one_at_a_time(
    tmp_path: Path, demo_videos: Path, settings_file: Path
) -> None:
    given = ("--videos", demo_videos, "--settings", settings_file)
    for parallelism in (1, 3):
        said = run(tmp_path / str(parallelism), *given, "--parallelism", parallelism)
        assert said.returncode == 0, said.stderr
    assert history(tmp_path / "1") == history(tmp_path / "3")


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--videos", "/nowhere"], "/nowhere"),
        (["--population", "0"], "population is 0"),
        (["--set", "train_step=3"], "did you mean 'train_steps'?"),
        (["--set", "max_parameters=3"], "none of"),
        ([], "no videos"),
    ],
    ids=["no videos there", "population 0", "unknown setting", "impossible budget", "no videos"],
)
def test_bad_input_is_told_in_one_sentence(
    tmp_path: Path, demo_videos: Path, more: Sequence[str], sentence: str
) -> None:
    if more and "--videos" not in more:
        more = ["--videos", str(demo_videos), *more]
    said = run(tmp_path / "root", "--generations", 1, *more)
    assert said.returncode == 2, said.stdout + said.stderr
    (line,) = said.stderr.splitlines()
    assert line.startswith("error: ")
    assert sentence in line
    assert "Traceback" not in said.stdout


def test_a_search_root_that_cannot_be_made(tmp_path: Path, demo_videos: Path) -> None:
    (tmp_path / "file").write_text("")
    said = run(tmp_path / "file" / "root", "--videos", demo_videos)
    assert said.returncode == 2
    assert "Not a directory" in said.stderr
    assert "Traceback" not in said.stderr


def test_other_settings_on_one_root_are_refused(
    tmp_path: Path, demo_videos: Path, settings_file: Path
) -> None:
    root = tmp_path / "root"
    SearchRoot(str(root)).start({**SMALL, "videos": str(demo_videos)})
    said = run(root, "--population", 7)
    assert said.returncode == 2
    assert "population is 3 there, 7 here" in said.stderr


def test_it_needs_no_kfp_and_imports_tensorflow_in_child_processes_only(
    tmp_path: Path, demo_videos: Path, settings_file: Path
) -> None:
    program = (
        "import atexit, runpy, sys\n"
        "for name in ('kfp', 'kfp_server_api'):\n"
        "    sys.modules[name] = None\n"
        "atexit.register(lambda: print('imported:', {'tensorflow', 'keras', 'av'}\n"
        "                              & set(sys.modules)))\n"
        "runpy.run_module('pipelines', run_name='__main__', alter_sys=True)\n"
    )
    given = command(tmp_path / "root", "--videos", demo_videos, "--settings", settings_file,
                    "--generations", 1)[3:]
    said = subprocess.run(
        [sys.executable, "-c", program, *given], cwd=TOP, capture_output=True, text=True,
        timeout=280, check=False,
    )
    assert said.returncode == 0, said.stderr
    assert "generation 0: 3 of 3 trained" in said.stdout
    assert said.stdout.splitlines()[-1] == "imported: set()"


def test_without_a_terminal_there_are_whole_lines_and_the_rest_is_in_the_log(
    tmp_path: Path, demo_videos: Path, settings_file: Path
) -> None:
    root = tmp_path / "root"
    said = run(root, "--videos", demo_videos, "--settings", settings_file, "--generations", 1)
    assert said.returncode == 0, said.stderr
    assert said.stderr == ""
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", said.stdout)
    first, *lines = said.stdout.splitlines()
    (log,) = (root / "logs").iterdir()
    assert first == f"search root {root}; log {log}"
    timed = [line[9:] for line in lines if re.match(r"\d\d:\d\d:\d\d ", line)]
    assert timed == [
        "starting", "checking the videos", "preparing the videos", "generation 0: mutating",
        *(f"generation 0: {what} candidates 0 of 3" for what in ("measuring", "training",
                                                                 "evaluating")),
        "generation 0: selecting",
    ]
    (forecast,) = [line for line in lines if line.startswith("training 3 networks")]
    assert "takes about" in forecast
    individuals = [name for name, _, _ in history(root)]
    for name in individuals:
        assert f"train-candidate: {name}: step 4 of 4, loss " in log.read_text()
