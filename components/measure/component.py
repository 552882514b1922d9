"""`measure` as a component."""

from kfp import dsl

from components.images import TRAIN


@dsl.component(base_image=TRAIN, install_kfp_package=False)
def measure(search_root: str, generation: int, names: list, measured: dsl.Output[dsl.Artifact]):
    """Measures the latency of candidates, and nothing else.

    A candidate that fails has an outcome; the step fails only when it cannot write.

    Args:
        search_root: Where the search is kept.
        generation: Counted from 0.
        names: Of the individuals; none is nothing to do.
        measured: Outcomes by name.
    """
    from videonas.steps.candidates import outcome_metadata
    from videonas.steps.measure import measure
    from videonas.steps.shell import step

    with step("measure", search_root, generation) as root:
        outcomes = measure(root, generation, names)
        measured.metadata.update(outcome_metadata(outcomes, otherwise="measured"))
