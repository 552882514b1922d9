"""The loop over the steps of a run; trainings are made up, everything else is real."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.simulated_steps import make_videos, run_search
from videonas.progress import Event, Finished, Generations, Note, Stage, Started, Step
from videonas.search.records import Timing
from videonas.search.root import SearchRoot
from videonas.steps.mutate import mutate

GENERATIONS = 2


def search(folder: Path, **more: Any) -> list[Event]:
    """Runs a search in a folder to its end; gives back what it reported."""
    if not (folder / "videos").exists():
        make_videos(folder / "videos")
    heard: list[Event] = []
    run_search(
        str(folder / "root"), str(folder / "videos"), str(folder / "diary"),
        progress=heard.append, **{"generations": GENERATIONS, **more},
    )
    return heard


def test_a_run_reports_its_stages_in_order_and_counts_its_generations(tmp_path: Path) -> None:
    heard = search(tmp_path, finish_train_steps=9)
    stages = [(event.what, event.generation) for event in heard if isinstance(event, Stage)]
    generation = ["mutating", "measuring candidates", "training candidates",
                  "evaluating candidates", "selecting"]
    assert stages == [
        ("starting", None), ("checking the videos", None), ("preparing the videos", None),
        *((what, number) for number in range(GENERATIONS) for what in generation),
        ("training the best for 9 steps", None), ("testing and exporting the best", None),
    ]
    counts = [event.done for event in heard if isinstance(event, Generations)]
    assert counts == [0, 1, 2]


def test_every_candidate_is_reported_from_its_start_to_its_outcome(tmp_path: Path) -> None:
    heard = search(tmp_path)
    root = SearchRoot(str(tmp_path / "root"))
    for population in root.lineage().generations:
        begin = heard.index(Stage("measuring candidates", len(population.newborn),
                                  population.generation))
        end = heard.index(Stage("selecting", None, population.generation))
        for member in population.newborn:
            name, outcome = member.individual.name, population.outcome_of(member)
            own = [e for e in heard[begin:end] if getattr(e, "name", None) == name]
            assert own[0] == Started(name, "measuring latency")
            assert isinstance(own[-1], Finished)
            assert own[-1].outcome == outcome
            trained = member.result.training is not None
            assert (Started(name, "training") in own) == trained
            assert any(isinstance(e, Step) for e in own) == trained
            assert (Started(name, "evaluation") in own) == (member.result.evaluation is not None)


def test_a_generation_ends_with_a_line_on_its_best_network(tmp_path: Path) -> None:
    forecast, *notes = [event.text for event in search(tmp_path) if isinstance(event, Note)]
    assert forecast.startswith("training ")
    root = SearchRoot(str(tmp_path / "root"))
    assert len(notes) == GENERATIONS
    for number, note in enumerate(notes):
        best = root.lineage().best(root.settings, number)
        assert best is not None
        assert best.result.latency is not None
        assert note.startswith(f"generation {number}: ")
        for words in (f"best {best.individual.name}:", f"top-1 {best.result.metrics['top1']:.3f}",
                      f"{best.result.latency.median_ms:.1f} ms"):
            assert words in note


def test_a_search_that_has_met_its_goal_is_only_started(tmp_path: Path) -> None:
    search(tmp_path)
    heard = search(tmp_path)
    assert heard == [Stage("starting")]


def test_a_goal_met_in_the_middle_of_a_run_ends_it_with_the_final_training(tmp_path: Path) -> None:
    heard = search(tmp_path, generations=5, max_generations=1)
    assert [event for event in heard if isinstance(event, Generations)] == [
        Generations(0, 5), Generations(1, 5)
    ]
    root = SearchRoot(str(tmp_path / "root"))
    assert root.head() == 0
    assert root.finish_folders()[0].record() is not None


@pytest.mark.parametrize("nothing", [[], [[]]], ids=str)
def test_a_generation_whose_results_are_all_known_trains_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nothing: list[list[str]]
) -> None:
    """`mutate` says so by no batch or by an empty one."""
    search(tmp_path, generations=1, max_generations=1)
    root = SearchRoot(str(tmp_path / "root"))
    population = Path(root.generation_address(0)) / "population.json"
    before = population.read_bytes()
    population.unlink()
    def mutate_and_say(*arguments: Any) -> Any:
        mutated = mutate(*arguments)
        assert mutated.go
        assert not any(mutated.batches)
        return type(mutated)(mutated.generation, True, nothing, mutated.born)

    monkeypatch.setattr("videonas.running.loop.mutate", mutate_and_say)
    heard = search(tmp_path, generations=1, max_generations=1)
    stages = [event for event in heard if isinstance(event, Stage) and event.generation == 0]
    assert [stage.what for stage in stages] == ["mutating", "selecting"]
    assert population.read_bytes() == before


def timings(folder: Path) -> list[Timing]:
    return sorted(SearchRoot(str(folder / "root")).timings(), key=lambda timing: timing.started)


def test_each_step_has_its_own_time_and_not_that_of_the_process(tmp_path: Path) -> None:
    end = time.process_time() + 1.5
    while time.process_time() < end:  # what the process did before is no step's
        pass
    began = time.time()
    search(tmp_path)
    wall = time.time() - began
    kept = timings(tmp_path)
    generation = ["mutate", "train-candidate", "evaluate", "select"]
    assert [timing.step for timing in kept] == [
        "start", "data-prep", *generation * GENERATIONS, "finish"
    ]
    assert [timing.generation for timing in kept] == [
        None, None, *(n for n in range(GENERATIONS) for _ in generation), None
    ]
    assert sum(timing.seconds for timing in kept) <= wall + 0.01
    assert sum(timing.cpu for timing in kept) <= wall + 0.1
    for timing, following in pairwise(kept):
        assert timing.started >= began - 0.01
        assert timing.started + timing.seconds <= following.started + 0.01
    assert all(timing.startup < 0.2 for timing in kept)
