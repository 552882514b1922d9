"""A search whose process is killed at any of its writes goes on as if nothing had happened.

The writes are those that an undisturbed search makes: none is named here. Each is tried in a
process of its own, which ends by SIGKILL just before the write or in the middle of it;
another process in another folder goes on.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator

import pytest

from tests.simulated_steps import Moment, make_videos
from tests.trials import GENERATIONS, Trial, new_warmed
from videonas.search.root import SearchRoot

MOMENTS: tuple[Moment, ...] = ("before", "within")
"""Just after one write, the store is as it is just before the next one."""

SAMPLE = 31
"""Every so many gaps one is tried whenever tests run: a prime, so that all kinds take turns."""


@pytest.fixture(scope="module")
def new_trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Trial]]:
    """Makes trials of one search."""
    folder = tmp_path_factory.mktemp("gaps")
    videos = make_videos(folder / "videos")
    with new_warmed() as warmed:
        yield lambda name: Trial(warmed, folder / name, videos)


@pytest.fixture(scope="module")
def undisturbed(new_trial: Callable[[str], Trial]) -> Trial:
    """The search that nobody kills."""
    trial = new_trial("undisturbed")
    ended = trial.run("here")
    assert ended.status == 0, ended.said
    return trial


def gaps(undisturbed: Trial) -> list[tuple[int, Moment]]:
    """Every place at which the process of a search can end."""
    found = [
        (number, moment) for number, line in enumerate(undisturbed.writes) for moment in MOMENTS
        if moment != "within" or not line.startswith("delete")
    ]
    return [*found, (len(undisturbed.writes) - 1, "after")]


def check(trial: Trial, undisturbed: Trial, gap: tuple[int, Moment]) -> None:
    """Kills a search there, goes on with it, and compares."""
    killed = trial.run("here", write=gap[0], moment=gap[1])
    assert killed.status == -9, killed.said
    done, before = trial.recorded(), len(trial.diary)
    resumed = trial.run("there")
    assert resumed.status == 0, resumed.said
    assert trial.jobs(before) == undisturbed.jobs() - done, "what was finished was done again"
    assert trial.found() == undisturbed.found()
    assert trial.reports() == undisturbed.reports()


def test_the_search_makes_every_kind_of_write(undisturbed: Trial) -> None:
    """Otherwise the gaps would show less than they seem to."""
    words = [line.split() for line in undisturbed.writes]
    assert {what for what, _ in words} == {"create", "create_file", "delete"}
    for key in ("search.json", r"runs/\d+\.json", r"data/.*/dataset\.json", "data/.*tfrecord",
                r".*/candidates\.json", r".*/population\.json", r".*/report\.html",
                r".*/architecture\.yaml", r".*/latency\.json", r".*/training-attempt-1",
                r".*/evaluation\.json", r".*/plan\.json", r".*/finish\.json", "timings/.*"):
        assert any(re.fullmatch(key, found) for _, found in words), key
    assert any(what == "delete" and key.endswith("weights.h5") for what, key in words)
    assert undisturbed.jobs() == undisturbed.recorded()
    populations = [SearchRoot(undisturbed.uri).population(g) for g in range(GENERATIONS)]
    outcomes = {p.outcome_of(m) for p in populations if p is not None for m in p.newborn}
    assert {"ok", "diverged", "over_budget"} <= outcomes


def test_a_search_that_has_ended_is_not_done_again(
    undisturbed: Trial, new_trial: Callable[[str], Trial]
) -> None:
    trial = new_trial("moved")
    shutil.copytree(undisturbed.folder, trial.folder)
    before, lines = undisturbed.found(), len(undisturbed.diary)
    ended = trial.run("elsewhere")
    assert ended.status == 0, ended.said
    assert trial.found() == before
    assert not trial.jobs(lines)
    assert len(trial.diary) > lines, "it was run"


def test_a_search_killed_at_some_writes_goes_on(
    undisturbed: Trial, new_trial: Callable[[str], Trial]
) -> None:
    for gap in gaps(undisturbed)[SAMPLE // 2 :: SAMPLE]:
        check(new_trial("-".join(map(str, gap))), undisturbed, gap)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_search_killed_at_any_write_goes_on(
    undisturbed: Trial, new_trial: Callable[[str], Trial]
) -> None:
    failed = {}
    for gap in gaps(undisturbed):
        try:
            check(new_trial("-".join(map(str, ("all", *gap)))), undisturbed, gap)
        except AssertionError as error:
            failed[f"{gap[1]} {undisturbed.writes[gap[0]]}"] = str(error)
    assert not failed


def test_a_search_killed_again_and_again_goes_on(
    undisturbed: Trial, new_trial: Callable[[str], Trial]
) -> None:
    """Each process makes a few writes more than the one before and is killed, at other places."""
    trial, kills, write = new_trial("again and again"), 0, 30
    while (ended := trial.run(f"place {kills}", write=write, moment="after")).status == -9:
        kills, write = kills + 1, 30 + (kills * 7) % 11
        assert kills < 60, "it comes no further"
    assert ended.status == 0, ended.said
    assert kills > 3
    assert trial.found() == undisturbed.found()
