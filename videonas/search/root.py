"""Everything that a search keeps, and where: with `result_folder`, all that knows the paths.

    search.json                              what the search is; written once, by `start`
    runs/000001.json                         budgets and conduct of a run; by `start`
    data/<digest>/dataset.json, shards       by `data-prep`
    data/<digest>/videos.json                what became of each video; by `data-prep`
    data/000001.json                         which data set counts from then on; by `data-prep`
    generations/000007/candidates.json       who is born; by `mutate`
    generations/000007/population.json       how it ended; by `select`
    generations/000007/report.html           for people; by `select`
    results/<id>/architecture.yaml           for people; by `mutate`
    results/<id>/<key>/                      see `ResultFolder`
    finished/<n>/                            see `FinishFolder`
    timings/                                 how long each step took
    logs/                                    of runs on this machine

Files are written once. Whoever writes second is given what was written first and goes on with
that, so that steps can be repeated and runs can work on one root together.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from videonas.codec import digest
from videonas.errors import ConflictingSearch, DamagedRecord, VideonasError
from videonas.memory import collection_paused
from videonas.search.architecture_file import encode_architecture
from videonas.search.dataset import Dataset, Shard
from videonas.search.finish_folder import FinalFolder, FinishFolder
from videonas.search.finished import Finalist, Plan
from videonas.search.history import HistoryReader
from videonas.search.individual import SCRATCH, Individual, result_key
from videonas.search.lineage import Lineage
from videonas.search.new_data import DataChoice, Policy
from videonas.search.population import Candidates, Member, Population
from videonas.search.prepared_videos import PreparedVideos
from videonas.search.publication import Publication
from videonas.search.records import Records, RunRecord, SearchRecord, Timing
from videonas.search.result import Result
from videonas.search.result_folder import ResultFolder
from videonas.search.settings import Settings, decides_of, make_settings, merge_settings
from videonas.spaces import SearchSpace, open_space
from videonas.storage import check_create_only, in_parallel, open_store
from videonas.task import Task

SEARCH = "search.json"
"""What makes a folder a search root."""

POPULATION = re.compile(r"generations/(\d{6})/population\.json")
RUN = re.compile(r"runs/(\d{6})\.json")
DATASET = re.compile(r"data/([0-9a-f]{12,64})/dataset\.json")
DATA_CHOICE = re.compile(r"data/(\d{6})\.json")
PLAN = re.compile(r"finished/([1-9]\d{0,8})/plan\.json")


class SearchRoot:
    """A search root, opened."""

    def __init__(self, uri: str) -> None:
        self.records = Records(open_store(uri))
        self.uri = self.records.store.uri

    def check_store(self) -> None:
        """Makes sure that the store holds what runs and tasks at the same time build on.

        Raises:
            StorageError: it lets a later write replace an earlier one.
        """
        check_create_only(self.records.store)

    # What the search is

    @property
    def exists(self) -> bool:
        """Whether a search was started here."""
        return self.records.store.read(SEARCH) is not None

    @cached_property
    def settings(self) -> Settings:
        """The settings of the search, with those of the run that began last.

        Raises:
            VideonasError: no search was started here.
        """
        search = self.records.read(SearchRecord, SEARCH)
        if search is None:
            raise VideonasError(f"{self.uri}: no search here; `videonas start` begins one")
        last = self._last_run()
        run = self.records.read(RunRecord, _run(last)).settings if last else {}
        # records of older versions hold settings that are fixed for a search now
        fixed = {name for name in Settings.model_fields if decides_of(name) != "run"}
        run = {name: value for name, value in run.items() if name not in fixed}
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
        record = self.records.create(SearchRecord(fixed), SEARCH)
        # a setting that is newer than the search counts as its default
        counted = make_settings(record.settings).model_dump(mode="json")
        differ = [name for name in fixed if counted[name] != fixed[name]]
        if differ:
            listing = ", ".join(
                f"{n} is {_told(counted[n])} there, {_told(fixed[n])} here" for n in differ
            )
            raise ConflictingSearch(
                f"{self.uri}: holds a search with other settings: {listing}; leave them out to "
                "go on with that search, or begin another one in another search root"
            )
        self._add_run(settings.deciding("run"))
        self.__dict__.pop("settings", None)
        return self.settings

    def _last_run(self) -> int:
        return self._last(self.records.store.keys("runs/"), RUN, _run)

    def _add_run(self, settings: dict[str, Any]) -> None:
        last = self._last_run()
        if last and self.records.read(RunRecord, _run(last)).settings == settings:
            return
        number = last + 1
        record = RunRecord(settings)
        while self.records.create(record, _run(number)) is not record:
            number += 1  # another run began at the same time

    def _last(
        self, keys: Iterable[str], pattern: re.Pattern[str], key: Callable[[int], str],
        first: int = 1,
    ) -> int:
        """The last of records that are numbered from `first` on; `first - 1` where there is none.

        A listing may be stale, and a read is not: what comes after the last listed one is read.
        """
        listed = [int(found[1]) for k in keys if (found := pattern.fullmatch(k))]
        last = max(listed, default=first - 1)
        while self.records.store.read(key(last + 1)) is not None:
            last += 1
        return last

    # The data

    def data_choices(self) -> list[DataChoice]:
        """The data sets that have counted, oldest first; the last one counts for the next draw."""
        keys = list(self.records.store.keys("data/"))
        if last := self._last(keys, DATA_CHOICE, _choice):
            return self.records.read_all(DataChoice, map(_choice, range(1, last + 1)))
        # older versions recorded no choice: there was one data set
        made = [found[1] for key in keys if (found := DATASET.fullmatch(key))]
        if len(made) > 1:  # of runs that began at the same time; who draws first, decides
            drawn = self.candidates(0) if self.exists else None
            made = [drawn.data] if drawn else []
        return [DataChoice(digest, "keep") for digest in made]

    def choose_dataset(self, digest: str, policy: Policy | None) -> str:
        """Makes a data set count for generations that are not drawn yet.

        A data set counts once it is whole, so this comes after `publish_dataset`.

        Args:
            digest: of the data set.
            policy: what is done about results on another one; None: another one is kept.

        Returns:
            digest of the one that counts: another one where it is kept, or where a run with other
            videos began since.
        """
        choices = self.data_choices()
        if choices:  # recorded now, where an older version did not
            choices[-1] = self.records.create(choices[-1], _choice(len(choices)))
        while True:
            counts = choices[-1].digest if choices else None
            if counts and (counts == digest or policy is None or self._superseded()):
                return counts
            # another run may have chosen at the same time; then that is what comes before
            mine = DataChoice(digest, policy or "keep")
            choices.append(self.records.create(mine, _choice(len(choices) + 1)))

    def _superseded(self) -> bool:
        """Whether a run with other videos began since the settings were read."""
        return SearchRoot(self.uri).settings.videos != self.settings.videos

    def dataset(self, digest: str | None = None) -> Dataset | None:
        """A data set of the search, once it is prepared.

        Args:
            digest: by default that of the one that counts for the next draw; a generation that is
                drawn names its own.
        """
        if digest is None:
            choices = self.data_choices()
            digest = choices[-1].digest if choices else None
        key = f"data/{digest}/dataset.json"
        return self.records.read(Dataset, key) if DATASET.fullmatch(key) else None

    def need_dataset(self, digest: str | None = None) -> Dataset:
        """See `dataset`.

        Raises:
            VideonasError: it was not prepared yet.
        """
        dataset = self.dataset(digest)
        if dataset is None:
            space = self.settings.space  # without a search, that is what is missing first
            raise VideonasError(
                f"{self.uri}: the search of {space} here has no data set; `videonas data-prep` "
                "makes it"
            )
        return dataset

    def publish_dataset(self, dataset: Dataset, folder: Path) -> Dataset:
        """Moves the shards in `folder` here, then writes the record that makes them count."""
        with self.publication(dataset.digest) as publication:
            for split in dataset.splits.values():
                for shard in split.shards:
                    publication.send(folder / shard.name)
            return publication.finish(dataset)

    def publication(self, digest: str) -> Publication:
        """A data set under this digest on its way here, shard by shard; a context manager."""
        return Publication(self.records, f"data/{digest}")

    def prepared_videos(self, dataset: Dataset) -> PreparedVideos | None:
        """What became of each video of a data set; None where an older version prepared it.

        Raises:
            DamagedRecord: it cannot be read.
        """
        key = f"data/{dataset.digest}/videos.json"
        found: PreparedVideos | None = self.records.read(PreparedVideos, key)
        return found

    def shards(self, dataset: Dataset, split: str) -> list[tuple[Path, Shard]]:
        """Local files of a split's shards, in reading order."""
        store, shards = self.records.store, dataset.splits[split].shards
        keys = [f"data/{dataset.digest}/{shard.name}" for shard in shards]
        paths = in_parallel(store.fetch, keys, store.requests_at_once)
        return list(zip(paths, shards, strict=True))

    # Generations

    def head(self) -> int:
        """The last generation that ended, -1 before the first."""
        keys = self.records.store.keys("generations/")
        return self._last(keys, POPULATION, lambda g: _generation(g, "population.json"), first=0)

    def candidates(self, generation: int) -> Candidates[Any] | None:
        """Who is born in a generation, once that is decided."""
        key = _generation(generation, "candidates.json")
        candidates: Candidates[Any] | None = self.records.read(self._candidates_kind, key)
        return candidates

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
        key = _generation(candidates.generation, "candidates.json")
        return self.records.create(candidates, key, self._candidates_kind)

    def population(self, generation: int) -> Population[Any] | None:
        """How a generation ended, checked against the digest of the one before it.

        Raises:
            DamagedRecord: it cannot be read, or the chain of digests is broken.
        """
        population: Population[Any] | None = self.records.read(
            self._population_kind, _generation(generation, "population.json")
        )
        if population is not None:
            self._check_chain(population, self.digest_before(generation))
        return population

    def digest_before(self, generation: int) -> str:
        """SHA-256 of the population file before a generation; empty for generation 0."""
        if generation == 0:
            return ""
        data = self.records.store.read(_generation(generation - 1, "population.json"))
        return digest(data) if data is not None else "nothing there"

    def _check_chain(self, population: Population[Any], before: str) -> None:
        if population.predecessor == before:
            return
        generation = population.generation
        where = self.records.where(_generation(generation, "population.json"))
        raise DamagedRecord(
            f"{where}: its predecessor has another digest than it says: generation "
            f"{generation - 1} was changed after it was written, or two searches were mixed; "
            f"restore the files of one search, or delete the generations from {generation} on to "
            "search on from there"
        )

    @property
    def _population_kind(self) -> Any:
        kind: Any = self.space.kind
        return Population[kind]

    @property
    def _candidates_kind(self) -> Any:
        kind: Any = self.space.kind
        return Candidates[kind]

    def publish_population(self, population: Population[Any]) -> Population[Any]:
        """Writes how a generation ended; gives back what counts."""
        key = _generation(population.generation, "population.json")
        return self.records.create(population, key, self._population_kind)

    def reopen(self, generation: int) -> None:
        """Takes back how the last generation ended, and what was drawn from it."""
        self.records.store.delete(_generation(generation + 1, "candidates.json"))
        for name in ("population.json", "report.html"):
            self.records.store.delete(_generation(generation, name))

    def lineage(self) -> Lineage:
        """The whole history.

        Raises:
            DamagedRecord: a generation is missing or damaged, or the chain of digests is broken.
        """
        keys = [_generation(g, "population.json") for g in range(self.head() + 1)]
        store = self.records.store
        stored = in_parallel(store.read, keys, store.requests_at_once)
        with collection_paused():
            return Lineage(tuple(self._history(keys, stored)))

    def _history(
        self, keys: Sequence[str], stored: Sequence[bytes | None]
    ) -> Iterator[Population[Any]]:
        """The populations in the files of all generations, each checked against the one before."""
        reader, before = HistoryReader(self.records, self._population_kind), ""
        for key, data in zip(keys, stored, strict=True):
            if data is None:
                raise DamagedRecord(f"{self.records.where(key)}: missing, and later ones are there")
            population = reader.read(data, key)
            self._check_chain(population, before)
            before = digest(data)
            yield population

    # Results

    def result_folder(
        self, architecture_id: str, data: str, initialisation: str = SCRATCH
    ) -> ResultFolder:
        """Where the result of an architecture under this search's settings lies."""
        key = result_key(self.settings, architecture_id, data, initialisation)
        return ResultFolder(self.records, architecture_id, key)

    def result(self, individual: Individual[Any], dataset: Dataset) -> Result:
        """What is known of an individual's architecture so far."""
        folder = self.result_folder(individual.id, dataset.digest, individual.initialisation)
        costs = self.space.costs(individual.architecture, dataset.task)
        return Result(folder.key, costs, folder.latency(), folder.training(), folder.evaluation())

    def folder_of(self, member: Member[Any]) -> ResultFolder:
        """Where the result that a member has lies, whatever data set counts now."""
        return ResultFolder(self.records, member.individual.id, member.result.key)

    def publish_architecture(self, individual: Individual[Any], task: Task) -> None:
        """Writes an architecture for people, with what it takes to show or build it."""
        data = encode_architecture(self.settings.space, task, individual.architecture)
        self.records.store.create(_architecture(individual.id), data)

    # What was finished

    def finish_folders(self) -> list[FinishFolder]:
        """What was made of every plan so far, in the order in which they were made."""
        keys = self.records.store.keys("finished/")
        numbers = sorted(int(found[1]) for key in keys if (found := PLAN.fullmatch(key)))
        return [FinishFolder(self.records, number) for number in numbers]

    def claim_finish(self, plan: Plan) -> FinishFolder:
        """The folder of a plan: the one that an equal plan has, or a new one."""
        number = 0
        for folder in self.finish_folders():
            number = folder.number
            if folder.plan() == plan:
                return folder
        while True:
            number += 1
            if self.records.create(plan, f"finished/{number}/plan.json") == plan:
                return FinishFolder(self.records, number)

    def final_folder(self, finalist: Finalist) -> FinalFolder:
        """Where a training at full length lies; plans share it."""
        return FinalFolder(self.records, finalist.architecture, finalist.key)

    # For people

    def has_report(self, generation: int) -> bool:
        """Whether a generation's report, the last that `select` writes, is there."""
        key = _generation(generation, "report.html")
        return key in self.records.store.keys(key)

    def publish_report(self, generation: int, html: str) -> None:
        """Writes a generation's report."""
        self.records.store.create(_generation(generation, "report.html"), html.encode())

    def add_timing(self, timing: Timing) -> None:
        """Keeps how long a step took."""
        self.records.create(timing, f"timings/{timing.step}-{uuid.uuid4().hex}.json")

    def timings(self) -> Iterable[Timing]:
        """How long the steps took, in no order."""
        for timing in self.records.read_all(Timing, self.records.store.keys("timings/")):
            if timing is not None:
                yield timing


    # Addresses, for people and for what shows artifacts

    @property
    def data_address(self) -> str:
        """The folder of the data set."""
        return self.records.where("data")

    @property
    def logs_folder(self) -> Path:
        """Where runs on this machine write their logs."""
        return self.records.store.folder / "logs"

    def generation_address(self, generation: int) -> str:
        """The folder of a generation."""
        return self.records.where(_generation(generation))

    def report_address(self, generation: int) -> str:
        """The report that was written when a generation ended."""
        return self.records.where(_generation(generation, "report.html"))

    def architecture_address(self, architecture_id: str) -> str:
        """The file of an architecture that is for people."""
        return self.records.where(_architecture(architecture_id))


def _told(value: Any) -> str:
    """A setting in a sentence; a list of whole architectures is cut."""
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:199]}…"


def _generation(generation: int, *name: str) -> str:
    return "/".join(("generations", f"{generation:06d}", *name))


def _run(number: int) -> str:
    return f"runs/{number:06d}.json"


def _choice(number: int) -> str:
    return f"data/{number:06d}.json"


def _architecture(architecture_id: str) -> str:
    return f"results/{architecture_id}/architecture.yaml"

