"""The demo videos can be told apart by networks that model time, and by no others."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from videonas.data.demo import write_demo_videos
from videonas.search.result import Evaluation, Training
from videonas.search.root import SearchRoot
from videonas.search.settings import read_settings_file
from videonas.spaces.tiny_video import Block, TinyVideoArchitecture
from videonas.steps.data_prep import data_prep
from videonas.steps.start import start
from videonas.training.jobs import EVALUATE, PRELOAD, TRAIN, Candidate, EvaluationJob, TrainingJob
from videonas.training.supervisor import Limits, Supervisor

pytestmark = pytest.mark.slow

DEMO = Path(__file__).parents[2] / "pipelines/tiny_video/demo.yaml"

SPATIAL = (
    Block("conv", 3, 2, filters=16, context_gate=True),
    Block("conv", 3, 2, filters=24, squeeze=0.5),
    Block("conv", 3, 1, filters=24, skip=True),
)
TEMPORAL = (
    Block("conv", 3, 2, "conv", 3, 1, filters=16),
    Block("conv", 3, 2, "conv", 3, 2, filters=24),
    Block("conv", 3, 1, "conv", 3, 2, filters=24),
)


@pytest.fixture(scope="module")
def accuracy_of(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[TinyVideoArchitecture], tuple[float, int]]:
    """Trains a network as the demo search does; gives top-1 on held-out clips, and their number."""
    folder = tmp_path_factory.mktemp("demo")
    write_demo_videos(folder / "videos")
    root = SearchRoot(str(folder / "root"))
    settings = start(root, {**read_settings_file(DEMO), "videos": str(folder / "videos")})
    assert settings.first == 0
    dataset, supervisor = data_prep(root), Supervisor(*PRELOAD)
    limits = Limits(seconds=200, memory_mb=4096)

    def accuracy(architecture: TinyVideoArchitecture) -> tuple[float, int]:
        samplings = root.space.sampling(architecture)
        candidate = Candidate(
            "x", "tiny_video", architecture, dataset.task, samplings, root.settings
        )
        weights = folder / "x.weights.h5"
        train = TrainingJob(candidate, 1, tuple(root.shards(dataset, "train")), weights)
        trained: Training = supervisor.run(TRAIN, train, limits).value
        assert trained.outcome == "ok"
        test = EvaluationJob(candidate, tuple(root.shards(dataset, "test")), weights)
        evaluation: Evaluation = supervisor.run(EVALUATE, test, limits).value
        return evaluation.metrics["top1"], evaluation.clips

    return accuracy


@pytest.mark.parametrize("frames", [1, 8], ids=["one frame", "no temporal operation"])
def test_without_time_a_network_stays_at_chance(
    frames: int, accuracy_of: Callable[[TinyVideoArchitecture], tuple[float, int]]
) -> None:
    top1, clips = accuracy_of(TinyVideoArchitecture(24, frames, 1, SPATIAL))
    chance = 1 / 8
    error = math.sqrt(chance * (1 - chance) / clips)
    assert abs(top1 - chance) < 3 * error


def test_with_time_a_network_learns(
    accuracy_of: Callable[[TinyVideoArchitecture], tuple[float, int]],
) -> None:
    top1, _ = accuracy_of(TinyVideoArchitecture(24, 8, 1, TEMPORAL))
    assert top1 > 0.6
