"""The errors that people see.

Each is one sentence that names what was found, where, and what is allowed. Command lines and
components print it without a traceback and end with `EXIT_STATUS`.
"""

from __future__ import annotations

import difflib
import re
import reprlib
from collections.abc import Iterable

EXIT_STATUS = 2

SOME_FAILED = 1
"""Exit status of a command that did what it could, and not all."""

_brief = reprlib.Repr()
_brief.maxlevel = 3
_brief.maxstring = _brief.maxother = 100


class VideonasError(Exception):
    """Something that the user can put right; its text is one sentence."""


class InvalidArchitecture(VideonasError):
    """An architecture that its search space, or the task, does not allow.

    Args:
        path: where in the architecture, such as `blocks.2.filters`.
        found: the value there.
        allowed: what would be allowed, in words.
    """

    def __init__(self, path: str, found: object, allowed: str) -> None:
        super().__init__(f"architecture: {path} is {brief(found)}; allowed: {allowed}")
        self.path, self.found, self.allowed = path, found, allowed


class DamagedRecord(VideonasError):
    """A file under a search root that cannot be read as what it should be."""


class SettingsError(VideonasError):
    """A setting that does not exist, is of the wrong type, or contradicts another."""


class ConflictingSearch(VideonasError):
    """A search root that already holds something else."""


class BudgetError(VideonasError):
    """A budget that nothing meets."""


class DataError(VideonasError):
    """Videos that no data set can be made from."""


class NoVideos(DataError):
    """A place of videos at which there is none."""


class StorageError(VideonasError):
    """A store that cannot be reached, read or written."""


class NothingThere(StorageError):
    """A key of a store at which nothing is."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint such as ` (did you mean 'train_steps'?)`, or nothing when no name is close."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


SURROUNDINGS = re.compile(
    r"Graph execution error|Detected at node|\d+ root error|Exception encountered when calling|"
    r"Arguments received by|File \"|Hint:|Stack trace|\[\["
)
"""How lines begin that TensorFlow and Keras put around the one that says why."""

DECORATION = re.compile(r"\x1b\[[0-9;]*m|\{\{[^}]*\}\}|\[Op:[^]]*\]|^\(\d+\) [A-Z_]+:|\bname: *$")
"""What is of no use to people: colours, names of graph nodes, status codes."""


def reason(error: BaseException) -> str:
    """The line of an error that says why; its type where it says nothing.

    Of most errors that is the first line. TensorFlow and Keras surround it with the place in the
    graph, which belongs into the log.
    """
    for line in str(error).splitlines():
        said = DECORATION.sub("", line.strip()).strip()
        if said and not SURROUNDINGS.match(said):
            return said[:500]
    return type(error).__name__


def brief(value: object) -> str:
    """A value as Python writes it, cut where it is long or deep: a file may hold anything."""
    try:
        return _brief.repr(value)
    except ValueError:  # an integer of thousands of digits
        return f"a very large {type(value).__name__}"
