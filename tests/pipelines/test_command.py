"""`python -m pipelines`: what it teaches, what it refuses, and what it compiles."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner, Result

from pipelines.__main__ import main
from pipelines.compiled import Compiled
from pipelines.compiling import compile_pipeline
from videonas import __version__
from videonas.spaces import SPACES

TOP = Path(__file__).parents[2]


def pipelines(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def run(root: Path, *more: object) -> Result:
    return pipelines("run", "tiny_video", "--search-root", root, *more)


# Help


def test_without_a_command_there_is_a_list_of_them() -> None:
    said = pipelines("--help")
    assert said.exit_code == 0
    for name, command in main.commands.items():
        assert name in said.output
        assert command.get_short_help_str(200) in said.output


@pytest.mark.parametrize("name", main.commands)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_option_of_a_command_is_explained(name: str, flag: str) -> None:
    said = pipelines(name, flag)
    assert said.exit_code == 0
    words = " ".join(said.output.split())
    for parameter in main.commands[name].params:
        if isinstance(parameter, click.Option):
            assert parameter.opts[-1] in words
            assert parameter.help
            assert " ".join(parameter.help.split()) in words
    for space in SPACES:
        assert space in words


# What is refused before anything is begun


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "tiny_vidoe", "--search-root", "x"], "'tiny_vidoe' is not one of 'evanet', 'tiny"),
        (["run", "tiny_video"], "Missing option '--search-root'"),
        (["run", "tiny_video", "--search-root", "x", "--parallelism", 0], "0 is not in the range"),
        (["run", "tiny_video", "--search-root", "x", "--generations", "few"], "'few' is not a val"),
        (["run", "tiny_video", "--search-root", "x", "--epochs", 3], "No such option '--epochs'"),
        (["compile"], "Missing argument '{evanet|tiny_video}'"),
        (["compile", "tiny_video", "--generations", 0], "0 is not in the range x>=1"),
        (["compile", "tiny_video", "--parallelism", 0], "0 is not in the range x>=1"),
        (["deploy"], "No such command 'deploy'"),
    ],
    ids=str,
)
def test_a_word_that_is_no_option_is_told_with_what_is_allowed(
    arguments: list[object], sentence: str
) -> None:
    said = pipelines(*arguments)
    assert said.exit_code == 2
    assert isinstance(said.exception, SystemExit)
    (error,) = [line for line in said.output.splitlines() if line.startswith("Error: ")]
    assert sentence in error


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--children", 0], "setting children is 0; input should be greater than or equal to 1"),
        (["--generations", -1], "setting generations is -1"),
        (["--set", "space=evanet"], "space is 'evanet' in the settings and 'tiny_video' before"),
        (["--set", "space.filters=[0]"], "filters.0 is 0"),
        (["--set", "fitness"], "--set 'fitness' has no '='"),
        (["--settings", "nowhere.yaml"], "nowhere.yaml: No such file or directory"),
        (["--set", "max_latency_ms=5", "--set", "measure_latency=false"], "measure_latency is off"),
    ],
    ids=str,
)
def test_settings_that_are_not_allowed_leave_nothing_behind(
    tmp_path: Path, more: list[object], sentence: str
) -> None:
    said = run(tmp_path / "root", *more)
    assert said.exit_code == 2
    assert isinstance(said.exception, SystemExit)
    (line,) = said.output.splitlines()
    assert line.startswith("error: ")
    assert sentence in line
    assert not (tmp_path / "root").exists()


def test_an_option_wins_over_set_and_set_over_a_file(tmp_path: Path) -> None:
    """Each is refused in turn, once what would win over it is gone."""
    file = tmp_path / "settings.yaml"
    file.write_text("population: -3\nchildren: 4\n")
    layers: list[object] = ["--settings", file, "--set", "population=-2", "--population", -1]
    for value in (-1, -2, -3):
        said = run(tmp_path / "root", *layers)
        assert f"setting population is {value};" in said.output
        del layers[-2:]


def test_a_store_that_no_run_on_this_machine_can_use_is_refused() -> None:
    said = pipelines("run", "tiny_video", "--search-root", "ftp://somewhere/search")
    assert said.exit_code == 2
    assert said.output.startswith("error: ftp://somewhere/search: unknown scheme 'ftp'; allowed: ")


# Compiling


def compiled(path: Path) -> dict[str, Any]:
    """The pipeline; a second document says what Kubernetes needs."""
    document, _ = yaml.safe_load_all(path.read_text())
    assert isinstance(document, dict)
    return document


def loops(document: dict[str, Any]) -> list[int]:
    """How many tasks at a time each loop lets run."""
    tasks = [task for component in document["components"].values()
             for task in component.get("dag", {}).get("tasks", {}).values()]
    return [task["iteratorPolicy"]["parallelismLimit"] for task in tasks
            if "iteratorPolicy" in task]


@pytest.mark.parametrize(("generations", "parallelism"), [(1, 1), (3, 7)])
def test_a_pipeline_has_the_generations_and_the_parallelism_that_were_asked_for(
    tmp_path: Path, generations: int, parallelism: int
) -> None:
    path = tmp_path / "made" / "for it" / "search.yaml"
    said = pipelines("compile", "tiny_video", "--generations", generations, "--parallelism",
                     parallelism, "--output", path)
    assert said.exit_code == 0
    assert said.output == f"pipeline: {path}\n"
    document = compiled(path)
    form = document["root"]["inputDefinitions"]["parameters"]
    assert form["run_generations"]["defaultValue"] == generations
    assert loops(document) == [parallelism] * generations


def test_generations_come_one_after_the_other(tmp_path: Path) -> None:
    compile_pipeline("tiny_video", tmp_path / "p.yaml", generations=3)
    tasks = Compiled.load(tmp_path / "p.yaml").tasks_of("comp-condition-1")
    named = {task.name: task for task in tasks.values()}
    order = ["data-prep", *(f"{what} {k}" for k in (1, 2, 3)
                            for what in ("mutate", "generation", "select")), "finish"]
    assert named.keys() == set(order)
    for before, after in pairwise(order):
        assert named[before].key in named[after].needs


def test_without_an_output_the_file_is_named_after_its_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = pipelines("compile", "tiny_video", "--generations", 1)
    assert said.output == f"pipeline: {tmp_path / 'tiny_video.yaml'}\n"
    assert compiled(tmp_path / "tiny_video.yaml")["pipelineInfo"]["name"] == "videonas-tiny-video"


@pytest.mark.parametrize(
    ("registry", "prefix"), [("registry.example.org/team", "registry.example.org/team"),
                             ("", "videonas")]
)
def test_images_are_taken_from_where_they_were_pushed_to(
    tmp_path: Path, registry: str, prefix: str
) -> None:
    command = [sys.executable, "-m", "pipelines", "compile", "tiny_video", "--generations", "1",
               "--output", str(tmp_path / "p.yaml")]
    subprocess.run(command, cwd=TOP, check=True, capture_output=True,
                   env={**os.environ, "VIDEONAS_REGISTRY": registry})
    form = compiled(tmp_path / "p.yaml")["root"]["inputDefinitions"]["parameters"]
    for image in ("evolve", "train"):
        assert form[f"image_{image}"]["defaultValue"] == f"{prefix}/{image}:{__version__}"


def test_compiling_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        compile_pipeline("tiny_video", tmp_path / f"{name}.yaml", generations=2)
    assert (tmp_path / "one.yaml").read_bytes() == (tmp_path / "other.yaml").read_bytes()
