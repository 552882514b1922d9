"""The other benchmarks: their help, and their figures on input whose answer is known."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import data_prep, mutate, wall_time
from tests.synthetic import make_search
from videonas.data.packets import count_frames
from videonas.search.records import Timing
from videonas.search.root import SearchRoot

TOP = Path(__file__).parents[2]
SCRIPTS = sorted((TOP / "benchmarks").glob("*.py"))
NEEDS = {"evolution_speed.py": "optuna"}

LACKING = (
    ("evolution_speed.py", "optuna", "benchmarks"), ("evolution_speed.py", "hypothesis", "dev"),
    ("search_efficiency.py", "hypothesis", "dev"),
    *((name, "numpy", "train") for name in (
        "data_prep.py", "flow.py", "inheritance.py", "proxy_fidelity.py", "search_efficiency.py",
        "search_vs_random.py",
    )),
)
"""Benchmarks, packages that they import at once, and the extra that brings each."""


@pytest.mark.parametrize(("script", "package", "extra"), LACKING)
def test_a_package_that_a_benchmark_lacks_is_told_with_the_extra_that_brings_it(
    script: str, package: str, extra: str
) -> None:
    program = (
        "import runpy, sys, types\n"
        "sys.modules['optuna'] = types.ModuleType('optuna')\n"
        f"sys.modules[{package!r}] = None\n"
        f"sys.argv = [{script!r}, '--help']\n"
        f"runpy.run_path({str(TOP / 'benchmarks' / script)!r}, run_name='__main__')\n"
    )
    said = subprocess.run([sys.executable, "-c", program], cwd=TOP, capture_output=True, text=True,
                          check=False)
    assert said.returncode == 2
    assert said.stderr == f"error: needs {package}; pip install 'videonas[{extra}]'\n"


def test_a_package_that_is_missed_in_the_middle_of_a_benchmark_is_told_too() -> None:
    program = (
        "import runpy, sys\n"
        "sys.modules['kfp'] = None\n"
        "sys.argv = ['fixed_cost.py', '--videos', '.']\n"
        f"runpy.run_path({str(TOP / 'benchmarks' / 'fixed_cost.py')!r}, run_name='__main__')\n"
    )
    said = subprocess.run([sys.executable, "-c", program], cwd=TOP, capture_output=True, text=True,
                          check=False)
    assert said.returncode == 2
    assert said.stderr == "error: needs kfp; pip install 'videonas[pipelines]'\n"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_benchmark_says_what_it_measures_and_what_may_be_given(script: Path) -> None:
    package = NEEDS.get(script.name)
    if package and not importlib.util.find_spec(package):
        pytest.skip(f"{package} is not installed")
    said = subprocess.run([sys.executable, script, "--help"], cwd=TOP, capture_output=True,
                          text=True, check=False)
    assert said.returncode == 0, said.stderr
    options = re.findall(r"^  (?:-\w, )?(--[\w-]+)(.*(?:\n {10,}.*)*)", said.stdout, re.MULTILINE)
    assert len(options) >= 3
    for name, meaning in options:
        assert len(re.sub(r"[A-Z_.\[\]]+", "", meaning).split()) >= 2, f"{name} is not explained"
    source = ast.parse(script.read_text())
    main = next(n for n in source.body if isinstance(n, ast.FunctionDef) and n.name == "main")
    titles = [(ast.get_docstring(of) or "").splitlines()[0] for of in (source, main)]
    assert any(title in " ".join(said.stdout.split()) for title in titles)


def test_a_folder_of_videos_that_is_not_there_is_refused() -> None:
    for script in ("search_vs_random.py", "wall_time.py"):
        command = [sys.executable, f"benchmarks/{script}", "--videos", "/nowhere"]
        said = subprocess.run(command, capture_output=True, text=True, check=False, cwd=TOP)
        assert said.returncode == 2
        assert "'/nowhere' does not exist" in said.stderr


# data_prep.py


def test_readers_take_turns_and_the_first_pass_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = count()  # a pass takes a second by this clock
    monkeypatch.setattr(
        "benchmarks.data_prep.time", SimpleNamespace(perf_counter=lambda: float(next(clock)))
    )
    calls: list[str] = []

    def reader(name: str, *frames: int) -> Any:
        left = iter(frames)

        def read() -> int:
            calls.append(name)
            return next(left)

        return read

    readers = {"one": reader("one", 7, 10, 20), "other": reader("other", 8, 30, 40)}
    assert data_prep.measure(readers, 2) == {"one": [10.0, 20.0], "other": [30.0, 40.0]}
    assert calls == ["one", "other"] * 3


def test_the_ratio_is_the_median_of_the_ratios_pass_by_pass(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A machine that is busy for a while slows both readers down."""
    data_prep.report({"alone": [1000.0, 100.0, 4000.0], "ours": [500.0, 90.0, 1000.0]})
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["reader", "frames/s", "slowest", "fastest", "ratio"]
    assert [row.split() for row in rows] == [
        ["alone", "1,000", "100", "4,000", "1.00"], ["ours", "500", "90", "1,000", "0.50"]
    ]


