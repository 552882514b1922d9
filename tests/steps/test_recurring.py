"""Searches that go on when their videos have changed, by each policy."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from tests.steps.recurring import (
    begin,
    end_generation,
    ids,
    make_up,
    one_generation,
    write_videos,
)
from videonas.cli import main
from videonas.errors import ConflictingSearch
from videonas.report import build_report
from videonas.running.summary import print_summary
from videonas.search.root import SearchRoot
from videonas.search.start_from import plain_start
from videonas.steps.data_prep import data_prep
from videonas.steps.mutate import mutate
from videonas.steps.select import select
from videonas.steps.start import start

pytestmark = pytest.mark.usefixtures("made_up")


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings and evaluations that take no time."""
    make_up(monkeypatch)


@pytest.fixture(scope="module")
def twelve(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_videos(tmp_path_factory.mktemp("twelve"), range(12))


@pytest.fixture(scope="module")
def sixteen(tmp_path_factory: pytest.TempPathFactory, twelve: Path) -> Path:
    """The twelve without two of them, and six more; one was replaced."""
    folder = tmp_path_factory.mktemp("sixteen") / "videos"
    shutil.copytree(twelve, folder)
    (folder / "a/0.avi").unlink()
    (folder / "b/1.avi").unlink()
    write_videos(folder, range(12, 18))
    shutil.copy(folder / "a/2.avi", folder / "a/4.avi")
    return folder


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory, twelve: Path) -> Path:
    """Two generations on twelve videos; not to be changed."""
    folder = tmp_path_factory.mktemp("ended") / "root"
    with pytest.MonkeyPatch.context() as patch:
        make_up(patch)
        root = begin(folder, videos=str(twelve))
        for generation in range(2):
            one_generation(root, generation)
    return folder


@pytest.fixture
def searched(tmp_path: Path, ended: Path) -> SearchRoot:
    """The same, to be gone on with."""
    shutil.copytree(ended, tmp_path / "root")
    return SearchRoot(str(tmp_path / "root"))


def go_on(root: SearchRoot, videos: Path, policy: str, **settings: Any) -> SearchRoot:
    return begin(root.uri, videos=str(videos), new_videos=policy, **settings)


