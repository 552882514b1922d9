"""What `finish` keeps: the records under `finished/`, and the plan. No TensorFlow here."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import StringConstraints

from videonas.codec import STRICT, canonical, digest
from videonas.errors import VideonasError
from videonas.search.finish_choice import Choice, choose
from videonas.search.individual import (
    ArchitectureId,
    IndividualName,
    candidate_seed,
)
from videonas.search.lineage import Lineage
from videonas.search.result import Latency, Outcome
from videonas.search.settings import Settings
from videonas.spaces import Costs
from videonas.task import Task

FinalistName = Annotated[str, StringConstraints(pattern=r"^\d{6}-\d{2,5}(-[a-z]{1,12})?$")]
OtherStream = Annotated[str, StringConstraints(pattern=r"^[a-z]{0,12}$")]

Initial = Literal["scratch", "proxy"]
"""What a training at full length begins from: new weights, or those of the proxy training."""

TIMES_LONGER = 10
"""Steps of a training at full length in those of a proxy training, where none are given."""


@dataclass(frozen=True)
class Finalist:
    """One network that is trained at full length.

    Attributes:
        individual: name of the individual that was selected.
        architecture: id of what is trained.
        key: names everything that its training depends on, as a result key does.
        seed: of its training; no training of the search had it.
        stream: that it was moved to; empty for that of the individual.
    """

    __pydantic_config__ = STRICT

    individual: IndividualName
    architecture: ArchitectureId
    key: ArchitectureId
    seed: int
    stream: OtherStream = ""

    @property
    def name(self) -> str:
        """Names it among finalists, and its folder: `000007-03`, or `000007-03-flow`."""
        return f"{self.individual}-{self.stream}" if self.stream else self.individual


@dataclass(frozen=True)
class Plan:
    """`finished/<n>/plan.json`: who is trained, and how. Equal plans share one `<n>`.

    Attributes:
        data: digest of the data set.
        initial: what training begins from.
        train_steps: optimiser steps of each training.
        finalists: the fittest first.
        ensemble_size: networks in the ensemble; None for all that are finished.
    """

    __pydantic_config__ = STRICT

    data: str
    initial: Initial
    train_steps: int
    finalists: tuple[Finalist, ...]
    ensemble_size: int | None = None


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
    """`finished/<n>/<name>/network.json`: everything known about one finalist.

    Attributes:
        finalist: who.
        outcome: `ok`, or why there is no export.
        message: a sentence where the outcome is not `ok`.
        costs: by arithmetic.
        latency: as the search measured it; None where it did not, or on another stream.
        selected: validation metrics after proxy training; selection saw them, so they are
            optimistic. None of a network on another stream.
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
class Pair:
    """How two finished networks differ.

    Attributes:
        one: name of a finalist.
        other: name of a later one.
        disagreement: share of the validation videos whose best label differs; where a video can
            have several labels, share of these that one gives and the other does not.
        distance: of their architectures, as the search space counts it.
    """

    __pydantic_config__ = STRICT

    one: FinalistName
    other: FinalistName
    disagreement: float
    distance: float


@dataclass(frozen=True)
class Together:
    """What is known of the finished networks together.

    Attributes:
        members: names of the finalists whose logits the ensemble averages: the fittest on the
            validation split, then the others as they were chosen there, or as they are planned.
        validation: validation metrics of videos of the ensemble.
        pairs: each two of all that were finished.
        without_export: why the ensemble has no export; empty where it has one.
    """

    __pydantic_config__ = STRICT

    members: tuple[FinalistName, ...]
    validation: dict[str, float]
    pairs: tuple[Pair, ...]
    without_export: str = ""


@dataclass(frozen=True)
class FinishedEnsemble:
    """`finished/<n>/ensemble/ensemble.json`: everything known about the ensemble.

    Attributes:
        together: whose it is.
        test: what the test split says.
    """

    __pydantic_config__ = STRICT

    together: Together
    test: Verdict


@dataclass(frozen=True)
class Finished:
    """`finished/<n>/finish.json`: everything that was measured. Holds no clock time.

    Attributes:
        plan: who was trained, and how.
        networks: one a finalist, in the same order.
        ensemble: what the test split says of several together; None below two whose outcome is
            `ok`.
        best: name of the finalist that is fittest on the validation split, so that the test split
            chooses nothing; None where no outcome is `ok`.
        together: whose logits the ensemble averages. None in a record of an older version, whose
            ensemble is the mean of the scores of all whose outcome is `ok`; None without one.
    """

    __pydantic_config__ = STRICT

    plan: Plan
    networks: tuple[FinishedNetwork, ...]
    ensemble: Verdict | None
    best: FinalistName | None
    together: Together | None = None

    def need_best(self) -> FinishedNetwork:
        """The network of `best`.

        Raises:
            VideonasError: no outcome is `ok`.
        """
        for network in self.networks:
            if network.finalist.name == self.best:
                return network
        first = self.networks[0]
        raise VideonasError(
            f"none of {len(self.networks)} finalists was finished; the first, "
            f"{first.finalist.name}, is {first.outcome}: {first.message}"
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
    distance: float = 0.0,
    streams: Sequence[str] = (),
    task: Task | None = None,
    ensemble_size: int | None = None,
) -> Plan:
    """Whom to train at full length: the fittest of different architectures.

    Args:
        lineage: of the search.
        settings: of the search.
        data: digest of the data set.
        best: how many individuals at most.
        train_steps: optimiser steps; None for `TIMES_LONGER` times those of proxy training.
        initial: what training begins from.
        distance: see `choose`.
        streams: see `choose`.
        task: of the data set; needed where there are streams.
        ensemble_size: networks in the ensemble; None for all.

    Raises:
        VideonasError: no individual has the outcome `ok`, or one cannot be moved to a stream.
    """
    chosen = choose(lineage, settings, best=best, distance=distance, streams=streams, task=task)
    if not chosen:
        raise VideonasError(
            "no network has the outcome 'ok' yet, so there is nothing to finish; run a generation "
            "first"
        )
    moved = next((choice for choice in chosen if choice.stream), None)
    if initial == "proxy" and moved is not None:
        raise VideonasError(
            f"{moved.member.individual.name} has no proxy weights for the stream {moved.stream}; "
            "allowed with other streams: to finish from scratch"
        )
    used = {candidate_seed(settings, m.individual.id) for m in lineage.members.values()}
    full = final_settings(settings, train_steps)
    finalists = tuple(_finalist(choice, settings, full, data, initial, used) for choice in chosen)
    return Plan(data, initial, full.train_steps, finalists, ensemble_size)


def _finalist(
    choice: Choice, settings: Settings, full: Settings, data: str, initial: Initial,
    used: Collection[int],
) -> Finalist:
    seed = final_seed(settings, choice.id, used)
    proxy = choice.member.result.key  # of the data set that it was trained on
    depends_on = {
        "purpose": "finish",
        "architecture": choice.id,
        "data": data,
        "initialisation": proxy if initial == "proxy" else "scratch",
        "seed": seed,
        "settings": full.identifying("result"),
    }
    key = digest(canonical(depends_on))[:12]
    return Finalist(choice.member.individual.name, choice.id, key, seed, choice.stream)


def ok_networks(networks: Sequence[FinishedNetwork]) -> list[FinishedNetwork]:
    """Those that were exported."""
    return [network for network in networks if network.outcome == "ok"]
