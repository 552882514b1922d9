"""`finish` repeated, interrupted, refused, and with finalists that fail."""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from click.testing import CliRunner, Result

from components.finish import finish as finish_component
from tests.finishing import contents, search_on_clips
from tests.synthetic import make_search
from videonas.cli import main
from videonas.errors import StorageError, VideonasError
from videonas.progress import Event, Finished, Stage, Started, Step
from videonas.search.finished import final_seed, make_plan
from videonas.search.root import SearchRoot
from videonas.search.settings import make_settings
from videonas.steps.finish import Finish, finish, finish_run
from videonas.steps.start import start
from videonas.training.jobs import Candidate, TrainingJob
from videonas.training.supervisor import Limits, Supervisor

TOP = Path(__file__).parents[2]

STEPS = 60
"""More than one line of the trainer."""


@dataclass(frozen=True)
class Ended:
    """What `finish` made, and what it told on the way."""

    uri: str
    made: Finish
    told: list[Event]


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory, demo_videos: Path) -> Path:
    """A search of one generation; not to be changed."""
    folder = tmp_path_factory.mktemp("searched") / "root"
    search_on_clips(folder, demo_videos)
    return folder


@pytest.fixture
def root(searched: Path, tmp_path: Path) -> SearchRoot:
    """A copy of it."""
    return copy_of(searched, tmp_path / "root")


