from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from kfp import components as kfp_components

import pipelines
from components.start import start
from pipelines.arguments import pipeline_arguments
from pipelines.cluster import Cluster, Step
from pipelines.compiling import compile_pipeline
from pipelines.form import FORM, cluster_fields, form_descriptions
from videonas.errors import ConflictingSearch
from videonas.search.root import SearchRoot
from videonas.search.settings import Settings
from videonas.spaces import SPACES
from videonas.steps.start import FORM_HAS_NO_NONE, form_settings

TOP = Path(inspect.getfile(pipelines)).parents[1]
STEPS = set(get_args(Step))
ARGO_LIMIT = 2**20
"""Bytes of a Workflow, compiled pipeline and status together."""


def checked_in(space: str) -> Path:
    return TOP / "pipelines" / space / f"{space}.yaml"


def load(path: Path) -> dict[str, Any]:
    document, _ = yaml.safe_load_all(path.read_text())
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize("space", sorted(SPACES))
def test_the_compiled_pipeline_is_the_one_checked_in(space: str, tmp_path: Path) -> None:
    compile_pipeline(space, tmp_path / "new.yaml")
    assert said_by_any_patch(tmp_path / "new.yaml") == said_by_any_patch(checked_in(space)), (
        "make compile"
    )


def said_by_any_patch(path: Path) -> str:
    """A compiled pipeline without the last number of the version of kfp that compiled it."""
    return re.sub(r"(?m)^(sdkVersion: kfp-\d+\.\d+)\.\d+$", r"\1", path.read_text())


@pytest.mark.parametrize("space", sorted(SPACES))
def test_kfp_loads_it(space: str) -> None:
    component = kfp_components.load_component_from_file(str(checked_in(space)))
    assert component.name == f"videonas-{space.replace('_', '-')}"


def test_it_stays_well_below_what_argo_holds(tmp_path: Path) -> None:
    sizes = {}
    for generations in (5, 10):
        compile_pipeline("tiny_video", tmp_path / "p.yaml", generations)
        sizes[generations] = (tmp_path / "p.yaml").stat().st_size
    assert sizes[5] < ARGO_LIMIT / 8
    assert sizes[10] < 1.5 * sizes[5], "generations share what is equal in them"


def test_every_task_is_uncached() -> None:
    def tasks(component: dict[str, Any]) -> list[dict[str, Any]]:
        return list(component.get("dag", {}).get("tasks", {}).values())

    compiled = load(checked_in("tiny_video"))
    every = [t for c in (*compiled["components"].values(), compiled["root"]) for t in tasks(c)]
    executed = [t for t in every
                if "executorLabel" in compiled["components"][t["componentRef"]["name"]]]
    names = sorted(t["taskInfo"]["name"] for t in executed)
    assert names == sorted(STEPS - {"measure"}), "each once: the generations share them"
    assert not any(t.get("cachingOptions", {}).get("enableCache") for t in executed)


def test_the_form_has_the_defaults_of_the_settings() -> None:
    form = load(checked_in("tiny_video"))["root"]["inputDefinitions"]["parameters"]
    assert set(form) == {"search_root", "settings", *FORM, *cluster_fields(Cluster())}
    for name, parameter in form.items():
        assert parameter["description"], name
        if name in FORM:
            default = getattr(Settings(), name)
            shown = FORM_HAS_NO_NONE[name] if default is None else default
            assert parameter.get("defaultValue") == shown, name
    assert not form["search_root"].get("isOptional")


def test_a_field_is_described_in_the_words_of_its_setting() -> None:
    said = form_descriptions()
    assert said["children"] == "Networks born in each later generation."
    assert said["max_macs"] == "Most multiply-adds of one clip; 0 for no limit."
    for name in FORM:
        meaning = Settings.model_fields[name].description
        assert meaning is not None
        assert meaning.lower() in said[name].lower()
        assert ("; 0 for no limit." in said[name]) == (FORM_HAS_NO_NONE.get(name) == 0)
        assert ("; empty to go on" in said[name]) == (FORM_HAS_NO_NONE.get(name) == "")


@pytest.mark.parametrize("of", ["the form", "start"])
def test_what_kfp_shows_is_what_the_settings_say(of: str) -> None:
    form = load(checked_in("tiny_video"))["root"]["inputDefinitions"]["parameters"]
    shown = {name: form[name]["description"] for name in form_descriptions()}
    if of == "start":
        inputs = start.component_spec.inputs
        shown = {name: " ".join(inputs[name].description.split()) for name in form_descriptions()}
    assert shown == form_descriptions()


def test_a_form_field_that_is_empty_is_no_limit_and_the_videos_of_before() -> None:
    assert form_settings({"batch_size": 4}, videos="", max_macs=0, population=3) == {
        "batch_size": 4, "population": 3, "max_macs": None,
    }


def test_what_is_given_to_a_run_arrives_in_its_settings(tmp_path: Path) -> None:
    """From the command line over the pipeline's arguments to `start`, back to defaults too."""
    root = SearchRoot(str(tmp_path))
    stored = {"max_macs": 100, "attempts": 1, "max_latency_ms": 5.0, "videos": "/videos"}
    root.start(stored)
    given = {"max_macs": None, "attempts": 3, "max_latency_ms": None, "generations": 2}
    arguments = pipeline_arguments(SearchRoot(str(tmp_path)), "tiny_video", given)
    assert arguments.pop("search_root") == root.uri
    settings = SearchRoot(root.uri).start(form_settings(**arguments))
    assert settings.model_dump(include={*given, "videos"}) == {**given, "videos": "/videos"}


def test_a_default_given_to_another_search_is_a_conflict(tmp_path: Path) -> None:
    SearchRoot(str(tmp_path)).start({"batch_size": 4})
    arguments = pipeline_arguments(SearchRoot(str(tmp_path)), "tiny_video", {"batch_size": 16})
    arguments.pop("search_root")
    with pytest.raises(ConflictingSearch, match="batch_size is 4 there, 16 here"):
        SearchRoot(str(tmp_path)).start(form_settings(**arguments))


@pytest.mark.parametrize("path", sorted((TOP / "components").glob("*/component.py")), ids=str)
def test_a_component_imports_only_kfp_at_its_top(path: Path) -> None:
    """KFP embeds the function alone: what it uses has to be imported inside it."""
    allowed = {"kfp", "typing", "components.images"}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            assert {alias.name for alias in node.names} <= allowed
        if isinstance(node, ast.ImportFrom):
            assert node.module in allowed


@pytest.mark.parametrize("path", sorted((TOP / "components").glob("*/component.py")), ids=str)
def test_a_component_is_a_few_lines_around_a_step(path: Path) -> None:
    (function,) = [n for n in ast.parse(path.read_text()).body if isinstance(n, ast.FunctionDef)]
    body = [n for n in function.body if not isinstance(n, ast.Expr)]
    assert len(ast.unparse(body).splitlines() if isinstance(body, ast.AST) else
               "\n".join(map(ast.unparse, body)).splitlines()) <= 20
    modules = {n.module for n in ast.walk(function) if isinstance(n, ast.ImportFrom)}
    assert all(m in ("pathlib",) or m.startswith("videonas.steps") for m in modules if m)
