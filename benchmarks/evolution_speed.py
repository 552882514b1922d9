"""Candidates a second of evolution in memory, by the length of its history; Optuna beside.

Ours: everything that the steps `mutate` and `select` do for a candidate but files and training.
Births: a tournament draws a parent from the whole history, the child is mutated and normalised,
its costs and its id are computed, doubles are drawn again. Whole: then parents and children are
ranked and survive. In a search the parents are as many as the setting `population`, far fewer than
the history: this is the hard case.

Optuna: `ask` and `tell` of its NSGA-II sampler in memory, over as many categorical genes with the
same choices, with its default population of 50. It computes no costs and no ids.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from videonas.search.individual import Individual, individual_name
from videonas.search.settings import make_settings
from videonas.spaces import architecture_id
from videonas.spaces.tiny_video import TinyVideoArchitecture, TinyVideoSpace
from videonas.steps.shell import errors_as_sentences

with errors_as_sentences():
    import optuna

    from tests.architectures import TASK
    from tests.simulated import Simulation, member

SPACE = TinyVideoSpace()


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--history", type=int, nargs="+", default=[100, 10_000, 100_000],
                        help="individuals born before, all of which can be parents")
    parser.add_argument("--children", type=int, default=1000, help="children in a generation")
    parser.add_argument("--repeats", type=int, default=5, help="generations timed at each length")
    parser.add_argument("--optuna", type=int, nargs="*", default=[100, 1000, 3000],
                        help="lengths of Optuna's history; none to leave it out")
    parser.add_argument("--trials", type=int, default=100, help="trials of Optuna timed at each")
    options = parser.parse_args()
    measured = {n: ours(n, options.children, options.repeats) for n in options.history}
    rows = [
        (f"videonas, {part}", length, rates[part])
        for part in ("births", "whole") for length, rates in measured.items()
    ]
    rows += [
        (f"optuna {optuna.__version__}, NSGA-II", length, rates)
        for length, rates in optunas(options.optuna, options.trials, options.repeats).items()
    ]
    first = statistics.median(rows[0][2])
    print(f"{'candidates a second':30} {'history':>9} {'median':>9} {'slowest':>9} {'fastest':>9} "
          f"{'ratio':>8}")
    for name, length, rates in rows:
        middle = statistics.median(rates)
        print(f"{name:30} {length:9,} {middle:9,.0f} {min(rates):9,.0f} {max(rates):9,.0f} "
              f"{middle / first:8.4f}")
    genes = {**clip_genes(), **block_genes(SPACE.birth_blocks)}
    print(
        f"\nratio: to the first row. {options.repeats} rounds each: generations of "
        f"{options.children} of ours, {options.trials} trials of Optuna; medians.\nOurs: default "
        f"options, networks of 1 to {SPACE.max_blocks} blocks, one mutation a child, survival of "
        f"as many as there were.\nOptuna: {len(genes)} genes for {SPACE.birth_blocks} blocks, "
        f"{sum(map(len, genes.values()))} choices. One process, one thread. Python "
        f"{platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores."
    )


def fitness(architecture: TinyVideoArchitecture) -> float:
    """Something cheap that tells networks apart."""
    return zlib.crc32(repr(architecture.blocks[0]).encode()) / 2**32


def ours(length: int, children: int, repeats: int) -> dict[str, list[float]]:
    """Candidates a second of births alone and of the whole, one figure a generation."""
    running = simulation(length, children)
    running.step()  # not counted
    rates: dict[str, list[float]] = {"births": [], "whole": []}
    for _ in range(repeats):
        began = time.perf_counter()
        born = running.births(children)
        rates["births"].append(children / (time.perf_counter() - began))
        running.settle(born)
        rates["whole"].append(children / (time.perf_counter() - began))
        assert len(running.parents) == length
    return rates


def simulation(length: int, children: int) -> Simulation:
    """A search with so many different individuals, all of them parents."""
    settings = make_settings(
        {"population": length, "children": children, "mutations": 1, "sampling_tries": 200,
         "max_parameters": 10**9}
    )
    rng, known = Random(0), dict[str, Any]()
    while len(known) < length:
        net = SPACE.sample(TASK, rng)
        identity = architecture_id(SPACE.name, net)
        name = individual_name(0, len(known))
        known.setdefault(
            identity, member(Individual(name, identity, net, "sampled"), fitness(net))
        )
    running = Simulation(settings, fitness, SPACE, generation=1)
    running.parents = running.algorithm.survival(
        sorted(known.values(), key=lambda m: m.result.metrics["loss"]), rng
    )
    return running


def clip_genes() -> dict[str, Sequence[Any]]:
    """The choices of each field of a clip."""
    return {"image_size": SPACE.image_sizes, "frames": SPACE.frames,
            "frame_stride": SPACE.frame_strides}


def block_genes(blocks: int) -> dict[str, Sequence[Any]]:
    """The choices of each field of so many blocks; the squeeze ratio in ten steps."""
    of_one: dict[str, Sequence[Any]] = {
        **SPACE.block_choices(), "squeeze": [step / 10 for step in range(11)],
        "skip": (False, True), "context_gate": (False, True), "inverted_bottleneck": (False, True),
    }
    return {f"{block}.{name}": of_one[name] for block in range(blocks) for name in of_one}


def optunas(lengths: Sequence[int], trials: int, repeats: int) -> dict[int, list[float]]:
    """Trials a second at each length of the history, in one study that grows."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    genes = {**clip_genes(), **block_genes(SPACE.birth_blocks)}
    study = optuna.create_study(
        sampler=optuna.samplers.NSGAIISampler(seed=0), direction="maximize"
    )
    rates: dict[int, list[float]] = {}
    for length in sorted(lengths):
        while len(study.get_trials(deepcopy=False)) < length:
            one_trial(study, genes)
        for _ in range(repeats):
            began = time.perf_counter()
            for _ in range(trials):
                one_trial(study, genes)
            rates.setdefault(length, []).append(trials / (time.perf_counter() - began))
    return rates


def one_trial(study: optuna.Study, genes: dict[str, Sequence[Any]]) -> None:
    """Asks for a candidate and tells its fitness."""
    trial = study.ask()
    drawn = {name: trial.suggest_categorical(name, choices) for name, choices in genes.items()}
    study.tell(trial, zlib.crc32(repr(drawn).encode()) / 2**32)


if __name__ == "__main__":
    with errors_as_sentences():
        main()
