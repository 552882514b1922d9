"""Compiles pipelines to YAML."""

from __future__ import annotations

import warnings
from pathlib import Path

from kfp import compiler

from pipelines.generational import (
    DEFAULT_GENERATIONS,
    DEFAULT_PARALLELISM,
    generational_pipeline,
)


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
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipeline = generational_pipeline(space, generations, parallelism)
        compiler.Compiler().compile(pipeline, str(path))
