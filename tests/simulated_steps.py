"""The real steps of a search on a real store, of which only the trainings are made up.

What a training gives follows from its network alone, so that a search has one history however
often it is stopped. A search can be told at which of its writes its process kills itself.
"""

from __future__ import annotations

import hashlib
import os
import signal
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar
from unittest import mock

from videonas.data.prepare import Prepared
from videonas.export.jobs import EXPORT, KERAS_FILE, TFLITE, Exported
from videonas.progress import LOG_LINES, Progress
from videonas.running import loop
from videonas.running.preparation import DATA_PREP
from videonas.search.dataset import SPLITS, Dataset, Shard, Split
from videonas.search.finished import Accuracy, Verdict
from videonas.search.prepared_videos import PreparedVideos
from videonas.search.result import Evaluation, Latency, Training
from videonas.search.root import SearchRoot
from videonas.spaces import architecture_id
from videonas.steps.data_prep import data_prep
from videonas.steps.shell import errors_as_sentences
from videonas.storage import Store, open_store
from videonas.storage.local import LocalStore
from videonas.training.jobs import EVALUATE, MEASURE, TRAIN
from videonas.training.supervisor import Ending

T = TypeVar("T")
Moment = Literal["before", "within", "after"]

SETTINGS: Mapping[str, Any] = {
    "seed": 5, "population": 2, "children": 3, "tournament_size": 2, "candidates_per_pod": 2,
    "keep_weights": 0, "max_latency_ms": 1.8, "space_options": {"birth_blocks": 2, "max_blocks": 3},
}
"""Of a small search in which weights are freed, and networks diverge or are over the budget."""

NEVER = -1
"""The number of no write."""


def make_videos(folder: Path) -> Path:
    """Files that stand for videos, in class folders."""
    for label in ("clap", "wave"):
        (folder / label).mkdir(parents=True)
        for number in range(6):
            (folder / label / f"{number}.mp4").write_text(f"{label} {number}")
    return folder


def run_search(
    uri: str, videos: str, diary: str, generations: int, write: int = NEVER,
    moment: Moment = "before", progress: Progress = LOG_LINES, **more: Any,
) -> None:
    """Begins a search or resumes it, until so many generations have ended and its best network is
    finished.

    Args:
        uri: of the search root.
        videos: see `make_videos`.
        diary: a file, to which a line is added for each write, and for each training, measurement,
            evaluation and so on that is really done: what, and of which architecture.
        generations: that the search has in the end.
        write: at which the process kills itself, counted from 0.
        moment: of that write; `within`, a local file is written and has not its name yet.
        progress: told what is done.
        more: further settings.
    """
    given = {
        **SETTINGS, "videos": videos, "generations": generations, "max_generations": generations,
        **more,
    }
    with ExitStack() as stack:
        _simulate(stack, _Counter(Path(diary), write, moment))
        with errors_as_sentences():
            loop.run_search(uri, given, progress)


@contextmanager
def simulated(diary: Path) -> Iterator[None]:
    """Replaces what would take long, for whatever calls the steps meanwhile; see `run_search`."""
    with ExitStack() as stack:
        _simulate(stack, _Counter(diary, NEVER, "before"))
        yield


def _simulate(stack: ExitStack, counter: _Counter) -> None:
    """Replaces what would take long: the decoding of videos, and whatever a supervisor runs."""

    def supervisor(*preload: str) -> _Simulated:
        """In the place of one that has child processes."""
        return _Simulated(counter.diary)

    def prepare(
        sources: Any, folder: Path, streams: Any, settings: Any, digest: str, *_: Any,
        closed: Callable[[Path], None], **__: Any,
    ) -> Prepared:
        """In the place of decoding."""
        _note(counter.diary, "prepare", digest)
        splits = {name: _split(folder, name) for name in SPLITS}
        for path in sorted(folder.iterdir()):
            closed(path)
        labels, place = ("clap", "wave"), str(sources.place)
        dataset = Dataset(digest, place, dict(streams), labels, splits, 100, 0)
        return Prepared(dataset, PreparedVideos("a recipe", ()))

    def open_counted(uri: str) -> Any:
        """A store whose writes are counted."""
        return _Counted(open_store(uri), counter)

    for name, value in {
        "videonas.running.loop.Supervisor": supervisor,
        "videonas.steps.train_candidate.Supervisor": supervisor,
        "videonas.steps.measure.Supervisor": supervisor,
        "videonas.steps.evaluate.Supervisor": supervisor,
        "videonas.steps.finalists.Supervisor": supervisor,
        "videonas.data.prepare.prepare_dataset": prepare,
        "videonas.search.root.open_store": open_counted,
    }.items():
        stack.enter_context(mock.patch(name, value))
    take_place = LocalStore._take_place

    def take_place_unless_killed(store: LocalStore, scratch: Path, key: str) -> bool:
        """A file is written and has not its name yet."""
        counter.end_if("within")
        return take_place(store, scratch, key)

    stack.enter_context(mock.patch.object(LocalStore, "_take_place", take_place_unless_killed))


