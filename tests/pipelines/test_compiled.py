from __future__ import annotations

import ast
import inspect
import itertools
import re
from pathlib import Path
from typing import get_args

import pytest
from kfp import components as kfp_components

import pipelines
from components.start import start
from pipelines.arguments import pipeline_arguments
from pipelines.checking import MOST_BYTES
from pipelines.cluster import Cluster, Step
from pipelines.compiled import Compiled
from pipelines.compiling import compile_pipeline
from pipelines.form import (
    OTHER_SETTINGS,
    SETTING_FIELDS,
    form_fields,
    run_fields,
    start_arguments,
)
from videonas.errors import ConflictingSearch
from videonas.search.root import SearchRoot
from videonas.search.settings import Settings
from videonas.spaces import SPACES
from videonas.steps.start import FORM_HAS_NO_NONE, form_settings

TOP = Path(inspect.getfile(pipelines)).parents[1]
STEPS = set(get_args(Step))


def checked_in(space: str) -> Path:
    return TOP / "pipelines" / space / f"{space}.yaml"


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    """The pipeline that is checked in."""
    return Compiled.load(checked_in("tiny_video"))


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


def test_it_grows_by_little_with_the_generations(tmp_path: Path) -> None:
    """Argo holds a run in an object of 1 MiB; see `MOST_BYTES`."""
    sizes = {}
    for generations in (5, 10, 30):
        compile_pipeline("tiny_video", tmp_path / "p.yaml", generations)
        sizes[generations] = (tmp_path / "p.yaml").stat().st_size
    assert sizes[5] < 110_000
    assert sizes[10] - sizes[5] < 5 * 11_000
    assert sizes[30] < MOST_BYTES


def test_each_step_is_there_once_and_the_generations_share_it(compiled: Compiled) -> None:
    steps = {name.removeprefix("comp-") for name in compiled.components
             if compiled.container(name) is not None}
    assert steps == STEPS - {"measure"}
    assert len(compiled.pipeline["deploymentSpec"]["executors"]) == len(steps)


def test_the_shape_is_one_condition_with_the_generations_inline(compiled: Compiled) -> None:
    root = compiled.tasks_of("root")
    assert {each.name for each in root.values()} == {"start", "search"}
    (search,) = [each for each in root.values() if each.name == "search"]
    inside = {each.name for each in compiled.tasks_of(search.component).values()}
    numbers = range(1, 6)
    assert inside == {
        "data-prep", "finish",
        *(f"{what} {k}" for what in ("mutate", "generation", "select") for k in numbers),
    }
    loops = [each for each in compiled.tasks if each.iterator is not None]
    assert len(loops) == 5
    for loop in loops:
        number = loop.name.removeprefix("generation ")
        batch = {each.name for each in compiled.tasks_of(loop.component).values()}
        assert batch == {f"train {number}", f"evaluate {number}"}


def test_the_form_has_the_defaults_of_the_settings(compiled: Compiled) -> None:
    form = compiled.inputs("root")
    own = {"search_root", OTHER_SETTINGS, *SETTING_FIELDS}
    assert form.keys() == own | run_fields(Cluster()).keys()
    assert all(parameter["description"] for parameter in form.values())
    for field, setting in SETTING_FIELDS.items():
        default = getattr(Settings(), setting)
        shown = FORM_HAS_NO_NONE[setting] if default is None else default
        assert form[field].get("defaultValue") == shown, field
    assert [name for name, each in form.items() if not each.get("isOptional")] == ["search_root"]


def test_fields_are_grouped_by_the_prefix_that_the_user_interface_sorts_by() -> None:
    groups = [name.partition("_")[0] for name in sorted(form_fields(5, Cluster(measure=True)))]
    assert [g for g, _ in itertools.groupby(groups)] == [
        "budget", "image", "measure", "run", "search", "train",
    ]


def test_every_field_that_holds_a_setting_is_in_the_documentation() -> None:
    """The user interface shows no description; test_cluster.py has the other fields."""
    page = (TOP / "docs" / "kubeflow.md").read_text()
    for field in ("search_root", "run_retry_failed", OTHER_SETTINGS, *SETTING_FIELDS):
        assert f"`{field}`" in page


def test_a_field_is_described_in_the_words_of_its_setting() -> None:
    said = {name: each.meaning for name, each in form_fields(5, Cluster()).items()}
    assert said["search_children"] == "Networks born in each later generation."
    assert said["budget_max_macs"] == "Most multiply-adds of one clip; 0 for no limit."
    for field, setting in SETTING_FIELDS.items():
        meaning = Settings.model_fields[setting].description
        assert meaning is not None
        assert meaning.lower() in said[field].lower()
        assert ("; 0 for no limit." in said[field]) == (FORM_HAS_NO_NONE.get(setting) == 0)
        assert ("; empty to go on" in said[field]) == (FORM_HAS_NO_NONE.get(setting) == "")


def test_what_kfp_shows_is_what_the_settings_say(compiled: Compiled) -> None:
    """Of the form, and of the component `start`, whose inputs have the names of the settings."""
    said = {name: each.meaning for name, each in form_fields(5, Cluster()).items()}
    form, inputs = compiled.inputs("root"), start.component_spec.inputs
    assert {name: each["description"] for name, each in form.items()} == said
    renamed = {**SETTING_FIELDS, OTHER_SETTINGS: "settings", "search_root": "search_root"}
    assert {name: " ".join(inputs[renamed[name]].description.split()) for name in renamed} == {
        name: said[name] for name in renamed
    }


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
    assert arguments["search_root"] == root.uri
    settings = SearchRoot(root.uri).start(form_settings(**start_arguments(arguments)))
    assert settings.model_dump(include={*given, "videos"}) == {**given, "videos": "/videos"}


def test_a_default_given_to_another_search_is_a_conflict(tmp_path: Path) -> None:
    SearchRoot(str(tmp_path)).start({"batch_size": 4})
    arguments = pipeline_arguments(SearchRoot(str(tmp_path)), "tiny_video", {"batch_size": 16})
    with pytest.raises(ConflictingSearch, match="batch_size is 4 there, 16 here"):
        SearchRoot(str(tmp_path)).start(form_settings(**start_arguments(arguments)))


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
