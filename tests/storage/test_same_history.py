"""A search that is killed and goes on elsewhere has the same history as one that nobody disturbed,
wherever its root lies and whatever its network and its store do to it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.simulated_steps import make_videos
from tests.storage.faulty_proxy import Fault, Proxy, Request, draw
from tests.storage.places import Place, new_place, server
from tests.trials import GENERATIONS, Trial, new_warmed
from tests.warmed import Warmed

KILLS = (34, 44, 39)
"""Writes of three processes, one after the other, at which each ends."""

LOST = Fault("lose answer")
PASSING = (
    Fault("answer", 429), Fault("answer", 503), Fault("cut request", after=20), LOST,
    Fault("cut answer", after=1),
)
NewTrial = Callable[[Place], Trial]


@pytest.fixture(scope="module")
def warmed() -> Iterator[Warmed]:
    with new_warmed() as warmed:
        yield warmed


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_videos(tmp_path_factory.mktemp("videos") / "here")


@pytest.fixture(scope="module")
def undisturbed(
    warmed: Warmed, videos: Path, tmp_path_factory: pytest.TempPathFactory
) -> Trial:
    """The search on a local path that nobody kills."""
    trial = Trial(warmed, tmp_path_factory.mktemp("undisturbed"), videos)
    ended = trial.run("here")
    assert ended.status == 0, ended.said
    return trial


@pytest.fixture
def new_trial(warmed: Warmed, videos: Path, tmp_path: Path) -> NewTrial:
    return lambda place: Trial(warmed, tmp_path, videos, place.uri, place.environment)


def same(trial: Trial, undisturbed: Trial) -> None:
    """Compares all that two searches found, first what tells most."""
    found, expected = trial.found(), undisturbed.found()
    for generation in range(GENERATIONS):
        for name in ("candidates", "population"):
            key = f"generations/{generation:06d}/{name}.json"
            assert found.get(key) == expected[key], key
    assert found == expected
    assert trial.reports() == undisturbed.reports()


def test_killed_and_resumed_elsewhere_it_ends_with_the_same_history(
    place: Place, new_trial: NewTrial, undisturbed: Trial
) -> None:
    trial = new_trial(place)
    for number, write in enumerate(KILLS):
        assert trial.run(f"machine {number}", write=write, moment="after").status == -9
    ended = trial.run("the last machine")
    assert ended.status == 0, ended.said
    same(trial, undisturbed)


@pytest.mark.slow
def test_requests_that_fail_or_are_slow_change_nothing_and_let_nothing_be_done_twice(
    remote: Place, proxy: Proxy, new_trial: NewTrial, undisturbed: Trial
) -> None:
    met: list[float] = []

    def some(request: Request) -> Fault | None:
        met.append(draw(11, len(met)))
        return PASSING[len(met) % len(PASSING)] if met[-1] < 0.15 else None

    trial = new_trial(remote)
    proxy.latency = 0.02
    proxy.choose(some)
    ended = trial.run("here")
    proxy.calm()
    assert ended.status == 0, ended.said
    assert sum(number < 0.15 for number in met) > 20
    assert trial.jobs() == undisturbed.jobs()
    same(trial, undisturbed)


def test_listings_that_are_behind_change_nothing_and_let_nothing_be_done_twice(
    remote: Place, proxy: Proxy, new_trial: NewTrial, undisturbed: Trial
) -> None:
    """Three of four say what was there when they were asked for first; one process is killed."""
    numbers, stale = itertools.count(), Fault("stale")
    trial = new_trial(remote)
    proxy.choose(lambda r: stale if r.lists and next(numbers) % 4 else None)
    assert trial.run("one machine", write=75, moment="after").status == -9
    done, before = trial.recorded(), len(trial.diary)
    ended = trial.run("another machine")
    proxy.calm()
    assert ended.status == 0, ended.said
    assert next(numbers) > 40
    assert trial.jobs(before) == undisturbed.jobs() - done
    same(trial, undisturbed)


@pytest.mark.slow
def test_two_runs_at_once_through_faults_share_one_history(
    remote: Place, proxy: Proxy, new_trial: NewTrial, undisturbed: Trial
) -> None:
    numbers, stale = itertools.count(), Fault("stale")

    def some(request: Request) -> Fault | None:
        number = next(numbers)
        if request.lists:
            return stale if number % 2 else None
        return LOST if draw(5, number) < 0.1 else None

    trial = new_trial(remote)
    proxy.choose(some)
    with new_warmed() as other, ThreadPoolExecutor(2) as pool:
        runs = (("one", None), ("other", other))
        ended = list(pool.map(lambda run: trial.run(*run), runs))
    proxy.calm()
    for each in ended:
        assert each.status == 0, each.said
    done = trial.jobs()
    for job in ("train", "measure", "evaluate"):
        assert done[job] == undisturbed.jobs()[job]
    same(trial, undisturbed)


# Where it has to give up


@pytest.fixture
def s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A place on a server whose requests name in their address what they write."""
    place = new_place("s3", tmp_path)
    for name, value in place.environment.items():
        monkeypatch.setenv(name, value)
    server("s3").calm()
    yield place
    server("s3").calm()


