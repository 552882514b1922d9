"""The published forms of networks, by the search space that they belong to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from videonas.errors import VideonasError
from videonas.spaces.tiny_video.published import Imported, read_published, to_published
from videonas.spaces.tiny_video.space import TinyVideoSpace


@dataclass(frozen=True)
class PublishedForm:
    """How the authors of a search space write its networks.

    Attributes:
        read: the network in a text; the second argument is its address, for messages.
        write: a network as a JSON value; `mobile=True` gives the form with streams, where there
            are two.
        unread: the fields, by a block's field of ours, that the authors' own builder ignores.
    """

    read: Callable[[str, str], Imported]
    write: Callable[..., dict[str, Any]]
    unread: tuple[str, ...] = ()


PUBLISHED_FORMS: Mapping[str, PublishedForm] = {
    TinyVideoSpace.name: PublishedForm(read_published, to_published, ("non_local",)),
}
"""By name of the space."""


def published_form(space: str) -> PublishedForm:
    """The published form of a space's networks.

    Raises:
        VideonasError: there is none.
    """
    if space not in PUBLISHED_FORMS:
        raise VideonasError(
            f"space is {space!r}, whose networks have no published form; allowed: "
            f"{', '.join(PUBLISHED_FORMS)}"
        )
    return PUBLISHED_FORMS[space]
