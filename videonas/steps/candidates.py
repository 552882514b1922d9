"""What the steps that work on candidates share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from videonas.errors import VideonasError
from videonas.search.budget import Budget
from videonas.search.dataset import Dataset
from videonas.search.individual import Individual
from videonas.search.population import Candidates
from videonas.search.result import Outcome, Result
from videonas.search.result_folder import ResultFolder
from videonas.search.root import SearchRoot
from videonas.steps.shards import CheckedShards
from videonas.training.jobs import Candidate
from videonas.training.supervisor import Limits


class Batch:
    """Some candidates of a generation.

    Args:
        root: where the search is kept.
        generation: counted from 0.
        names: of the individuals; None for all of the generation.

    Raises:
        VideonasError: the generation has no candidates, or nobody of a given name.
    """

    def __init__(self, root: SearchRoot, generation: int, names: Sequence[str] | None) -> None:
        self.root = root
        candidates: Candidates[Any] = root.need_candidates(generation)
        self.dataset: Dataset = root.need_dataset(candidates.data)
        self.shards = CheckedShards(root, self.dataset)
        self.budget = Budget.of(root.settings)
        born = {individual.name: individual for individual in candidates.individuals}
        unknown = [name for name in names or () if name not in born]
        if unknown:
            raise VideonasError(
                f"{root.uri}: nobody named {unknown[0]!r} was born in generation {generation}; "
                f"there are {', '.join(born)}"
            )
        self.individuals: list[Individual[Any]] = [
            born[name] for name in (born if names is None else names)
        ]

    def result(self, individual: Individual[Any]) -> Result:
        """What is known of an individual so far."""
        return self.root.result(individual, self.dataset)

    def folder(self, individual: Individual[Any]) -> ResultFolder:
        """Where an individual's result lies."""
        return self.root.result_folder(
            individual.id, self.dataset.digest, individual.initialisation
        )

    def candidate(self, individual: Individual[Any]) -> Candidate:
        """An individual as it is handed to a child process."""
        settings, task = self.root.settings, self.dataset.task
        architecture = individual.architecture
        samplings = self.root.space.sampling(architecture)
        return Candidate(
            individual.name, settings.space, architecture, task, samplings, settings
        )

    def outcomes(self) -> dict[str, Outcome | None]:
        """Outcomes by name; None while something is still to do."""
        return {i.name: self.result(i).outcome(self.budget) for i in self.individuals}

    @property
    def limits(self) -> Limits:
        """What one training, measurement or evaluation may use."""
        settings = self.root.settings
        return Limits(settings.candidate_timeout, settings.candidate_memory_mb)
