"""Loads exports: from a folder alone, wherever it was copied to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import tensorflow as tf

from videonas.codec import decode
from videonas.errors import DamagedRecord, VideonasError, reason
from videonas.export.about import CLASSIFY, DESCRIBE, About
from videonas.export.jobs import SAVED_MODEL
from videonas.search.finish_folder import ENSEMBLE_FOLDER, FINISHED
from videonas.search.finished import Finished, ok_networks
from videonas.search.records import FORMATS

ALLOWED = (
    "allowed: finished/<n> of a search root, or the folder of a network or of the ensemble in it"
)


@dataclass(frozen=True)
class Classifier:
    """A network that was loaded.

    Attributes:
        folder: where from.
        model: the SavedModel.
    """

    folder: Path
    model: Any

    @cached_property
    def about(self) -> About:
        """Class names and clip settings.

        Raises:
            DamagedRecord: they cannot be read.
        """
        settings = self.model.signatures[DESCRIBE]()["settings"].numpy()
        return About.decode(settings, f"{self.folder / SAVED_MODEL}: settings")

    def scores(self, clips: dict[str, Any]) -> Any:
        """Scores of raw clips, in the order of the classes.

        Args:
            clips: by stream, uint8 `(n, frames, height, width, channels)`.

        Returns:
            `(n, classes)` float32.
        """
        given = {name: tf.constant(pixels) for name, pixels in clips.items()}
        return self.model.signatures[CLASSIFY](**given)["scores"].numpy()


def load_exports(folder: Path, *, all_of_them: bool) -> list[Classifier]:
    """The networks of a folder.

    Args:
        folder: of what was finished, or of one network.
        all_of_them: the ensemble, and not only the best network. Where an older version finished,
            it is all networks one by one: that ensemble is the mean of their scores.

    Raises:
        VideonasError: no export is there, or only one network where several are asked for.
    """
    if (folder / SAVED_MODEL).is_dir():
        if all_of_them:
            raise VideonasError(
                f"{folder}: one export, which takes no --ensemble; allowed: finished/<n> of a "
                "search root"
            )
        return [load_export(folder)]
    record = _record(folder)
    if not all_of_them:
        return [load_export(folder / record.need_best().finalist.name)]
    names = [network.finalist.name for network in ok_networks(record.networks)]
    if len(names) < 2:
        raise VideonasError(
            f"{folder}: an ensemble is of several networks, and {len(names)} was exported here; "
            "finish with --best 2 or more"
        )
    if record.together is None:
        return [load_export(folder / name) for name in names]
    if record.together.without_export:
        raise VideonasError(
            f"{folder}: the ensemble has no export: {record.together.without_export}"
        )
    return [load_export(folder / ENSEMBLE_FOLDER)]


def load_export(folder: Path) -> Classifier:
    """One network.

    Raises:
        VideonasError: there is none, or it is damaged.
    """
    path = folder / SAVED_MODEL
    if not path.is_dir():
        raise VideonasError(f"{path}: no such folder; {ALLOWED}")
    try:
        model = tf.saved_model.load(str(path))
    except Exception as error:  # TensorFlow raises many kinds, also of protobuf and the system
        raise DamagedRecord(f"{path}: cannot be loaded ({reason(error)}); copy it again") from None
    if not {CLASSIFY, DESCRIBE} <= set(model.signatures):
        raise VideonasError(f"{path}: a SavedModel that `videonas finish` did not write; {ALLOWED}")
    return Classifier(folder, model)


def _record(folder: Path) -> Finished:
    path = folder / FINISHED
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise VideonasError(f"{folder}: no export here; {ALLOWED}") from None
    except OSError as error:
        raise VideonasError(f"{path}: {error.strerror}") from None
    return decode(Finished, data, FORMATS[Finished], str(path))
