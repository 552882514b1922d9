"""Searches that were never run: real records, real architectures, made-up results.

The results follow from the architecture alone, on an additive landscape, so that selection climbs
it as it would climb a real one, and equal networks have equal results.
"""

from __future__ import annotations

import hashlib
import math
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from random import Random
from typing import Any

from videonas.search.budget import Budget
from videonas.search.dataset import SPLITS, Dataset, Shard, Skipped, Split
from videonas.search.individual import Individual, individual_name, result_key
from videonas.search.population import Candidates, Member, Population
from videonas.search.records import Timing
from videonas.search.result import Evaluation, Latency, Outcome, Result, Training
from videonas.search.root import SearchRoot
from videonas.search.settings import Settings
from videonas.spaces import Edit, SearchSpace, architecture_id
from videonas.spaces.tiny_video import TinyVideoArchitecture
from videonas.spaces.tiny_video.architecture import layers
from videonas.task import Task

CLASSES = ("clap", "jump", "run", "sit down", "turn", "wave")
CLIPS = {"train": 420, "validation": 120, "test": 120}
TROUBLES: Mapping[Outcome, float] = {
    "failed": 0.03, "diverged": 0.04, "out_of_memory": 0.03, "timed_out": 0.02, "invalid": 0.02
}
MESSAGES: Mapping[Outcome, str] = {
    "failed": "ValueError: no kernel for this combination of strides",
    "diverged": "the loss was not a number at step 31",
    "out_of_memory": "used 8,200 MB of memory; allowed: 8,192 MB",
    "timed_out": "not finished after 3600 seconds",
    "invalid": "the network cannot be built: negative dimension size",
}
STARTED = 1_700_000_000.0


@dataclass(frozen=True)
class _World:
    """What results depend on."""

    settings: Settings
    task: Task
    space: SearchSpace[TinyVideoArchitecture]
    data: str
    budget: Budget
    latency: bool
    troubles: Mapping[Outcome, float]
    message: str | None


def make_search(
    folder: Path | str,
    generations: int,
    population: int,
    children: int,
    seed: int = 0,
    *,
    classes: Sequence[str] = CLASSES,
    latency: bool = True,
    troubles: Mapping[Outcome, float] = TROUBLES,
    message: str | None = None,
    **settings: Any,
) -> SearchRoot:
    """Writes a search over Tiny Video Networks, as a run of it would have left it.

    Args:
        folder: the search root, or its URI; created where it does not exist.
        generations: that ended; with 0 there is a search and a data set, and nothing else.
        population: networks that can be parents, and the size of generation 0.
        children: networks born in each later generation.
        seed: of the search.
        classes: their names.
        latency: whether latency was measured.
        troubles: the share of networks with an outcome other than `ok`, by outcome; `over_budget`
            follows from the budget in the settings.
        message: said by every trouble, in place of `MESSAGES`.
        settings: further settings of the search.
    """
    root = SearchRoot(str(folder))
    given = {"population": population, "children": children, "seed": seed, **settings}
    root.start({**given, "generations": max(generations, 1)})
    dataset = _publish_dataset(root, classes)
    world = _World(
        root.settings, dataset.task, root.space, dataset.digest, Budget.of(root.settings),
        latency, troubles, message,
    )
    root.add_timing(Timing("start", None, STARTED, 0.4, 0.3, 0.4, 0.0))
    root.add_timing(Timing("data-prep", None, STARTED + 1, 41.5, 1.2, 80.0, 0.0))
    parents: tuple[Member[Any], ...] = ()
    for generation in range(generations):
        parents = _add_generation(root, world, generation, parents).parents
    return root


