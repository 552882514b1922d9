"""The rules of Kubeflow's backend: what breaks each is found, and our pipelines break none."""

from __future__ import annotations

import runpy
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from kfp import compiler, dsl

from pipelines import compiling
from pipelines.__main__ import main
from pipelines.checking import RULES, BrokenRules, check, find_problems
from pipelines.cluster import Cluster
from pipelines.compiled import Compiled
from pipelines.compiling import compile_pipeline, compiled_text
from pipelines.generational import generational_pipeline
from tests.pipelines import tiny_pipelines
from tests.pipelines.test_cluster import EVERYTHING
from videonas.spaces import SPACES

REFUSED = Path(__file__).parent / "refused"
TOP = Path(__file__).parents[2]
SKETCH = TOP.parent / "shared" / "kubeflow" / "sketch.py"

Function = Callable[..., None]


def cases(table: Any) -> list[Any]:
    return [
        pytest.param(rule, each, id=each.__name__) for rule in table for each in table[rule]
    ]


def compiled(function: Function, folder: Path) -> Compiled:
    """A pipeline as the SDK compiles it."""
    path = folder / "pipeline.yaml"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiler.Compiler().compile(dsl.pipeline(name="tiny")(function), str(path))
    return Compiled.load(path)


def broken_rules(found: Compiled) -> set[str]:
    return {problem.rule for problem in find_problems(found)}


def test_every_rule_is_broken_by_a_pipeline_here() -> None:
    assert {*tiny_pipelines.BROKEN, *tiny_pipelines.BROKEN_AFTERWARDS} == RULES.keys()


@pytest.mark.parametrize(("rule", "function"), cases(tiny_pipelines.BROKEN))
def test_a_pipeline_that_breaks_a_rule_is_told_by_it_alone(
    tmp_path: Path, rule: str, function: Function
) -> None:
    assert broken_rules(compiled(function, tmp_path)) == {rule}


@pytest.mark.parametrize(("rule", "broken"), cases(tiny_pipelines.BROKEN_AFTERWARDS))
def test_what_the_sdk_does_not_compile_is_found_in_the_yaml(
    tmp_path: Path, rule: str, broken: Callable[[dict[str, Any]], None]
) -> None:
    found = compiled(tiny_pipelines.allowed, tmp_path)
    assert broken_rules(found) == set()
    pipeline, platform = yaml.safe_load_all((tmp_path / "pipeline.yaml").read_text())
    broken(pipeline)
    assert broken_rules(Compiled.read(yaml.safe_dump_all([pipeline, platform]))) == {rule}


def test_the_pipeline_that_failed_on_a_cluster_is_refused() -> None:
    """It ran by kfp's local runner; on a cluster no run of it got past `start`."""
    problems = find_problems(Compiled.load(REFUSED / "tiny_video.yaml"))
    assert {each.where for each in problems if each.rule == "artifact-uri"} == {
        "comp-start", "comp-data-prep", "comp-mutate", "comp-evaluate", "comp-select",
        "comp-finish",
    }
    (item,) = [each for each in problems if each.rule == "item-type"]
    assert item.where == "comp-for-loop-2/candidate"
    assert item.what == "names is LIST, and the items of its loop STRING"
    assert {each.rule for each in problems} == {
        "artifact-uri", "item-type", "collected", "generic-name",
    }


@pytest.mark.skipif(not SKETCH.exists(), reason="there is no ../shared")
def test_the_sketch_that_ran_on_a_cluster_breaks_no_rule(tmp_path: Path) -> None:
    sketch = runpy.run_path(str(SKETCH))["sketch"]
    assert find_problems(Compiled.read(compiled_text(sketch))) == []


@pytest.mark.parametrize("space", sorted(SPACES))
def test_the_pipelines_that_are_checked_in_break_no_rule(space: str) -> None:
    check(Compiled.load(TOP / "pipelines" / space / f"{space}.yaml"))


@pytest.mark.parametrize(
    ("generations", "cluster"),
    [
        (1, EVERYTHING), (5, EVERYTHING), (25, EVERYTHING), (3, Cluster(measure=True)),
        (3, Cluster(gpu=False, secrets=(), config_maps=())),
    ],
    ids=["one", "five", "many", "measure", "bare"],
)
def test_no_cluster_makes_a_pipeline_break_a_rule(generations: int, cluster: Cluster) -> None:
    text = compiled_text(generational_pipeline("tiny_video", generations, cluster))
    assert find_problems(Compiled.read(text)) == []


def test_a_pipeline_of_too_many_generations_is_refused_and_nothing_written(tmp_path: Path) -> None:
    said = CliRunner().invoke(
        main, ["compile", "tiny_video", "--generations", "50", "--output", str(tmp_path / "p.yaml")]
    )
    assert said.exit_code == 2
    (line,) = said.output.splitlines()
    assert line.startswith("error: ")
    assert "fewer generations" in line
    assert not list(tmp_path.iterdir())


def test_a_pipeline_that_breaks_rules_is_refused_with_all_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = dsl.pipeline(name="tiny")(tiny_pipelines.artifact_uri)
    monkeypatch.setattr(compiling, "generational_pipeline", lambda *_: broken)
    with pytest.raises(BrokenRules) as told:
        compile_pipeline("tiny_video", tmp_path / "p.yaml")
    (problem,) = told.value.problems
    assert (problem.rule, problem.where) == ("artifact-uri", "comp-elsewhere")
    assert not list(tmp_path.iterdir())
