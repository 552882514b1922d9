"""What is handed to child processes, and the names of files. No TensorFlow: steps make these."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from videonas.export.about import About
from videonas.search.finished import Verdict
from videonas.search.result import Outcome
from videonas.training.jobs import TRAIN, Candidate, Shards

EXPORT = "videonas.export.exporting:export_job"
CHOOSE = "videonas.export.ensembling:choice_job"
ENSEMBLE = "videonas.export.ensembling:ensemble_job"
TFLITE = "videonas.export.tflite:tflite_job"

PRELOAD = tuple(job.partition(":")[0] for job in (TRAIN, EXPORT, TFLITE, CHOOSE))
"""Modules that a fork server imports before its first child."""

KERAS_FILE = "network.keras"
SAVED_MODEL = "saved_model"
TFLITE_FILE = "network.tflite"
CARD = "card.md"


@dataclass(frozen=True)
class ExportJob:
    """The test and the export of one network.

    Attributes:
        candidate: what to build.
        weights: as training wrote them.
        validation: shards of the validation split.
        test: shards of the test split.
        about: class names and clip settings.
        folder: where to write the export; it exists.
    """

    candidate: Candidate
    weights: Path
    validation: Shards
    test: Shards
    about: About
    folder: Path


@dataclass(frozen=True)
class Exported:
    """How an export ended.

    Attributes:
        outcome: `ok`, or why there is no export.
        message: a sentence where the outcome is not `ok`.
        validation: metrics of the videos of the validation split.
        test: what the test split says.
    """

    outcome: Outcome
    message: str = ""
    validation: dict[str, float] = field(default_factory=dict)
    test: Verdict | None = None


@dataclass(frozen=True)
class TfliteJob:
    """The conversion of one network.

    Attributes:
        candidate: what it takes of a clip.
        shards: with clips to hold it against.
        about: class names and clip settings.
        network: the Keras file.
        file: where to write.
    """

    candidate: Candidate
    shards: Shards
    about: About
    network: Path
    file: Path


@dataclass(frozen=True)
class ChoiceJob:
    """The choice of the networks of an ensemble, and its test.

    Attributes:
        validation: of each finished network, its logits of the validation split.
        test: of each, its logits of the test split.
        first: place of the fittest.
        size: how many to choose; None for all.
    """

    validation: tuple[Path, ...]
    test: tuple[Path, ...]
    first: int
    size: int | None


@dataclass(frozen=True)
class Chosen:
    """An ensemble.

    Attributes:
        members: places of its networks.
        validation: its metrics of the videos of the validation split.
        test: what the test split says of it.
        differ: how often each two of all networks disagree on the validation split, by place.
    """

    members: tuple[int, ...]
    validation: dict[str, float]
    test: Verdict
    differ: dict[tuple[int, int], float]


@dataclass(frozen=True)
class EnsembleJob:
    """The export of an ensemble.

    Attributes:
        members: what each network says about itself, and its Keras file.
        about: what the ensemble says about itself.
        threads: of TensorFlow.
        folder: where to write the export; it exists.
    """

    members: tuple[tuple[About, Path], ...]
    about: About
    threads: int
    folder: Path
