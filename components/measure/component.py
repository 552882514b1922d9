"""`measure` as a component."""

from kfp import dsl

from components.images import TRAIN


@dsl.component(base_image=TRAIN, install_kfp_package=False)
def measure(
    search_root: str,
    generation: int,
    names: str,
    gpus: str,
    candidates: dsl.Input[dsl.Artifact],
    measured: dsl.Output[dsl.Artifact],
):
    """Measures the latency of candidates, and nothing else.

    A candidate that fails has an outcome; the step fails only when it cannot write.

    Args:
        search_root: Where the search is kept.
        generation: Counted from 0.
        names: Of the individuals, separated by spaces.
        gpus: How many the pod was given; empty for none.
        candidates: From `mutate`; for the graph only.
        measured: Outcomes by name.
    """
    from videonas.steps.artifacts import show_outcomes
    from videonas.steps.devices import need_gpus
    from videonas.steps.measure import measure
    from videonas.steps.shell import step

    with step("measure", search_root, generation) as root:
        need_gpus(gpus)
        outcomes = measure(root, generation, names.split())
        show_outcomes(measured, root, generation, outcomes, otherwise="measured")
