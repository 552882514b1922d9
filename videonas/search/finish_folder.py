"""The files that `finish` keeps: those of one training at full length, and those of an export."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from videonas.errors import NothingThere
from videonas.search.finished import Finished, FinishedEnsemble, FinishedNetwork, Plan
from videonas.search.records import Records
from videonas.search.result_folder import AttemptFolder, ResultFolder

T = TypeVar("T")

PLAN, FINISHED, NETWORK = "plan.json", "finish.json", "network.json"
TOGETHER = "ensemble.json"
"""Names of records."""

ENSEMBLE_FOLDER = "ensemble"
"""Beside those of the networks: what several of them are together."""

SCORES = "test_scores.npz"
"""Beside a network: its scores of every video of the test split."""

VALIDATION_LOGITS, TEST_LOGITS = "validation_logits.npz", "test_logits.npz"
"""Beside a network: its logits of every clip of a split."""


class FinalFolder(ResultFolder):
    """`results/<id>/<key>/` of a training at full length: that of a result, but for its weights.

    final.weights.h5         what it learned
    """

    @property
    def _weights(self) -> str:
        return f"{self.folder}/final.weights.h5"


@dataclass(frozen=True)
class FinishFolder:
    """`finished/<n>/`: what was made of one plan.

    plan.json                     who is trained, and how
    finish.json                   what was measured; written last
    <name>/                       one network: of an individual, or of it on another stream
        network.keras, saved_model/, network.tflite, card.md
        test_scores.npz, validation_logits.npz, test_logits.npz
        network.json              what is known about it; written last
    ensemble/                     several networks together
        network.keras, saved_model/, card.md
        ensemble.json             what is known about it; written last
    ensemble-attempt-<n>, ensemble-failure-<n>
    """

    records: Records
    number: int

    @property
    def address(self) -> str:
        """The folder, for people."""
        return self.records.where(self._key())

    def network_address(self, name: str) -> str:
        """The folder of one network, for people."""
        return self.records.where(self._key(name))

    @property
    def ensemble_address(self) -> str:
        """The folder of the ensemble, for people."""
        return self.records.where(self._key(ENSEMBLE_FOLDER))

    @property
    def attempts(self) -> AttemptFolder:
        """Those at the ensemble; those at a network are beside its training."""
        return AttemptFolder(self.records, f"finished/{self.number}")

    def plan(self) -> Plan | None:
        """Who is trained, and how."""
        return self.records.read(Plan, self._key(PLAN))  # type: ignore[no-any-return]

    def record(self) -> Finished | None:
        """What was measured, once all is done."""
        return self.records.read(Finished, self._key(FINISHED))  # type: ignore[no-any-return]

    def publish(self, record: Finished) -> Finished:
        """Writes what was measured; gives back what counts."""
        return self.records.create(record, self._key(FINISHED))

    def network(self, name: str) -> FinishedNetwork | None:
        """What is known about a network, once it is exported or given up."""
        key = self._key(name, NETWORK)
        return self.records.read(FinishedNetwork, key)  # type: ignore[no-any-return]

    def publish_network(self, network: FinishedNetwork, export: Path | None) -> FinishedNetwork:
        """Moves the files of an export here, then writes the record that makes them count.

        Args:
            network: what is known about it.
            export: a folder with its files; None where there are none.
        """
        name = network.finalist.name
        return self.network(name) or self._publish(network, name, NETWORK, export)

    def ensemble(self) -> FinishedEnsemble | None:
        """What is known about the ensemble, once it is exported."""
        key = self._key(ENSEMBLE_FOLDER, TOGETHER)
        return self.records.read(FinishedEnsemble, key)  # type: ignore[no-any-return]

    def publish_ensemble(
        self, ensemble: FinishedEnsemble, export: Path | None
    ) -> FinishedEnsemble:
        """As `publish_network`, of the ensemble."""
        return self.ensemble() or self._publish(ensemble, ENSEMBLE_FOLDER, TOGETHER, export)

    def is_complete(self) -> bool:
        """Whether all was measured, and no network was taken back since."""
        plan = self.plan()
        return plan is not None and self.record() is not None and all(
            self.network(finalist.name) is not None for finalist in plan.finalists
        )

    def take_back(self, names: Iterable[str]) -> None:
        """Takes back some networks. What was measured of all stays until they are tried again."""
        for name in names:
            self.records.store.delete(self._key(name, NETWORK))

    def reopen(self) -> None:
        """Takes back what was made of the networks together, so that it is made again."""
        # in this order: as long as there is a record, it is seen that it is to be made again
        self.records.store.delete(self._key(ENSEMBLE_FOLDER, TOGETHER))
        self.records.store.delete(self._key(FINISHED))

    def fetch(self, name: str, file: str) -> Path:
        """A local copy of one file of a network.

        Args:
            name: of the network.
            file: such as `SCORES`.

        Raises:
            NothingThere: there is none: an older version exported the network without it.
        """
        try:
            return self.records.store.fetch(self._key(name, file))
        except NothingThere as error:
            raise NothingThere(
                f"{error}, though the network was exported; delete {self.address} to export all "
                "of it again"
            ) from None

    def _publish(self, record: T, name: str, file: str, export: Path | None) -> T:
        """Moves files to a folder of this one, and then a record.

        What an interrupted export left is removed first, so that files of two never mix.
        """
        store = self.records.store
        for key in list(store.keys(self._key(name, ""))):
            store.delete(key)
        if export is not None:
            for path in sorted(path for path in export.rglob("*") if path.is_file()):
                store.create_file(self._key(name, path.relative_to(export).as_posix()), path)
        return self.records.create(record, self._key(name, file))

    def _key(self, *names: str) -> str:
        return "/".join(("finished", str(self.number), *names))
