"""New videos between two runs, with real trainings."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from tests.steps.recurring import one_generation
from videonas.search.root import SearchRoot
from videonas.steps.data_prep import data_prep
from videonas.steps.start import start


def test_parents_are_trained_on_the_new_videos(
    tmp_path: Path, new_root: Callable[..., SearchRoot], demo_videos: Path
) -> None:
    root = new_root(population=2, children=1, measure_latency=False)
    first = one_generation(root, 0)
    videos = tmp_path / "videos"
    shutil.copytree(demo_videos, videos)
    sorted(videos.glob("*/*.*"))[0].unlink()
    start(root, {"videos": str(videos), "new_videos": "reevaluate"})
    dataset = data_prep(root)
    assert sum(split.videos for split in dataset.splits.values()) == 47
    second = one_generation(root, 1)
    assert second.change is not None
    assert (second.change.added, second.change.removed, second.change.changed) == (0, 1, 0)
    again = {m.individual.id: m.result for m in second.newborn}
    for before in first.parents:
        result = again[before.individual.id]
        assert result.key != before.result.key
        assert result.training is not None
        assert before.result.training is not None
        assert result.training.loss != before.result.training.loss, "the same clips"
        assert result.costs == before.result.costs
        folders = list(tmp_path.glob(f"root/results/{before.individual.id}/*/training.json"))
        assert len(folders) == 2
    assert {m.individual.name[:6] for m in second.parents} == {"000001"}
