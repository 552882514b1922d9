"""`start`: the only step that takes settings."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from videonas.errors import InvalidArchitecture, SettingsError
from videonas.evolution.starts import check_starts
from videonas.search.dataset import streams_of
from videonas.search.finish_choice import architecture_on
from videonas.search.goal import goal_met
from videonas.search.root import SearchRoot
from videonas.search.settings import Settings, make_settings, merge_settings
from videonas.spaces import open_space
from videonas.steps.final_plan import left_to_finish
from videonas.steps.retry import retry
from videonas.storage import check_scheme
from videonas.task import Task

log = logging.getLogger(__name__)


FORM_HAS_NO_NONE = {"videos": "", "max_parameters": 0, "max_macs": 0, "max_latency_ms": 0.0}
"""What a form field, which is never empty, holds for a setting that is not given."""


@dataclass(frozen=True)
class Started:
    """What a run goes on with.

    Attributes:
        first: generation that comes next.
        last: generation after which the run ends.
        metadata: of the search, flat, for an artifact store.
        go: whether there is anything to do. Where the search has met its goal there is not, but
            for its best networks, if an earlier run was stopped before it finished them; `last`
            comes before `first` then.
        goal: why the goal is met, in a sentence; empty where it is not.
    """

    first: int
    last: int
    metadata: dict[str, str | float]
    go: bool = True
    goal: str = ""


def form_settings(settings: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """Settings as the pipeline's form gives them: fields of their own, and one for all others.

    Raises:
        SettingsError: a setting given twice, with different values.
    """
    given = {
        name: None if value == FORM_HAS_NO_NONE.get(name) else value
        for name, value in fields.items()
    }
    if given.get("videos") is None:
        given.pop("videos", None)  # the search remembers them
    twice = [name for name in settings if name in fields and settings[name] != fields[name]]
    if twice:
        raise SettingsError(
            f"{twice[0]} is {fields[twice[0]]!r} in its own field and {settings[twice[0]]!r} in "
            "settings; give it once, in its own field"
        )
    return {**settings, **given}


def start(
    root: SearchRoot,
    given: Mapping[str, Any],
    most: int | None = None,
    retry_failed: bool = False,
) -> Started:
    """Begins a search, or a further run of the one that is here.

    Args:
        root: where the search is kept.
        given: settings by name; those not given are those of the search, or the defaults.
        most: generations that the pipeline was compiled for.
        retry_failed: whether to take back all failures first, see `retry`.

    Raises:
        SettingsError: a setting that is not allowed, or no videos.
        ConflictingSearch: the search here has other settings.
        DamagedRecord: the history cannot be read, or its chain of digests is broken.
        StorageError: the videos lie where no store can be, or the search's store lets a later
            write replace an earlier one.
    """
    settings = check_settings(root, given)  # told before anything is written
    if most is not None and settings.generations > most:
        raise SettingsError(
            f"generations is {settings.generations}, and the pipeline was compiled for {most}; "
            "run it again to go on, or compile it for more"
        )
    root.check_store()
    settings = root.start(given)
    root.lineage()  # a damaged history is told before anything is trained on it
    if retry_failed:
        retried = retry(root).networks
        log.info("trying again: %s", ", ".join(retried) or "no network, since none failed")
    head = root.head()
    if head >= 0 and not root.has_report(head):
        from videonas.steps.select import select

        select(root, head)  # it was stopped between its writes, and no run comes back to it
    goal = goal_met(root)
    if goal:
        log.info("the search has met its goal: %s", goal)
    else:
        log.info(
            "generation %d comes next, of %s by %s", head + 1, settings.space, settings.algorithm
        )
    metadata: dict[str, str | float] = {
        "space": settings.space,
        "algorithm": settings.algorithm,
        "seed": settings.seed,
        "generations_done": head + 1,
    }
    if goal:
        # a run that was stopped before its last step left it to this one
        go = left_to_finish(root)
        return Started(head + 1, head, {**metadata, "goal_met": goal}, go, goal)
    return Started(head + 1, head + settings.generations, metadata)


def check_settings(root: SearchRoot, given: Mapping[str, Any]) -> Settings:
    """What the settings of the next run will be; nothing is written.

    Args:
        root: where the search is kept, or will be.
        given: as `start` takes them.

    Raises:
        SettingsError: a setting that is not allowed, or no videos.
        StorageError: the videos lie where no store can be.
    """
    stored = root.settings.model_dump(mode="json") if root.exists else {}
    settings = make_settings(merge_settings(stored, given))
    _check_finish_streams(settings)
    if not stored:
        check_starts(settings)
    for place in filter(None, (settings.videos, settings.video_folder)):
        check_scheme(place)
    if settings.videos is None and root.dataset() is None:
        raise SettingsError(
            "no videos: give --videos, a folder with one folder a class or a list of videos"
        )
    return settings


def _check_finish_streams(settings: Settings) -> None:
    """Tells now what would otherwise be told when the search has ended.

    Raises:
        SettingsError: the data set will not hold a stream of `finish_streams`, or no network of
            the search takes it.
    """
    if not settings.finish_streams:
        return
    space = open_space(settings.space, settings.space_options)
    held = streams_of(space, settings.optical_flow)
    task = Task(held, classes=2)
    example = space.sample(task, Random(0))
    for stream in settings.finish_streams:
        if stream not in held:
            raise SettingsError(
                f"finish_streams has {stream}, and optical_flow is {settings.optical_flow}; "
                f"allowed: {', '.join(held)}, and {stream} where a search begins with "
                "optical_flow=dis or tvl1"
            )
        if stream in space.sampling(example):
            continue
        if settings.finish_from == "proxy":
            raise SettingsError(
                f"finish_streams has {stream}, on which the search trains nothing that finish_from "
                "could take; allowed: finish_from=scratch"
            )
        try:
            architecture_on(space, example, stream, task)
        except InvalidArchitecture as error:
            raise SettingsError(
                f"finish_streams has {stream}, which no network of this search takes: "
                f"{error.path} is {error.found}; allowed: {error.allowed}"
            ) from None
