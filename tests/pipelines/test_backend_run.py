"""The compiled pipeline from its form to its end, run as Kubeflow's backend runs it.

Trainings are made up but in one test; inputs, conditions, loops, artifacts and components are real.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.arguments import pipeline_arguments
from pipelines.cluster import Cluster
from pipelines.compiled import Compiled
from pipelines.compiling import compiled_text
from pipelines.generational import generational_pipeline
from tests.conftest import SMALL
from tests.pipelines.backend import Backend, DriverError, Ran
from tests.simulated_steps import SETTINGS, make_videos, run_search, simulated
from videonas.search.root import SearchRoot

Run = Callable[..., list[Ran]]

TWO_GENERATIONS = [
    "start", "data-prep", "mutate 1", "train 1", "evaluate 1", "select 1",
    "mutate 2", "train 2", "evaluate 2", "train 2", "evaluate 2", "select 2",
    "mutate 3", "select 3", "finish",
]
"""What runs of a pipeline of three, asked for two: two networks first, then three in two batches,
then the steps of a generation that is not part of the run."""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a pipeline of three generations on a search root, asked for two at a time."""

    def run_pipeline(root: Path, measure: bool = False, **more: Any) -> list[Ran]:
        given = {**SETTINGS, "generations": 2, **more}
        if not root.exists():
            given["videos"] = str(make_videos(tmp_path / f"videos of {root.name}"))
        cluster = Cluster(measure=measure)
        compiled = Compiled.read(compiled_text(generational_pipeline("tiny_video", 3, cluster)))
        arguments = pipeline_arguments(SearchRoot(str(root)), "tiny_video", given)
        with simulated(tmp_path / "diary"):
            return Backend(compiled, tmp_path / f"artifacts of {root.name}").run(**arguments)

    return run_pipeline


def history(root: Path) -> dict[str, bytes]:
    """What was born, and who survived."""
    return {str(f.relative_to(root)): f.read_bytes() for f in root.glob("generations/*/*.json")}


def metadata(ran: Ran, name: str) -> dict[str, Any]:
    return dict(ran.outputs.artifacts[name]["metadata"])


def test_it_gives_the_history_that_the_steps_give(tmp_path: Path, run: Run) -> None:
    ran = run(tmp_path / "root")
    assert [each.name for each in ran] == TWO_GENERATIONS
    videos = str(tmp_path / "videos of root")
    run_search(str(tmp_path / "steps"), videos, str(tmp_path / "diary"), generations=2)
    assert history(tmp_path / "root") == history(tmp_path / "steps")
    assert SearchRoot(str(tmp_path / "root")).head() == 1
    assert len(list((tmp_path / "root").glob("finished/*/finish.json"))) == 1


def test_a_batch_is_one_text_of_names(tmp_path: Path, run: Run) -> None:
    trained = [each for each in run(tmp_path / "root") if each.name.startswith("train ")]
    assert [each.parameters["names"] for each in trained] == [
        "000000-00 000000-01", "000001-00 000001-01", "000001-02",
    ]


def test_latency_has_a_task_of_its_own_where_the_cluster_says_so(tmp_path: Path, run: Run) -> None:
    ran = run(tmp_path / "root", measure=True)
    names = [each.name for each in ran]
    assert names[2:7] == ["mutate 1", "measure 1", "train 1", "evaluate 1", "select 1"]
    (measured, trained) = ran[3:5]
    assert set(metadata(measured, "measured").values()) & {"measured", "over_budget"}
    assert trained.inputs["candidates"] == measured.outputs.artifacts["measured"]


def test_every_task_but_the_first_takes_an_artifact_of_one_before(
    tmp_path: Path, run: Run
) -> None:
    """So that Kubeflow's graph and explorer show what followed from what."""
    ran = run(tmp_path / "root", measure=True)
    made: list[Any] = []
    chain = {}
    for each in ran:
        for name, given in each.inputs.items():
            assert given in made
            chain[each.name] = next(
                (other.name, name) for other in ran if given in other.outputs.artifacts.values()
            )
        made += each.outputs.artifacts.values()
    assert chain.keys() == {each.name for each in ran} - {"start"}
    assert chain["data-prep"][0] == "start"
    assert chain["mutate 1"][0] == "data-prep"
    assert chain["select 1"][0] == "mutate 1"
    assert chain["mutate 2"][0] == "select 1"
    assert chain["evaluate 2"][0] == "train 2"
    assert chain["finish"][0] == "select 3"


