"""A real training and evaluation of a network that answers with several labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.architectures import one_block
from videonas.data.shards import ShardWriter
from videonas.search.result import Evaluation, Training
from videonas.search.settings import make_settings
from videonas.spaces import open_space
from videonas.task import Clip, Task
from videonas.training.jobs import (
    EVALUATE,
    PRELOAD,
    TRAIN,
    Candidate,
    EvaluationJob,
    Shards,
    TrainingJob,
)
from videonas.training.supervisor import Limits, Supervisor

FRAMES, SIDE = 4, 6
TASK = Task({"rgb": Clip(FRAMES, SIDE)}, 3, multi_label=True)
LIMITS = Limits(seconds=100, memory_mb=4096)


def write_clips(folder: Path, split: str, clips: int, seed: int) -> Shards:
    """Noise; for each label that a clip has, one of its frames is brighter in one colour."""
    rng = np.random.default_rng(seed)
    writer = ShardWriter(folder, split)
    for number in range(clips):
        there = np.flatnonzero(rng.random(3) < 0.4)
        pixels = rng.integers(0, 120, (FRAMES, SIDE, SIDE, 3))
        pixels[rng.integers(0, FRAMES, len(there)), :, :, there] += 130
        writer.add({"rgb": pixels[None].astype(np.uint8)}, there.tolist(), f"{number}.mp4")
    return tuple((folder / shard.name, shard) for shard in writer.close())


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """How training ended, and the evaluation of what it gave."""
    folder = tmp_path_factory.mktemp("several")
    network = one_block(SIDE, FRAMES, filters=16)
    settings = make_settings({"train_steps": 80, "batch_size": 16, "dropout": 0.0})
    samplings = open_space("tiny_video").sampling(network)
    candidate = Candidate("x", "tiny_video", network, TASK, samplings, settings)
    weights, supervisor = folder / "x.weights.h5", Supervisor(*PRELOAD)
    train = TrainingJob(candidate, 1, write_clips(folder, "train", 120, 0), weights)
    training: Training = supervisor.run(TRAIN, train, LIMITS).value
    test = EvaluationJob(candidate, write_clips(folder, "validation", 60, 1), weights)
    evaluation: Evaluation = supervisor.run(EVALUATE, test, LIMITS).value
    return {"training": training, "evaluation": evaluation}


def test_the_loss_begins_at_chance_and_falls(ended: dict[str, Any]) -> None:
    training: Training = ended["training"]
    assert (training.outcome, training.steps, len(training.curve)) == ("ok", 80, 20)
    assert training.curve[0] == pytest.approx(np.log(2), abs=0.15)
    assert training.loss is not None
    assert training.loss < 0.35


def test_labels_of_clips_never_seen_are_found(ended: dict[str, Any]) -> None:
    evaluation: Evaluation = ended["evaluation"]
    assert (evaluation.outcome, evaluation.clips) == ("ok", 60)
    assert set(evaluation.metrics) == {"map", "loss"}
    assert evaluation.metrics["map"] > 0.8, "at chance it is 0.4"
    assert evaluation.metrics["loss"] < 0.5
