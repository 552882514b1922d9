"""Compiles pipelines to YAML."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from kfp import compiler

from pipelines.checking import check
from pipelines.cluster import Cluster
from pipelines.compiled import Compiled
from pipelines.form import DEFAULT_GENERATIONS
from pipelines.generational import generational_pipeline
from videonas.errors import SettingsError

SUFFIXES = (".yaml", ".yml")
"""What KFP writes where a pipeline has a part for Kubernetes, as a second document."""


def compile_pipeline(
    space: str,
    path: Path,
    generations: int = DEFAULT_GENERATIONS,
    cluster: Cluster | None = None,
) -> None:
    """Writes the pipeline of a search space as YAML.

    Args:
        space: search space.
        path: of the file.
        generations: most generations of one run.
        cluster: that it is for; by default any.

    Raises:
        SettingsError: the file has a name that KFP does not take.
        BrokenRules: Kubeflow would not run the pipeline, such as one of too many generations;
            nothing is written then.
    """
    if path.suffix not in SUFFIXES:
        raise SettingsError(f"--output {path}: allowed: a name that ends in {', '.join(SUFFIXES)}")
    text = compiled_text(generational_pipeline(space, generations, cluster))
    check(Compiled.read(text))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def compiled_text(pipeline: Any) -> str:
    """The YAML of a pipeline, with what is equal in it once."""
    with tempfile.TemporaryDirectory(prefix="videonas-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "pipeline.yaml"
        compiler.Compiler().compile(pipeline, str(path))
        text = path.read_text(encoding="utf-8")
    comments = [line for line in text.splitlines(keepends=True) if line.startswith("# ")]
    documents = list(yaml.safe_load_all(text))
    share_equals(*documents)
    return "".join(comments) + yaml.safe_dump_all(documents)


def share_equals(pipeline: dict[str, Any], platform: dict[str, Any] | None = None) -> None:
    """Keeps one of components that are equal, and one of executors.

    KFP writes the steps of each generation anew, though they are the same but for their tasks:
    without this, the YAML of 5 generations is 1.8 times as large, of 30 generations 2.6 times.

    Args:
        pipeline: the first document that KFP writes; changed in place.
        platform: the second, which says by executor what Kubernetes needs; changed in place.
    """
    components, executors = pipeline["components"], pipeline["deploymentSpec"]["executors"]
    kubernetes = (
        platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"] if platform else {}
    )
    kept = _first_equals({n: [each, kubernetes.get(n)] for n, each in executors.items()})
    for component in components.values():
        if "executorLabel" in component:
            component["executorLabel"] = kept[component["executorLabel"]]
    _drop_equals(executors, kept)
    _drop_equals(kubernetes, kept)
    # loops stay apart, since the backend refuses two of one component
    steps = {name: each for name, each in components.items() if "executorLabel" in each}
    kept = _first_equals(steps)
    _drop_equals(components, kept)
    for component in (pipeline["root"], *components.values()):
        for task in component.get("dag", {}).get("tasks", {}).values():
            name = task["componentRef"]["name"]
            task["componentRef"]["name"] = kept.get(name, name)


def _drop_equals(named: dict[str, Any], kept: Mapping[str, str]) -> None:
    for name, first in kept.items():
        if name != first:
            named.pop(name, None)


def _first_equals(named: Mapping[str, Any]) -> dict[str, str]:
    """The first name of an equal thing, by name."""
    first: dict[str, str] = {}
    return {
        name: first.setdefault(json.dumps(named[name], sort_keys=True), name)
        for name in sorted(named, key=lambda name: (len(name), name))
    }
