"""What every search space offers, and the small records that they share. No TensorFlow here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, NamedTuple, Protocol, TypeVar

from videonas.codec import STRICT, canonical, digest, to_plain
from videonas.task import Clip, Sampling, Task

A = TypeVar("A")

Learned = Mapping[str, float]
"""What training can teach evolution: a number by path in the architecture."""


@dataclass(frozen=True)
class Edit:
    """One applied mutation.

    Attributes:
        operator: its name in the space's `operators`.
        path: what it changed, such as `blocks.2.filters`.
        before: the value before, None where there was nothing.
        after: the value after, None where nothing is left.
    """

    __pydantic_config__ = STRICT

    operator: str
    path: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Costs:
    """What a network costs, by arithmetic on shapes.

    Attributes:
        parameters: trainable parameters.
        macs: multiply-adds of one forward pass of one clip: those of convolutions and dense
            layers, as the literature counts them.
    """

    __pydantic_config__ = STRICT

    parameters: int
    macs: int


@dataclass(frozen=True)
class Node:
    """One box of a diagram.

    Attributes:
        name: unique within the diagram.
        title: the first line in the box.
        lines: further lines.
        shape: the size of what leaves the box, such as `8 x 16² x 24`.
    """

    name: str
    title: str
    lines: tuple[str, ...] = ()
    shape: str = ""


@dataclass(frozen=True)
class Diagram:
    """A network as boxes and arrows; one renderer draws every space.

    Attributes:
        nodes: in the order from input to output.
        arrows: `(from, to, label)` by node name.
    """

    nodes: tuple[Node, ...]
    arrows: tuple[tuple[str, str, str], ...] = field(default=())


class Imported(NamedTuple):
    """A network of a published form, as one of a search space.

    Attributes:
        architecture: not normalised, so that no value is lost.
        left_out: a sentence for each thing in the file that has no part in the architecture.
            Fields that the released builder never reads are not among them.
    """

    architecture: Any
    left_out: tuple[str, ...]


Operator = Callable[[A, Task, Random, Learned], "tuple[A, Edit] | None"]
"""A mutation: gives the changed architecture and the edit, or None where it does not apply.
`Learned` is what the parent's training taught."""


class SearchSpace(Protocol[A]):
    """The architectures of one kind: how to sample, mutate, normalise and cost them."""

    @property
    def name(self) -> str:
        """The name in settings and on the command line."""

    @property
    def operators(self) -> Mapping[str, Operator[A]]:
        """The mutations by name."""

    @property
    def presets(self) -> Mapping[str, A]:
        """The published networks by name."""

    @property
    def kind(self) -> type[A]:
        """The class of this space's architectures."""

    def largest(self) -> Mapping[str, Clip]:
        """The largest clip, by stream, that an architecture may ask for."""

    def sample(self, task: Task, rng: Random) -> A:
        """A random architecture that the task allows, normalised."""

    def normalise(self, architecture: A, task: Task) -> A:
        """The same network without what it ignores; normalising twice changes nothing more.

        Raises:
            InvalidArchitecture: the task or the space does not allow it.
        """

    def shrunk(self, architecture: A, task: Task) -> A:
        """The same blocks on a clip that is no larger than the task's; the same architecture
        where it is none already.
        """

    def sampling(self, architecture: A) -> Mapping[str, Sampling]:
        """What the network takes of a stored clip, by stream."""

    def on_stream(self, architecture: A, stream: str) -> A:
        """The same network, given another stream; not normalised.

        Raises:
            InvalidArchitecture: no network of the space is given that stream.
        """

    def costs(self, architecture: A, task: Task) -> Costs:
        """Exact parameters and multiply-adds of a normalised architecture."""

    def distance(self, a: A, b: A) -> float:
        """How different two architectures are: 0 for equal ones, never negative, symmetric."""

    def diagram(self, architecture: A, task: Task, learned: Learned) -> Diagram:
        """The network as boxes and arrows."""

    def table(self, architecture: A, task: Task) -> list[dict[str, str]]:
        """The network as rows for people, one dictionary of columns a row."""


def shrunk_to(architecture: A, clip: Clip) -> A:
    """An architecture on a clip that is no larger than another.

    Frames move together before any is given up: a network that looks at eight frames still does,
    over less time.

    Args:
        architecture: with the fields `image_size`, `frames` and `frame_stride`.
        clip: the largest that is allowed.
    """
    a: Any = architecture
    frames = min(a.frames, clip.frames)
    farthest = (clip.frames - 1) // (frames - 1) if frames > 1 else a.frame_stride
    shrunk: A = replace(
        a, image_size=min(a.image_size, clip.size), frames=frames,
        frame_stride=min(a.frame_stride, farthest),
    )
    return shrunk


def architecture_id(space: str, architecture: object) -> str:
    """Names a network: equal networks, normalised, have equal ids.

    Fields at their default do not count, so a field added later, with the old behaviour as its
    default, leaves every id as it was.

    Returns:
        12 hex digits of a SHA-256.
    """
    plain = to_plain(architecture, without_defaults=True)
    return digest(space.encode() + b"\n" + canonical(plain))[:12]