FORGOTTEN = {
    "dataset.json": "{uri}: the search of tiny_video here has no data set",
    "candidates.json": "{uri}: generation 0 has no candidates",
    "training.json": "candidates of generation 0 have no result yet",
    "proxy.weights.h5": "proxy.weights.h5: no such file, though the training ended",
    "evaluation.json": "candidates of generation 0 have no result yet",
    "population.json": "{uri}/generations/000000: its population.json was written and is not there",
}
"""What a store says it wrote, and did not; and what the first reader says."""

ALWAYS_TRIED = ("proxy.weights.h5", "population.json")
"""The others are told alike and take as long."""


def _goes_on(trial: Trial, undisturbed: Trial) -> None:
    """Runs a search again, whose first generation then is that of the other."""
    resumed = trial.run("there", generations=1)
    assert resumed.status == 0, resumed.said
    key = "generations/000000/population.json"
    assert trial.store.read(key) == undisturbed.store.read(key)
    assert trial.store.read(key) is not None


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in ALWAYS_TRIED else pytest.mark.slow)
     for name in FORGOTTEN],
)
def test_a_write_that_a_store_forgets_is_told_by_who_looks_for_it(
    name: str, s3: Place, new_trial: NewTrial, undisturbed: Trial
) -> None:
    """Nothing else counts in its place; the same command again goes on."""
    trial, left = new_trial(s3), [Fault("forget")]

    def the_first(request: Request) -> Fault | None:
        ours = request.writes and left and name in request.path
        return left.pop() if ours else None

    server("s3").choose(the_first)
    ended = trial.run("here", generations=1)
    server("s3").calm()
    assert not left
    assert ended.status == 2
    (sentence,) = [line for line in ended.said.splitlines() if line.startswith("error: ")]
    assert FORGOTTEN[name].format(uri=trial.uri) in sentence
    assert trial.uri in sentence
    if name == "proxy.weights.h5":  # the one case in which somebody has to help
        key = sentence.partition("delete ")[2].partition(" ")[0].removeprefix(f"{trial.uri}/")
        assert key.endswith("/training.json")
        trial.store.delete(key)
    _goes_on(trial, undisturbed)


@pytest.mark.parametrize(
    "name",
    ["search.json", pytest.param("candidates.json", marks=pytest.mark.slow),
     pytest.param("training.json", marks=pytest.mark.slow)],
)
def test_what_cannot_be_written_is_named_and_later_the_search_goes_on(
    name: str, s3: Place, new_trial: NewTrial, undisturbed: Trial
) -> None:
    trial = new_trial(s3)
    hurried = replace(trial, environment={**s3.environment, "VIDEONAS_STORE_PATIENCE": "0.5"})
    server("s3").choose(
        lambda r: Fault("answer", 503) if r.writes and name in r.path else None
    )
    ended = hurried.run("here", generations=1)
    server("s3").calm()
    assert ended.status == 2
    (sentence,) = [line for line in ended.said.splitlines() if line.startswith("error: ")]
    assert sentence.startswith(f"error: {trial.uri}/")
    assert f"{name}: " in sentence
    assert "HTTP 503" in sentence
    _goes_on(trial, undisturbed)