def history(root: SearchRoot) -> dict[str, str]:
    """The digests of all that says what happened."""
    return {
        str(path.relative_to(root.uri)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in Path(root.uri).glob("generations/*/*.json")
    }


def test_new_videos_are_refused_with_a_hint(searched: SearchRoot, sixteen: Path) -> None:
    before = history(searched)
    with pytest.raises(ConflictingSearch, match=r"say by new_videos=keep, reevaluate or restart"):
        begin(searched.uri, videos=str(sixteen))
    assert len(list(Path(searched.uri).glob("data/*/dataset.json"))) == 1, "nothing was prepared"
    assert history(searched) == before


def test_kept_results_go_on_to_count(searched: SearchRoot, sixteen: Path) -> None:
    old = searched.lineage()
    root = go_on(searched, sixteen, "keep")
    third = one_generation(root, 2)
    assert third.data == root.need_dataset().digest != old.data
    assert third.change is not None
    assert (third.change.added, third.change.removed, third.change.changed) == (6, 2, 1)
    assert all(m.individual.origin == "mutated" for m in third.newborn)
    everybody = {**old.members, **{m.individual.name: m for m in third.newborn}}.values()
    fittest = sorted(everybody, key=lambda m: m.result.metrics["loss"])[:4]
    assert ids(third, "parents") == [m.individual.id for m in fittest]
    assert root.lineage().counts_from() == 0


def test_the_parents_are_evaluated_again(searched: SearchRoot, sixteen: Path) -> None:
    old = searched.lineage().generations[-1]
    root = go_on(searched, sixteen, "reevaluate")
    third = one_generation(root, 2)
    assert ids(third) == ids(old, "parents")
    for again, before in zip(third.newborn, old.parents, strict=True):
        assert again.individual.origin == "reevaluated"
        assert again.individual.parents == (before.individual.name,)
        assert not again.individual.edits
        assert again.individual.generation == 2
        assert again.result.key != before.result.key
        assert again.result.metrics != before.result.metrics
    assert {m.individual.generation for m in third.parents} == {2}
    lineage = root.lineage()
    assert {m.individual.generation for m in lineage.able()} == {2}
    best = lineage.best(root.settings)
    assert best is not None
    assert lineage.ancestry(best.individual.name)[-1].individual.origin == "sampled"
    fourth = one_generation(root, 3)
    assert all(m.individual.parents[0].startswith("000002-") for m in fourth.newborn)
    assert fourth.change is None
    assert root.lineage().counts_from() == 2


def test_who_does_not_fit_is_not_evaluated_again(searched: SearchRoot, sixteen: Path) -> None:
    """The places of those who are over the budget now go to networks that are sampled."""
    costs = sorted(m.result.costs.macs for m in searched.lineage().generations[-1].parents)
    root = go_on(searched, sixteen, "reevaluate", max_macs=costs[1])
    third = one_generation(root, 2)
    origins = [m.individual.origin for m in third.newborn]
    again = sum(cost <= costs[1] for cost in costs)
    assert origins == ["reevaluated"] * again + ["sampled"] * (4 - again)
    assert again < 4


def test_a_search_restarts(searched: SearchRoot, sixteen: Path) -> None:
    old = history(searched)
    root = go_on(searched, sixteen, "restart")
    third = one_generation(root, 2)
    assert [m.individual.origin for m in third.newborn] == ["sampled"] * 4
    assert {m.individual.generation for m in third.parents} == {2}
    fourth = one_generation(root, 3).newborn
    assert [len(m.individual.edits) for m in fourth] == [2] * 3, "the schedule begins anew"
    assert history(root).items() >= old.items(), "what happened is kept"
    assert root.lineage().counts_from() == root.lineage().began() == 2


def test_a_network_to_start_from_is_born_again(tmp_path: Path, twelve: Path, sixteen: Path) -> None:
    first = begin(tmp_path / "other", videos=str(twelve))
    mutate(first, 0)
    given = first.need_candidates(0).individuals[0].architecture
    root = begin(tmp_path / "root", videos=str(twelve), start_from=[plain_start(given)])
    one_generation(root, 0)
    go_on(root, sixteen, "restart")
    born = one_generation(root, 1).newborn
    assert [m.individual.origin for m in born] == ["given", *["sampled"] * 3]
    assert born[0].individual.architecture == given


@pytest.mark.parametrize("policy", ["keep", "reevaluate", "restart"])
def test_every_change_is_stated(searched: SearchRoot, sixteen: Path, policy: str) -> None:
    root = go_on(searched, sixteen, policy)
    one_generation(root, 2)
    before, now = (g.data[:12] for g in root.lineage().generations[1:])
    (sentence,) = root.lineage().changes
    assert sentence.startswith(
        f"from generation 2 on: data set {now} in place of {before}, videos: 6 added, 2 removed, "
        "1 changed; "
    )
    said = io.StringIO()
    print_summary(root, Console(file=said, width=200), ["resume"])
    assert sentence in said.getvalue()
    assert sentence[1:] in build_report(root)
    told = CliRunner().invoke(main, ["lineage", root.uri, "--json"])
    assert json.loads(told.stdout)["new_videos"] == [sentence]


@pytest.mark.parametrize("policy", ["keep", "reevaluate", "restart"])
def test_every_step_repeated_changes_nothing(
    searched: SearchRoot, sixteen: Path, policy: str
) -> None:
    root = go_on(searched, sixteen, policy)
    for generation in (2, 3):
        one_generation(root, generation)
    before = history(root)
    again = go_on(root, sixteen, policy)
    for generation in range(4):
        one_generation(again, generation)
    assert history(again) == before
    assert len(again.data_choices()) == 2


def test_videos_that_are_put_back_count_again(
    searched: SearchRoot, twelve: Path, sixteen: Path
) -> None:
    """Results on them are known: nothing is trained twice."""
    old = searched.lineage().generations[-1]
    one_generation(go_on(searched, sixteen, "reevaluate"), 2)
    root = go_on(searched, twelve, "reevaluate")
    mutated = mutate(root, 3)
    known = set(ids(old, "parents")) & {i.id for i in root.need_candidates(3).individuals}
    waiting = sum(len(batch) for batch in mutated.batches)
    assert known
    assert waiting == mutated.born - len(known)
    assert end_generation(root.uri, 3).data == old.data


def test_videos_that_change_and_change_back_between_runs_change_nothing(
    searched: SearchRoot, twelve: Path, sixteen: Path
) -> None:
    go_on(searched, sixteen, "restart")
    third = one_generation(go_on(searched, twelve, "restart"), 2)
    assert third.change is None
    assert all(m.individual.origin == "mutated" for m in third.newborn)


def test_other_classes_are_not_kept(searched: SearchRoot, tmp_path: Path) -> None:
    videos = write_videos(tmp_path / "three", range(18), "abc")
    with pytest.raises(ConflictingSearch, match=r"a, b, c here, a, b there, so results cannot be"):
        go_on(searched, videos, "keep")
    root = go_on(searched, videos, "reevaluate")
    third = one_generation(root, 2)
    old = root.lineage().generations[1].parents
    assert ids(third) == [m.individual.id for m in old]
    assert all(n.result.costs != o.result.costs for n, o in zip(third.newborn, old, strict=True))


def test_the_goal_of_old_videos_is_open_on_new_ones(searched: SearchRoot, sixteen: Path) -> None:
    met = start(SearchRoot(searched.uri), {"target_accuracy": 0.01})
    assert not met.go
    go_on(searched, sixteen, "reevaluate")
    assert start(SearchRoot(searched.uri), {}).go, "no result on the new videos yet"
    one_generation(searched.uri, 2)
    assert start(SearchRoot(searched.uri), {}).goal.startswith("top-1 ")


# Runs that are killed, and runs at the same time


def test_a_run_that_is_killed_before_mutate(searched: SearchRoot, sixteen: Path) -> None:
    """The next run, which says nothing, goes on with the videos that were prepared."""
    go_on(searched, sixteen, "reevaluate")
    root = begin(searched.uri)
    third = one_generation(root, 2)
    assert third.data == root.need_dataset().digest != searched.lineage().generations[0].data
    assert {m.individual.origin for m in third.newborn} == {"reevaluated"}


def test_a_generation_that_is_drawn_keeps_its_videos(
    searched: SearchRoot, sixteen: Path
) -> None:
    """A run is killed after mutate; the next one brings other videos."""
    mutate(searched, 2)
    root = go_on(searched, sixteen, "reevaluate")
    third = end_generation(root.uri, 2)
    assert third.data == searched.lineage().generations[0].data
    assert third.change is None
    fourth = one_generation(root, 3)
    assert fourth.data == root.need_dataset().digest != third.data
    assert ids(fourth) == ids(third, "parents")


def test_a_preparation_that_is_killed_before_its_choice(
    searched: SearchRoot, sixteen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new data set is whole and does not count yet: the next run lets it count."""

    def killed(*_: Any) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(SearchRoot, "choose_dataset", killed)
        with pytest.raises(KeyboardInterrupt):
            go_on(searched, sixteen, "restart")
    assert len(list(Path(searched.uri).glob("data/*/dataset.json"))) == 2
    assert SearchRoot(searched.uri).need_dataset().digest == searched.lineage().data
    root = go_on(searched, sixteen, "restart")
    third = one_generation(root, 2)
    assert third.data == root.need_dataset().digest != root.lineage().generations[1].data


def prepared_at_once(
    root: Path, videos: Path, others: Path, policy: str, monkeypatch: pytest.MonkeyPatch
) -> SearchRoot:
    """A run whose videos are being prepared while another one, with others, begins and ends it."""
    real = SearchRoot.publication
    other: list[SearchRoot] = []

    def late(self: SearchRoot, digest: str) -> Any:
        if not other:
            other.append(self)
            begin(self.uri, videos=str(others), new_videos=policy)
        return real(self, digest)

    monkeypatch.setattr(SearchRoot, "publication", late)
    return begin(root, videos=str(videos), new_videos=policy)


def test_two_runs_that_begin_a_search_with_different_videos(
    tmp_path: Path, twelve: Path, sixteen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConflictingSearch, match="the videos are not those that the search"):
        prepared_at_once(tmp_path / "root", twelve, sixteen, "refuse", monkeypatch)
    root = SearchRoot(str(tmp_path / "root"))
    assert root.need_dataset().source == str(sixteen)
    assert one_generation(root, 0).data == root.need_dataset().digest


@pytest.mark.parametrize("policy", ["keep", "reevaluate", "restart"])
def test_two_runs_at_once_with_different_videos(
    searched: SearchRoot, sixteen: Path, tmp_path: Path, policy: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those of the run that began last count for both, and no generation mixes two."""
    others = write_videos(tmp_path / "others", range(20))
    late = prepared_at_once(Path(searched.uri), sixteen, others, policy, monkeypatch)
    assert late.need_dataset().source == str(others)
    mutate(late, 2)
    mutate(SearchRoot(searched.uri), 2)
    third = end_generation(searched.uri, 2)
    assert third.data == late.need_dataset().digest
    assert [third] == [select(late, 2).population]
    key = {m.result.key for m in third.newborn}
    assert key == {late.result(m.individual, late.need_dataset()).key for m in third.newborn}


def test_a_search_of_an_older_version_takes_new_videos(
    searched: SearchRoot, sixteen: Path
) -> None:
    """It recorded no choice: there was one data set."""
    (Path(searched.uri) / "data/000001.json").unlink()
    old = SearchRoot(searched.uri).need_dataset()
    assert data_prep(SearchRoot(searched.uri)) == old
    root = go_on(searched, sixteen, "keep")
    assert [choice.digest for choice in root.data_choices()] == [
        old.digest, root.need_dataset().digest
    ]
    assert one_generation(root, 2).change is not None
