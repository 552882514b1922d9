"""`finish` as a component."""

from kfp import dsl

from components.images import TRAIN


@dsl.component(base_image=TRAIN, install_kfp_package=False)
def finish(
    search_root: str,
    gpus: str,
    population: dsl.Input[dsl.Artifact],
    network: dsl.Output[dsl.Model],
    metrics: dsl.Output[dsl.Metrics],
):
    """Trains the best networks at full length, tests and exports them.

    Does nothing where the setting finish_best is 0, or that is done.

    Args:
        search_root: Where the search is kept.
        gpus: How many the pod was given; empty for none.
        population: From the last `select`; for the graph only.
        network: The export of the best network: its address, and its results on the test split.
        metrics: The same as numbers, those of the ensemble too.
    """
    from videonas.steps.artifacts import show
    from videonas.steps.devices import need_gpus
    from videonas.steps.finish import finish_run
    from videonas.steps.shell import step

    with step("finish", search_root) as root:
        need_gpus(gpus)
        finished = finish_run(root)
        if finished is not None:
            show(network, "an exported network", finished.best_address, finished.metadata)
            for name, value in finished.metrics.items():
                metrics.log_metric(name, value)
