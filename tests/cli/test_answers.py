"""The command line as a program meets it: help, JSON, exit statuses, one sentence on errors."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from tests.synthetic import make_search
from videonas import __version__
from videonas.cli import main
from videonas.cli.options import given_settings
from videonas.errors import SettingsError
from videonas.search.root import SearchRoot
from videonas.search.settings import Settings

STEPS = ("start", "data-prep", "mutate", "measure", "train-candidate", "evaluate", "select")


def videonas(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> SearchRoot:
    """Two generations that ended."""
    return make_search(tmp_path_factory.mktemp("search") / "root", 2, 6, 4)


# Help


def test_without_a_command_the_steps_are_listed_in_the_order_of_a_generation() -> None:
    said = videonas("--help").output
    assert re.search(r"\s+".join(STEPS), said)
    for name, command in main.commands.items():
        assert re.search(rf"^  {name} +{command.get_short_help_str(200)[:30]}", said, re.MULTILINE)


@pytest.mark.parametrize("name", main.commands)
def test_every_option_of_a_command_is_explained(name: str) -> None:
    command, said = main.commands[name], videonas(name, "-h")
    assert said.exit_code == 0
    shown = " ".join(said.output.split())
    assert command.help
    assert command.help.splitlines()[0] in shown
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help
            assert " ".join(parameter.help.split()) in shown
            assert ("[required]" in shown) or not parameter.required


def test_the_version_is_that_of_the_package() -> None:
    said = videonas("--version")
    assert said.exit_code == 0
    assert said.output.split()[-1] == __version__


# Answers that programs read


def answer(*arguments: object) -> Any:
    """What a step prints on standard output, whole, as JSON."""
    said = videonas(*arguments)
    assert said.exit_code == 0, said.output
    return json.loads(said.stdout)


def test_mutate_answers_with_batches_of_names(tmp_path: Path) -> None:
    root = make_search(tmp_path / "root", 1, 5, 7, candidates_per_pod=3, max_parameters=10**7)
    told = answer("mutate", "--search-root", root.uri, "--generation", 1)
    names = [individual.name for individual in root.need_candidates(1).individuals]
    assert told == {"go": True, "batches": [names[:3], names[3:6], names[6:]]}
    assert answer("mutate", "--search-root", root.uri, "--generation", 1, "--last", 1) == told


@pytest.mark.parametrize(("generation", "last", "go"), [(1, 1, True), (2, 1, False), (9, 0, False)])
def test_mutate_says_whether_there_is_anything_to_do(
    ended: SearchRoot, generation: int, last: int, go: bool
) -> None:
    told = answer("mutate", "--search-root", ended.uri, "--generation", generation, "--last", last)
    assert told == {"go": go, "batches": []}
    assert ended.candidates(2) is None


@pytest.mark.parametrize("generation", [0, 1])
def test_select_answers_with_the_best_and_flat_numbers(ended: SearchRoot, generation: int) -> None:
    told = answer("select", "--search-root", ended.uri, "--generation", generation)
    best = ended.lineage().best(ended.settings, generation)
    assert best is not None
    assert best.result.latency is not None
    assert told.pop("best") == best.individual.name
    assert all(isinstance(value, (int, float)) for value in told.values())
    assert told["best_top1"] == best.result.metrics["top1"]
    assert told["best_fitness"] == -best.result.metrics["loss"]
    assert told["best_latency_ms"] == best.result.latency.median_ms
    assert told["born"] == (4 if generation else 6)
    assert Path(ended.report_address(generation)).read_text().startswith("<!DOCTYPE html>")


def test_start_answers_with_the_generations_of_the_run(tmp_path: Path) -> None:
    first = answer("start", "--search-root", tmp_path / "new", "--videos", tmp_path)
    assert first == {"first": 0, "last": Settings().generations - 1, "go": True, "goal": ""}
    root = make_search(tmp_path / "root", 2, 4, 3)
    again = answer("start", "--search-root", root.uri, "--set", "generations=3")
    assert again == {"first": 2, "last": 4, "go": True, "goal": ""}
    over = answer("start", "--search-root", root.uri, "--set", "max_generations=2",
                  "--set", "finish_best=0")
    why = "2 generations ended, and max_generations is 2"
    assert over == {"first": 2, "last": 1, "go": False, "goal": why}


def test_log_lines_do_not_mix_with_the_answer(ended: SearchRoot) -> None:
    command = [sys.executable, "-m", "videonas", "mutate", "--search-root", ended.uri,
               "--generation", "1"]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(said.stdout)["go"] is True
    lines = said.stderr.splitlines()
    assert len(lines) >= 2
    assert all(re.match(r"\d\d:\d\d:\d\d mutate: ", line) for line in lines)


# Where settings come from


def test_set_wins_over_a_file_and_videos_over_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path("settings.yaml")
    file.write_text("seed: 1\nchildren: 2\nvideos: a\nspace_options: {filters: [8], frames: [2]}")
    words = ("seed=3", "space.filters=[16]", "videos=b")
    given = given_settings("c", file, words)
    assert given == {
        "seed": 3, "children": 2, "videos": str(tmp_path / "c"),
        "space_options": {"filters": [16], "frames": [2]},
    }
    assert given_settings(None, file, words)["videos"] == str(tmp_path / "b")
    assert given_settings(None, file, ())["videos"] == str(tmp_path / "a")
    assert given_settings(None, None, ()) == {}


def test_the_last_of_two_assignments_counts() -> None:
    assert given_settings(None, None, ("seed=1", "seed=2")) == {"seed": 2}


def test_an_address_of_videos_is_kept_as_it_is_from_wherever_the_next_run_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert videonas("start", "--search-root", tmp_path / "r", "--videos", "../v").exit_code == 0
    kept = SearchRoot(str(tmp_path / "r")).settings.videos
    assert kept is not None
    assert Path(kept).is_absolute()
    assert os.path.normpath(kept) == str(tmp_path / "v")


def test_a_word_that_is_no_assignment_is_an_error_whatever_the_others_are() -> None:
    with pytest.raises(SettingsError, match="--set 'seed' has no '='"):
        given_settings("videos", None, ("children=3", "seed"))


# Errors

REFUSED: Sequence[tuple[list[str], str]] = [
    (["start", "--search-root", "ftp://host/search"], "unknown scheme 'ftp'; allowed: a local pa"),
    (["start", "--search-root", "{new}", "--settings", "{new}.yaml"], "No such file or directory"),
    (["start", "--search-root", "{root}", "--set", "children=9"], "children is 4 there, 9 here"),
    (["start", "--search-root", "{new}", "--set", "seed=[1"], "the value is not YAML"),
    (["start", "--search-root", "{new}", "--set", "seed=nan"], "seed is nan; input should be"),
    (["start", "--search-root", "{new}", "--set", "generations=1.5"], "generations is 1.5"),
    (["start", "--search-root", "{file}"], "Not a directory"),
    (["data-prep", "--search-root", "{new}"], "no search here; `videonas start` begins one"),
    (["mutate", "--search-root", "{root}", "--generation", "9"], "generation 8 has not ended"),
    (["mutate", "--search-root", "{root}", "--generation", "x"], "'x' is not a valid integer"),
    (["mutate", "--search-root", "{root}", "--generation", "-1"], "-1 is not in the range x>=0"),
    (["mutate", "--search-root", "{root}"], "Missing option '--generation'"),
    (["train-candidate", "--search-root", "{root}", "--generation", "5"], "has no candidates"),
    (["evaluate", "--search-root", "{root}", "--generation", "0", "Eve"], "no individual 'Eve'"),
    (["select", "--search-root", "{root}", "--generation", "2"], "generation 2 has no candidates"),
    (["report", "{new}"], "no search here; `videonas start` begins one"),
    (["report", "{root}", "--output", "{folder}"], "Is a directory"),
    (["show", "{folder}"], "no search here; `videonas start` begins one"),
    (["show", "{file}"], "found None; an architecture file has space, task and architecture"),
    (["demo-videos", "{file}", "--videos-per-class", "3"], "Not a directory; demo videos need"),
    (["demo-videos", "{new}", "--videos-per-class", "2"], "2 is not in the range x>=3"),
    (["settings", "--yaml"], "No such option '--yaml'"),
    (["train"], "No such command 'train'"),
]


@pytest.mark.parametrize(("arguments", "words"), REFUSED, ids=[" ".join(r[0]) for r in REFUSED])
def test_what_cannot_be_done_is_told_in_one_sentence(
    arguments: list[str], words: str, ended: SearchRoot, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    places = {name: str(tmp_path / name) for name in ("new", "file", "folder")}
    said = videonas(*(word.format(**places, root=ended.uri) for word in arguments))
    assert said.exit_code == 2
    assert isinstance(said.exception, SystemExit)
    (sentence,) = re.findall(r"^[Ee]rror: (.*)$", said.output, re.MULTILINE)
    assert words in sentence
    assert "Traceback" not in said.output
    assert said.stdout == ""


@pytest.mark.parametrize(("package", "extra"), [("tensorflow", "train"), ("numpy", "train")])
def test_a_package_that_is_not_installed_is_told_with_the_extra_that_brings_it(
    package: str, extra: str, tmp_path: Path
) -> None:
    for name in "ab":
        (tmp_path / "videos" / name).mkdir(parents=True)
        for number in range(3):
            (tmp_path / "videos" / name / f"{number}.mp4").write_bytes(b"video")
    root = SearchRoot(str(tmp_path / "root"))
    root.start({"videos": str(tmp_path / "videos")})
    program = (
        f"import sys\nsys.modules[{package!r}] = None\nfrom videonas.cli import main\n"
        f"main(['data-prep', '--search-root', {root.uri!r}])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                          check=False)
    assert said.returncode == 2
    assert said.stderr.splitlines()[-1] == (
        f"error: needs {package}; pip install 'videonas[{extra}]'"
    )
    assert "Traceback" not in said.stderr


def test_a_fault_of_ours_is_not_dressed_up_as_yours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What no sentence was written for keeps its traceback."""
    root = make_search(tmp_path / "root", 1, 4, 3)

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("videonas.report.build_report", broken)
    said = videonas("report", root.uri, "--output", tmp_path / "r.html")
    assert isinstance(said.exception, ZeroDivisionError)
    assert not (tmp_path / "r.html").exists()
