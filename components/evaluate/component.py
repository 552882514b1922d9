"""`evaluate` as a component."""

from kfp import dsl

from components.images import TRAIN


@dsl.component(base_image=TRAIN, install_kfp_package=False)
def evaluate(
    search_root: str,
    generation: int,
    names: list,
    evaluated: dsl.Output[dsl.Artifact],
    network: dsl.Output[dsl.Model],
) -> int:
    """Evaluates trained candidates on the validation split.

    Args:
        search_root: Where the search is kept.
        generation: Counted from 0.
        names: Of the individuals; none is nothing to do.
        evaluated: Outcomes by name.
        network: The fittest of them: who it is, its parents, what it gave, where it lies.

    Returns:
        Output: How many have the outcome `ok`.
    """
    from videonas.steps.candidates import outcome_metadata
    from videonas.steps.evaluate import evaluate, foremost
    from videonas.steps.metadata import network_address, network_metadata
    from videonas.steps.shell import step

    with step("evaluate", search_root, generation) as root:
        outcomes = evaluate(root, generation, names)
        evaluated.metadata.update(outcome_metadata(outcomes, otherwise="not trained"))
        best = foremost(root, generation, names)
        if best is not None:
            network.uri = network_address(root, best)
            network.metadata.update(network_metadata(root, best))
    return sum(outcome == "ok" for outcome in outcomes.values())