def _split(folder: Path, name: str) -> Split:
    """Two shards, which nobody reads but to check them."""
    shards = []
    for number in range(2):
        content = f"clips of {name}, {number}".encode()
        shard = Shard(f"{name}-{number:05d}.tfrecord", 2, hashlib.sha256(content).hexdigest())
        (folder / shard.name).write_bytes(content)
        shards.append(shard)
    return Split(4, 4, (2, 2), tuple(shards))


def _note(diary: Path, *words: object) -> None:
    with diary.open("a") as file:  # a line as short is written whole, by whomever
        file.write(" ".join(map(str, words)) + "\n")


# Writes


class _Counter:
    """Counts the writes of a process, and ends it at one of them."""

    def __init__(self, diary: Path, write: int, moment: Moment) -> None:
        self.diary, self.write, self.moment = diary, write, moment
        self._made = 0
        self._lock = threading.Lock()
        self._this = threading.local()

    def around(self, what: str, key: str, write: Callable[[], T]) -> T:
        """Makes a write."""
        with self._lock:
            self._this.write = self._made
            self._made += 1
            _note(self.diary, what, key)
        self.end_if("before")
        result = write()
        self.end_if("after")
        return result

    def end_if(self, moment: Moment) -> None:
        """Ends this process if that is where it is to end."""
        if (self._this.write, moment) == (self.write, self.moment):
            os.kill(os.getpid(), signal.SIGKILL)


class _Counted:
    """A store whose writes are counted."""

    def __init__(self, store: Store, counter: _Counter) -> None:
        self._store, self._counter = store, counter

    def create(self, key: str, data: bytes) -> bytes:
        return self._counter.around("create", key, lambda: self._store.create(key, data))

    def create_file(self, key: str, path: Path) -> None:
        self._counter.around("create_file", key, lambda: self._store.create_file(key, path))

    def delete(self, key: str) -> None:
        self._counter.around("delete", key, lambda: self._store.delete(key))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


# What would take long


@dataclass(frozen=True)
class _Simulated:
    """A supervisor whose jobs are done at once, in this process."""

    diary: Path

    def stop(self) -> None:
        """Nothing runs beside."""

    def run(self, job: str, argument: Any, limits: Any, heard: Any = None) -> Ending:
        if job == DATA_PREP:
            data_prep(SearchRoot(argument.search_root), heard)
            return Ending("finished")
        candidate = argument if job == MEASURE else argument.candidate
        identity = architecture_id(candidate.space, candidate.architecture)
        chance = zlib.crc32(identity.encode()) / 2**32
        _note(self.diary, JOBS[job], identity, candidate.settings.train_steps)
        if heard is not None:
            heard(candidate.settings.train_steps, candidate.settings.train_steps, chance)
        return Ending("finished", JOBS_DONE[job](argument, chance), peak_memory_mb=100.0)


def _measure(candidate: Any, chance: float) -> Latency:
    median = round(1 + chance, 3)
    return Latency(median, (median, median), 3, 1, "a simulated device", {"latency": 0.1})


def _train(job: Any, chance: float) -> Training:
    if int(chance * 1000) % 5 == 0:
        return Training("diverged", "the loss was not a number at step 3", seconds={"train": 0.5})
    job.weights.write_text(f"weights {chance}")
    return Training("ok", "", round(chance, 4), {}, {"train": 1.0}, steps=150)


def _evaluate(job: Any, chance: float) -> Evaluation:
    assert job.weights.read_text() == f"weights {chance}"
    loss = round(abs(chance - 0.4), 4)
    metrics = {"top1": round(1 - loss, 3), "top5": 1.0, "loss": loss}
    return Evaluation("ok", "", metrics, 120, {"evaluate": 0.2})


def _export(job: Any, chance: float) -> Exported:
    (job.folder / KERAS_FILE).write_text(f"network of {job.weights.read_text()}")
    accuracy = Accuracy({"top1": round(chance, 3), "loss": 1.0}, (0.1, 0.9))
    return Exported("ok", "", {"loss": 1.0, "top1": 0.5}, Verdict(4, 4, *[accuracy] * 3))


def _convert(job: Any, chance: float) -> str:
    job.file.write_text("a TFLite file")
    return ""


JOBS = {MEASURE: "measure", TRAIN: "train", EVALUATE: "evaluate", EXPORT: "export",
        TFLITE: "convert"}
JOBS_DONE: Mapping[str, Callable[[Any, float], object]] = {
    MEASURE: _measure, TRAIN: _train, EVALUATE: _evaluate, EXPORT: _export, TFLITE: _convert,
}
