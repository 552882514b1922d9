"""Edits in words. What was added or removed is told by the fields that are not at their default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from videonas.report.formats import shortened
from videonas.spaces import Edit

NONE = "none"
"""What is said where there was, or is, nothing."""


@dataclass(frozen=True)
class EditText:
    """An edit as people read it.

    Attributes:
        operator: its name.
        path: what it changed.
        before: the value before; empty where something was added.
        after: the value after; empty where something was removed.
    """

    operator: str
    path: str
    before: str
    after: str


def edit_text(edit: Edit, kind: type[Any]) -> EditText:
    """An edit in words.

    Args:
        edit: what was changed.
        kind: the class of the space's architectures, to tell what is at its default.
    """
    added_or_removed = edit.before is None or edit.after is None
    before, after = (
        "" if value is None and added_or_removed else value_text(value, edit.path, kind)
        for value in (edit.before, edit.after)
    )
    if not before and not after:
        before = after = NONE
    return EditText(edit.operator, edit.path, before, after)


def value_text(value: Any, path: str, kind: type[Any]) -> str:
    """A value in an architecture: plain, or as `field value, field value`."""
    if isinstance(value, Mapping):
        defaults = _defaults(_kind_at(kind, path.split(".")))
        told = {name: v for name, v in value.items() if defaults.get(name, MISSING) != v}
        listing = ", ".join(f"{name} {_plain(inner)}" for name, inner in told.items())
        return shortened(listing or "all at default")
    return shortened(_plain(value))


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return NONE
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_plain(item) for item in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name} {_plain(item)}" for name, item in value.items()) + "}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _kind_at(kind: Any, path: list[str]) -> Any:
    """The class of what stands at a path below a dataclass; None where that is not known."""
    for part in path:
        if is_dataclass(kind) and isinstance(kind, type):
            kind = _hints(kind).get(part)
        elif part.isdigit() or get_origin(kind) in (dict, Mapping):
            inner = [argument for argument in get_args(kind) if argument is not Ellipsis]
            kind = inner[-1] if inner else None
        else:
            return None
        if get_origin(kind) in (Union, UnionType):
            kind = next((a for a in get_args(kind) if a is not type(None)), None)
    return kind


@cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    """The types of a class's fields; made once, since that compiles each of them."""
    return get_type_hints(kind)


def _defaults(kind: Any) -> dict[str, Any]:
    if not (is_dataclass(kind) and isinstance(kind, type)):
        return {}
    return {f.name: f.default for f in fields(kind) if f.default is not MISSING}
