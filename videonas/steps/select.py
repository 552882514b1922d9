"""`select`: who can be a parent in the next generation, and the generation's record."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from statistics import median
from typing import Any

from videonas.errors import BudgetError, StorageError, VideonasError
from videonas.evolution import different, open_algorithm
from videonas.memory import collection_paused
from videonas.report import build_report
from videonas.search.budget import Budget
from videonas.search.lineage import fitness
from videonas.search.population import Candidates, Member, Population
from videonas.search.result import Outcome
from videonas.search.root import SearchRoot
from videonas.search.settings import Settings
from videonas.steps.metadata import accuracy, finite

log = logging.getLogger(__name__)

AGAIN: tuple[Outcome, ...] = ("failed", "out_of_memory", "timed_out")
"""Outcomes whose cause may lie outside of a network."""


@dataclass(frozen=True)
class Selected:
    """How a generation ended.

    Attributes:
        population: the record.
        best: see `Lineage.best`.
        metrics: of the generation, for charts.
        report: the whole search as a page.
    """

    population: Population[Any]
    best: Member[Any]
    metrics: dict[str, float]
    report: str

    @property
    def metadata(self) -> dict[str, str | float]:
        """What an artifact store shows of the population, flat."""
        return {
            "generation": self.population.generation,
            "parents": len(self.population.parents),
            "best": self.best.individual.name,
            "best_architecture": self.best.individual.id,
        }


@collection_paused()
def select(root: SearchRoot, generation: int) -> Selected:
    """Ends a generation, unless it has ended.

    Args:
        root: where the search is kept.
        generation: counted from 0.

    Raises:
        BudgetError: nobody is inside the budget.
        VideonasError: a candidate has no result yet, or no network could be trained.
        DamagedRecord: the population before cannot be read.
        StorageError: the store lost what was written to it.
    """
    population = root.population(generation)
    if population is None:
        population = root.publish_population(_end(root, generation))
    lineage = root.lineage()
    if len(lineage.generations) <= generation:
        raise StorageError(
            f"{root.generation_address(generation)}: its population.json was written and is not "
            "there, so the store lost it; run again: what is finished is not repeated"
        )
    best = lineage.best(root.settings, generation)
    assert best is not None, "a generation ends with somebody inside its budget"
    kept = lineage.fittest(root.settings, generation)[: max(root.settings.finish_best, 1)]
    _free_weights(root, population, kept)
    report = build_report(root, lineage)
    root.publish_report(generation, report)  # comes last: it says that the rest is done
    metrics = _metrics(population, best, root.settings)
    log.info("generation %d: best %s, fitness %.4f", generation, best.individual.name,
             metrics["best_fitness"])
    return Selected(population, best, metrics, report)


def _end(root: SearchRoot, generation: int) -> Population[Any]:
    settings, candidates = root.settings, root.need_candidates(generation)
    budget = Budget.of(settings)
    newborn = _finished(root, candidates, budget)
    before = root.population(generation - 1) if generation else None
    stay = before is not None and not (candidates.change and candidates.change.discards)
    parents = tuple(before.parents) if before and stay else ()
    able = [m for m in (*parents, *newborn) if m.result.outcome(budget) == "ok"]
    if not able:
        raise _nobody(root, generation, newborn, budget)
    algorithm = open_algorithm(settings)
    ranked = algorithm.ranking(different(able))
    rng = Random(f"{settings.seed}/{generation}/survival")
    return Population(
        generation,
        root.digest_before(generation),
        candidates.data,
        budget,
        tuple(newborn),
        tuple(algorithm.survival(ranked, rng)),
        candidates.change,
    )


def _finished(
    root: SearchRoot, candidates: Candidates[Any], budget: Budget
) -> list[Member[Any]]:
    dataset = root.need_dataset(candidates.data)
    members = [Member(each, root.result(each, dataset)) for each in candidates.individuals]
    waiting = [m.individual.name for m in members if m.result.outcome(budget) is None]
    if waiting:
        raise VideonasError(
            f"{root.uri}: {len(waiting)} of {len(members)} candidates of generation "
            f"{candidates.generation} have no result yet, {waiting[0]} among them; run again: "
            "what is finished is not repeated"
        )
    return members


def _nobody(
    root: SearchRoot, generation: int, newborn: Sequence[Member[Any]], budget: Budget
) -> VideonasError:
    """Why no network can be selected."""
    outcomes = [m.result.outcome(budget) for m in newborn]
    latencies = [m.result.latency.median_ms for m in newborn if m.result.latency]
    if set(outcomes) == {"over_budget"} and latencies:
        return BudgetError(
            f"generation {generation}: none of {len(newborn)} networks is inside the budget; the "
            f"fastest takes {min(latencies):.2f} ms, max_latency_ms is {budget.max_latency_ms}: "
            "run again with a higher limit, or begin a search with smaller options of its space"
        )
    trained = [m for m in newborn if m.result.training and m.result.training.outcome == "ok"]
    # told of one that can be tried again, if any; of trained ones it was the evaluation that failed
    first = min(newborn, key=lambda m: (m.result.outcome(budget) not in AGAIN, m not in trained))
    outcome = first.result.outcome(budget)
    return VideonasError(
        f"generation {generation}: of {len(newborn)} networks {len(trained)} were trained and none "
        f"can be selected; {first.individual.name}: {outcome}: {first.result.message(budget)}; "
        f"{_advice(root, generation, outcome)}"
    )


def _advice(root: SearchRoot, generation: int, outcome: Outcome | None) -> str:
    """What to do where no network of a generation can be selected."""
    if outcome not in AGAIN:
        return "begin a search with other settings in another search root"
    option = "" if outcome == "failed" else f" --outcome {outcome}"
    return (
        "if the cause was the machine, the image or the data, fix it and try them again: "
        f"videonas retry {root.uri} --generation {generation}{option}"
    )


def _free_weights(
    root: SearchRoot, population: Population[Any], kept: Sequence[Member[Any]]
) -> None:
    """Deletes the weights of those who died `keep_weights` generations ago, unless they are kept:
    `finish` may begin from them.

    Only of those evaluated: a higher budget may ask for the evaluation of the others.
    """
    then = population.generation - root.settings.keep_weights
    record = root.population(then) if then >= 0 else None
    # whoever is drawn from now on inherits from one of these parents, or of later ones
    alive = {m.result.key for m in (*population.parents, *kept)}
    for member in (*record.newborn, *record.parents) if record else ():
        if member.result.key not in alive and member.result.evaluation is not None:
            root.folder_of(member).delete_weights()


def _metrics(
    population: Population[Any], best: Member[Any], settings: Settings
) -> dict[str, float]:
    """The best so far, the median of a generation, and its outcomes."""
    trained = [m for m in population.newborn if population.outcome_of(m) == "ok"]
    scores = [score for m in trained if (score := fitness(m, settings)) is not None]
    metrics = {f"best_{name}": value for name, value in best.result.metrics.items()}
    if best.result.latency:
        metrics["best_latency_ms"] = best.result.latency.median_ms
    metrics["best_parameters"] = best.result.costs.parameters
    metrics["best_macs"] = best.result.costs.macs
    metrics["best_fitness"] = fitness(best, settings) or 0.0  # minus a loss of exactly 0 is 0
    if scores:
        metrics["newborn_median_fitness"] = median(scores)
    if settings.early_stopping:
        metrics["ended_early"] = sum(_ended_early(m, settings) for m in trained)
    metrics["born"], metrics["born_ok"] = len(population.newborn), len(trained)
    return finite({
        **metrics, "generation": population.generation,
        "best_accuracy": accuracy(best.result.metrics),
    })


def _ended_early(member: Member[Any], settings: Settings) -> bool:
    training = member.result.training
    steps = training.steps if training else None
    return steps is not None and steps < settings.train_steps
