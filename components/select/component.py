"""`select` as a component."""

from kfp import dsl

from components.images import EVOLVE


@dsl.component(base_image=EVOLVE, install_kfp_package=False)
def select(
    search_root: str,
    generation: int,
    go: bool,
    candidates: dsl.Input[dsl.Artifact],
    population: dsl.Output[dsl.Artifact],
    best: dsl.Output[dsl.Model],
    metrics: dsl.Output[dsl.Metrics],
    report: dsl.Output[dsl.HTML],
):
    """Ends a generation: decides who can be a parent in the next, and writes the report.

    Args:
        search_root: Where the search is kept.
        generation: Counted from 0.
        go: Whether there is anything to do in it.
        candidates: From `mutate`; for the graph only.
        population: The parents of the next generation.
        best: The best network so far: its address, parents and results.
        metrics: The best so far, and the median of the generation.
        report: The whole search as a page.
    """
    from pathlib import Path

    from videonas.steps.artifacts import show, show_network
    from videonas.steps.select import select
    from videonas.steps.shell import step

    if not go:
        nothing = f"generation {generation} is not part of this run"
        show(population, nothing, search_root, {})
        Path(report.path).write_text(nothing)
        return
    with step("select", search_root, generation) as root:
        selected = select(root, generation)
        what, where = "a generation; population.json ends it", root.generation_address(generation)
        show(population, what, where, selected.metadata)
        show_network(best, root, selected.best)
        for name, value in selected.metrics.items():
            metrics.log_metric(name, value)
        Path(report.path).write_text(selected.report, encoding="utf-8")
