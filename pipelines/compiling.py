"""Compiles pipelines to YAML."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from kfp import compiler

from pipelines.cluster import Cluster
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
    """
    if path.suffix not in SUFFIXES:
        raise SettingsError(f"--output {path}: allowed: a name that ends in {', '.join(SUFFIXES)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipeline = generational_pipeline(space, generations, cluster)
        compiler.Compiler().compile(pipeline, str(path))
    text = path.read_text(encoding="utf-8")
    comments = [line for line in text.splitlines(keepends=True) if line.startswith("# ")]
    documents = list(yaml.safe_load_all(text))
    share_equals(*documents)
    path.write_text("".join(comments) + yaml.safe_dump_all(documents), encoding="utf-8")


def share_equals(pipeline: dict[str, Any], platform: dict[str, Any] | None = None) -> None:
    """Keeps one of components that are equal, and one of executors.

    KFP writes each generation anew, though all are the same. Shared, the workflow that Argo holds
    hardly grows with the generations.

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
    for name in [name for name in kept if kept[name] != name]:
        del executors[name]
        kubernetes.pop(name, None)
    while True:  # what refers to equals is equal itself, so from the innermost outwards
        kept = _first_equals(components)
        twice = [name for name in kept if kept[name] != name]
        if not twice:
            return
        for name in twice:
            del components[name]
        for component in (pipeline["root"], *components.values()):
            for task in component.get("dag", {}).get("tasks", {}).values():
                task["componentRef"]["name"] = kept[task["componentRef"]["name"]]


def _first_equals(named: Mapping[str, Any]) -> dict[str, str]:
    """The first name of an equal thing, by name."""
    first: dict[str, str] = {}
    return {
        name: first.setdefault(json.dumps(named[name], sort_keys=True), name)
        for name in sorted(named, key=lambda name: (len(name), name))
    }
