"""Takes back failures, so that what failed is tried again. No TensorFlow."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from videonas.errors import VideonasError
from videonas.search.environment import Environment
from videonas.search.finish_folder import FinishFolder
from videonas.search.individual import Individual
from videonas.search.population import Member
from videonas.search.result import Outcome
from videonas.search.result_folder import AttemptFolder, ResultFolder
from videonas.search.root import SearchRoot
from videonas.training.attempts import is_alive

TASKS = ("latency", "training", "evaluation")
FAILED: tuple[Outcome, ...] = ("failed",)


@dataclass(frozen=True)
class Retried:
    """What will be tried again.

    Attributes:
        networks: names of the individuals.
        earlier: names of individuals of generations that stay as they are: nothing tries these
            again, but for a later generation in which an equal network is born.
        reopened: the last generation, where it has to be selected again; else None.
        final: folders of final trainings that will be tried again.
    """

    networks: tuple[str, ...]
    earlier: tuple[str, ...]
    reopened: int | None
    final: tuple[str, ...]


def retry(
    root: SearchRoot, generation: int | None = None, outcomes: Collection[Outcome] = FAILED
) -> Retried:
    """Takes back results of some outcomes, and attempts that gave none.

    The next run repeats those of the generation that has not ended. What was selected stays as
    it is, but for the last generation: it is selected again, unless a network of a later one was
    trained. What was drawn from it, and not trained, is drawn anew.

    Args:
        root: where the search is kept.
        generation: only this one, counted from 0, and no final trainings; None for the whole
            search.
        outcomes: of the results to take back.

    Raises:
        VideonasError: there is no such generation.
    """
    if generation is not None and root.candidates(generation) is None:
        raise VideonasError(
            f"{root.uri}: no generation {generation}; {root.head() + 1} have ended, counted from 0"
        )
    reopened = _reopen(root, generation, outcomes)
    open_from = root.head() + 1
    networks, earlier = list[str](), list[str]()
    for individual, folder in _results(root, generation, outcomes):
        if forget_failures(folder, outcomes):
            (networks if individual.generation >= open_from else earlier).append(individual.name)
    finals = [] if generation is not None else [
        folder.address for folder in root.finish_folders() if _forget_final(root, folder, outcomes)
    ]
    return Retried(tuple(networks), tuple(earlier), reopened, tuple(finals))


def forget_failures(
    folder: ResultFolder, outcomes: Collection[Outcome], unless: Environment | None = None
) -> bool:
    """Removes what failed of a result.

    Args:
        folder: of the result.
        outcomes: of the parts to remove.
        unless: failures in this environment stay; None removes all.

    Returns:
        whether something is to be done again now: what is left of attempts beside a result that
        stays is removed without a word.
    """
    failed = [
        part for part in (folder.evaluation(), folder.training()) if part and part.outcome != "ok"
    ]
    parts = [
        part for part in failed
        if part.outcome in outcomes and (unless is None or part.environment != unless)
    ]
    if len(parts) < len(failed):  # its result stays, so nothing is tried again
        return False
    undone = [task for task in TASKS if not folder.succeeded(task)]
    forgotten = [
        task for task in TASKS
        if _forget_attempts(folder, task, unless, stopped_too=bool(parts) or unless is None)
    ]
    for part in parts:  # after the attempts, which would count against the next ones
        folder.delete(part)
    return bool(parts) or bool(set(forgotten) & set(undone))


def has_failed(folder: ResultFolder) -> bool:
    """Whether an attempt at a result, or a part of it, failed; one request where none has begun."""
    names = folder.names()
    if any("-failure-" in name for name in names):
        return True
    parts = (
        folder.training() if "training.json" in names else None,
        folder.evaluation() if "evaluation.json" in names else None,
    )
    return any(part is not None and part.outcome == "failed" for part in parts)


def _forget_attempts(
    folder: AttemptFolder, task: str, unless: Environment | None, *, stopped_too: bool
) -> bool:
    """Removes attempts that failed, and those whose machine stopped; none that is under way."""
    failures, forgotten = folder.failures(task), False
    for number, attempt in folder.attempts(task).items():
        failure = failures.get(number)
        if failure is None:
            stale = stopped_too and not is_alive(attempt)
        else:
            stale = unless is None or failure.environment != unless
        if stale:
            folder.take_back(task, number)
            forgotten = True
    return forgotten


def _reopen(
    root: SearchRoot, generation: int | None, outcomes: Collection[Outcome]
) -> int | None:
    """Takes back the selection of the last generation where some of it will be tried again."""
    head = root.head()
    if head < 0 or generation not in (None, head):
        return None
    population = root.population(head)
    if population is None or not any(_is_one_of(m, outcomes) for m in population.newborn):
        return None
    drawn = _drawn(root, head + 1)
    if any(_is_begun(folder) for folder in drawn):
        return None
    for folder in drawn:
        forget_failures(folder, outcomes)
    root.reopen(head)
    return head


def _drawn(root: SearchRoot, generation: int) -> list[ResultFolder]:
    """Where the results of a generation lie that was drawn; none where it was not."""
    candidates = root.candidates(generation)
    return [
        root.result_folder(each.id, candidates.data, each.initialisation)
        for each in candidates.individuals
    ] if candidates is not None else []


def _is_begun(folder: ResultFolder) -> bool:
    """Whether a network was trained, or is just now."""
    attempts = (folder.attempts(task).items() for task in TASKS)
    under_way = any(is_alive(attempt) for _, attempt in chain(*attempts))
    return under_way or folder.succeeded("training")


def _results(
    root: SearchRoot, generation: int | None, outcomes: Collection[Outcome]
) -> Iterator[tuple[Individual[Any], ResultFolder]]:
    """Individuals, and their results, of which something may have to be taken back."""
    for population in root.lineage().generations:
        if generation in (None, population.generation):
            for member in population.newborn:
                if _is_one_of(member, outcomes):
                    yield member.individual, root.folder_of(member)
    unfinished = root.head() + 1
    candidates = root.candidates(unfinished)
    if candidates is not None and generation in (None, unfinished):
        for each in candidates.individuals:
            folder = root.result_folder(each.id, candidates.data, each.initialisation)
            yield each, folder


def _is_one_of(member: Member[Any], outcomes: Collection[Outcome]) -> bool:
    parts = (member.result.training, member.result.evaluation)
    return any(part is not None and part.outcome in outcomes for part in parts)


def _forget_final(
    root: SearchRoot, folder: FinishFolder, outcomes: Collection[Outcome]
) -> bool:
    """Takes back the networks of a final training that failed; `finish` tries them again."""
    plan = folder.plan()
    finalists = plan.finalists if plan else ()
    failed = [
        finalist.name for finalist in finalists
        if (network := folder.network(finalist.name)) and network.outcome in outcomes
    ]
    if failed:
        folder.take_back(failed)
    forgotten = [
        each.name for each in finalists if forget_failures(root.final_folder(each), outcomes)
    ]
    # an attempt at its export may be left of a network that is exported
    return any(folder.network(name) is None for name in (*failed, *forgotten))
