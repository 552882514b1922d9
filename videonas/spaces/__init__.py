"""The search spaces, by the name that settings give them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from pydantic import ValidationError

from videonas.codec import adapter_of, describe
from videonas.errors import InvalidArchitecture, SettingsError, did_you_mean
from videonas.spaces.base import (
    Costs,
    Diagram,
    Edit,
    Learned,
    Node,
    Operator,
    SearchSpace,
    architecture_id,
)
from videonas.spaces.evanet.space import EvaNetSpace
from videonas.spaces.tiny_video.space import TinyVideoSpace

SPACES: Mapping[str, type[Any]] = {
    TinyVideoSpace.name: TinyVideoSpace,
    EvaNetSpace.name: EvaNetSpace,
}
"""Every search space by name; its class holds its options as fields."""


def open_space(name: str, options: Mapping[str, Any] | None = None) -> SearchSpace[Any]:
    """A search space with its options.

    Args:
        name: one of `SPACES`.
        options: values for fields of the space's class; the others keep their defaults.

    Raises:
        SettingsError: no such space or option, or an option of the wrong kind.
    """
    if not isinstance(name, str) or name not in SPACES:
        hint = did_you_mean(str(name), SPACES)
        raise SettingsError(f"space is {name!r}{hint}; allowed: {', '.join(sorted(SPACES))}")
    try:
        kind = adapter_of(cast(Any, SPACES[name]))
        space: SearchSpace[Any] = kind.validate_python(dict(options or {}))
    except ValidationError as error:
        raise SettingsError(
            f"space_options of {name}: {describe(error.errors(include_url=False))}"
        ) from None
    except InvalidArchitecture as error:
        raise SettingsError(f"space_options of {name}: {error}") from None
    return space


__all__ = [
    "SPACES",
    "Costs",
    "Diagram",
    "Edit",
    "Learned",
    "Node",
    "Operator",
    "SearchSpace",
    "architecture_id",
    "open_space",
]
