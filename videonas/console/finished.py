"""What `finish` measured, and what `predict` says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from videonas.codec import to_plain
from videonas.console.screen import printed, printed_json, printed_line, table
from videonas.export.card import METRICS
from videonas.report import formats
from videonas.search.finished import Accuracy, Finished, FinishedNetwork, Verdict
from videonas.steps.finish import Finish

if TYPE_CHECKING:
    from videonas.export.predicting import Prediction

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
    names = [network.finalist.individual for network in record.networks]
    headings = ["", *(f"{name} (best)" if name == record.best else name for name in names)]
    if record.ensemble is not None:
        headings.append("ensemble")
    shown = table(headings, _rows(record), right=range(1, len(headings)))
    printed(_title(record), shown)
    for line in _notes(finish):
        printed_line(line)


def _title(record: Finished) -> str:
    count = formats.plural(len(record.networks), "network")
    return f"{count}, trained for {record.plan.train_steps} steps from {record.plan.initial}"


def _rows(record: Finished) -> list[tuple[str, ...]]:
    """What the table says: a quantity, then its value of each network and of the ensemble."""
    tests = [network.test for network in record.networks]
    if record.ensemble is not None:
        tests.append(record.ensemble)
    without = [""] * (len(tests) - len(record.networks))
    rows = [("outcome", *(network.outcome for network in record.networks), *without)]
    measured = next((test.intact.metrics for test in tests if test is not None), {})
    for name in [name for name in METRICS if name in measured]:
        words = METRICS[name]
        rows += [
            (f"{words} when selected",
             *(formats.decimal(n.selected.get(name)) for n in record.networks), *without),
            (f"{words}, validation",
             *(formats.decimal(n.validation.get(name)) for n in record.networks), *without),
            (f"{words}, test", *(_of(test, lambda t: t.intact, name) for test in tests)),
        ]
        if name == "top1":
            rows.append(("  95 % interval", *map(_interval, tests)))
        rows += [
            ("  frames shuffled", *(_of(test, lambda t: t.shuffled, name) for test in tests)),
            ("  one frame repeated", *(_of(test, lambda t: t.repeated, name) for test in tests)),
        ]
    rows += [
        ("parameters", *(f"{n.costs.parameters:,}" for n in record.networks), *without),
        ("latency", *map(_latency, record.networks), *without),
    ]
    return rows


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
        f"{network.finalist.individual} is {network.outcome}: {network.message}"
        for network in record.networks if network.outcome != "ok"
    ]
    tests = [network.test for network in record.networks if network.test is not None]
    if tests:
        lines += [
            "\"when selected\" is on the validation split, and optimistic: of many networks the "
            "luckiest won (the winner's curse); \"test\" is not.",
            f"test: {tests[0].videos} videos that neither training nor selection saw; the best is "
            "chosen on the validation split.",
            "where shuffled frames, or one repeated, score alike, the network does not use time.",
            f"network  {finish.best_address}  (card.md says more)",
            f"predict  videonas predict {finish.folder.address} VIDEO...",
        ]
    return [*lines, f"finished {finish.folder.address}"]


def print_predictions(predictions: Sequence[Prediction], *, as_json: bool) -> None:
    """Prints labels and scores of videos."""
    if as_json:
        printed_json([
            {"video": str(each.video), "predictions": [
                {"label": label, "score": score}
                for label, score in zip(each.labels, each.scores, strict=True)
            ]} for each in predictions
        ])
        return
    rows = [
        ("" if place else str(each.video), label, formats.decimal(score))
        for each in predictions
        for place, (label, score) in enumerate(zip(each.labels, each.scores, strict=True))
    ]
    printed(table(("video", "label", "score"), rows, right=[2]))
