"""The ensemble of what was finished: chosen, tested and exported."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace

from videonas.errors import StorageError
from videonas.export.about import about_ensemble
from videonas.export.card import EnsembleFacts, ensemble_card
from videonas.export.jobs import CARD, CHOOSE, ENSEMBLE, KERAS_FILE, ChoiceJob, Chosen, EnsembleJob
from videonas.progress import Progress, Stage, Started
from videonas.search.finish_folder import ENSEMBLE_FOLDER, TEST_LOGITS, VALIDATION_LOGITS
from videonas.search.finished import FinishedEnsemble, FinishedNetwork, Pair, Together
from videonas.steps.final_context import FinalContext
from videonas.training.attempts import Assignment, work_through
from videonas.training.machine_lock import machine_lock
from videonas.training.supervisor import Ending, Supervisor


@dataclass(frozen=True)
class FinalEnsemble:
    """The ensemble of one plan.

    Attributes:
        context: the plan, and the search that it is of.
        networks: 2 or more that were exported.
        best: place of the fittest on the validation split.
        supervisor: runs jobs.
        progress: told what is done.
    """

    context: FinalContext
    networks: Sequence[FinishedNetwork]
    best: int
    supervisor: Supervisor
    progress: Progress

    def finish(self) -> FinishedEnsemble:
        """Does what is not done yet; gives back everything that was measured."""
        settings, folder = self.context.root.settings, self.context.folder
        assignment = Assignment(
            self._name, folder.attempts, "ensemble",
            outcome=lambda: "ok" if folder.ensemble() is not None else None, work=self._make,
            give_up=lambda why: self._publish(self._choose(), why),
        )
        self.progress(Stage("choosing and exporting the ensemble", 1))
        work_through(
            [assignment], settings.attempts, self.context.limits.patience, self.progress,
            supervisor=self.supervisor,
        )
        made = folder.ensemble()
        assert made is not None, "it was made or given up"
        return made

    @property
    def _name(self) -> str:
        return f"the ensemble of finished/{self.context.folder.number}"

    def _make(self) -> str:
        """Chooses, tests, exports and publishes; gives back why it must be tried again, if so."""
        chosen = self._choose()
        ending = self._export(chosen)
        if ending.kind == "crashed":
            return ending.message
        self._publish(chosen, ending.message)
        return ""

    def _choose(self) -> Chosen:
        """The networks of the ensemble.

        Raises:
            StorageError: the logits of all cannot be read, or not in time or memory.
        """
        folder, names = self.context.folder, [each.finalist.name for each in self.networks]
        job = ChoiceJob(
            tuple(folder.fetch(name, VALIDATION_LOGITS) for name in names),
            tuple(folder.fetch(name, TEST_LOGITS) for name in names),
            self.best, self.context.plan.ensemble_size,
        )
        with machine_lock(self.progress, alone=False):
            self.progress(Started(self._name, "choice"))
            ending = self.supervisor.run(CHOOSE, job, self.context.limits)
        if ending.kind != "finished":
            raise StorageError(f"{folder.address}: the ensemble: {ending.message}")
        chosen: Chosen = ending.value
        return chosen

    def _export(self, chosen: Chosen) -> Ending:
        """Writes the Keras file and the SavedModel, as far as time and memory allow."""
        context, place = self.context, self.context.scratch / ENSEMBLE_FOLDER
        shutil.rmtree(place, ignore_errors=True)  # of an attempt that crashed
        place.mkdir()
        finalists = [self.networks[number].finalist for number in chosen.members]
        abouts = [context.about(finalist) for finalist in finalists]
        files = [context.folder.fetch(finalist.name, KERAS_FILE) for finalist in finalists]
        job = EnsembleJob(
            tuple(zip(abouts, files, strict=True)), about_ensemble(abouts),
            context.settings.train_threads, place,
        )
        limits = replace(context.limits, seconds=context.limits.seconds * len(finalists))
        with machine_lock(self.progress, alone=False):
            self.progress(Started(self._name, "export"))
            return self.supervisor.run(ENSEMBLE, job, limits)

    def _publish(self, chosen: Chosen, without_export: str) -> None:
        made = FinishedEnsemble(self._together(chosen, without_export), chosen.test)
        if without_export:
            self.context.folder.publish_ensemble(made, None)
            return
        context, place = self.context, self.context.scratch / ENSEMBLE_FOLDER
        members = [self.networks[number] for number in chosen.members]
        facts = EnsembleFacts(
            about_ensemble([context.about(network.finalist) for network in members]), made,
            members, self.networks[self.best], context.plan, context.dataset,
            context.root.settings,
        )
        (place / CARD).write_text(ensemble_card(facts), encoding="utf-8")
        context.folder.publish_ensemble(made, place)

    def _together(self, chosen: Chosen, without_export: str) -> Together:
        space = self.context.root.space
        finalists = [network.finalist for network in self.networks]
        architectures = [self.context.architecture(finalist) for finalist in finalists]
        pairs = tuple(
            Pair(
                finalists[one].name, finalists[other].name, share,
                space.distance(architectures[one], architectures[other]),
            )
            for (one, other), share in chosen.differ.items()
        )
        members = tuple(finalists[place].name for place in chosen.members)
        return Together(members, chosen.validation, pairs, without_export)
