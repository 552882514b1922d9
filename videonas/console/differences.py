"""Where architectures differ, field by field, whatever the search space."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from videonas.report.edits import value_text
from videonas.report.formats import NOTHING


class Absent(Enum):
    """Stands where an architecture has nothing at a path."""

    HERE = "absent"


@dataclass(frozen=True)
class Difference:
    """A field in which not all are alike.

    Attributes:
        path: such as `blocks.2.filters`.
        values: one of each architecture, `Absent.HERE` where it has none.
    """

    path: str
    values: tuple[Any, ...]

    def texts(self, kind: type[Any]) -> list[str]:
        """The values in words; `kind` is the class of the architectures."""
        return [
            NOTHING if value is Absent.HERE else value_text(value, self.path, kind)
            for value in self.values
        ]

    @property
    def is_whole(self) -> bool:
        """Whether something with fields of its own, such as a block, is there and is absent."""
        return any(isinstance(value, (dict, list)) for value in self.values)

    @property
    def plain(self) -> dict[str, Any]:
        """For JSON: null where there is none."""
        values = [None if value is Absent.HERE else value for value in self.values]
        return {"path": self.path, "values": values}


def differences(plains: Sequence[Any], path: str = "") -> Iterator[Difference]:
    """The fields in which some architectures differ, place by place.

    What one of them lacks altogether, such as a block, is one difference and not one for each of
    its fields.

    Args:
        plains: architectures as dictionaries, lists, strings and numbers.
        path: where they stand.
    """
    if all(isinstance(plain, dict) for plain in plains):
        names: list[Any] = list(dict.fromkeys(name for plain in plains for name in plain))
        below = [(name, [plain.get(name, Absent.HERE) for plain in plains]) for name in names]
    elif all(isinstance(plain, list) for plain in plains):
        below = [
            (place, [plain[place] if place < len(plain) else Absent.HERE for plain in plains])
            for place in range(max(map(len, plains)))
        ]
    else:
        if any(plain != plains[0] for plain in plains[1:]):
            yield Difference(path, tuple(plains))
        return
    for name, values in below:
        yield from differences(values, f"{path}.{name}" if path else str(name))
