"""`evaluate` as a component."""

from kfp import dsl

from components.images import TRAIN


@dsl.component(base_image=TRAIN, install_kfp_package=False)
def evaluate(
    search_root: str,
    generation: int,
    names: str,
    gpus: str,
    trained: dsl.Input[dsl.Artifact],
    evaluated: dsl.Output[dsl.Artifact],
    network: dsl.Output[dsl.Model],
):
    """Evaluates trained candidates on the validation split.

    Args:
        search_root: Where the search is kept.
        generation: Counted from 0.
        names: Of the individuals, separated by spaces.
        gpus: How many the pod was given; empty for none.
        trained: From `train-candidate`; for the graph only.
        evaluated: Outcomes by name.
        network: The fittest of them: its address, parents and results.
    """
    from videonas.steps.artifacts import show_network, show_outcomes
    from videonas.steps.devices import need_gpus
    from videonas.steps.evaluate import evaluate, foremost
    from videonas.steps.shell import step

    with step("evaluate", search_root, generation) as root:
        need_gpus(gpus)
        outcomes = evaluate(root, generation, names.split())
        show_outcomes(evaluated, root, generation, outcomes, otherwise="not trained")
        show_network(network, root, foremost(root, generation, names.split()))
