"""The search space of Tiny Video Networks: its options, and random architectures in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from random import Random
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, MinLen

from videonas.codec import STRICT
from videonas.errors import InvalidArchitecture, VideonasError
from videonas.spaces.base import Costs, Diagram, Learned, Operator, shrunk_to
from videonas.spaces.tiny_video import diagram, mutations
from videonas.spaces.tiny_video.architecture import (
    Activation,
    Block,
    SpatialType,
    TemporalType,
    TinyVideoArchitecture,
)
from videonas.spaces.tiny_video.costs import costs
from videonas.spaces.tiny_video.normalise import MOST_BLOCKS, check_block, normalise
from videonas.spaces.tiny_video.presets import PRESETS
from videonas.task import Clip, Sampling, Task

Counts = Annotated[tuple[Annotated[int, Ge(1)], ...], MinLen(1)]


@dataclass(frozen=True)
class TinyVideoSpace:
    """What sampling and mutation choose from.

    The defaults suit one machine without a GPU; pipelines/tiny_video/published.yaml has the values
    of the published networks. The ranges that the authors searched were not published.

    Attributes:
        clip_frames: source frames that the data set keeps of a clip.
        image_sizes: sides in pixels; the data set keeps the largest.
        frames: numbers of frames.
        frame_strides: source frames from one frame to the next.
        min_blocks: fewest blocks at birth.
        birth_blocks: most blocks at birth.
        max_blocks: most blocks after mutation.
        spatial_types: see `Block`, as are all below.
        spatial_kernels: in pixels.
        spatial_strides: in pixels.
        temporal_types: see `Block`.
        temporal_kernels: in frames.
        temporal_strides: in frames.
        filters: channels before expansion.
        expand: factors.
        repeats: layers in a block.
        non_local: bottleneck widths, 0 for none.
        activations: for each of the three places.
    """

    __pydantic_config__ = STRICT

    name: ClassVar[str] = "tiny_video"
    kind: ClassVar[type[TinyVideoArchitecture]] = TinyVideoArchitecture
    presets: ClassVar[Mapping[str, TinyVideoArchitecture]] = PRESETS

    clip_frames: Annotated[int, Ge(1)] = 16
    image_sizes: Counts = (24, 32, 48, 64)
    frames: Counts = (2, 4, 8, 16)
    frame_strides: Counts = (1, 2, 4)
    min_blocks: Annotated[int, Ge(1)] = 1
    birth_blocks: Annotated[int, Ge(1)] = 4
    max_blocks: Annotated[int, Ge(1)] = 8
    spatial_types: Annotated[tuple[SpatialType, ...], MinLen(1)] = (
        "conv", "depthwise", "maxpool", "avgpool"
    )
    spatial_kernels: Counts = (1, 2, 3, 4, 5)
    spatial_strides: Counts = (1, 2, 3, 4)
    temporal_types: Annotated[tuple[TemporalType, ...], MinLen(1)] = ("conv", "maxpool", "avgpool")
    temporal_kernels: Counts = (1, 2, 3, 5)
    temporal_strides: Counts = (1, 2, 3)
    filters: Counts = (8, 16, 32, 64)
    expand: Counts = (1, 2, 3, 4)
    repeats: Counts = (1, 2, 3, 4)
    non_local: Annotated[tuple[Annotated[int, Ge(0)], ...], MinLen(1)] = (0, 16)
    activations: Annotated[tuple[Activation, ...], MinLen(1)] = ("relu", "hswish")

    def __post_init__(self) -> None:
        """Refuses options that no network can have.

        Raises:
            ValueError: naming the option.
        """
        if not self.min_blocks <= self.birth_blocks <= self.max_blocks <= MOST_BLOCKS:
            raise ValueError(
                f"min_blocks is {self.min_blocks}, birth_blocks {self.birth_blocks}, max_blocks "
                f"{self.max_blocks}; each is at most the next, and {MOST_BLOCKS} the last"
            )
        for name, choices in self.block_choices().items():
            for choice in choices:
                check_block("option", Block(**{name: choice}))
        if not any((n - 1) * s < self.clip_frames for n in self.frames for s in self.frame_strides):
            raise ValueError(
                f"no number of frames of {self.frames} fits clip_frames, {self.clip_frames}"
            )

    @cached_property
    def operators(self) -> Mapping[str, Operator[TinyVideoArchitecture]]:
        """The mutations by name."""
        return mutations.operators(self)

    def largest(self) -> Mapping[str, Clip]:
        """The largest clip that an architecture may ask for."""
        return {"rgb": Clip(self.clip_frames, max(self.image_sizes))}

    def sampling(self, architecture: TinyVideoArchitecture) -> Mapping[str, Sampling]:
        """What the network takes of a stored clip."""
        a = architecture
        return {"rgb": Sampling(a.frames, a.frame_stride, a.image_size)}

    def on_stream(
        self, architecture: TinyVideoArchitecture, stream: str
    ) -> TinyVideoArchitecture:
        """The network itself: each is given RGB.

        Raises:
            InvalidArchitecture: another stream.
        """
        if stream != "rgb":
            raise InvalidArchitecture("stream", stream, "rgb")
        return architecture

    def allowed_sizes(self, task: Task) -> Sequence[int]:
        """Sides in pixels that the data set can give."""
        return [size for size in self.image_sizes if size <= task.streams["rgb"].size]

    def allowed_frames(self, task: Task) -> Sequence[int]:
        """Numbers of frames that the data set can give."""
        return [n for n in self.frames if n <= task.streams["rgb"].frames]

    def block_choices(self) -> Mapping[str, Sequence[Any]]:
        """What each field of a block may be, but for switches and the squeeze ratio."""
        return {
            "spatial_type": self.spatial_types,
            "spatial_kernel": self.spatial_kernels,
            "spatial_stride": self.spatial_strides,
            "temporal_type": self.temporal_types,
            "temporal_kernel": self.temporal_kernels,
            "temporal_stride": self.temporal_strides,
            "filters": self.filters,
            "expand": self.expand,
            "repeats": self.repeats,
            "non_local": self.non_local,
            "activation": self.activations,
            "spatial_activation": self.activations,
            "temporal_activation": self.activations,
        }

    def sample_block(self, rng: Random) -> Block:
        """A random block: every field drawn on its own, each optional part half of the time."""
        fields = {name: rng.choice(choices) for name, choices in self.block_choices().items()}
        for name in mutations.SWITCHES:
            fields[name] = rng.random() < 0.5
        fields["squeeze"] = round(rng.random(), 4) if rng.random() < 0.5 else 0.0
        if rng.random() < 0.5:
            fields["non_local"] = 0
        return Block(**fields)

    def sample(self, task: Task, rng: Random) -> TinyVideoArchitecture:
        """A random architecture that the task allows, normalised.

        Raises:
            VideonasError: no size or number of frames of the space fits the task.
        """
        clip = task.streams["rgb"]
        sizes = self.allowed_sizes(task)
        times = [
            (frames, stride)
            for frames in self.frames
            for stride in self.frame_strides
            if (frames - 1) * stride < clip.frames
        ]
        if not sizes or not times:
            raise VideonasError(
                f"no image size of {self.image_sizes} and number of frames of {self.frames} fits "
                f"clips of {clip.frames} frames of {clip.size} pixels"
            )
        frames, stride = rng.choice(times)
        count = rng.randint(self.min_blocks, max(self.birth_blocks, self.min_blocks))
        blocks = tuple(self.sample_block(rng) for _ in range(count))
        drawn = TinyVideoArchitecture(rng.choice(sizes), frames, stride, blocks)
        return self.normalise(drawn, task)

    def normalise(self, architecture: TinyVideoArchitecture, task: Task) -> TinyVideoArchitecture:
        """The same network, every ignored field at its default.

        Raises:
            InvalidArchitecture: a value that no network has, or a clip larger than the task's.
        """
        return normalise(architecture, task)

    def shrunk(self, architecture: TinyVideoArchitecture, task: Task) -> TinyVideoArchitecture:
        """The same blocks on a clip that is no larger than the task's."""
        return shrunk_to(architecture, task.streams["rgb"])

    def costs(self, architecture: TinyVideoArchitecture, task: Task) -> Costs:
        """Exact trainable parameters and multiply-adds of a normalised architecture."""
        return costs(architecture, task)

    def distance(self, a: TinyVideoArchitecture, b: TinyVideoArchitecture) -> float:
        """Share of fields that differ, 0 to 1; blocks are compared place by place, and a block
        that has no counterpart differs in every field.
        """
        pairs: list[tuple[Any, Any]] = [
            (getattr(a, n), getattr(b, n)) for n in ("image_size", "frames", "frame_stride")
        ]
        width = len(Block.__dataclass_fields__)
        for place in range(max(len(a.blocks), len(b.blocks))):
            if place < min(len(a.blocks), len(b.blocks)):
                other = asdict(b.blocks[place])
                pairs += [(v, other[n]) for n, v in asdict(a.blocks[place]).items()]
            else:
                pairs += [(0, 1)] * width
        return sum(bool(x != y) for x, y in pairs) / len(pairs)

    def diagram(self, architecture: TinyVideoArchitecture, task: Task, learned: Learned) -> Diagram:
        """The network as a chain of blocks; nothing is learned about a chain."""
        return diagram.draw(architecture, task)

    def table(self, architecture: TinyVideoArchitecture, task: Task) -> list[dict[str, str]]:
        """One row a block."""
        return diagram.rows(architecture, task)
