"""Works through the finalists of `finish`: trains, tests and exports one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from videonas.errors import NothingThere
from videonas.export.card import CardFacts, model_card
from videonas.export.jobs import (
    CARD,
    EXPORT,
    KERAS_FILE,
    PRELOAD,
    TFLITE,
    TFLITE_FILE,
    Exported,
    ExportJob,
    TfliteJob,
)
from videonas.progress import Progress, Stage, Started
from videonas.search.finished import Finalist, Finished, FinishedNetwork, ok_networks
from videonas.search.result import Outcome, Training
from videonas.steps.candidates import run_training
from videonas.steps.final_context import FinalContext
from videonas.steps.final_ensemble import FinalEnsemble
from videonas.training.attempts import Assignment, work_through
from videonas.training.jobs import TrainingJob
from videonas.training.machine_lock import machine_lock
from videonas.training.supervisor import Ending, Supervisor

GONE = "its proxy weights are gone; finish from scratch, or search with a larger keep_weights"


@dataclass
class Finalists:
    """The finalists of one plan.

    Attributes:
        context: the plan, and the search that it is of.
        progress: told what is done.
    """

    context: FinalContext
    progress: Progress

    def finish(self) -> Finished:
        """Does what is not done yet; gives back everything that was measured."""
        plan = self.context.plan
        finalists, progress = plan.finalists, self.progress
        progress(Stage(f"training the best for {plan.train_steps} steps", len(finalists)))
        self._work_through([self._training(each) for each in finalists])
        progress(Stage("testing and exporting the best", len(finalists)))
        self._work_through([self._export(each) for each in finalists])
        networks = tuple(self._network(each) for each in finalists)
        best = self._best(networks)
        record = Finished(plan, networks, None, best)
        able = ok_networks(networks)
        if len(able) < 2:
            return record
        best_of_all = able.index(record.need_best())
        ensemble = FinalEnsemble(self.context, able, best_of_all, self._supervisor, progress)
        made = ensemble.finish()
        return replace(record, ensemble=made.test, together=made.together)

    def _work_through(self, work: Sequence[Assignment]) -> None:
        attempts, patience = self.context.root.settings.attempts, self.context.limits.patience
        work_through(work, attempts, patience, self.progress, supervisor=self._supervisor)

    # Training

    def _training(self, finalist: Finalist) -> Assignment:
        folder = self.context.root.final_folder(finalist)

        def outcome() -> Outcome | None:
            """How its training ended."""
            training = folder.training()
            return training.outcome if training else None

        return Assignment(
            finalist.name, folder, "training", outcome,
            work=lambda: self._train(finalist),
            give_up=lambda why: folder.publish(
                Training("failed", why, environment=self._supervisor.environment)
            ),
        )

    def _train(self, finalist: Finalist) -> str:
        """Trains and publishes; gives back why it has to be tried again, if so."""
        folder = self.context.root.final_folder(finalist)
        try:
            initial = self._initial(finalist)
        except NothingThere:
            folder.publish(Training("failed", GONE))
            return ""
        weights = self.context.scratch / f"{finalist.name}.weights.h5"
        weights.unlink(missing_ok=True)  # of an attempt that crashed
        shards = self.context.shards.of("train")
        with machine_lock(self.progress, alone=False):
            job = TrainingJob(
                self.context.candidate(finalist), finalist.seed, shards, weights, initial=initial
            )
            ending = run_training(self._supervisor, job, self.context.limits, self.progress)
        if ending.kind == "crashed":
            return ending.message
        if ending.kind == "finished" and weights.exists():
            folder.publish_weights(weights)
        training = ending.value_or(Training)
        folder.publish(replace(training, peak_memory_mb=round(ending.peak_memory_mb, 1)))
        return ""

    def _initial(self, finalist: Finalist) -> Path | None:
        """The weights that training begins from.

        Raises:
            NothingThere: the search deleted them.
        """
        if self.context.plan.initial == "scratch":
            return None
        return self.context.root.folder_of(self.context.member(finalist)).fetch_weights()

    # Test and export

    def _export(self, finalist: Finalist) -> Assignment:
        name = finalist.name

        def outcome() -> Outcome | None:
            """Of its test and export, or of the training that left nothing to export."""
            network = self.context.folder.network(name)
            return network.outcome if network else None

        return Assignment(
            name, self.context.root.final_folder(finalist), "evaluation", outcome,
            work=lambda: self._test_and_export(finalist),
            give_up=lambda why: self._publish(finalist, "failed", why),
        )

    def _test_and_export(self, finalist: Finalist) -> str:
        """Tests, exports and publishes; gives back why it has to be tried again, if so."""
        training = self.context.root.final_folder(finalist).training()
        assert training is not None, "exports come after all trainings"
        if training.outcome != "ok":
            self._publish(finalist, training.outcome, training.message)
            return ""
        context, place = self.context, self.context.scratch / finalist.name
        place.mkdir(exist_ok=True)
        job = ExportJob(
            context.candidate(finalist), context.root.final_folder(finalist).fetch_weights(),
            context.shards.of("validation"), context.shards.of("test"), context.about(finalist),
            place,
        )
        with machine_lock(self.progress, alone=False):
            self.progress(Started(finalist.name, "test and export"))
            ending = self._supervisor.run(EXPORT, job, context.limits)
            if ending.kind == "crashed":
                return ending.message
            exported = ending.value_or(Exported)
            without_tflite = self._convert(finalist, place) if exported.outcome == "ok" else ""
        self._publish_export(finalist, exported, without_tflite, place)
        return ""

    def _convert(self, finalist: Finalist, place: Path) -> str:
        """Makes the TFLite file; gives back why there is none, or an empty string."""
        context = self.context
        job = TfliteJob(
            context.candidate(finalist), context.shards.of("test"), context.about(finalist),
            place / KERAS_FILE, place / TFLITE_FILE,
        )
        ending: Ending = self._supervisor.run(TFLITE, job, context.limits)
        return str(ending.value_or(lambda _, message: message))

    def _publish_export(
        self, finalist: Finalist, exported: Exported, without_tflite: str, place: Path
    ) -> None:
        if exported.outcome != "ok":
            self._publish(finalist, exported.outcome, exported.message)
            return
        context = self.context
        network = replace(
            context.without_export(finalist, "ok", ""), validation=exported.validation,
            test=exported.test, without_tflite=without_tflite,
        )
        facts = CardFacts(
            context.about(finalist), network, context.plan,
            context.lineage.ancestry(finalist.individual), context.dataset, context.root.settings,
            context.root.space.kind,
        )
        (place / CARD).write_text(model_card(facts), encoding="utf-8")
        context.folder.publish_network(network, place)

    def _publish(self, finalist: Finalist, outcome: Outcome, message: str) -> None:
        network = self.context.without_export(finalist, outcome, message)
        self.context.folder.publish_network(network, None)

    # All together

    def _network(self, finalist: Finalist) -> FinishedNetwork:
        network = self.context.folder.network(finalist.name)
        assert network is not None, "every finalist was exported or given up"
        return network

    def _best(self, networks: Sequence[FinishedNetwork]) -> str | None:
        """The fittest on the validation split: the test split must choose nothing."""
        able = {n.finalist.name: n for n in ok_networks(networks)}
        return max(able, key=lambda name: self.context.fitness(able[name]), default=None)

    # What the parts share

    @cached_property
    def _supervisor(self) -> Supervisor:
        return Supervisor(*PRELOAD)
