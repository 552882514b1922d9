"""Whom `finish` takes: the fittest that differ enough, on each stream. No TensorFlow here."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from videonas.search.lineage import Lineage
from videonas.search.population import Member
from videonas.search.settings import Settings
from videonas.spaces import SearchSpace, architecture_id, open_space
from videonas.task import Task

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Choice:
    """A network that is to be trained at full length.

    Attributes:
        member: who was selected.
        id: of the architecture that is trained.
        stream: that it was moved to; empty for the member's own.
    """

    member: Member[Any]
    id: str
    stream: str


def choose(
    lineage: Lineage,
    settings: Settings,
    *,
    best: int,
    distance: float = 0.0,
    streams: Sequence[str] = (),
    task: Task | None = None,
) -> list[Choice]:
    """The fittest individuals of a search, each on every stream that is asked for.

    As released: the lists of EvaNets for RGB and for optical flow hold the same two networks
    (`evanet/run_evanet.py` in google-research).

    Args:
        lineage: of the search.
        settings: of the search.
        best: how many individuals at most.
        distance: see `diverse`.
        streams: names; none for each individual's own.
        task: of the data set; needed where there are streams.

    Raises:
        InvalidArchitecture: an architecture cannot be moved to a stream, or does not fit it.
    """
    space = open_space(settings.space, settings.space_options)
    members = diverse(lineage.fittest(settings), space, distance, best)
    choices: dict[str, Choice] = {}
    for member in members:
        for choice in _on_streams(member, space, streams, task):
            choices.setdefault(choice.id, choice)  # two may differ in nothing but their streams
    return list(choices.values())


def diverse(
    members: Sequence[Member[Any]], space: SearchSpace[Any], distance: float, most: int
) -> list[Member[Any]]:
    """The first of several that are not nearer than a distance to one taken before.

    Args:
        members: the fittest first.
        space: counts the distance between architectures.
        distance: the least.
        most: how many at most; fewer are taken where no others are far enough.
    """
    taken: list[Member[Any]] = []
    for member in members:
        if len(taken) == most:
            break
        architecture = member.individual.architecture
        if all(space.distance(architecture, t.individual.architecture) >= distance for t in taken):
            taken.append(member)
    if distance and len(taken) < min(most, len(members)):
        log.info(
            "finishing %d of %d networks: every other one is nearer than %g to one of these",
            len(taken), most, distance,
        )
    return taken


def architecture_on(
    space: SearchSpace[Any], architecture: Any, stream: str, task: Task | None
) -> Any:
    """An architecture on a stream.

    Args:
        space: of the architecture.
        architecture: normalised.
        stream: its name; empty for the architecture's own.
        task: of the data set; needed for another stream.

    Raises:
        InvalidArchitecture: it cannot be moved there, or the task does not allow it.
    """
    if not stream:
        return architecture
    moved = space.on_stream(architecture, stream)
    assert task is not None, "what is moved needs a task"
    return space.normalise(moved, task)


def _on_streams(
    member: Member[Any], space: SearchSpace[Any], streams: Sequence[str], task: Task | None
) -> Iterator[Choice]:
    individual = member.individual
    own = set(space.sampling(individual.architecture))
    for stream in streams or ("",):
        if not stream or own == {stream}:
            yield Choice(member, individual.id, "")
            continue
        moved = architecture_on(space, individual.architecture, stream, task)
        yield Choice(member, architecture_id(space.name, moved), stream)
