"""The published forms of networks, by the search space that they belong to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

from videonas.errors import VideonasError
from videonas.spaces.base import Imported
from videonas.spaces.evanet import published as evanet
from videonas.spaces.evanet.architecture import EvaNetArchitecture
from videonas.spaces.evanet.space import EvaNetSpace
from videonas.spaces.tiny_video import published as tiny_video
from videonas.spaces.tiny_video.architecture import TinyVideoArchitecture
from videonas.spaces.tiny_video.space import TinyVideoSpace


@dataclass(frozen=True)
class PublishedForm:
    """How the authors of a search space write its networks.

    Attributes:
        space: name of the search space.
        suffix: that files of the form end in; no two forms have the same.
        read: the network in a text; the second argument is its address, for messages.
        write: a network as a text; `mobile=True` gives the form with streams, where there are two.
        unsaid: a sentence for each thing about a network that the form cannot say, or that the
            authors' own builder does not read.
    """

    space: str
    suffix: str
    read: Callable[[str, str], Imported]
    write: Callable[..., str]
    unsaid: Callable[[Any], Iterator[str]]


def _write_tiny_video(architecture: TinyVideoArchitecture, *, mobile: bool = False) -> str:
    published = tiny_video.to_published(architecture, mobile=mobile)
    return json.dumps(published, indent=1, allow_nan=False) + "\n"


def _unsaid_of_tiny_video(architecture: TinyVideoArchitecture) -> Iterator[str]:
    for number, block in enumerate(architecture.blocks):
        if block.non_local:
            yield (
                f"blocks.{number}.non_local is {block.non_local}; it is written, but the authors' "
                "builder does not read it"
            )


def _write_evanet(architecture: EvaNetArchitecture, *, mobile: bool = False) -> str:
    if mobile:
        raise VideonasError("--mobile: networks of evanet have no such form; leave it out")
    return evanet.to_published(architecture) + "\n"


def _unsaid_of_evanet(architecture: EvaNetArchitecture) -> Iterator[str]:
    """The clip: the message has the layers alone."""
    released = {field.name: field.default for field in fields(architecture)}
    for name in ("stream", "image_size", "frames", "frame_stride"):
        value = getattr(architecture, name)
        if value != released[name]:
            yield f"{name} is {value}; the form has no field for it"


FORMS = (
    PublishedForm(
        TinyVideoSpace.name, ".json", tiny_video.read_published, _write_tiny_video,
        _unsaid_of_tiny_video,
    ),
    PublishedForm(
        EvaNetSpace.name, ".b64", evanet.read_published, _write_evanet, _unsaid_of_evanet
    ),
)
"""Every form that is known."""

SUFFIXES = tuple(form.suffix for form in FORMS)
"""Files of published forms end so."""


def form_of_suffix(suffix: str) -> PublishedForm | None:
    """The form of files that end so; None where there is none.

    Args:
        suffix: with its dot, in any case.
    """
    return next((form for form in FORMS if form.suffix == suffix.lower()), None)
