"""Works through the finalists of `finish`: trains, tests and exports one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from videonas.errors import NothingThere, StorageError
from videonas.export.about import About, about_network
from videonas.export.card import CardFacts, model_card
from videonas.export.jobs import (
    CARD,
    ENSEMBLE,
    EXPORT,
    KERAS_FILE,
    PRELOAD,
    TFLITE,
    TFLITE_FILE,
    Exported,
    ExportJob,
    TfliteJob,
)
from videonas.search.dataset import Dataset
from videonas.search.finish_folder import FinishFolder
from videonas.search.finished import (
    Finalist,
    Finished,
    FinishedNetwork,
    Plan,
    Verdict,
    final_settings,
    ok_networks,
)
from videonas.search.lineage import Lineage, fitness
from videonas.search.population import Member
from videonas.search.result import Evaluation, Outcome, Training
from videonas.search.root import SearchRoot
from videonas.search.settings import Settings
from videonas.steps.follow import following
from videonas.steps.shards import CheckedShards
from videonas.training.attempts import Assignment, work_through
from videonas.training.jobs import TRAIN, Candidate, TrainingJob
from videonas.training.machine_lock import machine_lock
from videonas.training.supervisor import Ending, Limits, Supervisor

LENGTH_OF_EXPORT = 10
"""An export counts, in progress, as one step of so many of a training."""

GONE = "its proxy weights are gone; finish from scratch, or search with a larger keep_weights"


@dataclass
class Finalists:
    """The finalists of one plan.

    Attributes:
        root: where the search is kept.
        dataset: of the search.
        lineage: of the search.
        plan: who is trained, and how.
        folder: of the plan.
        scratch: for files that are not finished.
        progress: told how many steps of how many are done.
    """

    root: SearchRoot
    dataset: Dataset
    lineage: Lineage
    plan: Plan
    folder: FinishFolder
    scratch: Path
    progress: Callable[[int, int], None] | None
    _done: dict[str, int] = field(default_factory=dict)

    def finish(self) -> Finished:
        """Does what is not done yet; gives back everything that was measured."""
        attempts, patience = self.root.settings.attempts, self._limits.patience
        finalists = self.plan.finalists
        work_through([self._training(each) for each in finalists], attempts, patience)
        work_through([self._export(each) for each in finalists], attempts, patience)
        networks = tuple(self._network(each) for each in finalists)
        return Finished(self.plan, networks, self._ensemble(networks), self._best(networks))

    # Training

    def _training(self, finalist: Finalist) -> Assignment:
        folder = self.root.final_folder(finalist)

        def done() -> bool:
            """Whether its training ended."""
            if folder.training() is None:
                return False
            self._tell(finalist, self.plan.train_steps)
            return True

        return Assignment(
            finalist.individual, folder, "training", done,
            work=lambda: self._train(finalist),
            give_up=lambda why: folder.publish(Training("failed", why)),
        )

    def _train(self, finalist: Finalist) -> str:
        """Trains and publishes; gives back why it has to be tried again, if so."""
        folder = self.root.final_folder(finalist)
        try:
            initial = self._initial(finalist)
        except NothingThere:
            folder.publish(Training("failed", GONE))
            return ""
        weights = self.scratch / f"{finalist.individual}.weights.h5"
        weights.unlink(missing_ok=True)  # of an attempt that crashed
        steps = self.scratch / f"{finalist.individual}.steps" if self.progress else None
        shards = self._shards.of("train")
        with machine_lock(alone=False), following(steps, lambda n: self._tell(finalist, n)):
            job = TrainingJob(
                self._candidate(finalist), finalist.seed, shards, weights, initial=initial,
                progress=steps,
            )
            ending = self._supervisor.run(TRAIN, job, self._limits)
        if ending.kind == "crashed":
            return ending.message
        if ending.kind == "finished" and weights.exists():
            folder.publish_weights(weights)
        training = ending.value_or(Training)
        folder.publish(replace(training, peak_memory_mb=round(ending.peak_memory_mb, 1)))
        self._tell(finalist, self.plan.train_steps)
        return ""

    def _initial(self, finalist: Finalist) -> Path | None:
        """The weights that training begins from.

        Raises:
            NothingThere: the search deleted them.
        """
        if self.plan.initial == "scratch":
            return None
        return self.root.folder_of(self._member(finalist)).fetch_weights()

    # Test and export

    def _export(self, finalist: Finalist) -> Assignment:
        name = finalist.individual

        def done() -> bool:
            """Whether it was tested and exported, or given up."""
            if self.folder.network(name) is None:
                return False
            self._tell(finalist, self._length)
            return True

        return Assignment(
            name, self.root.final_folder(finalist), "evaluation", done,
            work=lambda: self._test_and_export(finalist),
            give_up=lambda why: self._publish(finalist, "failed", why),
        )

    def _test_and_export(self, finalist: Finalist) -> str:
        """Tests, exports and publishes; gives back why it has to be tried again, if so."""
        training = self.root.final_folder(finalist).training()
        assert training is not None, "exports come after all trainings"
        if training.outcome != "ok":
            self._publish(finalist, training.outcome, training.message)
            return ""
        place = self.scratch / finalist.individual
        place.mkdir(exist_ok=True)
        job = ExportJob(
            self._candidate(finalist), self.root.final_folder(finalist).fetch_weights(),
            self._shards.of("validation"), self._shards.of("test"), self._about(finalist), place,
        )
        with machine_lock(alone=False):
            ending = self._supervisor.run(EXPORT, job, self._limits)
            if ending.kind == "crashed":
                return ending.message
            exported = ending.value_or(Exported)
            without_tflite = self._convert(finalist, place) if exported.outcome == "ok" else ""
        self._publish_export(finalist, exported, without_tflite, place)
        return ""

    def _convert(self, finalist: Finalist, place: Path) -> str:
        """Makes the TFLite file; gives back why there is none, or an empty string."""
        job = TfliteJob(
            self._candidate(finalist), self._shards.of("test"), self._about(finalist),
            place / KERAS_FILE, place / TFLITE_FILE,
        )
        ending: Ending = self._supervisor.run(TFLITE, job, self._limits)
        return str(ending.value_or(lambda _, message: message))

    def _publish_export(
        self, finalist: Finalist, exported: Exported, without_tflite: str, place: Path
    ) -> None:
        if exported.outcome != "ok":
            self._publish(finalist, exported.outcome, exported.message)
            return
        network = replace(
            self._without_export(finalist, "ok", ""), validation=exported.validation,
            test=exported.test, without_tflite=without_tflite,
        )
        facts = CardFacts(
            self._about(finalist), network, self.plan, self.lineage.ancestry(finalist.individual),
            self.dataset, self.root.settings, self.root.space.kind,
        )
        (place / CARD).write_text(model_card(facts), encoding="utf-8")
        self.folder.publish_network(network, place)
        self._tell(finalist, self._length)

    def _publish(self, finalist: Finalist, outcome: Outcome, message: str) -> None:
        network = self._without_export(finalist, outcome, message)
        self.folder.publish_network(network, None)
        self._tell(finalist, self._length)

    def _without_export(
        self, finalist: Finalist, outcome: Outcome, message: str
    ) -> FinishedNetwork:
        result = self._member(finalist).result
        return FinishedNetwork(
            finalist, outcome, message, result.costs, result.latency, result.metrics, {}, None
        )

    # All together

    def _network(self, finalist: Finalist) -> FinishedNetwork:
        network = self.folder.network(finalist.individual)
        assert network is not None, "every finalist was exported or given up"
        return network

    def _ensemble(self, networks: Sequence[FinishedNetwork]) -> Verdict | None:
        able = ok_networks(networks)
        if len(able) < 2:
            return None
        files = [self.folder.fetch_scores(network.finalist.individual) for network in able]
        ending = self._supervisor.run(ENSEMBLE, files, self._limits)
        if ending.kind != "finished":
            raise StorageError(f"{self.folder.address}: the ensemble: {ending.message}")
        tested: Verdict = ending.value
        return tested

    def _best(self, networks: Sequence[FinishedNetwork]) -> str | None:
        """The fittest on the validation split: the test split must choose nothing."""
        able = {n.finalist.individual: n for n in ok_networks(networks)}
        return max(able, key=lambda name: self._fitness(able[name]), default=None)

    def _fitness(self, network: FinishedNetwork) -> float:
        member = self._member(network.finalist)
        evaluation = Evaluation("ok", metrics=network.validation)
        now = replace(member, result=replace(member.result, evaluation=evaluation))
        score = fitness(now, self.root.settings)
        assert score is not None, "whoever is ok has validation metrics"
        return score

    # What the parts share

    def _member(self, finalist: Finalist) -> Member[Any]:
        return self.lineage.members[finalist.individual]

    def _candidate(self, finalist: Finalist) -> Candidate:
        architecture = self._member(finalist).individual.architecture
        return Candidate(
            finalist.individual, self.root.settings.space, architecture, self.dataset.task,
            self.root.space.sampling(architecture), self._settings,
        )

    def _about(self, finalist: Finalist) -> About:
        samplings = dict(self._candidate(finalist).samplings)
        return about_network(
            finalist.individual, finalist.architecture, self.dataset, samplings, self._settings
        )

    @cached_property
    def _shards(self) -> CheckedShards:
        return CheckedShards(self.root, self.dataset)

    @cached_property
    def _supervisor(self) -> Supervisor:
        return Supervisor(*PRELOAD)

    @cached_property
    def _settings(self) -> Settings:
        return final_settings(self.root.settings, self.plan.train_steps)

    @property
    def _limits(self) -> Limits:
        """As long as a candidate may take, times as many steps as there are more."""
        settings = self.root.settings
        longer = max(self.plan.train_steps / settings.train_steps, 1.0)
        return Limits(settings.candidate_timeout * longer, settings.candidate_memory_mb)

    @property
    def _length(self) -> int:
        """Steps that a finalist counts as: those of its training and its export."""
        return self.plan.train_steps + max(self.plan.train_steps // LENGTH_OF_EXPORT, 1)

    def _tell(self, finalist: Finalist, steps: int) -> None:
        """Says how far a finalist is."""
        if self.progress is not None:
            self._done[finalist.individual] = steps
            self.progress(sum(self._done.values()), self._length * len(self.plan.finalists))
