"""The pipeline end to end, by kfp's own local runner, on real encoded videos."""

from __future__ import annotations

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


def processes_on(root: Path) -> list[psutil.Process]:
    """Whoever has the search root on their command line, and what they started."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(root) in " ".join(process.cmdline()):
                found += [process, *process.children(recursive=True)]
        except psutil.Error:
            continue
    return [p for p in found if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def wait_until(condition: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def finished_parts(root: Path) -> dict[str, int]:
    return {str(p.relative_to(root)): p.stat().st_mtime_ns for p in root.glob("results/*/*/*.json")}


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
    assert SearchRoot(str(root)).lineage().members
    report = next(iter(sorted(root.glob("generations/000002/report.html"))))
    assert "000002" in report.read_text()


def test_a_run_killed_in_the_middle_leaves_nothing_behind_and_the_next_goes_on(
    tmp_path: Path, demo_videos: Path, settings_file: Path
) -> None:
    root = tmp_path / "root"
    process = subprocess.Popen(
        command(root, "--videos", demo_videos, "--settings", settings_file, "--generations", 1,
                "--set", "candidates_per_pod=3", "--set", "train_steps=60"),
        cwd=TOP, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: list(root.glob("results/*/*/training.json")))
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_until(lambda: not processes_on(root), 30)
    finished = finished_parts(root)
    assert finished
    assert SearchRoot(str(root)).head() == -1
    assert run(root).returncode == 0
    assert SearchRoot(str(root)).head() == 0
    after = finished_parts(root)
    assert {name: after[name] for name in finished} == finished, "a finished candidate was repeated"
    assert not list(root.glob("results/*/*/*-attempt-*"))


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
    trained = [line for log in root.glob("logs/*.log") for line in log.read_text().splitlines()
               if f"step {SMALL['train_steps']} of" in line]
    assert len(trained) == len({m.individual.id for m in lineage.members.values()})


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
    last = said.stderr.strip().splitlines()[-1]
    assert last.startswith("error: ")
    assert sentence in last
    assert "Traceback" not in said.stdout + said.stderr


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


