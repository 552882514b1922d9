"""The model card of an export: what the network is, how good it is, and what it is not for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from videonas import __version__
from videonas.data.flow import BOUND
from videonas.export.about import About
from videonas.export.jobs import KERAS_FILE, SAVED_MODEL, TFLITE_FILE
from videonas.report.edits import edit_text
from videonas.search.dataset import Dataset
from videonas.search.finished import Accuracy, FinishedEnsemble, FinishedNetwork, Plan
from videonas.search.population import Member
from videonas.search.settings import Settings

SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!])")

METRICS = {"top1": "top-1", "top5": "top-5", "map": "mAP", "loss": "loss"}
"""What a card calls the metrics that it names, in this order, where they were measured."""


@dataclass(frozen=True)
class CardFacts:
    """What a card tells.

    Attributes:
        about: class names and clip settings.
        network: what is known about it.
        plan: how it was trained.
        ancestry: the individual and its first parents, youngest first.
        dataset: that it was trained and tested on.
        settings: of the search.
        kind: the class of the space's architectures.
    """

    about: About
    network: FinishedNetwork
    plan: Plan
    ancestry: list[Member[Any]]
    dataset: Dataset
    settings: Settings
    kind: type[Any]


@dataclass(frozen=True)
class EnsembleFacts:
    """What the card of an ensemble tells.

    Attributes:
        about: class names and clip settings.
        ensemble: what is known about it.
        members: its networks, in the order in which they were chosen.
        best: the single network that is fittest on the validation split.
        plan: how they were trained.
        dataset: that they were trained and tested on.
        settings: of the search.
    """

    about: About
    ensemble: FinishedEnsemble
    members: Sequence[FinishedNetwork]
    best: FinishedNetwork
    plan: Plan
    dataset: Dataset
    settings: Settings


def model_card(facts: CardFacts) -> str:
    """The card as Markdown. Names that others chose appear as text, whatever they contain."""
    network, test = facts.network, facts.network.test
    return _rendered(
        "card.md", test.intact.metrics if test else {}, about=facts.about, network=network,
        plan=facts.plan, dataset=facts.dataset, settings=facts.settings, test=test,
        steps=_ancestry(facts), tflite_file=TFLITE_FILE,
    )


def ensemble_card(facts: EnsembleFacts) -> str:
    """The card of an ensemble as Markdown, as `model_card`."""
    test, names = facts.ensemble.test, {network.finalist.name for network in facts.members}
    pairs = [
        pair for pair in facts.ensemble.together.pairs if {pair.one, pair.other} <= names
    ]
    return _rendered(
        "ensemble.md", test.intact.metrics, about=facts.about, members=facts.members,
        together=facts.ensemble.together, best=facts.best, pairs=pairs, plan=facts.plan,
        dataset=facts.dataset, settings=facts.settings, test=test,
        chosen=len(pairs) < len(facts.ensemble.together.pairs),
    )


def _rendered(template: str, measured: dict[str, float], **facts: Any) -> str:
    environment = Environment(  # nothing here is HTML: `text` makes names harmless
        loader=PackageLoader("videonas.export"), undefined=StrictUndefined, autoescape=False,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )
    environment.filters |= {"text": text, "figure": figure, "interval": interval}
    return environment.get_template(template).render(
        metrics={name: words for name, words in METRICS.items() if name in measured},
        version=__version__, keras_file=KERAS_FILE, saved_model=SAVED_MODEL,
        bound=f"{100 * BOUND:.1f} %", **facts,
    )


def text(value: object) -> str:
    """Text in a line of Markdown: nothing in it is markup, and it stays in its line."""
    return SPECIAL.sub(r"\\\1", " ".join(str(value).split()))


def figure(value: float | None, name: str) -> str:
    """A metric as people read it: a share in per cent, a loss as it is."""
    if value is None:
        return "not measured"
    return f"{value:.3f}" if name == "loss" else f"{100 * value:.1f} %"


def interval(accuracy: Accuracy) -> str:
    """The interval of top-1, such as `61.2 to 85.0 %`; nothing where there is none."""
    if accuracy.top1_interval is None:
        return ""
    low, high = accuracy.top1_interval
    return f"{100 * low:.1f} to {100 * high:.1f} %"


def _ancestry(facts: CardFacts) -> list[tuple[str, list[str]]]:
    """From the sampled ancestor on: each name, and how it came about."""
    steps = []
    for member in reversed(facts.ancestry):
        edits = [edit_text(edit, facts.kind) for edit in member.individual.edits]
        words = [
            f"{e.operator}: {e.path}, {e.before or 'nothing'} → {e.after or 'nothing'}"
            for e in edits
        ]
        steps.append((member.individual.name, words or [member.individual.origin]))
    return steps
