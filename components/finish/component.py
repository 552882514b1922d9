"""`finish` as a component."""

from kfp import dsl

from components.images import TRAIN


@dsl.component(base_image=TRAIN, install_kfp_package=False)
def finish(
    search_root: str,
    network: dsl.Output[dsl.Model],
    metrics: dsl.Output[dsl.Metrics],
):
    """Trains the best networks at full length, tests and exports them.

    Does nothing where the setting finish_best is 0, or that is done.

    Args:
        search_root: Where the search is kept.
        network: The export of the best network, with what the test split says of it.
        metrics: The same as numbers, those of the ensemble too.
    """
    from videonas.steps.finish import finish_run
    from videonas.steps.shell import step

    with step("finish", search_root) as root:
        finished = finish_run(root)
        if finished is not None:
            network.uri = finished.best_address
            network.metadata.update(finished.metadata)
            for name, value in finished.metrics.items():
                metrics.log_metric(name, value)
