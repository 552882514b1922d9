"""Records under a search root that have no module of their own, and how all records are kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from videonas.codec import STRICT, encode, from_plain, parse
from videonas.search.dataset import Dataset
from videonas.search.environment import Environment
from videonas.search.finished import Finished, FinishedEnsemble, FinishedNetwork, Plan
from videonas.search.new_data import DataChoice
from videonas.search.population import Candidates, Population
from videonas.search.prepared_videos import PreparedVideos
from videonas.search.result import Evaluation, Latency, Training
from videonas.storage import Store, in_parallel

T = TypeVar("T")


@dataclass(frozen=True)
class SearchRecord:
    """`search.json`: the settings on which results and selection depend."""

    __pydantic_config__ = STRICT

    settings: dict[str, Any]


@dataclass(frozen=True)
class RunRecord:
    """`runs/<n>.json`: the settings that may differ between runs."""

    __pydantic_config__ = STRICT

    settings: dict[str, Any]


@dataclass(frozen=True)
class Attempt:
    """`<task>-attempt-<n>`: somebody is at work on a result, or was when the machine stopped.

    Attributes:
        owner: who, so that only the owner takes it back.
        host: on which machine or in which container, see `processes.own_host`.
        pid: which process there.
        started: seconds since 1970.
        seconds: after which it is over, come what may.
    """

    __pydantic_config__ = STRICT

    owner: str
    host: str
    pid: int
    started: float
    seconds: float


@dataclass(frozen=True)
class Failure:
    """`<task>-failure-<n>`: an attempt ended by itself without a result.

    Attributes:
        message: why.
        environment: where; None in older records.
    """

    __pydantic_config__ = STRICT

    message: str
    environment: Environment | None = None


@dataclass(frozen=True)
class Timing:
    """`timings/<...>.json`: the wall time of one execution of a step.

    A step that has a process of its own counts from the start of that process.

    Attributes:
        step: its name.
        generation: None for a step that belongs to none.
        started: in seconds since 1970.
        seconds: from there to its end.
        startup: of these, seconds for the interpreter and imports.
        cpu: processor seconds of the process in that time.
        children_cpu: processor seconds of its children, and of theirs, in that time.
    """

    __pydantic_config__ = STRICT

    step: str
    generation: int | None
    started: float
    seconds: float
    startup: float
    cpu: float
    children_cpu: float


FORMATS: Mapping[type[Any], str] = {
    SearchRecord: "search/1",
    RunRecord: "run/1",
    Dataset: "dataset/2",
    PreparedVideos: "videos/1",
    DataChoice: "choice/1",
    Candidates: "candidates/1",
    Population: "population/1",
    Latency: "latency/1",
    Training: "training/1",
    Evaluation: "evaluation/1",
    Attempt: "attempt/1",
    Failure: "failure/1",
    Timing: "timing/1",
    Plan: "plan/1",
    FinishedNetwork: "network/1",
    FinishedEnsemble: "ensemble/1",
    Finished: "finished/1",
}
"""The format that is written, by the class of a record."""

OLDER_FORMATS: Mapping[type[Any], tuple[str, ...]] = {Dataset: ("dataset/1",)}
"""Formats that were written once and are read for ever, by the class of a record; the fields that
they lack have defaults that say what was meant."""


class Records:
    """Reads and writes records in a store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def where(self, key: str) -> str:
        """The address of a key, for messages."""
        return f"{self.store.uri}/{key}"

    def read(self, kind: Any, key: str) -> Any:
        """The record at `key`, or None when there is none.

        Raises:
            DamagedRecord: it cannot be read as `kind`.
        """
        data = self.store.read(key)
        return None if data is None else self.decode(kind, data, key)

    def read_all(self, kind: Any, keys: Iterable[str]) -> list[Any]:
        """The records at `keys`, in their order; None where there is none.

        Raises:
            DamagedRecord: one cannot be read as `kind`.
        """
        return in_parallel(lambda key: self.read(kind, key), keys, self.store.requests_at_once)

    def create(self, record: T, key: str, kind: Any = None) -> T:
        """Writes a record unless there is one; gives back the one that counts."""
        data = encode(record, FORMATS[type(record)])
        counted = self.store.create(key, data)
        if counted == data:
            return record
        return self.decode(kind or type(record), counted, key)  # type: ignore[no-any-return]

    def decode(self, kind: Any, data: bytes, key: str) -> Any:
        """The record that `data`, read at `key`, holds.

        Raises:
            DamagedRecord: it cannot be read as `kind`.
        """
        return self.from_plain(kind, self.plain(kind, data, key), key)

    def plain(self, kind: Any, data: bytes, key: str) -> dict[str, Any]:
        """The fields of what `data`, read at `key`, holds: the first half of `decode`.

        Raises:
            DamagedRecord: it is not JSON, or of another format than a `kind` has.
        """
        plain_kind = getattr(kind, "__origin__", kind)
        return parse(data, _format_of(plain_kind, data), self.where(key))

    def from_plain(self, kind: Any, plain: dict[str, Any], key: str) -> Any:
        """The record with these fields, read at `key`: the second half of `decode`.

        Raises:
            DamagedRecord: a field is missing or wrong.
        """
        return from_plain(kind, plain, self.where(key))


def _format_of(kind: type[Any], data: bytes) -> str:
    """The older format that a record has, or else the one that is written."""
    if kind in OLDER_FORMATS:
        try:
            plain = json.loads(data)
        except (ValueError, RecursionError):
            plain = None  # `decode` says what is wrong
        if isinstance(plain, dict) and plain.get("format") in OLDER_FORMATS[kind]:
            return str(plain["format"])
    return FORMATS[kind]
