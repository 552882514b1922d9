"""`select` as a component."""

from kfp import dsl

from components.images import EVOLVE


@dsl.component(base_image=EVOLVE, install_kfp_package=False)
def select(
    search_root: str,
    generation: int,
    evaluated: list,
    population: dsl.Output[dsl.Artifact],
    best: dsl.Output[dsl.Model],
    metrics: dsl.Output[dsl.Metrics],
    report: dsl.Output[dsl.HTML],
):
    """Ends a generation: decides who can be a parent in the next, and writes the report.

    Args:
        search_root: Where the search is kept.
        generation: Counted from 0.
        evaluated: How many of each batch have the outcome `ok`; makes this step wait for them.
        population: The parents of the next generation.
        best: The best network so far: who it is, its parents, what it gave, where it lies.
        metrics: The best so far, and the median of the generation.
        report: The whole search as a page.
    """
    from pathlib import Path

    from videonas.steps.metadata import network_address, network_metadata
    from videonas.steps.select import select
    from videonas.steps.shell import step

    with step("select", search_root, generation) as root:
        selected = select(root, generation)
        population.uri = root.generation_address(generation)
        population.metadata.update(selected.metadata)
        best.uri = network_address(root, selected.best)
        best.metadata.update(network_metadata(root, selected.best))
        for name, value in selected.metrics.items():
            metrics.log_metric(name, value)
        Path(report.path).parent.mkdir(parents=True, exist_ok=True)
        Path(report.path).write_text(selected.report, encoding="utf-8")
