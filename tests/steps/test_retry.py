"""Taking failures back: what goes, what stays, and that it can be interrupted anywhere."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from click.testing import CliRunner

from tests.synthetic import make_search
from videonas.cli import main
from videonas.processes import own_host
from videonas.search.environment import Environment, installed
from videonas.search.finished import Finished, FinishedNetwork
from videonas.search.records import Attempt, Failure
from videonas.search.result import Evaluation, Outcome, Training
from videonas.search.result_folder import ResultFolder
from videonas.search.root import SearchRoot
from videonas.spaces import Costs
from videonas.steps.final_plan import left_to_finish, plan_of_run
from videonas.steps.mutate import mutate
from videonas.steps.retry import FAILED, forget_failures, retry

OUTCOMES_OF_TWO: tuple[Outcome, ...] = ("ok", "failed")
ELSEWHERE = replace(installed(), tensorflow="0.1")


@pytest.fixture
def drawn(tmp_path: Path) -> SearchRoot:
    """A search whose second generation is drawn, and nothing of it trained."""
    root = make_search(tmp_path / "root", generations=1, population=4, children=4, troubles={})
    mutate(root, 1)
    return root


def folders(root: SearchRoot, generation: int) -> dict[str, ResultFolder]:
    candidates = root.need_candidates(generation)
    return {
        each.name: root.result_folder(each.id, candidates.data, each.initialisation)
        for each in candidates.individuals
    }


def fail(folder: ResultFolder, environment: Environment | None = None, attempts: int = 3) -> None:
    """As three attempts leave it."""
    for number in range(1, attempts + 1):
        attempt = Attempt("somebody", own_host(), 2**22 + 1, time.time(), 60.0)
        assert folder.begin_attempt("training", number, attempt)
        folder.publish_failure("training", number, Failure("broken", environment))
    folder.publish(Training("failed", "broken", environment=environment))


def left_of(folder: ResultFolder) -> list[str]:
    return list(folder.records.store.keys(f"{folder.folder}/"))


def test_failed_networks_are_waiting_again_and_others_keep_their_results(
    drawn: SearchRoot,
) -> None:
    names, of_each = list(folders(drawn, 1)), folders(drawn, 1)
    fail(of_each[names[0]])
    of_each[names[1]].publish(Training("ok", steps=3))
    of_each[names[2]].publish(Training("diverged", "the loss is nan"))
    assert retry(drawn).networks == (names[0],)
    assert not left_of(of_each[names[0]])
    assert of_each[names[1]].training() is not None
    assert of_each[names[2]].training() is not None
    assert not retry(drawn).networks, "a second time there is nothing to do"


def test_an_attempt_that_is_under_way_is_left_alone(drawn: SearchRoot) -> None:
    folder = next(iter(folders(drawn, 1).values()))
    alive = Attempt("us", own_host(), os.getpid(), time.time(), 60.0)
    folder.begin_attempt("training", 1, alive)
    assert not retry(drawn).networks
    assert folder.attempts("training") == {1: alive}


def test_attempts_whose_machine_stopped_no_longer_count(drawn: SearchRoot) -> None:
    name, folder = next(iter(folders(drawn, 1).items()))
    for number in (1, 2):
        folder.begin_attempt("training", number, Attempt("x", own_host(), 2**22 + 1, 1.0, 60.0))
    assert retry(drawn).networks == (name,)
    assert not folder.attempts("training")


def test_a_network_that_is_done_is_not_announced_for_an_attempt_that_was_killed(
    drawn: SearchRoot,
) -> None:
    folder = next(iter(folders(drawn, 1).values()))
    folder.begin_attempt("training", 1, Attempt("x", own_host(), 2**22 + 1, 1.0, 60.0))
    folder.publish(Training("ok", steps=3))
    assert not retry(drawn).networks
    assert not folder.attempts("training")
    assert folder.training() is not None


def test_only_the_given_outcomes_and_generation_are_taken_back(drawn: SearchRoot) -> None:
    first, second, *_ = folders(drawn, 1).values()
    fail(first)
    second.publish(Training("out_of_memory", "used 9 MB"))
    assert not retry(drawn, generation=0).networks
    assert len(retry(drawn, outcomes=["out_of_memory"]).networks) == 1
    assert second.training() is None
    assert first.training() is not None
    assert len(retry(drawn, generation=1).networks) == 1


def test_the_last_generation_is_selected_again(tmp_path: Path) -> None:
    root = make_search(tmp_path / "root", generations=2, population=6, children=6,
                       troubles={"failed": 0.5})
    names = {m.individual.name for m in root.lineage().generations[1].newborn
             if m.result.training and m.result.training.outcome == "failed"}
    assert names
    assert retry(root).reopened == 1
    assert root.head() == 0
    waiting = [name for batch in mutate(root, 1).batches for name in batch]
    assert names <= set(waiting)


@pytest.mark.parametrize("trained", [False, True])
def test_a_generation_of_whose_children_one_was_trained_stays_selected(
    tmp_path: Path, trained: bool
) -> None:
    root = make_search(tmp_path / "root", generations=2, population=6, children=6,
                       troubles={"failed": 0.5})
    mutate(root, 2)
    first, second, *_ = folders(root, 2).values()
    fail(first)
    if trained:
        second.publish(Training("ok", steps=3))
    members = root.lineage().members.keys()
    assert retry(root).reopened == (None if trained else 1)
    assert (root.candidates(2) is None) == (not trained)
    assert (root.lineage().members.keys() == members) == trained
    assert not left_of(first)


def test_networks_of_generations_that_stay_are_told_apart_from_those_tried_again(
    tmp_path: Path,
) -> None:
    root = make_search(tmp_path / "root", generations=2, population=6, children=6,
                       troubles={"failed": 0.5})
    mutate(root, 2)
    stays = next(m for m in root.lineage().generations[1].newborn
                 if m.result.training and m.result.training.outcome == "failed")
    fail(root.folder_of(stays))
    (name, folder), (_, trained), *_ = folders(root, 2).items()
    fail(folder)
    trained.publish(Training("ok", steps=3))
    said = CliRunner().invoke(main, ["retry", root.uri])
    again, taken_back = said.output.splitlines()
    assert again == f"to be tried again: {name}"
    assert f": {stays.individual.name};" in taken_back
    assert not left_of(root.folder_of(stays))


def test_a_final_training_that_failed_is_taken_back_and_the_others_stay_usable(
    tmp_path: Path,
) -> None:
    root = make_search(tmp_path / "root", generations=1, population=4, children=4, troubles={},
                       finish_best=2)
    plan = plan_of_run(root)
    assert plan is not None
    folder = root.claim_finish(plan)
    good, bad = (
        FinishedNetwork(each, outcome, "", Costs(1, 1), None, {}, {}, None)
        for each, outcome in zip(plan.finalists, OUTCOMES_OF_TWO, strict=True)
    )
    for network in (good, bad):
        folder.publish_network(network, None)
    finished = folder.publish(Finished(plan, (good, bad), None, good.finalist.name))
    assert not left_to_finish(root)
    assert retry(root).final == (folder.address,)
    assert (folder.network(good.finalist.name), folder.network(bad.finalist.name)) == (good, None)
    assert left_to_finish(root)
    assert folder.record() == finished, "later generations may give other finalists"


def test_failures_in_another_environment_go_and_those_in_this_one_stay(
    drawn: SearchRoot,
) -> None:
    here, there, old = list(folders(drawn, 1).values())[:3]
    for folder, environment in ((here, installed()), (there, ELSEWHERE), (old, None)):
        fail(folder, environment)
    forgotten = [forget_failures(each, FAILED, installed()) for each in (here, there, old)]
    assert forgotten == [False, True, True]
    assert here.training() is not None
    assert not left_of(there)
    assert not left_of(old), "older versions did not record where"


def test_interrupted_anywhere_it_is_finished_by_the_next(drawn: SearchRoot) -> None:
    folder = next(iter(folders(drawn, 1).values()))
    kind = type(drawn.records.store)
    original = kind.delete
    for allowed in range(9):  # three attempts, their failures, the training and the evaluation
        fail(folder)
        folder.publish(Evaluation("failed", "broken"))
        left = iter(range(allowed))

        def delete(store: Any, key: str, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise KeyboardInterrupt
            original(store, key)

        interrupted = contextlib.suppress(KeyboardInterrupt)
        with patch.object(kind, "delete", delete), interrupted:
            retry(drawn)
            assert allowed == 8, "it is done"
        retry(drawn)
        assert not left_of(folder)


def test_the_command_tells_what_will_be_tried_again(drawn: SearchRoot) -> None:
    name, folder = next(iter(folders(drawn, 1).items()))
    fail(folder)
    said = CliRunner().invoke(main, ["retry", drawn.uri])
    assert (said.exit_code, said.output) == (0, f"to be tried again: {name}\n")
    again = CliRunner().invoke(main, ["retry", drawn.uri])
    assert again.output == "to be tried again: no network\n"


def test_a_generation_that_is_not_there_is_refused(drawn: SearchRoot) -> None:
    said = CliRunner().invoke(main, ["retry", drawn.uri, "--generation", "9"])
    assert said.exit_code == 2
    assert "no generation 9; 1 have ended" in said.output


def test_a_folder_without_a_search_is_refused(tmp_path: Path) -> None:
    said = CliRunner().invoke(main, ["retry", str(tmp_path / "nothing")])
    assert said.exit_code == 2
    assert "no search here" in said.output
