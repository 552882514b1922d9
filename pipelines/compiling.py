"""Compiles pipelines to YAML."""

from __future__ import annotations

import warnings
from pathlib import Path

from kfp import compiler

from pipelines.form import DEFAULT_GENERATIONS, DEFAULT_PARALLELISM
from pipelines.generational import generational_pipeline
from videonas.errors import SettingsError

SUFFIXES = (".yaml", ".json")
"""What KFP writes."""


def compile_pipeline(
    space: str,
    path: Path,
    generations: int = DEFAULT_GENERATIONS,
    parallelism: int = DEFAULT_PARALLELISM,
) -> None:
    """Writes the pipeline of a search space as YAML.

    Args:
        space: search space.
        path: of the file.
        generations: most generations of one run.
        parallelism: training tasks at a time.

    Raises:
        SettingsError: the file has a name that KFP does not take.
    """
    if path.suffix not in SUFFIXES:
        raise SettingsError(f"--output {path}: allowed: a name that ends in {', '.join(SUFFIXES)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipeline = generational_pipeline(space, generations, parallelism)
        compiler.Compiler().compile(pipeline, str(path))
