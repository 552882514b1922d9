"""Loads exports: from a folder alone, wherever it was copied to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import tensorflow as tf

from videonas.codec import decode
from videonas.errors import DamagedRecord, VideonasError, first_line
from videonas.export.about import CLASSIFY, DESCRIBE, About
from videonas.export.jobs import SAVED_MODEL
from videonas.search.finish_folder import FINISHED
from videonas.search.finished import Finished, ok_networks
from videonas.search.records import FORMATS

ALLOWED = "allowed: finished/<n> of a search root, or the folder of one network in it"


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
        all_of_them: every network of what was finished, and not only the best.

    Raises:
        VideonasError: no export is there, or only one where all are asked for.
    """
    if (folder / SAVED_MODEL).is_dir():
        if all_of_them:
            raise VideonasError(
                f"{folder}: holds one network, and an ensemble is of several; allowed: "
                "finished/<n> of a search root"
            )
        return [load_export(folder)]
    record = _record(folder)
    names = [network.finalist.individual for network in ok_networks(record.networks)]
    if not all_of_them:
        names = [record.need_best().finalist.individual]
    elif len(names) < 2:
        raise VideonasError(
            f"{folder}: an ensemble is of several networks, and {len(names)} was exported here; "
            "finish with --best 2 or more"
        )
    return [load_export(folder / name) for name in names]


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
        reason = first_line(error)
        raise DamagedRecord(f"{path}: cannot be loaded ({reason}); copy it again") from None
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
