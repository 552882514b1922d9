"""The search space of EvaNet: its options, and random architectures in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from random import Random
from typing import Annotated, ClassVar, get_args

from annotated_types import Ge, Le, MinLen

from videonas.codec import STRICT
from videonas.errors import InvalidArchitecture, VideonasError
from videonas.spaces.base import Costs, Diagram, Learned, Operator, shrunk_to
from videonas.spaces.evanet import diagram, mutations
from videonas.spaces.evanet.architecture import (
    Branch,
    BranchKind,
    ConvKind,
    Curve,
    EvaNetArchitecture,
    Form,
    Module,
    Skeleton,
)
from videonas.spaces.evanet.costs import costs
from videonas.spaces.evanet.normalise import (
    FEWEST_CHANNELS,
    LENGTHS,
    MOST_BRANCHES,
    MOST_REPEATS,
    Length,
    check_flow_stride,
    check_skeleton,
    normalise,
)
from videonas.spaces.evanet.presets import PRESETS
from videonas.task import CHANNELS, Clip, Sampling, StreamName, Task

Count = Annotated[int, Ge(1)]
Counts = Annotated[tuple[Count, ...], MinLen(1)]


@dataclass(frozen=True)
class EvaNetSpace:
    """What sampling and mutation choose from, and what modules are set into.

    The defaults suit one machine without a GPU; pipelines/evanet/published.yaml has the values of
    the released builder. No public source gives the limits of branches and repetitions that the
    authors searched: those of the released networks are 2 to 6, and 2 to 5.

    Attributes:
        stream: that networks are given: `rgb`, or `flow`, which the data set must hold.
        form: `residual`: the released meta-architecture, modules with shortcuts; `inception`:
            modules without (no verified source for its details).
        clip_frames: source frames that the data set keeps of a clip.
        image_size: side in pixels.
        frames: of the clip that networks are given; it is not evolved.
        frame_stride: source frames from one frame to the next.
        stem_filters: channels of the first convolution.
        stem_side: side of its window in pixels.
        filters: channels of each module; as many modules as there are numbers.
        time_strides: of the first convolution and of the first pooling, in frames.
        side_strides: of the first convolution and of the pooling before each module, in pixels.
        curve: of iTGM layers, see `Skeleton`.
        branch_kinds: see `Branch`.
        conv_kinds: see `Branch`.
        lengths: of temporal windows, in frames.
        min_branches: fewest in a module.
        birth_branches: most at birth.
        max_branches: most after mutation.
        repeats: of a module; with the form `inception` each is there once.
    """

    __pydantic_config__ = STRICT

    name: ClassVar[str] = "evanet"
    kind: ClassVar[type[EvaNetArchitecture]] = EvaNetArchitecture
    presets: ClassVar[Mapping[str, EvaNetArchitecture]] = PRESETS

    stream: StreamName = "rgb"
    form: Form = "residual"
    clip_frames: Count = 16
    image_size: Count = 32
    frames: Count = 16
    frame_stride: Count = 1
    stem_filters: Count = 16
    stem_side: Count = 5
    filters: Counts = (32, 64, 128)
    time_strides: tuple[Count, Count] = (1, 2)
    side_strides: Counts = (2, 2, 2, 2)
    curve: Curve = "released"
    branch_kinds: Annotated[tuple[BranchKind, ...], MinLen(1)] = (
        "conv1x1", "conv", "conv_conv", "pool_conv"
    )
    conv_kinds: Annotated[tuple[ConvKind, ...], MinLen(1)] = ("3d", "itgm", "2plus1d")
    lengths: Annotated[tuple[Length, ...], MinLen(1)] = LENGTHS
    min_branches: Count = 1
    birth_branches: Count = 4
    max_branches: Annotated[int, Ge(1), Le(MOST_BRANCHES)] = 6
    repeats: Annotated[tuple[Annotated[int, Ge(1), Le(MOST_REPEATS)], ...], MinLen(1)] = (1, 2, 3)

    def __post_init__(self) -> None:
        """Refuses options that no network can have.

        Raises:
            ValueError: naming the option.
        """
        if not self.min_branches <= self.birth_branches <= self.max_branches:
            raise ValueError(
                f"min_branches is {self.min_branches}, birth_branches {self.birth_branches}, "
                f"max_branches {self.max_branches}; each is at most the next"
            )
        if (self.frames - 1) * self.frame_stride >= self.clip_frames:
            raise ValueError(
                f"frames is {self.frames} and frame_stride {self.frame_stride}, which does not fit "
                f"clip_frames, {self.clip_frames}"
            )
        try:
            if self.stream == "flow" and self.frames > 1:
                check_flow_stride(self.frame_stride)
            check_skeleton(self.skeleton, len(self.filters))
        except InvalidArchitecture as error:
            path = error.path.removeprefix("skeleton.")
            raise ValueError(f"{path} is {error.found}; allowed: {error.allowed}") from None
        if min(self.filters) < FEWEST_CHANNELS * self.min_branches:
            raise ValueError(
                f"filters has {min(self.filters)}, too few for min_branches, {self.min_branches}: "
                f"each branch needs {FEWEST_CHANNELS}"
            )

    @cached_property
    def skeleton(self) -> Skeleton:
        """What the modules of every network are set into."""
        return Skeleton(
            self.form, self.stem_filters, self.stem_side, self.filters, self.time_strides,
            self.side_strides, self.curve,
        )

    @cached_property
    def operators(self) -> Mapping[str, Operator[EvaNetArchitecture]]:
        """The mutations by name."""
        return mutations.operators(self)

    def largest(self) -> Mapping[str, Clip]:
        """The clips that the data set keeps: flow is made of those of RGB."""
        streams = ("rgb",) if self.stream == "rgb" else ("rgb", "flow")
        return {
            stream: Clip(self.clip_frames, self.image_size, CHANNELS[stream]) for stream in streams
        }

    def sampling(self, architecture: EvaNetArchitecture) -> Mapping[str, Sampling]:
        """What the network takes of a stored clip."""
        a = architecture
        return {a.stream: Sampling(a.frames, a.frame_stride, a.image_size)}

    def on_stream(self, architecture: EvaNetArchitecture, stream: str) -> EvaNetArchitecture:
        """The same modules on another stream, as the released networks are for both.

        Raises:
            InvalidArchitecture: neither `rgb` nor `flow`.
        """
        for name in get_args(StreamName):
            if name == stream:
                return replace(architecture, stream=name)
        raise InvalidArchitecture("stream", stream, ", ".join(CHANNELS))

    def most_branches(self, channels: int) -> int:
        """How many branches a module of so many channels can have: each needs a few."""
        return min(self.max_branches, channels // FEWEST_CHANNELS)

    def sample_branch(self, rng: Random, kind: BranchKind | None = None) -> Branch:
        """A random branch, of a given kind or of any."""
        drawn = rng.choice(self.branch_kinds)
        return Branch(
            drawn if kind is None else kind, rng.choice(self.conv_kinds),
            rng.choice(self.lengths), rng.choice(self.conv_kinds), rng.choice(self.lengths),
        )

    def sample_module(self, rng: Random, number: int) -> Module:
        """A random module for a place."""
        most = min(self.birth_branches, self.most_branches(self.filters[number]))
        count = rng.randint(min(self.min_branches, most), most)
        repeats = rng.choice(self.repeats) if self.form == "residual" else 1
        return Module(tuple(self.sample_branch(rng) for _ in range(count)), repeats)

    def sample(self, task: Task, rng: Random) -> EvaNetArchitecture:
        """A random architecture, normalised.

        Raises:
            VideonasError: the clip of the space does not fit the task.
        """
        drawn = EvaNetArchitecture(
            tuple(self.sample_module(rng, number) for number in range(len(self.filters))),
            stem=rng.choice(self.conv_kinds),
            stem_time=rng.choice(self.lengths),
            pool_times=tuple(
                rng.choice(self.lengths) for _ in range(max(len(self.filters) - 1, 1))
            ),
            stream=self.stream,
            image_size=self.image_size,
            frames=self.frames,
            frame_stride=self.frame_stride,
            skeleton=self.skeleton,
        )
        try:
            return self.normalise(drawn, task)
        except InvalidArchitecture as error:
            raise VideonasError(f"the options of the space do not fit the data: {error}") from None

    def normalise(self, architecture: EvaNetArchitecture, task: Task) -> EvaNetArchitecture:
        """The same network, every ignored field at its default.

        Raises:
            InvalidArchitecture: a value that no network has, or a clip larger than the task's.
        """
        return normalise(architecture, task)

    def shrunk(self, architecture: EvaNetArchitecture, task: Task) -> EvaNetArchitecture:
        """The same modules on a clip that is no larger than the task's."""
        clip = task.streams.get(architecture.stream)
        return architecture if clip is None else shrunk_to(architecture, clip)

    def costs(self, architecture: EvaNetArchitecture, task: Task) -> Costs:
        """Exact trainable parameters, and multiply-adds, of a normalised architecture."""
        return costs(architecture, task)

    def distance(self, a: EvaNetArchitecture, b: EvaNetArchitecture) -> float:
        """Share of parts that differ, 0 to 1. A module's branches have no order here: those that
        both have are the same.
        """
        names = ("stem", "stem_time", "pool_times", "stream", "image_size", "frames",
                 "frame_stride", "skeleton")
        parts = len(names)
        differ = float(sum(getattr(a, name) != getattr(b, name) for name in names))
        for place in range(max(len(a.modules), len(b.modules))):
            ours, theirs = (
                each.modules[place] if place < len(each.modules) else Module((), 0)
                for each in (a, b)
            )
            mine, other = Counter(ours.branches), Counter(theirs.branches)
            most = max(mine.total(), other.total())
            differ += most - (mine & other).total() + (ours.repeats != theirs.repeats)
            parts += most + 1
        return differ / parts

    def diagram(self, architecture: EvaNetArchitecture, task: Task, learned: Learned) -> Diagram:
        """The network with its modules as parallel branches; nothing is learned about them."""
        return diagram.draw(architecture, task)

    def table(self, architecture: EvaNetArchitecture, task: Task) -> list[dict[str, str]]:
        """One row a module."""
        return diagram.rows(architecture, task)
