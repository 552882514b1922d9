"""The generational pipeline.

Kubeflow Pipelines has no loop that ends when it should, so generations are unrolled up to a
compiled maximum, each a nested pipeline that does nothing once the run is over. State passes
through the search root; what passes between tasks are generations, names and flags.
"""

from typing import Any

from kfp import dsl

from components.data_prep import data_prep
from components.evaluate import evaluate
from components.finish import finish
from components.mutate import mutate
from components.select import select
from components.start import start
from components.train_candidate import train_candidate
from pipelines.form import DEFAULT_GENERATIONS, DEFAULT_PARALLELISM, form_docstring


def generational_pipeline(
    space: str,
    generations: int = DEFAULT_GENERATIONS,
    parallelism: int = DEFAULT_PARALLELISM,
) -> Any:
    """The pipeline of a search.

    Args:
        space: search space.
        generations: most generations of one run.
        parallelism: training tasks at a time.

    Returns:
        a pipeline that kfp compiles, or calls.
    """
    most = generations
    one_generation = _generation_pipeline(parallelism)

    def search(
        search_root: str,
        videos: str = "",
        generations: int = most,
        algorithm: str = "tournament",
        population: int = 16,
        children: int = 12,
        seed: int = 0,
        train_steps: int = 150,
        max_parameters: int = 0,
        max_macs: int = 0,
        max_latency_ms: float = 0.0,
        settings: dict = {},  # noqa: B006  (KFP reads the default, nobody changes it)
    ) -> None:
        """See `form_docstring`, by which this is replaced."""
        started = _uncached(start(
            search_root=search_root, space=space, most_generations=most, videos=videos,
            generations=generations, algorithm=algorithm, population=population,
            children=children, seed=seed, train_steps=train_steps,
            max_parameters=max_parameters, max_macs=max_macs, max_latency_ms=max_latency_ms,
            settings=settings,
        ))
        previous = _uncached(data_prep(search_root=search_root).after(started))
        for offset in range(most):
            previous = one_generation(
                search_root=search_root, first=started.outputs["first"], offset=offset,
                last=started.outputs["last"],
            ).after(previous)
            previous.set_display_name(f"generation {offset + 1} of this run")
        _uncached(
            finish(search_root=search_root, first=started.outputs["first"]).after(previous)
        )

    search.__doc__ = form_docstring()  # KFP describes the form by it
    pipeline = dsl.pipeline(
        name=f"videonas-{space.replace('_', '-')}",
        description="Searches for video-classification networks by evolution. To go on with a "
        "search, clone its run: the same form on the same search root.",
    )
    return pipeline(search)


def _generation_pipeline(parallelism: int) -> Any:
    """One generation as a nested pipeline.

    What comes out of `mutate` enters the condition and the loop as the input of a further nested
    pipeline: at one level, kfp's local runner gives wrong results.
    """

    @dsl.pipeline(name="fan")
    def fan(search_root: str, generation: int, go: bool, batches: list) -> None:
        """Trains, evaluates and selects, if the generation is to be."""
        with dsl.If(go == True):  # noqa: E712  (a comparison that KFP records)
            with dsl.ParallelFor(batches, parallelism=parallelism) as names:
                trained = _uncached(train_candidate(
                    search_root=search_root, generation=generation, names=names
                ))
                evaluated = _uncached(evaluate(
                    search_root=search_root, generation=generation, names=names
                ).after(trained))
            _uncached(select(
                search_root=search_root, generation=generation,
                evaluated=dsl.Collected(evaluated.outputs["Output"]),
            ))

    @dsl.pipeline(name="generation")
    def generation(search_root: str, first: int, offset: int, last: int) -> None:
        """One generation; nothing once the run is over."""
        born = _uncached(mutate(search_root=search_root, first=first, offset=offset, last=last))
        fan(
            search_root=search_root, generation=born.outputs["generation"],
            go=born.outputs["go"], batches=born.outputs["batches"],
        )

    return generation


def _uncached(task: Any) -> Any:
    """Switches KFP's cache off: the search root is the cache."""
    return task.set_caching_options(False)
