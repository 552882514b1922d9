"""`mutate` as a component."""

from typing import NamedTuple

from kfp import dsl

from components.images import EVOLVE


@dsl.component(base_image=EVOLVE, install_kfp_package=False)
def mutate(
    search_root: str,
    first: int,
    offset: int,
    last: int,
    before: dsl.Input[dsl.Artifact],
    candidates: dsl.Output[dsl.Artifact],
) -> NamedTuple("Mutated", [("generation", int), ("go", bool), ("batches", list)]):
    """Draws the individuals of a generation, each inside the static budget.

    Args:
        search_root: Where the search is kept.
        first: First generation of this run.
        offset: Place of this generation in the run, from 0.
        last: Last generation of this run.
        before: The data set, or the population of the generation before; for the graph only.
        candidates: The individuals: how many were born, and how many are to be trained.

    Returns:
        generation: Counted from 0.
        go: Whether there is anything to do in it.
        batches: Names of individuals to be trained, a string of them for each training task.
    """
    from videonas.steps.artifacts import show
    from videonas.steps.mutate import mutate
    from videonas.steps.shell import step

    with step("mutate", search_root, first + offset) as root:
        mutated = mutate(root, first + offset, last)
        address = root.generation_address(mutated.generation)
        show(candidates, "a generation; candidates.json has its births", address, mutated.metadata)
    # text, since the backend hands every item of a list on as text
    return (mutated.generation, mutated.go, [" ".join(names) for names in mutated.batches])
