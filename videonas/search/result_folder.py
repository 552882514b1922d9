"""The files of one result, and attempts at it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from videonas.errors import DamagedRecord, NothingThere
from videonas.search.records import Attempt, Failure, Records
from videonas.search.result import Evaluation, Latency, Training

T = TypeVar("T")


@dataclass(frozen=True)
class AttemptFolder:
    """Where attempts at some work are counted.

    <task>-attempt-<n>       somebody tries, or tried
    <task>-failure-<n>       why that try gave no result
    """

    records: Records
    folder: str

    def attempts(self, task: str) -> dict[int, Attempt]:
        """The attempts at a task, such as `training`, that left no result, by number from 1."""
        found = {}
        for number, key in self._numbered(f"{task}-attempt"):
            attempt = self.records.read(Attempt, key)
            if attempt is not None:  # its owner may have taken it back just now
                found[number] = attempt
        return found

    def names(self) -> frozenset[str]:
        """Of all files in the folder."""
        keys = self.records.store.keys(f"{self.folder}/")
        return frozenset(key.removeprefix(f"{self.folder}/") for key in keys)

    def failures(self, task: str) -> dict[int, Failure]:
        """The attempts at a task that ended without a result, by number."""
        found = {}
        for number, key in self._numbered(f"{task}-failure"):
            failure = self.records.read(Failure, key)
            if failure is not None:  # it may have been taken back just now
                found[number] = failure
        return found

    def _numbered(self, prefix: str) -> Iterator[tuple[int, str]]:
        for key in self.records.store.keys(f"{self.folder}/{prefix}-"):
            number = key.rpartition("-")[2]
            if number.isdigit():
                yield int(number), key

    def publish_failure(self, task: str, number: int, failure: Failure) -> None:
        """Writes why an attempt gave no result."""
        self.records.create(failure, f"{self.folder}/{task}-failure-{number}")

    def begin_attempt(self, task: str, number: int, attempt: Attempt) -> bool:
        """Claims an attempt; False when somebody else has it."""
        key = f"{self.folder}/{task}-attempt-{number}"
        return self.records.create(attempt, key).owner == attempt.owner

    def take_back(self, task: str, number: int) -> None:
        """Removes an attempt, and why it failed if it did: it no longer counts."""
        # in this order: an attempt whose failure is missing is not taken for one that may go on
        self.records.store.delete(f"{self.folder}/{task}-failure-{number}")
        self.records.store.delete(f"{self.folder}/{task}-attempt-{number}")


@dataclass(frozen=True)
class ResultFolder(AttemptFolder):
    """`results/<id>/<key>/`: the parts of one result.

    training-attempt-<n>     somebody tries, or tried
    training-failure-<n>     why that try gave no result
    latency.json             measured before training
    latency-attempt-<n>, latency-failure-<n>, where that has a task of its own
    training.json            how training ended
    proxy.weights.h5         what it learned
    evaluation-attempt-<n>, evaluation-failure-<n>
    evaluation.json          how accurate that is
    """

    folder: str = field(init=False)
    architecture_id: str
    key: str

    def __post_init__(self) -> None:
        for part in (self.architecture_id, self.key):
            if not re.fullmatch(r"[0-9a-f]{12}", part):
                raise DamagedRecord(f"{part!r} is not an id; allowed: 12 hex digits")
        object.__setattr__(self, "folder", f"results/{self.architecture_id}/{self.key}")

    def latency(self) -> Latency | None:
        """The measured latency, if it was measured."""
        return self.records.read(Latency, f"{self.folder}/latency.json")  # type: ignore[no-any-return]

    def training(self) -> Training | None:
        """How training ended, if it did."""
        return self.records.read(Training, f"{self.folder}/training.json")  # type: ignore[no-any-return]

    def evaluation(self) -> Evaluation | None:
        """How accurate it is, if it was evaluated."""
        return self.records.read(Evaluation, f"{self.folder}/evaluation.json")  # type: ignore[no-any-return]

    def succeeded(self, task: str) -> bool:
        """Whether a task, such as `training`, gave a result other than `failed`."""
        if task == "latency":
            return self.latency() is not None
        part = self.training() if task == "training" else self.evaluation()
        return part is not None and part.outcome != "failed"

    def delete(self, part: Training | Evaluation) -> None:
        """Removes a part, so that it can be made again."""
        self.records.store.delete(f"{self.folder}/{type(part).__name__.lower()}.json")

    def publish(self, part: T) -> T:
        """Writes a `Latency`, `Training` or `Evaluation`; gives back the one that counts."""
        return self.records.create(part, f"{self.folder}/{type(part).__name__.lower()}.json")

    def publish_weights(self, path: Path) -> None:
        """Moves a file of weights here, unless there is one."""
        self.records.store.create_file(self._weights, path)

    def fetch_weights(self) -> Path:
        """A local file of the weights.

        Raises:
            NothingThere: there are none.
        """
        try:
            return self.records.store.fetch(self._weights)
        except NothingThere as error:
            record = self.records.where(f"{self.folder}/training.json")
            raise NothingThere(
                f"{error}, though the training ended; delete {record} to train again"
            ) from None

    def has_weights(self) -> bool:
        """Whether the weights are there."""
        return self._weights in self.records.store.keys(self._weights)

    def delete_weights(self) -> None:
        """Frees their space; nothing happens when there are none."""
        self.records.store.delete(self._weights)

    @property
    def _weights(self) -> str:
        return f"{self.folder}/proxy.weights.h5"
