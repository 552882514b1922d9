"""What the parts of `finish` share: the search, the plan, and what follows from both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from videonas.export.about import About, about_network
from videonas.search.dataset import Dataset
from videonas.search.finish_choice import architecture_on
from videonas.search.finish_folder import FinishFolder
from videonas.search.finished import Finalist, FinishedNetwork, Plan, final_settings
from videonas.search.lineage import Lineage, fitness
from videonas.search.population import Member
from videonas.search.result import Evaluation, Outcome
from videonas.search.root import SearchRoot
from videonas.search.settings import Settings
from videonas.steps.shards import CheckedShards
from videonas.training.jobs import Candidate
from videonas.training.supervisor import Limits


@dataclass(frozen=True)
class FinalContext:
    """A plan, and the search that it is of.

    Attributes:
        root: where the search is kept.
        dataset: of the search.
        lineage: of the search.
        plan: who is trained, and how.
        folder: of the plan.
        scratch: for files that are not finished.
    """

    root: SearchRoot
    dataset: Dataset
    lineage: Lineage
    plan: Plan
    folder: FinishFolder
    scratch: Path

    @cached_property
    def shards(self) -> CheckedShards:
        """Those of the data set."""
        return CheckedShards(self.root, self.dataset)

    @cached_property
    def settings(self) -> Settings:
        """Of a training at full length."""
        return final_settings(self.root.settings, self.plan.train_steps)

    @property
    def limits(self) -> Limits:
        """As long as a candidate may take, times as many steps as there are more."""
        settings = self.root.settings
        longer = max(self.plan.train_steps / settings.train_steps, 1.0)
        return Limits(settings.candidate_timeout * longer, settings.candidate_memory_mb)

    def member(self, finalist: Finalist) -> Member[Any]:
        """The individual that was selected."""
        return self.lineage.members[finalist.individual]

    def architecture(self, finalist: Finalist) -> Any:
        """What is trained: the individual's architecture, on the finalist's stream."""
        own = self.member(finalist).individual.architecture
        return architecture_on(self.root.space, own, finalist.stream, self.dataset.task)

    def candidate(self, finalist: Finalist) -> Candidate:
        """What child processes build."""
        architecture = self.architecture(finalist)
        return Candidate(
            finalist.name, self.root.settings.space, architecture, self.dataset.task,
            self.root.space.sampling(architecture), self.settings,
        )

    def about(self, finalist: Finalist) -> About:
        """What its export says about itself."""
        samplings = dict(self.root.space.sampling(self.architecture(finalist)))
        return about_network(
            finalist.name, finalist.architecture, self.dataset, samplings, self.settings
        )

    def without_export(
        self, finalist: Finalist, outcome: Outcome, message: str
    ) -> FinishedNetwork:
        """What is known of a finalist without its export.

        What the search measured holds for the stream that it was measured on.
        """
        result = self.member(finalist).result
        if not finalist.stream:
            return FinishedNetwork(
                finalist, outcome, message, result.costs, result.latency, result.metrics, {}, None
            )
        costs = self.root.space.costs(self.architecture(finalist), self.dataset.task)
        return FinishedNetwork(finalist, outcome, message, costs, None, {}, {}, None)

    def fitness(self, network: FinishedNetwork) -> float:
        """What selection would maximise, of the validation metrics at full length."""
        member = self.member(network.finalist)
        evaluation = Evaluation("ok", metrics=network.validation)
        now = replace(member, result=replace(member.result, evaluation=evaluation))
        score = fitness(now, self.root.settings)
        assert score is not None, "whoever is ok has validation metrics"
        return score
