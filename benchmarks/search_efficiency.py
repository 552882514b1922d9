"""How many networks each algorithm needs to find what random search finds among 1,000.

Nothing is trained: the fitness is made up, on the real space of Tiny Video Networks and through the
real evolution (benchmarks/common/landscape.py says how it is made, and that one mutation changes
it as much as it changes the fitness of networks that are trained). Each seed is a landscape and a
search of its own. A network that is born twice counts once, since a search trains it once.

    python benchmarks/search_efficiency.py
    python benchmarks/search_efficiency.py --set population=32 --set tournament_size=8
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.common.landscape import MOST_PARTNERS, NEUTRAL, PARTNERS, Landscape
from benchmarks.common.progress import watched
from videonas.errors import VideonasError
from videonas.evolution.birth import mutate
from videonas.logs import set_up_logging
from videonas.search.settings import (
    Settings,
    make_settings,
    merge_settings,
    parse_assignments,
    read_settings_file,
)
from videonas.spaces import open_space
from videonas.steps.shell import errors_as_sentences
from videonas.task import Task

with errors_as_sentences():
    import numpy as np

    from benchmarks.common.correlation import spearman
    from tests.simulated import Simulation

ARMS: Mapping[str, Mapping[str, Any]] = {
    "tournament": {"algorithm": "tournament"},
    "regularised": {"algorithm": "regularised"},
    "nsga2: loss": {"algorithm": "nsga2", "objectives": ["loss"]},
    "nsga2: loss, macs": {"algorithm": "nsga2", "objectives": ["loss", "macs"]},
    "random": {"algorithm": "random"},
    "drift": {"algorithm": "drift"},
}
"""The searches that are compared, by their settings."""

EARLY = 200
OTHER_SEED = 1_000_000
"""Added to a seed for the random search that sets the mark, which is not one of the arms."""

IDLE = 100
"""Generations without a new network after which a search is over."""

FAMILIES = 300
"""Networks, each mutated twice, from which ruggedness is computed."""


@dataclass(frozen=True)
class Plan:
    """What all searches of a seed share.

    Attributes:
        given: settings of every arm, but for what makes the arm.
        networks: different ones that a search may evaluate.
        partners: see `Landscape`.
        neutral: see `Landscape`.
    """

    given: Mapping[str, Any]
    networks: int
    partners: int = PARTNERS
    neutral: float = NEUTRAL

    def settings(self, arm: str, seed: int) -> Settings:
        """Of a search; regularised evolution has as many children as are allowed at most.

        Raises:
            SettingsError: a value that is not allowed.
        """
        values = merge_settings(self.given, ARMS[arm], {
            "seed": seed, "measure_latency": False, "fitness": "loss",
        })
        if arm == "regularised":
            common = make_settings({**values, "algorithm": "tournament"})
            most = max(common.population // 4, 1)
            values["children"] = min(common.children, most)
        return make_settings(values)

    def landscape(self, seed: int) -> Landscape:
        """Of a seed."""
        return Landscape(seed, self.partners, self.neutral)


@dataclass(frozen=True)
class Outcome:
    """What was found on one landscape.

    Attributes:
        mark: what random search found among as many networks.
        courses: the best fitness after each network, by arm.
        kept: rank correlation of networks with what one and two mutations make of them.
    """

    mark: float
    courses: Mapping[str, Sequence[float]]
    kept: tuple[float, float]


def course(settings: Settings, landscape: Landscape, networks: int) -> list[float]:
    """The best fitness after each different network that a search evaluates.

    Args:
        settings: of the search.
        landscape: what a network is worth.
        networks: how many; fewer where nothing new is born for `IDLE` generations.
    """
    known: dict[Any, float] = {}
    best: list[float] = []

    def fitness(architecture: Any) -> float:
        """What the landscape says; each network counts once."""
        if architecture not in known:
            known[architecture] = landscape(architecture)
            best.append(max([known[architecture], *best[-1:]]))
        return known[architecture]

    search, idle = Simulation(settings, fitness, task=largest_task(settings)), 0
    while len(best) < networks and idle < IDLE:
        before = len(best)
        search.step()
        idle = 0 if len(best) > before else idle + 1
    return best[:networks]


def largest_task(settings: Settings) -> Task:
    """A task that allows every network of the space."""
    return Task(open_space(settings.space, settings.space_options).largest(), classes=8)


def reached(best: Sequence[float], mark: float) -> float:
    """The number of networks after which the best is as good as the mark; infinity if never."""
    return next((n for n, value in enumerate(best, 1) if value >= mark), math.inf)


def ruggedness(settings: Settings, landscape: Landscape, seed: int) -> tuple[float, float]:
    """The rank correlation of random networks with what one and two mutations make of them."""
    space, task = open_space(settings.space, settings.space_options), largest_task(settings)
    rng, families = Random(f"families/{seed}"), []
    for _ in range(FAMILIES):
        first = space.sample(task, rng)
        second, _ = mutate(space, first, task, rng, 1, {})
        third, _ = mutate(space, second, task, rng, 1, {})
        families.append([landscape(a) for a in (first, second, third)])
    one, two, three = (list(column) for column in zip(*families, strict=True))
    return spearman(one, two), spearman(one, three)


def run_seed(plan: Plan, seed: int) -> Outcome:
    """All searches on one landscape."""
    landscape = plan.landscape(seed)
    mark = course(plan.settings("random", OTHER_SEED + seed), landscape, plan.networks)[-1]
    courses = {
        arm: course(plan.settings(arm, seed), landscape, plan.networks) for arm in ARMS
    }
    return Outcome(mark, courses, ruggedness(plan.settings("random", seed), landscape, seed))


def summary(plan: Plan, outcomes: Sequence[Outcome]) -> str:
    """The table, as Markdown, and its conditions."""
    lines = [
        f"| algorithm | networks to the mark | reached | best after {EARLY} | "
        f"best after {plan.networks} |", "|---|---|---|---|---|",
    ]
    for arm in ARMS:
        courses = [outcome.courses[arm] for outcome in outcomes]
        needed = [reached(o.courses[arm], o.mark) for o in outcomes]
        cells = [
            _spread(needed, "{:.0f}"), f"{sum(map(math.isfinite, needed))} of {len(needed)}",
            _spread([best[:EARLY][-1] for best in courses], "{:.3f}"),
            _spread([best[-1] for best in courses], "{:.3f}"),
        ]
        lines.append(f"| {arm} | " + " | ".join(cells) + " |")
    common, aged = plan.settings("tournament", 0), plan.settings("regularised", 0)
    one, two = (float(np.median([o.kept[n] for o in outcomes])) for n in (0, 1))
    lines += ["", (
        f"{len(outcomes)} seeds, each a landscape and a search of its own; medians (quartiles). "
        f"The mark: the best of {plan.networks} random networks of another search, "
        f"{_spread([o.mark for o in outcomes], '{:.3f}')}."
    ), (
        f"Population {common.population}, children {common.children} (regularised: "
        f"{aged.children}), tournament of {common.tournament_size}, mutations "
        f"max(ceil({common.mutations:g} - i/{common.mutation_decay:g}), 1). Landscape: "
        f"{plan.partners} partners, {plan.neutral:.0%} of the genes neutral; a rank correlation "
        f"of {one:.2f} is left after one mutation, {two:.2f} after two."
    )]
    return "\n".join(lines)


def _spread(values: Sequence[float], form: str) -> str:
    """Median (lower quartile to upper quartile), each one of the values."""
    # never between two values: one of them may be infinite
    low, middle, high = np.percentile(values, (25, 50, 75), method="higher")
    words = [form.format(v) if math.isfinite(v) else "never" for v in (middle, low, high)]
    return f"{words[0]} ({words[1]} to {words[2]})"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--seeds", default=20, show_default=True, type=click.IntRange(1),
              help="Landscapes, with a search of each algorithm on each.")
@click.option("--networks", default=1000, show_default=True, type=click.IntRange(2),
              help="Different networks that each search evaluates, the one for the mark too.")
@click.option("--partners", default=PARTNERS, show_default=True,
              type=click.IntRange(0, MOST_PARTNERS),
              help="Fields that decide with a field what it is worth; more is more rugged.")
@click.option("--neutral", default=NEUTRAL, show_default=True,
              type=click.FloatRange(0, 1, max_open=True),
              help="Share of the fields that are worth nothing.")
@click.option("--settings", "settings_file", type=click.Path(path_type=Path),
              help="Settings of the searches, such as pipelines/tiny_video/demo.yaml; by default "
              "every setting has its default.")
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE",
              help="A setting of every search, such as population=32.")
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1),
              help="Seeds at a time.")
def main(
    seeds: int, networks: int, partners: int, neutral: float, settings_file: Path | None,
    assignments: tuple[str, ...], jobs: int,
) -> None:
    """How many networks each algorithm needs to find what random search finds among 1,000.

    Nothing is trained: a made-up fitness of Tiny Video Networks, as rugged as that of networks that
    are trained, and the real evolution. Half a minute a core for 20 seeds.
    """
    set_up_logging("benchmark")
    try:
        given = merge_settings(
            read_settings_file(settings_file) if settings_file else {},
            parse_assignments(assignments),
        )
        plan = Plan(given, networks, partners, neutral)
        for arm in ARMS:
            plan.settings(arm, 0)
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            futures = [pool.submit(run_seed, plan, seed) for seed in range(seeds)]
            outcomes = watched((future.result() for future in futures), "landscapes", seeds)
    except VideonasError as error:
        raise click.UsageError(str(error)) from None
    click.echo(summary(plan, outcomes))


if __name__ == "__main__":
    with errors_as_sentences():
        main()
