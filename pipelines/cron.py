"""Checks a schedule as Kubeflow Pipelines reads it: robfig's cron, version 1, seconds first.

KFP's own reader takes five fields too, as seconds to months, which nobody means who writes them;
so they are refused here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from videonas.errors import SettingsError

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")

NAMED = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")

EXAMPLE = "'0 0 2 * * 0', Sundays at 2:00"

PART = re.compile(r"(?P<range>\*|\?|(?P<first>\w+)(-(?P<last>\w+))?)(/(?P<step>\d+))?", re.ASCII)


@dataclass(frozen=True)
class _Field:
    """One of the fields: what it counts, its bounds, and names for its values from the first on."""

    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()

    def value(self, word: str) -> int | None:
        """What a word means, None where it means nothing here."""
        if word.lower() in self.names:
            return self.least + self.names.index(word.lower())
        value = int(word) if word.isdigit() and len(word) < 4 else -1
        return value if self.least <= value <= self.most else None


FIELDS = (
    _Field("seconds", 0, 59), _Field("minutes", 0, 59), _Field("hours", 0, 23),
    _Field("days of the month", 1, 31), _Field("months", 1, 12, MONTHS),
    _Field("days of the week", 0, 6, DAYS),
)


def check_cron(expression: str) -> str:
    """An expression as KFP takes it, with single spaces.

    Args:
        expression: six fields, seconds first, or one of `NAMED`.

    Raises:
        SettingsError: it is not one; where it has five fields, the sentence has the six.
    """
    words = expression.split()
    if len(words) == 1 and words[0] in NAMED:
        return words[0]
    if len(words) == 5:
        raise SettingsError(
            f"--cron {expression!r} has five fields; allowed: six, seconds first: "
            f"'{' '.join(['0', *words])}'"
        )
    if len(words) != len(FIELDS):
        raise SettingsError(
            f"--cron {expression!r} has {len(words)} fields; allowed: six (seconds, minutes, "
            f"hours, days of the month, months, days of the week), such as {EXAMPLE}, or one of "
            f"{', '.join(NAMED)}"
        )
    for field, word in zip(FIELDS, words, strict=True):
        for part in word.split(","):
            if not _fits(field, part):
                names = f" or {field.names[0]}-{field.names[-1]}" if field.names else ""
                raise SettingsError(
                    f"--cron {expression!r}: {part!r} in the {field.name}; allowed: * or values "
                    f"{field.least}-{field.most}{names}, ranges a-b, steps a-b/n, lists a,b"
                )
    return " ".join(words)


def _fits(field: _Field, part: str) -> bool:
    match = PART.fullmatch(part)
    if match is None or (match["step"] is not None and int(match["step"]) == 0):
        return False
    if match["first"] is None:
        return True
    first = field.value(match["first"])
    last = field.value(match["last"]) if match["last"] else first
    return first is not None and last is not None and first <= last
