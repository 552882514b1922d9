"""Networks that a search begins with: the setting `start_from`, and where its values come from.

The setting holds the architectures themselves, so that a search root needs no other file.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from videonas.codec import from_plain, to_plain
from videonas.errors import InvalidArchitecture, SettingsError, VideonasError
from videonas.search.named_network import NamedNetwork, read_network
from videonas.spaces import SearchSpace
from videonas.task import Task

SETTING = "start_from"


class UnfitStart(SettingsError):
    """A network of `start_from` that the search cannot begin with.

    Args:
        place: of the network in the setting, from 0.
        sentence: what is wrong with it.
    """

    def __init__(self, place: int, sentence: str) -> None:
        super().__init__(f"{SETTING}.{place}: {sentence}")
        self.place, self.sentence = place, sentence


@contextlib.contextmanager
def naming_starts(words: Sequence[str]) -> Iterator[None]:
    """Says which preset or file a network of `start_from` came from, where one does not fit.

    Args:
        words: that the networks were named by, in their order.

    Raises:
        SettingsError: in place of an `UnfitStart`.
    """
    try:
        yield
    except UnfitStart as error:
        if error.place >= len(words):  # it stands in a file of settings, or in the search
            raise
        raise SettingsError(f"{words[error.place]}: {error.sentence}") from None


def read_starts(words: Sequence[str], space: str | None) -> list[NamedNetwork]:
    """The networks that words name, for `start_from`.

    Args:
        words: see `read_network`.
        space: of the search, where it is known.

    Raises:
        VideonasError: one cannot be read, or is of another space.
    """
    networks = []
    for word in words:
        network = read_network(word)
        if space is not None and network.space.name != space:
            raise SettingsError(
                f"{word}: a network of {network.space.name}; allowed: networks of the search's "
                f"space, {space}"
            )
        networks.append(network)
    return networks


def plain_start(architecture: Any) -> dict[str, Any]:
    """An architecture as `start_from` holds it."""
    plain: dict[str, Any] = to_plain(architecture, without_defaults=True)
    return plain


def starting_architectures(
    starts: Sequence[Mapping[str, Any]], space: SearchSpace[Any], task: Task, *, shrink: bool
) -> list[Any]:
    """The normalised architectures that a search begins with, in the order of their birth.

    Args:
        starts: the setting `start_from`.
        space: with the options of the search.
        task: what they must do.
        shrink: whether clips that are larger than the task's are made smaller.

    Raises:
        UnfitStart: one is no architecture of the space, the task does not allow it, or it is the
            same network as one before it.
    """
    found: list[Any] = []
    for place, plain in enumerate(starts):
        architecture = _architecture(place, plain, space)
        if shrink:
            architecture = space.shrunk(architecture, task)
        try:
            architecture = space.normalise(architecture, task)
        except InvalidArchitecture as error:
            raise UnfitStart(place, _why(error, architecture, space, task)) from None
        if architecture in found:
            raise UnfitStart(
                place, f"the same network as {SETTING}.{found.index(architecture)}; give it once"
            )
        found.append(architecture)
    return found


def _architecture(place: int, plain: Mapping[str, Any], space: SearchSpace[Any]) -> Any:
    try:
        return from_plain(space.kind, dict(plain), "architecture", strict=True)
    except VideonasError as error:
        raise UnfitStart(place, str(error)) from None


def _why(
    error: InvalidArchitecture, architecture: Any, space: SearchSpace[Any], task: Task
) -> str:
    """The error, with what to set where the clip alone is too large."""
    smaller = space.shrunk(architecture, task)
    if smaller == architecture:
        return str(error)
    try:
        space.normalise(smaller, task)
    except InvalidArchitecture as worse:  # larger clips would not help
        return str(worse)
    asks = " and ".join(
        f"{sampling.size} pixels over {sampling.span} source frames"
        for sampling in space.sampling(architecture).values()
    )
    return (
        f"{error}; it asks for {asks}: let the options of the space hold that much (`videonas "
        "settings` lists them), or set shrink_start_from=true to make its clip smaller"
    )


def check_count(starts: Sequence[object], population: int) -> None:
    """Refuses more networks than the first population has places.

    Raises:
        ValueError: there are more.
    """
    if len(starts) > population:
        raise ValueError(
            f"{SETTING} holds {len(starts)} networks; allowed: {population} at most, the population"
        )
