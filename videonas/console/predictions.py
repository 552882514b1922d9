"""What `predict` says."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from videonas.console.screen import printed, printed_json, table
from videonas.export.predicting import NoPrediction, Prediction
from videonas.report import formats


def print_predictions(
    predictions: Sequence[Prediction | NoPrediction], *, as_json: bool
) -> None:
    """Prints labels and scores of videos; where there are none, why, on standard error.

    Args:
        predictions: one for each video.
        as_json: a list for programs, with the reason as `error` in the place of `predictions`.
    """
    good = [each for each in predictions if isinstance(each, Prediction)]
    bad = [each for each in predictions if isinstance(each, NoPrediction)]
    if as_json:
        printed_json([{"video": str(each.video), **_plain(each)} for each in predictions])
    elif good:
        rows = [
            ("" if place else str(each.video), label, formats.decimal(score))
            for each in good
            for place, (label, score) in enumerate(zip(each.labels, each.scores, strict=True))
        ]
        printed(table(("video", "label", "score"), rows, right=[2]))
    for each in bad:
        print(f"error: {each.video}: {each.reason}", file=sys.stderr, flush=True)


def _plain(prediction: Prediction | NoPrediction) -> dict[str, Any]:
    if isinstance(prediction, NoPrediction):
        return {"error": prediction.reason}
    pairs = zip(prediction.labels, prediction.scores, strict=True)
    return {"predictions": [{"label": label, "score": score} for label, score in pairs]}
