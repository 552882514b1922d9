"""The files that `finish` keeps: those of one training at full length, and those of an export."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from videonas.search.finished import Finished, FinishedNetwork, Plan
from videonas.search.records import Records
from videonas.search.result_folder import ResultFolder

PLAN, FINISHED, NETWORK = "plan.json", "finish.json", "network.json"
"""Names of records."""

SCORES = "test_scores.npz"
"""Beside a network: its scores of every video of the test split."""


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
    <individual>/                 one network
        network.keras, saved_model/, network.tflite, card.md, test_scores.npz
        network.json              what is known about it; written last
    """

    records: Records
    number: int

    @property
    def address(self) -> str:
        """The folder, for people."""
        return self.records.where(self._key())

    def network_address(self, individual: str) -> str:
        """The folder of one network, for people."""
        return self.records.where(self._key(individual))

    def plan(self) -> Plan | None:
        """Who is trained, and how."""
        return self.records.read(Plan, self._key(PLAN))  # type: ignore[no-any-return]

    def record(self) -> Finished | None:
        """What was measured, once all is done."""
        return self.records.read(Finished, self._key(FINISHED))  # type: ignore[no-any-return]

    def publish(self, record: Finished) -> Finished:
        """Writes what was measured; gives back what counts."""
        return self.records.create(record, self._key(FINISHED))

    def network(self, individual: str) -> FinishedNetwork | None:
        """What is known about a network, once it is exported or given up."""
        key = self._key(individual, NETWORK)
        return self.records.read(FinishedNetwork, key)  # type: ignore[no-any-return]

    def publish_network(self, network: FinishedNetwork, export: Path | None) -> FinishedNetwork:
        """Moves the files of an export here, then writes the record that makes them count.

        What an interrupted export left is removed first, so that files of two never mix.

        Args:
            network: what is known about it.
            export: a folder with its files; None where there are none.
        """
        individual, store = network.finalist.individual, self.records.store
        if (there := self.network(individual)) is not None:
            return there
        for key in list(store.keys(self._key(individual, ""))):
            store.delete(key)
        if export is not None:
            for path in sorted(path for path in export.rglob("*") if path.is_file()):
                name = path.relative_to(export).as_posix()
                store.create_file(self._key(individual, name), path)
        return self.records.create(network, self._key(individual, NETWORK))

    def fetch_scores(self, individual: str) -> Path:
        """A local file of a network's scores of the test split.

        Raises:
            StorageError: there is none.
        """
        return self.records.store.fetch(self._key(individual, SCORES))

    def _key(self, *names: str) -> str:
        return "/".join(("finished", str(self.number), *names))
