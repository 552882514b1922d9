"""Searches whose videos change between runs, with made-up trainings."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SMALL
from tests.videos import write_numbered
from videonas.search.population import Population
from videonas.search.result import Evaluation, Training
from videonas.search.root import SearchRoot
from videonas.spaces import architecture_id
from videonas.steps.data_prep import data_prep
from videonas.steps.evaluate import evaluate
from videonas.steps.mutate import mutate
from videonas.steps.select import select
from videonas.steps.start import start
from videonas.steps.train_candidate import train_candidate
from videonas.training.jobs import TrainingJob
from videonas.training.supervisor import Ending


class Made:
    """In the place of a supervisor: what a network gives follows from it and from the videos."""

    def __init__(self, *preload: str) -> None:
        """Needs nothing loaded."""

    def stop(self) -> None:
        """Nothing runs beside."""

    def run(self, job: str, argument: Any, limits: Any, heard: Any = None) -> Ending:
        """Ends at once."""
        candidate = argument.candidate
        shards = "".join(shard.sha256 for _, shard in argument.shards)
        identity = architecture_id(candidate.space, candidate.architecture)
        if isinstance(argument, TrainingJob):
            argument.weights.write_text(identity)
            return Ending("finished", Training("ok", steps=4), peak_memory_mb=1.0)
        assert argument.weights.read_text() == identity
        loss = zlib.crc32((identity + shards).encode()) / 2**32
        metrics = {"loss": loss, "top1": 1 - loss, "top5": 1.0}
        return Ending("finished", Evaluation("ok", metrics=metrics), peak_memory_mb=1.0)


def make_up(patch: pytest.MonkeyPatch) -> None:
    """Makes trainings and evaluations take no time."""
    patch.setattr("videonas.steps.train_candidate.Supervisor", Made)
    patch.setattr("videonas.steps.evaluate.Supervisor", Made)


def write_videos(folder: Path, numbers: range, labels: str = "ab") -> Path:
    """Short videos in class folders, of a length that tells them apart."""
    for number in numbers:
        place = folder / labels[number % len(labels)] / f"{number}.avi"
        write_numbered(place, 9 + number, 32, 32, codec="mpeg4")
    return folder


def begin(root: Path | str, **settings: Any) -> SearchRoot:
    """A run, until its videos are prepared."""
    opened = SearchRoot(str(root))
    start(opened, {**SMALL, "measure_latency": False, "children": 3, "population": 4, **settings})
    data_prep(opened)
    return opened


def one_generation(root: SearchRoot | str, generation: int) -> Population[Any]:
    """All steps of a generation, each as a process of its own would begin it."""
    uri = root if isinstance(root, str) else root.uri
    mutate(SearchRoot(uri), generation)
    return end_generation(uri, generation)


def end_generation(uri: str, generation: int) -> Population[Any]:
    """What comes after `mutate`."""
    train_candidate(SearchRoot(uri), generation)
    evaluate(SearchRoot(uri), generation)
    return select(SearchRoot(uri), generation).population


def ids(population: Population[Any], who: str = "newborn") -> list[str]:
    """The architectures of some of a generation."""
    return [member.individual.id for member in getattr(population, who)]
