"""What `finish` measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table

from videonas.codec import to_plain
from videonas.console.screen import printed, printed_json, printed_line, table
from videonas.export.card import METRICS
from videonas.report import formats
from videonas.search.finished import (
    Accuracy,
    Finished,
    FinishedNetwork,
    Together,
    Verdict,
)
from videonas.steps.finish import Finish


@dataclass(frozen=True)
class _Column:
    """What the table says of one network, or of the ensemble."""

    heading: str
    validation: Mapping[str, float]
    test: Verdict | None
    network: FinishedNetwork | None


def print_finish(finish: Finish, *, as_json: bool) -> None:
    """Prints what was measured, what it means, and where everything is.

    Args:
        finish: what was made.
        as_json: the whole record, for programs.
    """
    record = finish.record
    if as_json:
        printed_json({"folder": finish.folder.address, **to_plain(record)})
        return
    columns = _columns(record)
    headings = ["", *(column.heading for column in columns)]
    printed(_title(record), table(headings, _rows(columns), right=range(1, len(headings))))
    if record.together is not None:
        printed(_pairs(record.together))
    for line in _notes(finish):
        printed_line(line)


def _title(record: Finished) -> str:
    count = formats.plural(len(record.networks), "network")
    return f"{count}, trained for {record.plan.train_steps} steps from {record.plan.initial}"


def _columns(record: Finished) -> list[_Column]:
    """The best, the ensemble beside it, and the others, the fittest first."""
    best: list[_Column] = []
    others: list[_Column] = []
    for network in record.networks:
        name = network.finalist.name
        is_best = name == record.best
        heading = f"{name} (best)" if is_best else name
        column = _Column(heading, network.validation, network.test, network)
        (best if is_best else others).append(column)
    if record.ensemble is not None:
        validation = record.together.validation if record.together else {}
        best.append(_Column("ensemble", validation, record.ensemble, None))
    return [*best, *others]


def _rows(columns: Sequence[_Column]) -> list[tuple[str, ...]]:
    """A quantity, then its value in every column; none where it is not one of an ensemble."""
    tests = [column.test for column in columns]
    rows = [("outcome", *_of_networks(columns, lambda network: network.outcome))]
    measured = next((test.intact.metrics for test in tests if test is not None), {})
    for name in [name for name in METRICS if name in measured]:
        rows += _rows_of(name, columns)
    return [
        *rows,
        ("parameters", *_of_networks(columns, lambda n: f"{n.costs.parameters:,}")),
        ("latency", *_of_networks(columns, _latency)),
    ]


def _rows_of(metric: str, columns: Sequence[_Column]) -> list[tuple[str, ...]]:
    words, tests = METRICS[metric], [column.test for column in columns]
    selected = _of_networks(columns, lambda n: formats.decimal(n.selected.get(metric)))
    validation = (formats.decimal(column.validation.get(metric)) for column in columns)
    interval = [("  95 % interval", *map(_interval, tests))] if metric == "top1" else []
    return [
        (f"{words} when selected", *selected),
        (f"{words}, validation", *validation),
        (f"{words}, test", *(_of(test, lambda t: t.intact, metric) for test in tests)),
        *interval,
        ("  frames shuffled", *(_of(test, lambda t: t.shuffled, metric) for test in tests)),
        ("  one frame repeated", *(_of(test, lambda t: t.repeated, metric) for test in tests)),
    ]


def _of_networks(
    columns: Sequence[_Column], words: Callable[[FinishedNetwork], str]
) -> Iterator[str]:
    return (words(column.network) if column.network else "" for column in columns)


def _pairs(together: Together) -> Table:
    """How each two networks differ."""
    rows = [
        (f"{pair.one}, {pair.other}", formats.decimal(pair.disagreement),
         formats.decimal(pair.distance))
        for pair in together.pairs
    ]
    return table(("two networks", "disagreement", "distance"), rows, right=[1, 2])


def _of(test: Verdict | None, view: Callable[[Verdict], Accuracy], name: str) -> str:
    return formats.NOTHING if test is None else formats.decimal(view(test).metrics.get(name))


def _interval(test: Verdict | None) -> str:
    if test is None or test.intact.top1_interval is None:
        return formats.NOTHING
    low, high = test.intact.top1_interval
    return f"{low:.3f} to {high:.3f}"


def _latency(network: FinishedNetwork) -> str:
    return formats.milliseconds(network.latency.median_ms if network.latency else None)


def _notes(finish: Finish) -> list[str]:
    record = finish.record
    lines = [
        f"{network.finalist.name} is {network.outcome}: {network.message}"
        for network in record.networks if network.outcome != "ok"
    ]
    tests = [network.test for network in record.networks if network.test is not None]
    if tests:
        lines += [
            "\"when selected\" is on the validation split, and optimistic: of many networks the "
            "luckiest won (the winner's curse); \"test\" is not.",
            f"test: {tests[0].videos} videos that neither training nor selection saw; the best is "
            "chosen on the validation split.",
            "where shuffled frames, or one repeated, score alike, the network does not use the "
            "order of frames; on RGB, it does not see motion.",
            *_notes_together(finish),
            f"network  {finish.best_address}  (card.md says more)",
            f"predict  videonas predict {finish.folder.address} VIDEO...",
        ]
    return [*lines, f"finished {finish.folder.address}"]


def _notes_together(finish: Finish) -> Iterator[str]:
    """What the ensemble is, and where."""
    record = finish.record
    if record.ensemble is not None and record.together is None:
        yield "ensemble: the mean of the scores of all networks (an older version finished them)."
    if record.together is None:
        return
    yield (
        "disagreement: share of validation videos with another best label (of several labels: of "
        "all labels); distance: share of parts in which the architectures differ."
    )
    yield f"ensemble: of {', '.join(record.together.members)}, the mean of their logits."
    if record.together.without_export:
        yield f"the ensemble has no export: {record.together.without_export}"
    else:
        yield f"ensemble {finish.folder.ensemble_address}  (videonas predict --ensemble)"
