"""The generational pipeline.

Kubeflow Pipelines has no loop that ends when it should, so generations are unrolled up to a
compiled maximum, each a nested pipeline that does nothing once the run is over. State passes
through the search root; what passes between tasks are generations, names and flags.

What comes out of a task enters a condition or a loop as the input of a further nested pipeline:
at one level, kfp's local runner gives wrong results.
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
from pipelines.form import DEFAULT_GENERATIONS, FORM, Field, form_fields
from pipelines.tasks import Given, in_pool, pipeline_of, placed, placing, task

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
        a pipeline that kfp compiles, or calls.
    """
    here = cluster or Cluster()
    run = _run_pipeline(generations, here)

    def search(given: Given) -> None:
        """The tasks of the whole pipeline."""
        root = given["search_root"]
        started = task(
            start(
                search_root=root, space=space, most_generations=generations,
                **{name: given[name] for name in (*FORM, "settings")},
            ),
            "start", "evolve", given, here,
        )
        run(
            search_root=root, go=started.outputs["go"], first=started.outputs["first"],
            last=started.outputs["last"], **placed(given, here),
        )

    return pipeline_of(
        f"videonas-{space.replace('_', '-')}", "Searches for video-classification networks.",
        form_fields(generations, here), search, description=DESCRIPTION,
    )


def _run_pipeline(generations: int, cluster: Cluster) -> Any:
    """All that comes after `start`; nothing where the search has met its goal."""
    steps = _steps_pipeline(generations, cluster)

    def run(given: Given) -> None:
        """All but `start`, under a condition."""
        with dsl.If(given["go"] == True):  # noqa: E712  (a comparison that KFP records)
            steps(
                search_root=given["search_root"], first=given["first"], last=given["last"],
                **placed(given, cluster),
            )

    fields = {
        "search_root": Field(str), "go": Field(bool), "first": Field(int), "last": Field(int),
        **placing(cluster),
    }
    return pipeline_of("run", "A run; nothing once the search has met its goal.", fields, run)


def _steps_pipeline(generations: int, cluster: Cluster) -> Any:
    """The data, the generations, and what is made of the best."""
    one_generation = _generation_pipeline(cluster)

    def steps(given: Given) -> None:
        """The tasks of a run, in order."""
        root = given["search_root"]
        previous = task(data_prep(search_root=root), "data-prep", "train", given, cluster)
        for offset in range(generations):
            previous = one_generation(
                search_root=root, first=given["first"], offset=offset, last=given["last"],
                **placed(given, cluster),
            ).after(previous)
            previous.set_display_name(f"generation {offset + 1} of this run")
        finished = finish(search_root=root).after(previous)
        in_pool(task(finished, "finish", "train", given, cluster), "train", given, cluster)

    fields = {
        "search_root": Field(str), "first": Field(int), "last": Field(int), **placing(cluster)
    }
    return pipeline_of("steps", "The steps of a run, from its data on.", fields, steps)


def _generation_pipeline(cluster: Cluster) -> Any:
    """One generation; nothing once the run is over."""
    fan = _fan_pipeline(cluster)

    def generation(given: Given) -> None:
        """The tasks of a generation."""
        root = given["search_root"]
        born = mutate(
            search_root=root, first=given["first"], offset=given["offset"], last=given["last"]
        )
        task(born, "mutate", "evolve", given, cluster)
        fan(
            search_root=root, generation=born.outputs["generation"], go=born.outputs["go"],
            batches=born.outputs["batches"], **placed(given, cluster),
        )

    fields = {
        "search_root": Field(str), "first": Field(int), "offset": Field(int), "last": Field(int),
        **placing(cluster),
    }
    return pipeline_of(
        "generation", "One generation; nothing once the run is over.", fields, generation
    )


def _fan_pipeline(cluster: Cluster) -> Any:
    """Trains, evaluates and selects, if the generation is to be."""
    candidate = _candidate_pipeline(cluster)

    def fan(given: Given) -> None:
        """The loop over batches, and `select`."""
        on = {"search_root": given["search_root"], "generation": given["generation"]}
        with dsl.If(given["go"] == True):  # noqa: E712  (a comparison that KFP records)
            with dsl.ParallelFor(given["batches"], parallelism=cluster.parallelism) as names:
                evaluated = candidate(**on, names=names, **placed(given, cluster))
            selected = select(**on, evaluated=dsl.Collected(evaluated.output))
            task(selected, "select", "evolve", given, cluster)

    fields = {
        "search_root": Field(str), "generation": Field(int), "go": Field(bool),
        "batches": Field(list), **placing(cluster),
    }
    return pipeline_of("fan", "Trains, evaluates and selects.", fields, fan)


def _candidate_pipeline(cluster: Cluster) -> Any:
    """What is done with one batch of candidates, each step on the nodes of its pool."""

    def candidate(given: Given) -> Any:
        """The tasks of a batch."""
        on = {name: given[name] for name in ("search_root", "generation", "names")}
        trained = train_candidate(**on)
        if cluster.measure:
            measured = task(measure(**on), "measure", "train", given, cluster)
            trained.after(in_pool(measured, "measure", given, cluster))
        evaluated = evaluate(**on).after(trained)
        task(trained, "train-candidate", "train", given, cluster)
        task(evaluated, "evaluate", "train", given, cluster)
        for made in (trained, evaluated):
            in_pool(made, "train", given, cluster)
        return evaluated.outputs["Output"]

    fields = {
        "search_root": Field(str), "generation": Field(int), "names": Field(list),
        **placing(cluster),
    }
    return pipeline_of("candidate", "A batch of candidates.", fields, candidate, returns=int)
