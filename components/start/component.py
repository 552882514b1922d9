"""`start` as a component."""

from typing import NamedTuple

from kfp import dsl

from components.images import EVOLVE


@dsl.component(base_image=EVOLVE, install_kfp_package=False)
def start(
    search_root: str,
    space: str,
    most_generations: int,
    videos: str,
    generations: int,
    algorithm: str,
    population: int,
    children: int,
    seed: int,
    train_steps: int,
    max_parameters: int,
    max_macs: int,
    max_latency_ms: float,
    settings: dict,
    retry_failed: bool,
    search: dsl.Output[dsl.Artifact],
) -> NamedTuple("Started", [("first", int), ("last", int), ("go", bool)]):
    """Begins a search, or a further run of the one that is there.

    The only step that takes settings: the others read them from the search root.

    Args:
        search_root: Where the search is kept; an existing search goes on.
        space: Search space.
        most_generations: What the pipeline was compiled for.
        videos: Folder of videos, one folder a class in it; a CSV or JSON list of videos; or the
            split files of UCF101, HMDB51, Kinetics or Charades; a path or a gs://, s3:// or
            minio:// URI; empty to go on with those of the search.
        generations: Generations of this run.
        algorithm: How parents are chosen and who stays; tournament: tournament selection with a
            decaying number of mutations (EvaNet); regularised: the same, and the oldest go (aging
            evolution); nsga2: several objectives at once (NSGA-II); random: every network is
            sampled anew; drift: mutation with selection replaced by chance.
        population: Networks that can be parents; also the size of the first generation.
        children: Networks born in each later generation.
        seed: Seed of the search; every candidate's seed follows from it.
        train_steps: Optimiser steps of proxy training.
        max_parameters: Most parameters of a network; 0 for no limit.
        max_macs: Most multiply-adds of one clip; 0 for no limit.
        max_latency_ms: Longest latency in milliseconds, measured where training runs; 0 for no
            limit.
        settings: Every other setting, by name; `videonas settings` lists them.
        retry_failed: Whether networks that failed are tried again.
        search: The search: its address, and how far it is.

    Returns:
        first: First generation of this run.
        last: Last generation of this run.
        go: Whether there is anything to do; not where the search has met its goal.
    """
    from videonas.steps.artifacts import show
    from videonas.steps.shell import step
    from videonas.steps.start import form_settings, start

    with step("start", search_root) as root:
        form = form_settings(settings, space=space, videos=videos, generations=generations,
                             algorithm=algorithm, population=population, children=children,
                             seed=seed, train_steps=train_steps, max_parameters=max_parameters,
                             max_macs=max_macs, max_latency_ms=max_latency_ms)
        started = start(root, form, most_generations, retry_failed)
        show(search, "a search, with all that it keeps", root.uri, started.metadata)
    return (started.first, started.last, started.go)
