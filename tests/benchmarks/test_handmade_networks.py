"""Hand-made networks, how they are trained and measured, and the table of them."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import handmade_networks
from benchmarks.common.counting import count_macs, count_parameters
from benchmarks.common.trials import (
    Measured,
    Network,
    Trial,
    Tried,
    in_turns,
    measure,
    need_one_label,
    run_trials,
    searched,
    shards_of,
)
from benchmarks.handmade import HANDMADE, MOVINET_BUILDER, scaled, strides
from benchmarks.handmade.movinet import missing
from benchmarks.handmade_networks import Compared, Field, best_rates, summary, verdict
from tests.architectures import TASK
from videonas.errors import VideonasError
from videonas.networks import build
from videonas.search.root import SearchRoot
from videonas.spaces import Costs
from videonas.spaces.tiny_video import TinyVideoSpace
from videonas.task import Clip, Sampling, Task
from videonas.training.jobs import EVALUATE, TRAIN, Candidate, EvaluationJob, TrainingJob
from videonas.training.supervisor import Limits, Supervisor

SMALL = Task({"rgb": Clip(4, 12)}, classes=3)
NAMES = sorted(HANDMADE)
SAMPLING = Sampling(4, 1, 12)


def network(name: str, sampling: Sampling = SAMPLING, width: float = 0.1) -> Network:
    return Network(name, HANDMADE[name], sampling, {"width": width})


def clips(count: int, sampling: Sampling) -> Any:
    shape = (count, sampling.frames, sampling.size, sampling.size, 3)
    return tf.constant(np.random.default_rng(0).uniform(-1, 1, shape), tf.float32)


# Networks


@pytest.mark.parametrize("name", NAMES)
def test_a_network_takes_clips_of_any_size_and_can_be_trained(name: str) -> None:
    for sampling in (Sampling(1, 1, 3), Sampling(4, 2, 12)):
        keras.utils.set_random_seed(1)
        model, batch = network(name, sampling).build(SMALL, 0.0), clips(3, sampling)
        assert model(batch, training=False).shape == (3, 3)
    with tf.GradientTape() as tape:
        logits = model(batch, training=True)
        loss = tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(tf.constant([0, 1, 2]), logits)
        )
    gradients = tape.gradient(loss, model.trainable_variables)
    assert np.isfinite(loss.numpy())
    assert all(np.isfinite(g.numpy()).all() for g in gradients), "every weight is used"
    assert sum(float(np.abs(g.numpy()).sum()) > 0 for g in gradients) > len(gradients) / 2


PUBLISHED = {
    "(2+1)D ResNet-18": (Clip(16, 112), 400, 33_370_839, 41.50),
    "I3D": (Clip(64, 224), 400, 12_697_264, 111.15),
    "2D ResNet-18, frames averaged": (Clip(1, 224), 1000, 11_689_512, 1.81),
}
"""Published: 33.3 M (arXiv 1711.11248, table 1); 12 M and 108 G (1705.07750, table 1, and others);
11,689,512 and 1.81 G, as torchvision has it."""


@pytest.mark.parametrize("name", NAMES)
def test_at_the_published_size_it_is_the_published_network(name: str) -> None:
    clip, classes, parameters, giga = PUBLISHED[name]
    model = network(name, Sampling(clip.frames, 1, clip.size), 1.0).build(
        Task({"rgb": clip}, classes)
    )
    assert count_parameters(model) == parameters
    assert count_macs(model) / 1e9 == pytest.approx(giga, abs=0.01)


@pytest.mark.parametrize("name", NAMES)
def test_only_the_two_dimensional_network_is_blind_to_time(name: str) -> None:
    sampling = Sampling(8, 1, 12)
    model, batch = network(name, sampling).build(SMALL), clips(2, sampling)
    there, back = (model(b, training=False).numpy() for b in (batch, tf.reverse(batch, [1])))
    assert np.allclose(there, back, atol=1e-5) == name.startswith("2D")


@given(st.integers(1, 300), st.integers(1, 6), st.integers(1, 4))
@settings(max_examples=80, deadline=None)
def test_strides_leave_what_has_to_be_left(size: int, count: int, least: int) -> None:
    found = strides(size, count, least)
    assert len(found) == count
    assert list(found) == sorted(found), "the first ones are left out"
    halvings = found.count(2)
    assert set(found) <= {1, 2}
    assert halvings == 0 or size / 2**halvings >= least
    assert halvings == count or size / 2 ** (halvings + 1) < least


def test_widths_are_shares_of_the_published_ones() -> None:
    assert [scaled(64, width) for width in (1.0, 0.5, 0.25, 0.01)] == [64, 32, 16, 4]
    small, large = (count_parameters(network("I3D", width=w).build(SMALL)) for w in (0.1, 0.2))
    assert 2 < large / small < 4


@pytest.mark.skipif(missing() is not None, reason=str(missing()))
def test_movinet_gives_logits_and_learns() -> None:
    sampling = Sampling(4, 1, 24)
    model = Network("m", MOVINET_BUILDER, sampling).build(Task({"rgb": Clip(4, 24)}, 3), 0.2)
    assert model(clips(2, sampling), training=True).shape == (2, 3)
    assert model.input_shape == (None, 4, 24, 24, 3)
    assert 1.8e6 < count_parameters(model) < 2e6


def test_a_package_that_is_missing_is_said_to_be() -> None:
    why = missing()
    if importlib.util.find_spec("official") is None:
        assert why is not None
        assert "tf-models-official is not installed" in why


# Counting


def test_counts_are_those_of_the_arithmetic() -> None:
    """Pooling, gates, non-local operations and depthwise convolutions among them."""
    space, rng = TinyVideoSpace(), Random(1)
    for _ in range(4):
        net = space.sample(TASK, rng)
        model = build("tiny_video", net, TASK)
        assert Costs(count_parameters(model), count_macs(model)) == space.costs(net, TASK)


def test_functions_within_a_model_are_counted() -> None:
    """Grouped convolutions of Keras 2 hide in one; 4 x 4 places, 3 x 3 x (2 of 4) to 6."""
    kernel = tf.Variable(tf.ones((3, 3, 2, 6)))

    class Hidden:
        input_shape = (None, 1, 4, 4, 4)
        trainable_variables = (kernel,)

        def __call__(self, clips: Any, training: bool) -> Any:
            inner = tf.function(lambda x: tf.nn.conv2d(x, kernel, 1, "SAME"), autograph=False)
            return inner(clips[:, 0])

    assert count_macs(Hidden()) == 4 * 4 * 3 * 3 * 2 * 6
    assert count_parameters(Hidden()) == 3 * 3 * 2 * 6
    assert not tf.config.functions_run_eagerly()


# Training and measuring


def test_a_trial_is_the_training_and_evaluation_of_a_search(
    new_root: Callable[..., SearchRoot], tmp_path: Path
) -> None:
    """The same seed gives the same metrics as the jobs that the steps run."""
    root = new_root(train_steps=3)
    dataset, chosen = root.need_dataset(), root.settings
    task, net = dataset.task, root.space.sample(dataset.task, Random(2))
    shards = {split: shards_of(root, dataset, split) for split in ("train", "validation", "test")}
    ours = searched(root, "net", net)
    held_out = {"validation": shards["validation"], "test": shards["test"]}
    lost = Network("lost", "builtins:nothing_of_the_kind", ours.sampling)
    trials = [Trial(n, task, chosen, 5, shards["train"], held_out) for n in (ours, lost)]
    tried, broken = run_trials(trials, 1)
    assert not broken.metrics
    assert "nothing_of_the_kind" in broken.message

    supervisor, limits = Supervisor(), Limits(100, 4000)
    candidate = Candidate("net", "tiny_video", net, task, root.space.sampling(net), chosen)
    weights = tmp_path / "net.weights.h5"
    supervisor.run(TRAIN, TrainingJob(candidate, 5, shards["train"], weights), limits)
    job = EvaluationJob(candidate, shards["test"], weights)
    expected = supervisor.run(EVALUATE, job, limits).value.metrics
    assert tried.metrics["test"] == pytest.approx(expected, rel=1e-5)
    assert tried.metrics.keys() == held_out.keys()
    assert tried.seconds > 0


def test_networks_are_measured_and_counted(new_root: Callable[..., SearchRoot]) -> None:
    root = new_root()
    task, space = root.need_dataset().task, root.space
    nets = [space.sample(task, Random(seed)) for seed in (1, 2)]
    measured = measure([searched(root, "net", n) for n in nets], task, root.settings, rounds=2)
    assert [Costs(m.parameters, m.macs) for m in measured] == [space.costs(n, task) for n in nets]
    assert all(len(m.latencies_ms) == 2 and min(m.latencies_ms) > 0 for m in measured)


def test_measurements_take_turns() -> None:
    calls = count()
    assert in_turns([lambda: next(calls), lambda: next(calls)], 3) == [[0, 2, 4], [1, 3, 5]]


def test_the_script_compares_what_a_search_found(
    new_root: Callable[..., SearchRoot], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from videonas.steps.evaluate import evaluate
    from videonas.steps.mutate import mutate
    from videonas.steps.select import select
    from videonas.steps.train_candidate import train_candidate

    monkeypatch.setattr(handmade_networks, "HANDMADE", {"dense": "tests.benchmarks.dense:dense"})
    root = new_root(population=1)
    for step in (mutate, train_candidate, evaluate, select):
        step(root, 0)
    said = CliRunner().invoke(handmade_networks.main, [
        "--search-root", root.uri, "--width", "0.1", "--clips", "stored", "--seeds", "2",
        "--learning-rate", "0.1", "--train-steps", "2", "--rounds", "1",
        "--output", str(tmp_path / "all.json"),
    ])
    assert said.exit_code == 0, said.output
    rows = json.loads((tmp_path / "all.json").read_text())
    assert [row["name"] for row in rows][:2] == ["found", "dense, width 0.1"]
    assert all(len(row["top1"]) == 2 for row in rows)
    best = root.lineage().best(root.settings)
    assert best is not None
    assert rows[0]["measured"]["macs"] == best.result.costs.macs
    assert "2 steps of 4 clips" in said.output
    assert "MoViNet-A0" in said.output


def test_a_search_that_found_nothing_is_refused(new_root: Callable[..., SearchRoot]) -> None:
    for uri, words in ((new_root().uri, "no network of it was trained"), ("/nowhere", "/nowhere")):
        said = CliRunner().invoke(handmade_networks.main, ["--search-root", uri])
        assert said.exit_code == 2
        assert words in said.output


def test_a_data_set_with_several_labels_is_refused(
    new_root: Callable[..., SearchRoot], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = new_root()
    need_one_label(root)
    dataset = root.need_dataset()
    several = replace(dataset, multi_label=True)
    monkeypatch.setattr(SearchRoot, "need_dataset", lambda *_: several)
    with pytest.raises(VideonasError, match="several labels; allowed: one a clip"):
        need_one_label(root)


# Choosing and telling


def test_each_network_gets_the_rate_that_is_best_on_validation() -> None:
    def tried(top1: float, loss: float = 1.0) -> Tried:
        return Tried({"validation": {"top1": top1, "loss": loss}})

    nets = [network(name) for name in NAMES]
    outcomes = [tried(0.1), tried(0.5), tried(0.4), tried(0.5, 2.0), tried(0.5, 1.0), Tried({}),
                Tried({}), Tried({}), Tried({})]
    assert best_rates(nets, (0.1, 0.2, 0.3), outcomes) == [0.2, 0.2, 0.1]


def compared(name: str, latency: float, *top1: float, message: str = "") -> Compared:
    costs = Measured(1000, 2_000_000, (latency, latency * 0.9, latency * 1.1), "a CPU")
    return Compared(name, "4 x 12²", 0.1, top1, 7.0, costs, message)


FOUND = [
    compared("found", 1.0, 0.7, 0.9), compared("wide", 12.0, 0.8, 0.84),
    compared("quick", 0.5, 0.7, 0.7), compared("broken", 3.0, message="the loss was not a number"),
]


def test_the_verdict_is_about_the_most_accurate_one_whichever_way_it_turns_out() -> None:
    assert "wide at 4 x 12²: 0.820, 12.00 ms" in verdict(FOUND)
    assert "0.800, -0.020, at 1.00 ms: 12.0 times less" in verdict(FOUND)
    assert verdict(FOUND).endswith("faster and as accurate: none.")
    beaten = [*FOUND[:2], replace(FOUND[2], top1=(0.8, 0.9))]
    assert "quick at 4 x 12²: 0.850, 0.50 ms" in verdict(beaten)
    assert ": 0.5 times less" in verdict(beaten)
    assert verdict(beaten).endswith("as accurate: quick at 4 x 12².")


def test_the_table_shows_the_spread(new_root: Callable[..., SearchRoot]) -> None:
    root = new_root()
    dataset = root.need_dataset()
    shards = {split: shards_of(root, dataset, split) for split in ("train", "validation", "test")}
    text = summary(FOUND, Field(dataset.task, root.settings, shards), (0.1, 0.2))
    rows = [[c.strip() for c in line.strip("|").split("|")]
            for line in text.splitlines() if line.startswith("|")][2:]
    assert rows[0] == ["found", "4 x 12²", "0.800 (0.700 to 0.900)", "1.00 (0.90 to 1.10)", "1.0",
                       "1,000", "2,000,000", "0.1", "7"]
    assert [row[4] for row in rows] == ["1.0", "12.0", "0.5", "3.0"]
    assert rows[3][2] == "failed"
    assert "broken, 4 x 12²: the loss was not a number." in text
    counts = {split: sum(shard.clips for _, shard in files) for split, files in shards.items()}
    assert re.search(rf"{counts['train']} clips to train, .* {counts['test']} to test", text)
    assert "learning rates 0.1, 0.2" in text
