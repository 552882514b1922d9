"""Networks side by side: what they gave, what they cost, and the fields in which they differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from videonas.codec import to_plain
from videonas.console.differences import Difference, differences
from videonas.console.records import network_record
from videonas.console.screen import printed, printed_json, table
from videonas.console.searches import print_searches
from videonas.console.subjects import Subject, is_search_root, subjects
from videonas.console.wording import UNDER_WAY
from videonas.errors import VideonasError
from videonas.report import formats
from videonas.report.quantities import METRICS


def print_comparison(
    words: Sequence[str], *, classes: int | None = None, as_json: bool = False
) -> None:
    """Prints networks side by side, or searches where every word is a search root.

    Args:
        words: see `subjects`.
        classes: of networks that do not say how many.
        as_json: as a program reads it: `networks`, see `network_record`, `differences`, each with
            its `path` and the `values` of the networks, null where one has none, and `distances`,
            of each network to each.

    Raises:
        VideonasError: a word points at nothing, there are fewer than two networks, or they are of
            different spaces.
    """
    if len(words) > 1 and all(is_search_root(word) for word in words):
        print_searches(words, as_json=as_json)
        return
    found = subjects(words, classes)
    if len(found) < 2:
        raise VideonasError(f"{' '.join(words)}: one network; a comparison takes two or more")
    spaces = {subject.space.name for subject in found}
    if len(spaces) > 1:
        raise VideonasError(
            f"networks of {' and '.join(sorted(spaces))}; allowed: networks of one search space"
        )
    differ = list(differences([to_plain(subject.architecture) for subject in found]))
    if as_json:
        printed_json({
            "networks": [network_record(subject) for subject in found],
            "differences": [difference.plain for difference in differ],
            "distances": [[_distance(a, b) for b in found] for a in found],
        })
    else:
        _print(found, differ)


def _distance(a: Subject, b: Subject) -> float:
    return a.space.distance(a.architecture, b.architecture)


def _print(found: Sequence[Subject], differ: Sequence[Difference]) -> None:
    labels = [subject.label for subject in found]
    right = range(1, len(found) + 1)
    printed(table(["", *labels], _quantities(found), right))
    if not differ:
        printed("They are the same network.")
        return
    kind = found[0].space.kind
    title = formats.plural(len(differ), "field differs", "fields differ")
    printed(title, table(["", *labels], _by_block(differ, kind), right, whole=[0]))


def _by_block(differ: Sequence[Difference], kind: type[Any]) -> Iterator[tuple[str, ...]]:
    """The rows of the fields; those of one block stand below its name."""
    before = ""
    for difference in differ:
        above, _, name = difference.path.rpartition(".")
        if difference.is_whole:
            above, name = before, difference.path
        elif above and above != before:
            yield (above, *("" for _ in difference.values))
        before = above
        yield (f"  {name}" if above and not difference.is_whole else name,
               *difference.texts(kind))


def _quantities(found: Sequence[Subject]) -> Iterator[tuple[str, ...]]:
    """The rows of what is known of the networks; one that nobody has is left out."""

    def row(name: str, told: Callable[[Subject], str]) -> tuple[str, ...]:
        """What is told of each network, behind its name."""
        return (name, *(told(subject) for subject in found))

    yield row("architecture", lambda s: s.id)
    if any(subject.born for subject in found):
        yield row("outcome", lambda s: s.born.outcome or UNDER_WAY if s.born else formats.NOTHING)
    for quantity in METRICS:
        values = [s.born.member.result.metrics.get(quantity.name) if s.born else None
                  for s in found]
        if any(value is not None for value in values):
            yield (quantity.words, *map(quantity.text, values))
    latencies = [s.born.member.result.latency if s.born else None for s in found]
    if any(latencies):
        medians = [latency.median_ms if latency else None for latency in latencies]
        yield ("latency", *map(formats.milliseconds, medians))
        devices = [latency.device if latency else formats.NOTHING for latency in latencies]
        if len({*devices} - {formats.NOTHING}) > 1:  # then the times say little
            yield ("measured on", *devices)
    costs = [subject.space.costs(subject.architecture, subject.task) for subject in found]
    yield ("parameters", *(f"{cost.parameters:,}" for cost in costs))
    yield ("multiply-adds", *(f"{cost.macs:,}" for cost in costs))
    yield row("classes", lambda s: str(s.task.classes))
    yield row("distance to the first", lambda s: f"{_distance(found[0], s):.3f}")