def test_an_artifact_has_its_address_in_metadata_and_in_a_text(tmp_path: Path, run: Run) -> None:
    root = tmp_path / "root"
    shown = {
        (each.name, name): artifact for each in run(root)
        for name, artifact in each.outputs.artifacts.items()
        if artifact["type"]["schemaTitle"] not in ("system.Metrics", "system.HTML")
    }
    filled = {key: each for key, each in shown.items() if each["metadata"]}
    assert set(shown) - set(filled) == {("select 3", "best")}, "of a generation that is not"
    for artifact in filled.values():
        address = artifact["metadata"]["address"]
        assert address.startswith(str(root))
        lines = Path(artifact["uri"]).read_text().splitlines()
        assert lines[0].startswith(f"{address}: ")
        told = {name: value for name, value in artifact["metadata"].items() if name != "address"}
        assert {line.partition(": ")[0] for line in lines[1:]} == set(told)
    best = shown["select 2", "best"]["metadata"]
    assert Path(best["address"]).is_dir()
    assert best["outcome"] == "ok"
    assert Path(shown["finish", "network"]["metadata"]["address"], "network.keras").exists()


def test_a_generation_that_is_not_part_of_the_run_says_so(tmp_path: Path, run: Run) -> None:
    ran = {each.name: each for each in run(tmp_path / "root")}
    beyond = ran["mutate 3"].outputs.parameters
    assert beyond == {"generation": 2, "go": False, "batches": []}
    for name in ("population", "report"):
        text = Path(ran["select 3"].outputs.artifacts[name]["uri"]).read_text()
        assert "generation 2 is not part of this run" in text
    report = Path(ran["select 2"].outputs.artifacts["report"]["uri"]).read_text()
    assert report.startswith("<!DOCTYPE html>")


def test_a_further_run_goes_on_and_one_without_anything_to_do_ends_after_start(
    tmp_path: Path, run: Run
) -> None:
    root = tmp_path / "root"
    run(root)
    before = history(root)
    ran = run(root, generations=1, max_generations=3)
    assert [each.name for each in ran if each.name.startswith("train")] == ["train 1"] * 2
    assert SearchRoot(str(root)).head() == 2
    assert before.items() <= history(root).items()
    ran = run(root, max_generations=3)
    assert [each.name for each in ran] == ["start"]
    assert ran[0].outputs.parameters == {"first": 3, "last": 2, "go": False}


def test_what_was_trained_before_a_run_was_ended_is_not_trained_again(
    tmp_path: Path, run: Run
) -> None:
    root = tmp_path / "root"
    run(root, generations=1)
    population = root / "generations/000000/population.json"
    before = population.read_bytes()
    population.unlink()  # as if it was ended before `select`
    ran = run(root, generations=1)
    assert [each.name for each in ran[2:4]] == ["mutate 1", "select 1"]
    assert ran[2].outputs.parameters == {"generation": 0, "go": True, "batches": []}
    assert population.read_bytes() == before


def test_the_pipeline_that_failed_on_a_cluster_fails_here_at_the_same_step(tmp_path: Path) -> None:
    compiled = Compiled.load(Path(__file__).parent / "refused" / "tiny_video.yaml")
    backend = Backend(compiled, tmp_path / "artifacts")
    videos = str(make_videos(tmp_path / "videos"))
    with pytest.raises(DriverError, match="start: failed to upload output artifact 'search'"):
        backend.run(search_root=str(tmp_path / "root"), videos=videos)
    assert backend.ran == []


@pytest.mark.slow
def test_real_videos_and_real_trainings(tmp_path: Path, demo_videos: Path) -> None:
    compiled = Compiled.read(compiled_text(generational_pipeline("tiny_video", 1)))
    root = SearchRoot(str(tmp_path / "root"))
    given = {**SMALL, "videos": str(demo_videos), "generations": 1, "finish_best": 1,
             "finish_train_steps": 4}
    ran = Backend(compiled, tmp_path / "artifacts").run(
        **pipeline_arguments(root, "tiny_video", given)
    )
    best = metadata(next(each for each in ran if each.name == "select 1"), "best")
    assert 0 <= best["accuracy"] <= 1
    assert (Path(metadata(ran[-1], "network")["address"]) / "saved_model").is_dir()
    assert "test_top1" in metadata(ran[-1], "metrics")
