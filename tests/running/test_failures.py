"""How a run on this machine ends when one of its steps does not do what it should."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.synthetic import make_search
from videonas.search.root import SearchRoot

TOP = Path(__file__).parents[2]


def run(root: Path, *more: object, first: str = "") -> subprocess.CompletedProcess[str]:
    """A run in a process that does something first."""
    folder = root.parent / "site"
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(first)
    command = [sys.executable, "-m", "pipelines", "run", "tiny_video", "--search-root", root, *more]
    return subprocess.run(
        list(map(str, command)), cwd=TOP, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "PYTHONPATH": str(folder)},
    )


def log_of(root: Path) -> Path:
    (log,) = (root / "logs").iterdir()
    return log


def test_a_fault_of_ours_is_one_sentence_and_a_traceback_in_the_log(tmp_path: Path) -> None:
    root = tmp_path / "root"
    make_search(root, generations=1, population=4, children=3)
    said = run(root, first=(
        "from videonas.running import loop\n"
        "def broken(*_):\n    raise ZeroDivisionError('ours')\n"
        "loop.start = broken\n"
    ))
    assert said.returncode == 1
    (sentence,) = said.stderr.splitlines()
    assert sentence.startswith("error: a step failed: ZeroDivisionError: ours; ")
    for words in (str(log_of(root)), "resume with: ", f"--search-root {root}"):
        assert words in sentence
    log = log_of(root).read_text()
    assert "Traceback" in log
    assert "ZeroDivisionError: ours" in log


def test_damaged_record_reports_one_sentence_and_the_log_has_the_traceback(tmp_path: Path) -> None:
    search = make_search(tmp_path / "root", generations=2, population=4, children=3)
    file = Path(search.generation_address(1)) / "population.json"
    file.write_bytes(file.read_bytes()[:-100])
    said = run(tmp_path / "root")
    assert said.returncode == 2
    (sentence,) = said.stderr.splitlines()
    assert sentence.startswith(f"error: {file}: not JSON (")
    log = log_of(tmp_path / "root").read_text()
    assert sentence.removeprefix("error: ") in log
    assert not list(tmp_path.glob("root/generations/000002/*"))
    assert SearchRoot(search.uri).settings.population == 4


def test_a_full_disk_is_one_sentence_though_the_log_lies_there(
    tiny_disk: Path, demo_videos: Path
) -> None:
    said = run(tiny_disk / "root", "--videos", demo_videos)
    assert said.returncode == 2
    (sentence,) = said.stderr.splitlines()
    assert sentence.startswith("error: ")
    assert "No space left on device" in sentence


def test_data_preparation_that_crashes_is_one_sentence(tmp_path: Path) -> None:
    """As when a codec is hit by a bad video: its process dies, and the loop does not."""
    for label in "ab":
        (tmp_path / "videos" / label).mkdir(parents=True)
        for number in range(4):
            (tmp_path / "videos" / label / f"{number}.mp4").write_bytes(b"video")
    said = run(tmp_path / "root", "--videos", tmp_path / "videos", first=(
        "import os\n"
        "from videonas.steps import data_prep\n"
        "data_prep._prepare = lambda *_: os.kill(os.getpid(), 11)\n"
    ))
    assert said.returncode == 2
    (sentence,) = said.stderr.splitlines()
    assert sentence == (
        f"error: {tmp_path / 'root'}: data preparation failed: the process ended with signal 11"
    )


def test_a_package_that_is_not_installed_is_told_with_the_extra_that_brings_it(
    tmp_path: Path,
) -> None:
    for label in "ab":
        (tmp_path / "videos" / label).mkdir(parents=True)
        for number in range(4):
            (tmp_path / "videos" / label / f"{number}.mp4").write_bytes(b"video")
    said = run(tmp_path / "root", "--videos", tmp_path / "videos", first=(
        "import sys\nsys.modules['tensorflow'] = None\n"
    ))
    assert said.returncode == 2
    assert said.stderr == "error: needs tensorflow; pip install 'videonas[train]'\n"