def test_the_video_that_is_measured_has_its_frames(tmp_path: Path) -> None:
    data_prep.write_textured(tmp_path / "v.mp4", 12, noise=40)
    assert data_prep.decode_alone(tmp_path / "v.mp4") == count_frames(tmp_path / "v.mp4") == 12
    data_prep.write_textured(tmp_path / "quiet.mp4", 12, noise=0)
    sizes = [(tmp_path / name).stat().st_size for name in ("v.mp4", "quiet.mp4")]
    assert sizes[0] > sizes[1], "noise is what makes camera pictures large"


# mutate.py


def test_what_an_interpreter_imports_is_listed_by_package() -> None:
    found = mutate.imports(["-c", "import videonas.errors, wave"])
    assert {"videonas", "wave"} <= found
    assert not found & {"numpy", "tensorflow", "kfp"}
    assert "numpy" in mutate.imports(["-c", "import videonas, numpy.linalg"])


def test_a_list_of_imports_that_is_not_understood_is_no_all_clear() -> None:
    with pytest.raises(AssertionError, match="was not understood"):
        mutate.imports(["-c", "pass"])


def test_a_timed_process_gives_back_what_it_printed() -> None:
    seconds, output = mutate.timed(["-c", "import sys; print('out'); print('e', file=sys.stderr)"])
    assert output == "out\n"
    assert seconds > 0
    with pytest.raises(subprocess.CalledProcessError):
        mutate.timed(["-c", "raise SystemExit(3)"])


def test_the_step_that_is_timed_leaves_the_search_that_is_copied(tmp_path: Path) -> None:
    search = Path(make_search(tmp_path / "search", 1, 4, 3, max_parameters=10**8).uri)
    before = {p: p.read_bytes() for p in search.rglob("*") if p.is_file()}
    copied = mutate.copy(search, 0)
    _, output = mutate.timed(mutate.mutate(copied, 1))
    assert '"go": true' in output
    assert SearchRoot(str(copied)).need_candidates(1).individuals
    assert {p: p.read_bytes() for p in search.rglob("*") if p.is_file()} == before


# wall_time.py


def cells(text: str, head: str) -> dict[str, list[str]]:
    """The rows of a table by their first cells."""
    block = text[text.index(f"| {head} |") :].split("\n\n")[0].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in block]
    return {first: rest for first, *rest in rows}


def test_seconds_are_added_by_kind_each_result_once(tmp_path: Path) -> None:
    root = make_search(tmp_path, 3, 5, 4, troubles={"diverged": 0.3}, seed=2)
    expected: dict[str, float] = {}
    for result in {m.result.key: m.result for m in root.lineage().members.values()}.values():
        for part in (result.latency, result.training, result.evaluation):
            for kind, seconds in (part.seconds if part else {}).items():
                expected[kind] = expected.get(kind, 0.0) + seconds
    assert wall_time.seconds_by_kind(root) == pytest.approx(expected)
    assert expected.keys() <= wall_time.KINDS.keys(), "no kind is left out of the table"


def test_the_table_of_a_run_accounts_for_every_second(tmp_path: Path) -> None:
    root = make_search(tmp_path, 2, 5, 4, troubles={}, train_steps=77)
    wall, core = 500.0, 250.0
    text = wall_time.tables(root, wall, core)
    kinds = wall_time.seconds_by_kind(root)
    rows = cells(text, "kind")
    assert sum(float(seconds) for seconds, _ in rows.values()) == pytest.approx(wall, abs=1)
    assert float(rows["optimiser steps"][0]) == pytest.approx(kinds["train"], abs=0.06)
    assert rows["optimiser steps"][1] == f"{kinds['train'] / wall:.0%}"
    useful = kinds["train"] + kinds["evaluate"]
    assert f"Optimiser steps and validation passes: {useful / core:.0%} of core-seconds." in text
    assert text.startswith("9 networks, 77 steps each; 500 s of wall time, 250 core-seconds.")


def test_steps_are_added_up(tmp_path: Path) -> None:
    root = make_search(tmp_path, 0, 5, 4)
    for seconds in (1.5, 2.5):
        root.add_timing(Timing("select", 0, 0.0, seconds, 0.25, 1.0, 0.0))
    rows = cells(wall_time.tables(root, 100.0, 10.0), "step")
    assert rows == {
        "start": ["1", "0.4"], "data-prep": ["1", "41.5"], "select": ["2", "4.0"],
    }
