"""The generational pipeline.

    start -> If "search": data-prep -> { mutate k -> ParallelFor "generation k": measure?
        -> train-candidate -> evaluate; select k } for each k -> finish

Kubeflow Pipelines has no loop that ends when it should, so generations are unrolled up to a
compiled maximum; beyond the end of the run their steps do nothing. State passes through the search
root. Tasks hand on generations, names and flags, and small artifacts, by which Kubeflow's graph and
its explorer show what followed from what. `checking` holds the rules of the backend that this shape
keeps.
"""

from __future__ import annotations

from typing import Any

from kfp import dsl

from components.data_prep import data_prep
from components.evaluate import evaluate
from components.finish import finish
from components.measure import measure
from components.mutate import mutate
from components.select import select
from components.start import start
from components.train_candidate import train_candidate
from pipelines.cluster import Cluster
from pipelines.form import DEFAULT_GENERATIONS, form_fields, start_arguments
from pipelines.tasks import Given, gpus_of, pipeline_of, task

DESCRIPTION = (
    "Searches for video-classification networks by evolution. To go on with a search, clone its "
    "run: the same form on the same search root."
)


def generational_pipeline(
    space: str, generations: int = DEFAULT_GENERATIONS, cluster: Cluster | None = None
) -> Any:
    """The pipeline of a search.

    Args:
        space: search space.
        generations: most generations of one run.
        cluster: that it is for; by default any.

    Returns:
        a pipeline that kfp compiles.
    """
    here = cluster or Cluster()

    def search(given: Given) -> None:
        """The tasks of the pipeline."""
        root = given["search_root"]
        started = start(
            search_root=root, space=space, most_generations=generations,
            retry_failed=given["run_retry_failed"], **start_arguments(given),
        )
        task(started, "start", given, here)
        with dsl.If(started.outputs["go"] == True, name="search"):  # noqa: E712  (KFP records it)
            prepared = data_prep(search_root=root, search=started.outputs["search"])
            latest = task(prepared, "data-prep", given, here).outputs["dataset"]
            for offset in range(generations):
                latest = _generation(started, offset, latest, given, here)
            finished = finish(
                search_root=root, gpus=gpus_of("train", given, here), population=latest
            )
            task(finished, "finish", given, here)

    name = f"videonas-{space.replace('_', '-')}"
    return pipeline_of(name, DESCRIPTION, form_fields(generations, here), search)


def _generation(started: Any, offset: int, before: Any, given: Given, cluster: Cluster) -> Any:
    """The tasks of a generation.

    Args:
        started: the task `start`.
        offset: place of the generation in the run, from 0.
        before: the population of the generation before, or the data set.
        given: the fields of the form.
        cluster: that it runs on.

    Returns:
        its population.
    """
    number = offset + 1
    born = mutate(
        search_root=given["search_root"], first=started.outputs["first"], offset=offset,
        last=started.outputs["last"], before=before,
    )
    task(born, "mutate", given, cluster, f"mutate {number}")
    on = {"search_root": given["search_root"], "generation": born.outputs["generation"]}
    with dsl.ParallelFor(
        born.outputs["batches"], parallelism=cluster.parallelism, name=f"generation {number}"
    ) as names:
        candidates = born.outputs["candidates"]
        if cluster.measure:
            gpus = gpus_of("measure", given, cluster)
            measured = measure(**on, names=names, gpus=gpus, candidates=candidates)
            task(measured, "measure", given, cluster, f"measure {number}")
            candidates = measured.outputs["measured"]
        gpus = gpus_of("train", given, cluster)
        trained = train_candidate(
            **on, names=names, gpus=gpus, measures=not cluster.measure, candidates=candidates
        )
        task(trained, "train-candidate", given, cluster, f"train {number}")
        evaluated = evaluate(**on, names=names, gpus=gpus, trained=trained.outputs["trained"])
        task(evaluated, "evaluate", given, cluster, f"evaluate {number}")
    selected = select(
        **on, go=born.outputs["go"], candidates=born.outputs["candidates"]
    ).after(evaluated)  # not Collected, which fails where there was nothing to train
    return task(selected, "select", given, cluster, f"select {number}").outputs["population"]