@pytest.fixture(scope="module")
def ended(searched: Path, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """Its two best, finished in a copy; not to be changed."""
    copy = copy_of(searched, tmp_path_factory.mktemp("ended") / "root")
    told: list[Event] = []
    made = finish(copy, best=2, train_steps=STEPS, progress=told.append)
    return Ended(copy.uri, made, told)


@pytest.fixture
def finished(ended: Ended, tmp_path: Path) -> SearchRoot:
    """A copy of that."""
    return copy_of(Path(ended.uri), tmp_path / "finished")


def copy_of(folder: Path, to: Path) -> SearchRoot:
    shutil.copytree(folder, to)
    return SearchRoot(str(to))


def videonas(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


# Once, and once more


def test_every_training_and_export_is_reported_from_start_to_end(ended: Ended) -> None:
    names = [network.finalist.name for network in ended.made.record.networks]
    stages = [event.what for event in ended.told if isinstance(event, Stage)]
    assert stages == [f"training the best for {STEPS} steps", "testing and exporting the best",
                      "choosing and exporting the ensemble"]
    for name in names:
        own = [event for event in ended.told if getattr(event, "name", None) == name]
        steps = [event for event in own if isinstance(event, Step)]
        assert [event for event in own if event not in steps] == [
            Started(name, "training"), Finished(name, "ok"),
            Started(name, "test and export"), Finished(name, "ok"),
        ]
        assert [step.done for step in steps] == [50, STEPS]
        assert all(step.total == STEPS and step.loss is not None for step in steps)
    assert isinstance(ended.told[-1], Finished)


def test_what_is_done_is_given_back_and_shared(finished: SearchRoot, ended: Ended) -> None:
    before = contents(finished)
    again = finish(finished, best=2, train_steps=STEPS)
    assert (again.record, again.folder.number) == (ended.made.record, 1)
    assert contents(finished) == before, "finishing again changed something"

    less = finish(SearchRoot(finished.uri), best=1, train_steps=STEPS)
    assert less.folder.number == 2
    assert less.record.networks == ended.made.record.networks[:1]
    assert less.record.ensemble is None
    after = contents(finished)
    assert {name: after[name] for name in before} == before
    trained = [name for name in after if name.endswith("final.weights.h5")]
    assert len(trained) == 2, "a training was repeated"


def test_an_interrupted_export_is_made_afresh(finished: SearchRoot, ended: Ended) -> None:
    first, other = (network.finalist for network in ended.made.record.networks)
    (folder,) = finished.finish_folders()
    place = Path(folder.network_address(first.individual))
    kept = {n: f for n, f in contents(finished).items()
            if n.startswith("results/") or other.individual in n}
    for name in ("../finish.json", "network.json", "card.md", "saved_model/fingerprint.pb"):
        (place / name).unlink()
    (place / "network.keras").write_bytes(b"half of it")
    (place / "left over").write_bytes(b"")
    again = finish(SearchRoot(finished.uri), best=2, train_steps=STEPS)
    assert again.record == ended.made.record
    assert not (place / "left over").exists()
    assert (place / "network.keras").stat().st_size > 1000
    after = contents(finished)
    assert {name: after[name] for name in kept} == kept, "what was there was made again"


def wait_until(condition: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.mark.slow
def test_killed_in_the_middle_it_goes_on_where_it_was(
    root: SearchRoot, ended: Ended
) -> None:
    options = ("--best", "2", "--train-steps", str(STEPS))
    process = subprocess.Popen(
        [sys.executable, "-m", "videonas", "finish", root.uri, *options], cwd=TOP,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: root.finish_folders() and root.finish_folders()[0].plan())
    plan = root.finish_folders()[0].plan()
    assert plan is not None
    one, other = map(root.final_folder, plan.finalists)
    wait_until(lambda: one.training() is not None and other.attempts("training"))
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    process.kill()
    process.wait()
    wait_until(lambda: not [p for p in family
                            if p.is_running() and p.status() != psutil.STATUS_ZOMBIE])
    assert other.training() is None, "the kill came too late"
    kept = {name: file for name, file in contents(root).items() if name.startswith(one.folder)}
    assert any(name.endswith("final.weights.h5") for name in kept)

    again = finish(SearchRoot(root.uri), best=2, train_steps=STEPS)
    after = contents(root)
    assert {name: after[name] for name in kept} == kept, "what was trained was trained again"
    assert again.record == ended.made.record, "not the same bits"


# Finalists that fail


def test_without_its_proxy_weights_a_finalist_fails_and_the_others_go_on(root: SearchRoot) -> None:
    plan = make_plan(root.lineage(), root.settings, root.need_dataset().digest, best=2,
                     train_steps=3, initial="proxy")
    gone, kept = plan.finalists
    root.result_folder(gone.architecture, plan.data).delete_weights()
    made = finish(root, best=2, train_steps=3, initial="proxy")
    failed, network = made.record.networks
    assert (failed.outcome, failed.test) == ("failed", None)
    assert failed.message == ("its proxy weights are gone; finish from scratch, or search with a "
                              "larger keep_weights")
    assert (network.outcome, made.record.best) == ("ok", kept.individual)
    assert made.record.ensemble is None
    assert not Path(made.folder.network_address(gone.individual), "saved_model").exists()
    told = videonas("finish", root.uri, "--best", 2, "--train-steps", 3, "--from", "proxy")
    assert told.exit_code == 0
    assert f"{gone.individual} is failed: its proxy weights are gone" in told.stdout


def test_a_store_that_fails_ends_the_step_and_no_finalist(
    root: SearchRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be reached now may be there later: it must not be recorded for ever."""
    plan = make_plan(root.lineage(), root.settings, root.need_dataset().digest, best=1,
                     train_steps=3, initial="proxy")

    def fetch(store: object, key: str) -> Path:
        raise StorageError(f"{key}: cannot be reached")

    with monkeypatch.context() as patched:
        patched.setattr(type(root.records.store), "fetch", fetch)
        with pytest.raises(StorageError, match="cannot be reached"):
            finish(root, best=1, train_steps=3, initial="proxy")
    assert root.final_folder(plan.finalists[0]).training() is None
    assert finish(root, best=1, train_steps=3, initial="proxy").record.best is not None


def test_where_everybody_fails_the_first_reason_is_told(root: SearchRoot) -> None:
    for member in root.lineage().members.values():
        root.result_folder(member.individual.id, root.need_dataset().digest).delete_weights()
    said = videonas("finish", root.uri, "--train-steps", 3, "--from", "proxy")
    assert said.exit_code == 2
    (sentence,) = [line for line in said.stderr.splitlines() if line.startswith("error: ")]
    assert "none of 1 finalists was finished; the first, 000000-0" in sentence
    assert "is failed: its proxy weights are gone" in sentence
    record = root.finish_folders()[0].record()
    assert record is not None
    assert [network.outcome for network in record.networks] == ["failed"]


def test_weights_that_cannot_be_read_fail_after_three_attempts(
    finished: SearchRoot, ended: Ended
) -> None:
    (folder,) = finished.finish_folders()
    first, _ = ended.made.record.plan.finalists
    finished.final_folder(first).fetch_weights().write_bytes(b"no weights")
    shutil.rmtree(folder.address)
    failed, other = finish(finished, best=2, train_steps=STEPS).record.networks
    assert failed.outcome == "failed"
    assert "3 attempts gave no result" in failed.message
    assert other == ended.made.record.networks[1]


def test_a_damaged_test_shard_stops_the_step_and_not_the_finalists(root: SearchRoot) -> None:
    shard = next(Path(root.uri).glob("data/*/test-*"))
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 255
    shard.write_bytes(data)
    with pytest.raises(VideonasError, match=shard.name):
        finish(root, best=1, train_steps=3)
    (folder,) = root.finish_folders()
    assert folder.record() is None
    assert not list(Path(folder.address).glob("*/*")), "somebody was given up for it"


# What training begins from


def weights_of(path: Path) -> dict[str, Any]:
    import h5py  # type: ignore[import-untyped]

    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.update({name: item[()]})
                        if isinstance(item, h5py.Dataset) else None)
    return found


def test_training_begins_from_the_weights_that_it_is_given(
    root: SearchRoot, tmp_path: Path
) -> None:
    """With steps of no length, what is saved is what it began from."""
    dataset = root.need_dataset()
    individual = next(iter(root.lineage().members.values())).individual
    settings = make_settings({**root.settings.model_dump(), "learning_rate": 1e-30})
    candidate = Candidate(
        individual.name, "tiny_video", individual.architecture, dataset.task,
        root.space.sampling(individual.architecture), settings,
    )
    initial = root.result_folder(individual.id, dataset.digest).fetch_weights()
    shards = tuple(root.shards(dataset, "train"))
    supervisor = Supervisor("videonas.training.trainer")
    saved: list[dict[str, Any]] = []
    for given in (initial, None):
        file = tmp_path / f"{len(saved)}.weights.h5"
        job = TrainingJob(candidate, 5, shards, file, initial=given)
        ending = supervisor.run("videonas.training.trainer:train_job", job, Limits(120, 4000))
        assert ending.value.outcome == "ok"
        saved.append(weights_of(file))
    expected = weights_of(initial)
    trained = [name for name in expected if expected[name].ndim == 4]  # kernels, not statistics
    assert trained
    assert all((saved[0][name] == expected[name]).all() for name in trained)
    assert any((saved[1][name] != expected[name]).any() for name in trained)


def test_from_scratch_and_from_proxy_weights_are_two_trainings(root: SearchRoot) -> None:
    plans = [
        make_plan(root.lineage(), root.settings, "d" * 64, best=3, train_steps=steps,
                  initial=initial)
        for initial in ("scratch", "proxy") for steps in (3, 4)
    ]
    keys = {finalist.key for plan in plans for finalist in plan.finalists}
    assert len(keys) == 4 * len(plans[0].finalists)


def test_a_seed_that_the_search_used_is_passed_over() -> None:
    settings = make_settings({})
    seed = final_seed(settings, "0" * 12, ())
    assert final_seed(settings, "0" * 12, {seed, seed + 1}) == seed + 2
    assert final_seed(settings, "1" * 12, ()) != seed


# Where there is nothing to finish


def test_before_anything_is_ok_one_sentence(tmp_path: Path) -> None:
    empty = videonas("finish", tmp_path / "nothing")
    assert empty.exit_code == 2
    assert "no search here" in empty.stderr
    begun = make_search(tmp_path / "begun", 0, 4, 2)
    said = videonas("finish", begun.uri)
    assert said.exit_code == 2
    (sentence,) = [line for line in said.stderr.splitlines() if line.startswith("error: ")]
    assert sentence == (f"error: {begun.uri}: no network has the outcome 'ok' yet, so there is "
                        "nothing to finish; run a generation first")
    assert not begun.finish_folders()


def test_without_a_test_split_one_sentence(tmp_path: Path) -> None:
    search = make_search(tmp_path / "root", 1, 4, 2)
    dataset = search.need_dataset()
    splits = {**dataset.splits, "test": replace(dataset.splits["test"], videos=0, clips=0)}
    file = next(Path(search.uri).glob("data/*/dataset.json"))
    file.unlink()
    search.records.create(replace(dataset, splits=splits),
                          file.relative_to(search.uri).as_posix())
    said = videonas("finish", search.uri)
    assert said.exit_code == 2
    assert "has no test split" in said.stderr
    assert finish_run(SearchRoot(search.uri)) is None, "a run of the pipeline ends all the same"


@pytest.mark.parametrize("wrong", [("--best", 0), ("--train-steps", 0), ("--from", "nothing")])
def test_options_that_cannot_be(wrong: tuple[str, object], tmp_path: Path) -> None:
    said = videonas("finish", tmp_path, *wrong)
    assert said.exit_code == 2
    assert wrong[0] in said.stderr


def test_plans_take_only_whom_there_are(tmp_path: Path) -> None:
    search = make_search(tmp_path / "root", 3, 6, 4)
    lineage = search.lineage()
    plan = make_plan(lineage, search.settings, "d" * 64, best=999, train_steps=None,
                     initial="scratch")
    able = {m.individual.id for m in lineage.members.values()
            if m.result.outcome(lineage.generations[-1].budget) == "ok"}
    assert {finalist.architecture for finalist in plan.finalists} == able
    assert len(plan.finalists) == len(able)
    losses = [lineage.members[f.individual].result.metrics["loss"] for f in plan.finalists]
    assert losses == sorted(losses)
    assert plan.train_steps == 10 * search.settings.train_steps


# As the last step of a pipeline


def run_component(root: SearchRoot, folder: Path) -> tuple[Any, Any]:
    """What the component makes of a search: the artifacts of the network and of the metrics."""
    from kfp import dsl

    network = dsl.Model(uri=str(folder / "network"), metadata={})
    metrics = dsl.Metrics(uri=str(folder / "metrics"), metadata={})
    finish_component.python_func(
        search_root=root.uri, gpus="", population=dsl.Artifact(), network=network, metrics=metrics
    )
    return network, metrics


def test_a_run_may_have_nothing_to_finish(root: SearchRoot, tmp_path: Path) -> None:
    root.start({"finish_best": 0})
    network, metrics = run_component(root, tmp_path)
    assert finish_run(SearchRoot(root.uri)) is None
    assert (network.metadata, metrics.metadata) == ({}, {})
    assert not root.finish_folders()


def test_a_run_ends_with_what_the_settings_say(root: SearchRoot, tmp_path: Path) -> None:
    settings = {"finish_best": 1, "finish_train_steps": 2, "finish_from": "proxy",
                "max_generations": 1}
    started = start(SearchRoot(root.uri), settings)
    assert started.goal
    assert started.go, "the run before was stopped before its last step"
    network, metrics = run_component(root, tmp_path)
    assert not start(SearchRoot(root.uri), settings).go
    (folder,) = root.finish_folders()
    record, plan = folder.record(), folder.plan()
    assert record is not None
    assert plan is not None
    assert (plan.initial, plan.train_steps, len(plan.finalists)) == ("proxy", 2, 1)
    address = Path(network.metadata["address"])
    assert (address / "saved_model" / "saved_model.pb").is_file()
    verdict = record.need_best().test
    assert verdict is not None
    assert network.metadata["test_top1"] == verdict.intact.metrics["top1"]
    assert metrics.metadata["test_loss"] == verdict.intact.metrics["loss"]
    for value in (*network.metadata.values(), *metrics.metadata.values()):
        assert isinstance(value, str) or math.isfinite(value)
    said = videonas("finish", root.uri, "--json")
    assert said.exit_code == 0
    assert f'"folder": "{folder.address}"' in said.stdout
