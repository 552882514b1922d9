"""`train-candidate` as a component."""

from kfp import dsl

from components.images import TRAIN


@dsl.component(base_image=TRAIN, install_kfp_package=False)
def train_candidate(
    search_root: str,
    generation: int,
    names: str,
    gpus: str,
    measures: bool,
    candidates: dsl.Input[dsl.Artifact],
    trained: dsl.Output[dsl.Artifact],
):
    """Measures candidates that are not measured, and trains those inside the budget.

    A candidate that fails has an outcome; the step fails only when it cannot write.

    Args:
        search_root: Where the search is kept.
        generation: Counted from 0.
        names: Of the individuals, separated by spaces.
        gpus: How many the pod was given; empty for none.
        measures: Whether to measure latency here; not where a task of its own did.
        candidates: From `mutate` or `measure`; for the graph only.
        trained: Outcomes by name.
    """
    from videonas.steps.artifacts import show_outcomes
    from videonas.steps.devices import need_gpus
    from videonas.steps.shell import step
    from videonas.steps.train_candidate import train_candidate

    with step("train-candidate", search_root, generation) as root:
        need_gpus(gpus)
        outcomes = train_candidate(root, generation, names.split(), measures=measures)
        show_outcomes(trained, root, generation, outcomes, otherwise="trained")
