"""What holds for names in every layout: of splits, of classes, and of files."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from videonas.errors import DataError, brief

log = logging.getLogger(__name__)

SPLIT_WORDS: Mapping[str, str] = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "val": "validation",
    "valid": "validation",
    "validate": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
"""What people call the splits."""

_CONTROL_OR_SURROGATE = ("Cc", "Cs")


def check_text(text: str, where: str) -> None:
    """Refuses a name that a terminal, a file or a report cannot hold as it is.

    Args:
        text: the name.
        where: where it was found, for the message.

    Raises:
        DataError: it holds a control character, or half a character.
    """
    if not text.isprintable() and any(
        unicodedata.category(sign) in _CONTROL_OR_SURROGATE for sign in text
    ):
        raise DataError(
            f"videos: {where}: {brief(text)} holds a control character or half a character; "
            "allowed: names in plain text"
        )


def warn_of_similar(classes: Iterable[str], place: object) -> None:
    """Names classes that differ in nothing but case, spaces or how Unicode writes a letter.

    Args:
        classes: their names.
        place: where they are from.
    """
    similar: dict[str, list[str]] = {}
    for name in classes:
        same = "".join(unicodedata.normalize("NFKC", name).casefold().split())
        similar.setdefault(same, []).append(name)
    twins = [listing(names) for names in similar.values() if len(names) > 1]
    if twins:
        log.warning(
            "%s: classes that differ only in case or spaces: %s; rename those that are the same",
            place, "; ".join(twins),
        )


def listing(names: Sequence[str]) -> str:
    """Names, cut where they are long."""
    return ", ".join(map(brief, names))
