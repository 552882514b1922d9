"""Everything that a search keeps, and where: the one module that knows the paths.

    search.json                              what the search is; written once, by `start`
    runs/000001.json                         budgets and conduct of a run; by `start`
    data/<digest>/dataset.json, shards       by `data-prep`
    generations/000007/candidates.json       who is born; by `mutate`
    generations/000007/population.json       how it ended; by `select`
    generations/000007/report.html           for people; by `select`
    results/<id>/architecture.yaml           for people; by `mutate`
    results/<id>/<key>/                      see `ResultFolder`
    timings/                                 how long each step took

Files are written once. Whoever writes second is given what was written first and goes on with
that, so that steps can be repeated and runs can work on one root together.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import yaml

from videonas.codec import STRICT, decode, digest, encode, to_plain
from videonas.errors import ConflictingSearch, DamagedRecord, VideonasError
from videonas.search.dataset import Dataset, Shard
from videonas.search.individual import Individual, result_key
from videonas.search.lineage import Lineage
from videonas.search.population import Candidates, Population
from videonas.search.result import Evaluation, Latency, Result, Training
from videonas.search.settings import Settings, make_settings, merge_settings
from videonas.spaces import SearchSpace, open_space
from videonas.storage import Store, open_store
from videonas.task import Task

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
        host: on which machine.
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
    """`<task>-failure-<n>`: an attempt ended by itself without a result, and why."""

    __pydantic_config__ = STRICT

    message: str


@dataclass(frozen=True)
class Timing:
    """`timings/<...>.json`: the wall time of one execution of a step.

    Attributes:
        step: its name.
        generation: None for a step that belongs to none.
        started: of its process, in seconds since 1970.
        seconds: from the start of its process to its end.
        startup: of these, seconds until the step began: the interpreter and imports.
        cpu: processor seconds of the process and its children.
    """

    __pydantic_config__ = STRICT

    step: str
    generation: int | None
    started: float
    seconds: float
    startup: float
    cpu: float


FORMATS: Mapping[type[Any], str] = {
    SearchRecord: "search/1",
    RunRecord: "run/1",
    Dataset: "dataset/1",
    Candidates: "candidates/1",
    Population: "population/1",
    Latency: "latency/1",
    Training: "training/1",
    Evaluation: "evaluation/1",
    Attempt: "attempt/1",
    Failure: "failure/1",
    Timing: "timing/1",
}
"""The format that is written, by the class of a record."""


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
        return None if data is None else self._decode(kind, data, key)

    def create(self, record: T, key: str, kind: Any = None) -> T:
        """Writes a record unless there is one; gives back the one that counts."""
        data = encode(record, FORMATS[type(record)])
        counted = self.store.create(key, data)
        if counted == data:
            return record
        return self._decode(kind or type(record), counted, key)  # type: ignore[no-any-return]

    def _decode(self, kind: Any, data: bytes, key: str) -> Any:
        plain_kind = getattr(kind, "__origin__", kind)
        return decode(kind, data, FORMATS[plain_kind], self.where(key))


@dataclass(frozen=True)
class ResultFolder:
    """`results/<id>/<key>/`: the parts of one result.

        training-attempt-<n>     somebody tries, or tried
        training-failure-<n>     why that try gave no result
        latency.json             measured before training
        training.json            how training ended
        proxy.weights.h5         what it learned
        evaluation-attempt-<n>, evaluation-failure-<n>
        evaluation.json          how accurate that is
    """

    records: Records
    architecture_id: str
    key: str
    folder: str = field(init=False)

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

    def publish(self, part: T) -> T:
        """Writes a `Latency`, `Training` or `Evaluation`; gives back the one that counts."""
        return self.records.create(part, f"{self.folder}/{type(part).__name__.lower()}.json")

    def publish_weights(self, path: Path) -> None:
        """Moves a file of weights here, unless there is one."""
        self.records.store.create_file(self._weights, path)

    def fetch_weights(self) -> Path:
        """A local file of the weights.

        Raises:
            StorageError: there are none.
        """
        return self.records.store.fetch(self._weights)

    def delete_weights(self) -> None:
        """Frees their space; nothing happens when there are none."""
        self.records.store.delete(self._weights)

    @property
    def _weights(self) -> str:
        return f"{self.folder}/proxy.weights.h5"

    def attempts(self, task: str) -> dict[int, Attempt]:
        """The attempts at `training` or `evaluation` that left no result, by number from 1."""
        found = {}
        for key in self.records.store.keys(f"{self.folder}/{task}-attempt-"):
            attempt = self.records.read(Attempt, key)
            if attempt is not None:  # its owner may have taken it back just now
                found[int(key.rpartition("-")[2])] = attempt
        return found

    def failures(self, task: str) -> dict[int, str]:
        """Why attempts at `training` or `evaluation` failed, by number."""
        store, found = self.records.store, {}
        for key in store.keys(f"{self.folder}/{task}-failure-"):
            failure = self.records.read(Failure, key)
            found[int(key.rpartition("-")[2])] = failure.message
        return found

    def publish_failure(self, task: str, number: int, message: str) -> None:
        """Writes why an attempt gave no result."""
        self.records.create(Failure(message), f"{self.folder}/{task}-failure-{number}")

    def begin_attempt(self, task: str, number: int, attempt: Attempt) -> bool:
        """Claims an attempt; False when somebody else has it."""
        key = f"{self.folder}/{task}-attempt-{number}"
        return self.records.create(attempt, key).owner == attempt.owner

    def take_back(self, task: str, number: int) -> None:
        """Removes an attempt that was interrupted from outside: it does not count."""
        self.records.store.delete(f"{self.folder}/{task}-attempt-{number}")


class SearchRoot:
    """A search root, opened."""

    def __init__(self, uri: str) -> None:
        self.records = Records(open_store(uri))
        self.uri = self.records.store.uri

    # What the search is

    @property
    def exists(self) -> bool:
        """Whether a search was started here."""
        return self.records.store.read("search.json") is not None

    @cached_property
    def settings(self) -> Settings:
        """The settings of the search, with those of its last run.

        Raises:
            VideonasError: no search was started here.
        """
        search = self.records.read(SearchRecord, "search.json")
        if search is None:
            raise VideonasError(f"{self.uri}: no search here; `videonas start` begins one")
        runs = self._runs()
        run = self.records.read(RunRecord, runs[-1]).settings if runs else {}
        return make_settings(merge_settings(search.settings, run))

    @cached_property
    def space(self) -> SearchSpace[Any]:
        """The search space, with its options."""
        return open_space(self.settings.space, self.settings.space_options)

    def start(self, given: Mapping[str, Any]) -> Settings:
        """Creates the search, or checks that the given settings are those of the one here.

        Args:
            given: settings by name; those not given are those of the search, or the defaults.

        Raises:
            ConflictingSearch: the search here has other settings.
            SettingsError: a setting that is not allowed.
        """
        stored = self.settings.model_dump(mode="json") if self.exists else {}
        settings = make_settings(merge_settings(stored, given))
        fixed = settings.deciding("result", "data", "search")
        counted = self.records.create(SearchRecord(fixed), "search.json").settings
        differ = [name for name in fixed if name in counted and counted[name] != fixed[name]]
        if differ:
            listing = ", ".join(f"{n} is {counted[n]!r} there, {fixed[n]!r} here" for n in differ)
            raise ConflictingSearch(
                f"{self.uri}: holds a search with other settings: {listing}; leave them out to "
                "go on with that search, or begin another one in another search root"
            )
        self._add_run(settings.deciding("run"))
        self.__dict__.pop("settings", None)
        return self.settings

    def _runs(self) -> list[str]:
        return [key for key in self.records.store.keys("runs/") if key.endswith(".json")]

    def _add_run(self, settings: dict[str, Any]) -> None:
        runs = self._runs()
        if runs and self.records.read(RunRecord, runs[-1]).settings == settings:
            return
        number = int(Path(runs[-1]).stem) + 1 if runs else 1
        record = RunRecord(settings)
        while self.records.create(record, f"runs/{number:06d}.json") is not record:
            number += 1  # another run began at the same time

    # The data

    def dataset(self) -> Dataset | None:
        """The data set of the search, once it is prepared.

        Raises:
            DamagedRecord: there are several: only one counts.
        """
        found = [k for k in self.records.store.keys("data/") if k.endswith("/dataset.json")]
        if len(found) > 1:
            raise DamagedRecord(f"{self.uri}: {len(found)} data sets in data/; a search has one")
        return self.records.read(Dataset, found[0]) if found else None

    def need_dataset(self) -> Dataset:
        """The data set of the search.

        Raises:
            VideonasError: it was not prepared yet.
        """
        dataset = self.dataset()
        if dataset is None:
            raise VideonasError(f"{self.uri}: no data set here; `videonas data-prep` makes it")
        return dataset

    def publish_dataset(self, dataset: Dataset, folder: Path) -> Dataset:
        """Moves the shards in `folder` here, then writes the record that makes them count."""
        place = f"data/{dataset.digest}"
        for split in dataset.splits.values():
            for shard in split.shards:
                self.records.store.create_file(f"{place}/{shard.name}", folder / shard.name)
        return self.records.create(dataset, f"{place}/dataset.json")

    def shards(self, dataset: Dataset, split: str) -> list[tuple[Path, Shard]]:
        """Local files of a split's shards, in reading order."""
        fetch = self.records.store.fetch
        return [(fetch(f"data/{dataset.digest}/{s.name}"), s) for s in dataset.splits[split].shards]

    # Generations

    def head(self) -> int:
        """The last generation that ended, -1 before the first."""
        ended = [k for k in self.records.store.keys("generations/") if k.endswith("/population.json")]
        return int(ended[-1].split("/")[1]) if ended else -1

    def candidates(self, generation: int) -> Candidates[Any] | None:
        """Who is born in a generation, once that is decided."""
        return self.records.read(  # type: ignore[no-any-return]
            Candidates[self.space.kind], _generation(generation, "candidates.json")  # type: ignore[name-defined]
        )

    def need_candidates(self, generation: int) -> Candidates[Any]:
        """Who is born in a generation.

        Raises:
            VideonasError: that is not decided yet.
        """
        candidates = self.candidates(generation)
        if candidates is None:
            raise VideonasError(
                f"{self.uri}: generation {generation} has no candidates; `videonas mutate` first"
            )
        return candidates

    def publish_candidates(self, candidates: Candidates[Any]) -> Candidates[Any]:
        """Writes a generation's candidates; gives back those that count."""
        return self.records.create(
            candidates,
            _generation(candidates.generation, "candidates.json"),
            Candidates[self.space.kind],  # type: ignore[name-defined]
        )

    def population(self, generation: int) -> Population[Any] | None:
        """How a generation ended, checked against the digest of the one before it.

        Raises:
            DamagedRecord: it cannot be read, or the chain of digests is broken.
        """
        population: Population[Any] | None = self.records.read(
            Population[self.space.kind], _generation(generation, "population.json")  # type: ignore[name-defined]
        )
        if population is not None and population.predecessor != self.digest_before(generation):
            raise DamagedRecord(
                f"{self.records.where(_generation(generation, 'population.json'))}: its predecessor "
                f"has another digest than it says: generation {generation - 1} was changed after "
                "it was written, or two searches were mixed; restore the files of one search, or "
                f"delete the generations from {generation} on to search on from there"
            )
        return population

    def digest_before(self, generation: int) -> str:
        """SHA-256 of the population file before a generation; empty for generation 0."""
        data = self.records.store.read(_generation(generation - 1, "population.json"))
        return digest(data) if data is not None and generation else ""

    def publish_population(self, population: Population[Any]) -> Population[Any]:
        """Writes how a generation ended; gives back what counts."""
        return self.records.create(
            population,
            _generation(population.generation, "population.json"),
            Population[self.space.kind],  # type: ignore[name-defined]
        )

    def lineage(self) -> Lineage:
        """The whole history.

        Raises:
            DamagedRecord: a generation is missing or damaged, or the chain of digests is broken.
        """
        generations = []
        for generation in range(self.head() + 1):
            population = self.population(generation)
            if population is None:
                raise DamagedRecord(f"{self.uri}: generation {generation} has no population.json")
            generations.append(population)
        return Lineage(tuple(generations))

    # Results

    def result_folder(self, architecture_id: str, data: str) -> ResultFolder:
        """Where the result of an architecture under this search's settings lies."""
        key = result_key(self.settings, architecture_id, data)
        return ResultFolder(self.records, architecture_id, key)

    def result(self, individual: Individual[Any], dataset: Dataset) -> Result:
        """What is known of an individual's architecture so far."""
        folder = self.result_folder(individual.id, dataset.digest)
        costs = self.space.costs(individual.architecture, dataset.task)
        return Result(folder.key, costs, folder.latency(), folder.training(), folder.evaluation())

    def publish_architecture(self, individual: Individual[Any], task: Task) -> None:
        """Writes an architecture for people, with what it takes to show or build it."""
        plain = {
            "space": self.settings.space,
            "task": to_plain(task),
            "architecture": to_plain(individual.architecture),
        }
        text = yaml.safe_dump(plain, sort_keys=False)
        self.records.store.create(f"results/{individual.id}/architecture.yaml", text.encode())

    # For people

    def publish_report(self, generation: int, html: str) -> str:
        """Writes a generation's report; gives back its address."""
        key = _generation(generation, "report.html")
        self.records.store.create(key, html.encode())
        return self.records.where(key)

    def add_timing(self, timing: Timing) -> None:
        """Keeps how long a step took."""
        self.records.create(timing, f"timings/{timing.step}-{uuid.uuid4().hex}.json")

    def timings(self) -> Iterable[Timing]:
        """How long the steps took, in no order."""
        for key in self.records.store.keys("timings/"):
            yield self.records.read(Timing, key)


def _generation(generation: int, name: str) -> str:
    return f"generations/{generation:06d}/{name}"

