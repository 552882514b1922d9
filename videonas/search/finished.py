"""What `finish` keeps, and whom it takes: the records under `finished/`. No TensorFlow here."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from videonas.codec import STRICT, canonical, digest
from videonas.errors import VideonasError
from videonas.search.individual import (
    ArchitectureId,
    IndividualName,
    candidate_seed,
)
from videonas.search.lineage import Lineage
from videonas.search.result import Latency, Outcome
from videonas.search.settings import Settings
from videonas.spaces import Costs

Initial = Literal["scratch", "proxy"]
"""What a training at full length begins from: new weights, or those of the proxy training."""

TIMES_LONGER = 10
"""Steps of a training at full length in those of a proxy training, where none are given."""


@dataclass(frozen=True)
class Finalist:
    """One network that is trained at full length.

    Attributes:
        individual: name of the individual that was selected.
        architecture: its id.
        key: names everything that its training depends on, as a result key does.
        seed: of its training; no training of the search had it.
    """

    __pydantic_config__ = STRICT

    individual: IndividualName
    architecture: ArchitectureId
    key: ArchitectureId
    seed: int


@dataclass(frozen=True)
class Plan:
    """`finished/<n>/plan.json`: who is trained, and how. Equal plans share one `<n>`.

    Attributes:
        data: digest of the data set.
        initial: what training begins from.
        train_steps: optimiser steps of each training.
        finalists: the fittest first.
    """

    __pydantic_config__ = STRICT

    data: str
    initial: Initial
    train_steps: int
    finalists: tuple[Finalist, ...]


@dataclass(frozen=True)
class Accuracy:
    """How well the videos of a split are told apart; the scores of a video's clips are averaged.

    Attributes:
        metrics: as `Evaluation` has them, of videos instead of clips.
        top1_interval: 95 % Wilson interval of top-1; None where a video can have several labels.
    """

    __pydantic_config__ = STRICT

    metrics: dict[str, float]
    top1_interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Verdict:
    """What the test split says.

    Attributes:
        videos: number of videos.
        clips: number of their clips.
        intact: the clips as they are.
        shuffled: the frames of each clip in another order.
        repeated: the middle frame of each clip in the place of every frame.
    """

    __pydantic_config__ = STRICT

    videos: int
    clips: int
    intact: Accuracy
    shuffled: Accuracy
    repeated: Accuracy


@dataclass(frozen=True)
class FinishedNetwork:
    """`finished/<n>/<individual>/network.json`: everything known about one finalist.

    Attributes:
        finalist: who.
        outcome: `ok`, or why there is no export.
        message: a sentence where the outcome is not `ok`.
        costs: by arithmetic.
        latency: as the search measured it; None where it did not.
        selected: validation metrics after proxy training; selection saw them, so they are
            optimistic.
        validation: validation metrics of videos after the training at full length.
        test: None where the outcome is not `ok`.
        without_tflite: why there is no TFLite file; empty where there is one.
    """

    __pydantic_config__ = STRICT

    finalist: Finalist
    outcome: Outcome
    message: str
    costs: Costs
    latency: Latency | None
    selected: dict[str, float]
    validation: dict[str, float]
    test: Verdict | None
    without_tflite: str = ""


@dataclass(frozen=True)
class Finished:
    """`finished/<n>/finish.json`: everything that was measured. Holds no clock time.

    Attributes:
        plan: who was trained, and how.
        networks: one a finalist, in the same order.
        ensemble: the mean of the scores of all whose outcome is `ok`; None below two of them.
        best: the individual whose network is fittest on the validation split, so that the test
            split chooses nothing; None where no outcome is `ok`.
    """

    __pydantic_config__ = STRICT

    plan: Plan
    networks: tuple[FinishedNetwork, ...]
    ensemble: Verdict | None
    best: IndividualName | None

    def need_best(self) -> FinishedNetwork:
        """The network of `best`.

        Raises:
            VideonasError: no outcome is `ok`.
        """
        for network in self.networks:
            if network.finalist.individual == self.best:
                return network
        first = self.networks[0]
        raise VideonasError(
            f"none of {len(self.networks)} finalists was finished; the first, "
            f"{first.finalist.individual}, is {first.outcome}: {first.message}"
        )


def final_settings(settings: Settings, train_steps: int | None) -> Settings:
    """The settings of a search for a training at full length, which never inherits.

    Args:
        settings: of the search.
        train_steps: optimiser steps; None for `TIMES_LONGER` times those of proxy training.
    """
    steps = train_steps or TIMES_LONGER * settings.train_steps
    return settings.model_copy(update={"train_steps": steps, "inherit_weights": False})


def final_seed(settings: Settings, architecture: str, used: Collection[int]) -> int:
    """A seed of 31 bits that is not among `used`.

    Args:
        settings: of the search.
        architecture: id of the network that is trained.
        used: seeds of the search.
    """
    text = f"finish/{settings.seed}/{architecture}"
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1
    while seed in used:
        seed = (seed + 1) % 2**31
    return seed


def make_plan(
    lineage: Lineage,
    settings: Settings,
    data: str,
    *,
    best: int,
    train_steps: int | None,
    initial: Initial,
) -> Plan:
    """Whom to train at full length: the fittest of different architectures.

    Args:
        lineage: of the search.
        settings: of the search.
        data: digest of the data set.
        best: how many at most.
        train_steps: optimiser steps; None for `TIMES_LONGER` times those of proxy training.
        initial: what training begins from.

    Raises:
        VideonasError: no individual has the outcome `ok`.
    """
    chosen = lineage.fittest(settings)[:best]
    if not chosen:
        raise VideonasError(
            "no network has the outcome 'ok' yet, so there is nothing to finish; run a generation "
            "first"
        )
    used = {candidate_seed(settings, m.individual.id) for m in lineage.members.values()}
    full = final_settings(settings, train_steps)
    finalists = []
    for member in chosen:
        architecture = member.individual.id
        seed = final_seed(settings, architecture, used)
        proxy = member.result.key  # of the data set that it was trained on
        depends_on = {
            "purpose": "finish",
            "architecture": architecture,
            "data": data,
            "initialisation": proxy if initial == "proxy" else "scratch",
            "seed": seed,
            "settings": full.identifying("result"),
        }
        key = digest(canonical(depends_on))[:12]
        finalists.append(Finalist(member.individual.name, architecture, key, seed))
    return Plan(data, initial, full.train_steps, tuple(finalists))


def ok_networks(networks: Sequence[FinishedNetwork]) -> list[FinishedNetwork]:
    """Those that were exported."""
    return [network for network in networks if network.outcome == "ok"]
