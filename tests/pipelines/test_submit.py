"""`submit`, against a server that checks each request: what is sent, what is not sent twice, what
is refused before anything is sent.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from components.images import TRAIN_GPU
from pipelines.__main__ import main
from pipelines.arguments import cluster_arguments, field_arguments
from pipelines.cluster import Cluster
from pipelines.connecting import Access, Kubeflow, Passing
from pipelines.submitting import Order, place, submit
from tests.pipelines.conftest import ROOT
from tests.pipelines.kfp_server import KfpServer
from tests.storage.places import new_place
from videonas.errors import SettingsError
from videonas.search.root import SearchRoot
from videonas.steps.start import start


def submitted(kfp: KfpServer, *more: object, root: str = ROOT) -> Result:
    arguments: list[object] = [
        "submit", "tiny_video", "--host", kfp.host, "--search-root", root,
        "--videos", "/mnt/videos", "--generations", 1, *more,
    ]
    return CliRunner().invoke(main, [str(each) for each in arguments])


def everything(kfp: KfpServer) -> list[int]:
    return [len(kfp.pipelines), len(kfp.versions), len(kfp.experiments), len(kfp.runs)]


def run_once(kfp: KfpServer, order: Order, name: str | None = "night") -> tuple[Any, bool]:
    kubeflow = Kubeflow(Access(kfp.host, "team-a" if kfp.multi_user else None))
    return submit(kubeflow, order, place(kubeflow, order, "gestures"), name, "videonas")


def test_a_run_is_started_with_what_was_given_and_its_address_printed(kfp: KfpServer) -> None:
    kfp.multi_user = True
    said = submitted(
        kfp, "--namespace", "team-a", "--experiment", "gestures", "--set", "train_steps=300",
        "--set", "batch_size=8", "--form", "train_pool_cpu=4", "--service-account", "searcher",
    )
    assert said.exit_code == 0, said.output
    (run,) = kfp.runs
    parameters = run["runtime_config"]["parameters"]
    assert parameters == {
        "search_root": ROOT, "search_videos": "/mnt/videos", "search_train_steps": 300,
        "run_generations": 1, "search_other_settings": {"batch_size": 8}, "train_pool_cpu": "4",
    }
    assert run["service_account"] == "searcher"
    assert kfp.pipelines[0]["namespace"] == kfp.experiments[0]["namespace"] == "team-a"
    assert kfp.experiments[0]["display_name"] == "gestures"
    assert f"{kfp.host}/#/runs/details/{run['run_id']}" in said.output
    assert "only what was given is checked" in said.output  # there is no bucket here


def test_the_same_again_starts_another_run_of_the_same_version(
    kfp: KfpServer, order: Order
) -> None:
    first, _ = run_once(kfp, order, None)
    second, made = run_once(kfp, order, None)
    assert made
    assert first.run_id != second.run_id
    assert first.display_name != second.display_name
    assert everything(kfp) == [1, 1, 1, 2]


def test_a_run_that_has_the_name_is_given_back(kfp: KfpServer, order: Order) -> None:
    first, made = run_once(kfp, order)
    again, made_again = run_once(kfp, order)
    assert (made, made_again) == (True, False)
    assert first.run_id == again.run_id
    changed = {**order.arguments, "search_videos": "/mnt/others"}
    other = dataclasses.replace(order, arguments=changed)
    with pytest.raises(SettingsError, match=r"--run-name night: .*other options.*another name"):
        run_once(kfp, other)
    assert everything(kfp) == [1, 1, 1, 1]


def test_another_yaml_is_another_version_of_the_same_pipeline(
    kfp: KfpServer, order: Order
) -> None:
    names = set()
    for n in range(3):  # more than a page of versions
        changed = dataclasses.replace(order, package=order.package + b"# %d\n" % n)
        run_once(kfp, changed, f"run {n}")
        names.add(changed.version)
    run_once(kfp, changed, "again")
    assert {each["display_name"] for each in kfp.versions} == names
    assert everything(kfp) == [1, 3, 1, 4]


WRITES = ["POST pipelines$", "upload_version", "POST experiments", "POST runs"]


@pytest.mark.parametrize("fault", ["500", "cut", "lost", "rival"])
@pytest.mark.parametrize("request_line", WRITES)
def test_whatever_happens_to_a_request_each_thing_is_made_once(
    kfp: KfpServer, order: Order, request_line: str, fault: str
) -> None:
    if fault == "rival" and request_line == "POST runs":
        pytest.skip("names of runs are not unique, so nothing refuses a rival")
    kfp.faults.append((request_line, fault))
    run, _ = run_once(kfp, order)
    assert kfp.faults == []
    assert everything(kfp) == [1, 1, 1, 1]
    assert run.run_id == kfp.runs[0]["run_id"]


@pytest.mark.parametrize("request_line", WRITES)
def test_a_command_that_failed_is_ended_by_the_next(
    kfp: KfpServer, order: Order, request_line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.connecting.PATIENCE", 0.3)
    kfp.faults += [(request_line, "500")] * 1000
    with pytest.raises(Passing):
        run_once(kfp, order)
    kfp.faults.clear()
    run_once(kfp, order)
    assert everything(kfp) == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--set", "population=0"], "setting population is 0"),
        (["--set", "poplation=8"], "did you mean 'population'?"),
        (["--set", "space=evanet"], "space is 'evanet'"),
        (["--set", "generations=3"], "generations is 3, and the pipeline is compiled for 1"),
        (["--set", "generations=many"], "setting generations is 'many'"),
        (["--start-from", "tvn9"], "tvn9"),
        (["--form", "train_pool_memry=8Gi"], "did you mean 'train_pool_memory'?"),
        (["--form", "train_pool_memory"], "has no '='"),
        (["--form", "train_pool_node_selector=gpu"], "allowed: a mapping"),
        (["--form", "run_retry_failed=maybe"], "allowed: true or false"),
        (["--form", "search_population=8"], "settings are given by --set"),
        (["--videos", "videos"], "--videos videos: the pods of a cluster cannot see it; allowed: "),
        (["--search-root", "runs/mine"], "the pods of a cluster cannot see it; allowed: gs://"),
        (["--search-root", "/mnt/runs"], "the pods of a cluster cannot see it; allowed: gs://"),
        (["--search-root", "file:///mnt/runs"], "the pods of a cluster cannot see it"),
        (["--search-root", "gs://"], "the pods of a cluster cannot see it; allowed: gs://"),
        (["--token-file", "nowhere"], "nowhere: No such file or directory"),
        (["--ca-file", "nowhere.pem"], "nowhere.pem: No such file or directory"),
        (["--host", "ftp://kfp"], "--host 'ftp://kfp': not an address of a web server"),
    ],
    ids=str,
)
def test_what_is_not_allowed_is_told_in_a_sentence_before_anything_is_sent(
    kfp: KfpServer, more: list[object], sentence: str
) -> None:
    said = submitted(kfp, *more)
    assert said.exit_code == 2
    (line,) = [each for each in said.output.splitlines() if not each.startswith("note: ")]
    assert line.startswith("error: ")
    assert sentence in line
    assert kfp.requests == []


def test_an_unknown_namespace_and_an_archived_experiment_are_told(
    kfp: KfpServer, order: Order
) -> None:
    run_once(kfp, order)
    kfp.experiments[0]["storage_state"] = "ARCHIVED"
    said = submitted(kfp, "--experiment", "gestures")
    assert "--experiment gestures: it is archived" in said.output
    kfp.multi_user = True
    said = submitted(kfp, "--namespace", "team-b")
    assert said.exit_code == 2
    assert "in namespace 'team-b' (403" in said.output
    assert len(kfp.runs) == 1


def test_the_arguments_are_those_of_the_search_where_it_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = new_place("gs", tmp_path)
    for name, value in there.environment.items():
        monkeypatch.setenv(name, value)
    start(SearchRoot(there.uri), {"videos": "/mnt/videos", "population": 8, "generations": 3})
    given = {"max_macs": 10**6}
    arguments, unreadable = cluster_arguments(there.uri, "tiny_video", given, most=7)
    assert unreadable is None
    assert (arguments["search_population"], arguments["budget_max_macs"]) == (8, 10**6)
    assert arguments["search_videos"] == "/mnt/videos"
    assert arguments["run_generations"] == 7


def test_object_storage_is_given_on_as_it_was_written(kfp: KfpServer) -> None:
    said = submitted(kfp, "--videos", "gs://bucket/videos", root="gs://bucket/searches/mine/")
    assert said.exit_code == 0, said.output
    parameters = kfp.runs[0]["runtime_config"]["parameters"]
    assert parameters["search_videos"] == "gs://bucket/videos"
    assert kfp.experiments[0]["display_name"] == "mine"


@pytest.mark.parametrize(("more", "image"), [
    ((), TRAIN_GPU), (("--form", "image_train=elsewhere/train:1"), "elsewhere/train:1"),
])
def test_a_run_on_gpus_has_the_image_for_them(
    kfp: KfpServer, more: tuple[str, ...], image: str
) -> None:
    said = submitted(kfp, "--form", "train_pool_gpus=1", *more)
    assert said.exit_code == 0, said.output
    assert kfp.runs[0]["runtime_config"]["parameters"]["image_train"] == image


@pytest.mark.parametrize(("word", "image"), [
    ("train_pool_gpus=0", None), ("measure_pool_gpus=1", TRAIN_GPU),
])
def test_the_image_for_gpus_goes_with_any_pool_that_has_some(word: str, image: str | None) -> None:
    assert field_arguments([word], Cluster(measure=True)).get("image_train") == image