def _publish_dataset(root: SearchRoot, classes: Sequence[str]) -> Dataset:
    splits = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name in SPLITS:
            content = f"clips of {name}".encode()
            shard = Shard(f"{name}-00000.tfrecord", CLIPS[name], _sha256(content))
            (Path(scratch) / shard.name).write_bytes(content)
            shares = [CLIPS[name] // len(classes)] * len(classes)
            shares[0] += CLIPS[name] - sum(shares)
            splits[name] = Split(CLIPS[name], CLIPS[name], tuple(shares), (shard,))
        dataset = Dataset(
            digest=_sha256(repr(classes).encode())[:12],
            source="/videos",
            streams=dict(root.space.largest()),
            classes=tuple(classes),
            splits=splits,
            source_frames=40_000,
            short_videos=3,
            skipped=(Skipped("wave/broken.mp4", "no video stream"),),
        )
        return root.publish_dataset(dataset, Path(scratch))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _add_generation(
    root: SearchRoot, world: _World, generation: int, parents: tuple[Member[Any], ...]
) -> Population[Any]:
    """One generation, from its candidates to its population."""
    count = world.settings.children if generation else world.settings.population
    born = tuple(_birth(world, generation, index, parents) for index in range(count))
    root.publish_candidates(Candidates(generation, world.data, world.budget, born))
    newborn = tuple(Member(individual, _result(world, individual)) for individual in born)
    able = [m for m in newborn if m.result.outcome(world.budget) == "ok"]
    fittest = sorted([*parents, *able], key=lambda m: m.result.metrics["loss"])
    ended = Population(
        generation, root.digest_before(generation), world.data, world.budget, newborn,
        tuple(fittest[: world.settings.population]),
    )
    root.publish_population(ended)
    _add_timings(root, generation, newborn)
    return ended


def _birth(
    world: _World, generation: int, index: int, parents: tuple[Member[Any], ...]
) -> Individual[TinyVideoArchitecture]:
    name = individual_name(generation, index)
    rng = Random(f"{world.settings.seed}/{name}")
    if not parents or world.settings.algorithm == "random":
        drawn = world.space.sample(world.task, rng)
        return Individual(name, architecture_id(world.space.name, drawn), drawn, "sampled")
    drawn_from = rng.sample(range(len(parents)), min(4, len(parents)))
    parent = parents[min(drawn_from)].individual  # parents stand in order of fitness
    child, edits = parent.architecture, []
    for _ in range(2 if generation == 1 else 1):
        child, edit = _mutate(world, child, rng)
        edits.append(edit)
    identity = architecture_id(world.space.name, child)
    return Individual(name, identity, child, "mutated", (parent.name,), tuple(edits))


def _mutate(
    world: _World, architecture: TinyVideoArchitecture, rng: Random
) -> tuple[TinyVideoArchitecture, Edit]:
    operators = list(world.space.operators.values())
    while True:
        mutated = rng.choice(operators)(architecture, world.task, rng, {})
        if mutated is not None:
            return world.space.normalise(mutated[0], world.task), mutated[1]


def _result(world: _World, individual: Individual[TinyVideoArchitecture]) -> Result:
    """What evaluating a network gives: settled by its id and its fields."""
    architecture = individual.architecture
    rng = Random(individual.id)
    costs = world.space.costs(architecture, world.task)
    key = result_key(world.settings, individual.id, world.data)
    depth = sum(1 for _ in layers(architecture))
    median = round((0.7 + 0.12 * depth + costs.macs / 1.5e8) * rng.uniform(0.9, 1.1), 4)
    spread = (round(median * 0.98, 4), round(median * 1.05, 4))
    latency = Latency(median, spread, 30, 1, "Example CPU @ 2.00GHz") if world.latency else None
    trouble = _trouble(world.troubles, rng.random())
    text = world.message or MESSAGES.get(trouble, "")
    spent = {"start": 0.4, "build": 0.3 + 0.02 * depth, "latency": median * 35 / 1000}
    if trouble == "invalid":
        return Result(key, costs, None, Training("invalid", text, seconds={"start": 0.4}))
    if Result(key, costs, latency).excess(world.budget):
        return Result(key, costs, latency)
    if trouble != "ok":
        return Result(key, costs, latency, Training(trouble, text, seconds={**spent, "train": 4.0}))
    metrics = _metrics(architecture, costs.macs, world.task.classes, rng)
    spent |= {"load": 0.2, "trace": 1.1, "train": 1.5 + median / 2, "save": 0.1}
    training = Training("ok", "", round(metrics["loss"] * 0.8, 4), {}, spent, 700 + 20 * depth)
    seconds = {"start": 0.4, "build": 0.3, "load": 0.1, "trace": 0.6, "evaluate": 0.4}
    evaluation = Evaluation("ok", "", metrics, CLIPS["validation"], seconds)
    return Result(key, costs, latency, training, evaluation)


def _trouble(shares: Mapping[Outcome, float], draw: float) -> Outcome:
    for outcome, share in shares.items():
        draw -= share
        if draw < 0:
            return outcome
    return "ok"


def _metrics(
    architecture: TinyVideoArchitecture, macs: int, classes: int, rng: Random
) -> dict[str, float]:
    """A made-up landscape: every value of every field has an effect of its own."""
    whole = {f.name: getattr(architecture, f.name) for f in fields(architecture)}
    blocks = [asdict(block) for block in whole.pop("blocks")]
    of_clip = sum(_effect(name, value) for name, value in whole.items())
    of_blocks = sum(_effect(n, v) for block in blocks for n, v in block.items()) / len(blocks)
    able = of_clip + of_blocks + 0.35 * (math.log10(macs + 1) - 6) + rng.gauss(0, 0.15) - 0.6
    chance = 1 / classes
    top1 = chance + (0.97 - chance) / (1 + math.exp(-1.1 * able))
    clips = CLIPS["validation"]
    return {
        "top1": round(top1 * clips) / clips,
        "top5": round((1 - (1 - top1) ** 3) * clips) / clips,
        "loss": round(math.log(classes) * (1 - top1) ** 1.2 + 0.08 * rng.random(), 4),
    }


def _effect(name: str, value: object) -> float:
    return (zlib.crc32(f"{name}={value}".encode()) % 1000) / 1000 - 0.5


def _add_timings(root: SearchRoot, generation: int, newborn: tuple[Member[Any], ...]) -> None:
    trainings = [m.result.training for m in newborn if m.result.training]
    training = sum(sum(t.seconds.values()) for t in trainings) + 3.0
    at = STARTED + 100 + 1000 * generation
    for step, seconds, startup in (
        ("mutate", 0.9, 0.45), ("train-candidate", training, 2.6),
        ("evaluate", 1.8 * len(trainings) + 2.5, 2.4), ("select", 0.8, 0.5),
    ):
        root.add_timing(Timing(step, generation, at, seconds, startup, seconds * 0.95, 0.0))
        at += seconds
