"""What `--json` says of networks and individuals. Fields are added, never renamed or removed."""

from __future__ import annotations

from typing import Any

from videonas.codec import to_plain
from videonas.console.subjects import Born, Subject
from videonas.report.bill import seconds_of


def network_record(subject: Subject) -> dict[str, Any]:
    """A network: what it is, what it costs, and what a search knows of it.

    Returns:
        `network`, `space`, `id`, `task`, `assumed_classes` (nobody said how many there are),
        `architecture`, `costs`, `left_out`, and `individual`, which is None for a network by
        itself.
    """
    return {
        "network": subject.label,
        "space": subject.space.name,
        "id": subject.id,
        "task": to_plain(subject.task),
        "assumed_classes": subject.assumed_classes,
        "architecture": to_plain(subject.architecture),
        "costs": to_plain(subject.space.costs(subject.architecture, subject.task)),
        "left_out": list(subject.left_out),
        "individual": individual_record(subject.born) if subject.born else None,
    }


def individual_record(born: Born) -> dict[str, Any]:
    """An individual: how it was born, and its result.

    Returns:
        the fields of `birth_record`, and `key`, `message`, `latency` (None until it is measured),
        `seconds`, and `ancestry`, names from the first ancestor to the individual.
    """
    result = born.member.result
    return {
        **birth_record(born),
        "key": result.key,
        "message": result.message(born.budget),
        "latency": to_plain(result.latency) if result.latency else None,
        "seconds": round(seconds_of(result), 3),
        "ancestry": [ancestor.name for ancestor in born.ancestry],
    }


def birth_record(born: Born) -> dict[str, Any]:
    """An individual in a line of descent.

    Returns:
        `search_root`, `name`, `generation`, `id`, `origin`, `parents`, `edits` (each with
        `operator`, `path`, `before`, `after`), `outcome` (None while something is still to do),
        `metrics`, `fitness` and `change`, the fitness less that of the first parent, both None
        where they are not known; `steps` of its training, `total_steps` with those of the weights
        that it inherited, and `inherited`, what these were (None for new weights), see
        `videonas.search.result.Inherited`.
    """
    individual, training = born.member.individual, born.member.result.training
    return {
        "search_root": born.search.uri,
        "name": individual.name,
        "generation": individual.generation,
        "id": individual.id,
        "origin": individual.origin,
        "parents": list(individual.parents),
        "edits": [to_plain(edit) for edit in individual.edits],
        "outcome": born.outcome,
        "metrics": born.member.result.metrics,
        "fitness": born.fitness,
        "change": born.change,
        "steps": training.steps if training else None,
        "total_steps": training.total_steps if training else None,
        "inherited": to_plain(training.inherited) if training and training.inherited else None,
    }
