"""A search over videos with several labels, step by step, from a list to the next parents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import SMALL
from videonas.search.root import SearchRoot
from videonas.steps.data_prep import data_prep
from videonas.steps.evaluate import evaluate
from videonas.steps.mutate import mutate
from videonas.steps.select import Selected, select
from videonas.steps.start import start
from videonas.steps.train_candidate import train_candidate


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, demo_videos: Path) -> SearchRoot:
    """Each video has its class as a label, and the first letter of its class as another."""
    folder = tmp_path_factory.mktemp("several")
    rows = [
        {"path": str(path.relative_to(demo_videos)),
         "labels": [path.parent.name, path.parent.name[0]]}
        for path in sorted(demo_videos.rglob("*.*")) if path.is_file()
    ]
    (folder / "videos.json").write_text(json.dumps(rows))
    root = SearchRoot(str(folder / "root"))
    start(root, {
        **SMALL, "videos": str(folder / "videos.json"), "video_folder": str(demo_videos),
        "fitness": "map", "algorithm": "nsga2", "objectives": ["map", "latency"],
    })
    assert data_prep(root).task.multi_label
    return root


@pytest.fixture(scope="module")
def generations(root: SearchRoot) -> list[Selected]:
    """How two generations ended."""
    ended = []
    for generation in range(2):
        mutate(root, generation)
        trained = train_candidate(root, generation)
        assert set(trained.values()) == {None}
        assert set(evaluate(root, generation).values()) == {"ok"}
        ended.append(select(root, generation))
    return ended


def test_every_network_has_a_mean_average_precision(generations: list[Selected]) -> None:
    for selected in generations:
        for member in selected.population.newborn:
            assert set(member.result.metrics) == {"map", "loss"}
            assert 0 < member.result.metrics["map"] <= 1


def test_what_charts_and_artifacts_show_needs_no_accuracy(generations: list[Selected]) -> None:
    for number, selected in enumerate(generations):
        best = selected.best.result.metrics["map"]
        so_far = [m.result.metrics["map"] for g in generations[: number + 1]
                  for m in g.population.newborn]
        assert best == max(so_far)
        assert selected.metrics["best_map"] == selected.metrics["best_fitness"] == best
        assert "best_top1" not in selected.metrics
        assert all(isinstance(v, int | float) for v in selected.metrics.values())
        assert all(isinstance(v, str | int | float) for v in selected.metadata.values())
        assert selected.best.individual.name in selected.report


def test_the_history_loads_again(root: SearchRoot, generations: list[Selected]) -> None:
    lineage = SearchRoot(root.uri).lineage()
    assert [g.newborn for g in lineage.generations] == [s.population.newborn for s in generations]
    assert lineage.best(root.settings) == generations[-1].best
