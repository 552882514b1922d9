"""The genotype of a Tiny Video Network, and the layers that it stands for.

Source: `tiny_video_nets/tiny_video_net.py` and `found_tvns.py` in google-research, the released
builder and the six found networks of arXiv 1910.06961. Where the two differ from what is built
here, docs/tiny_video.md says how and why.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from videonas.codec import STRICT
from videonas.task import Clip

SpatialType = Literal["conv", "depthwise", "maxpool", "avgpool"]
TemporalType = Literal["conv", "maxpool", "avgpool"]
Activation = Literal["relu", "hswish"]


@dataclass(frozen=True)
class Block:
    """A layer that is repeated; the published name of a field stands behind it where it differs.

    Attributes:
        spatial_type: `conv` (std) and `depthwise` (depth) come with a 1x1 convolution before.
        spatial_kernel: side of the spatial window in pixels; 1: no spatial operation.
        spatial_stride: of the first layer of the block.
        temporal_type: `conv` (1d), or pooling over time.
        temporal_kernel: length of the temporal window in frames; 1: no temporal operation.
        temporal_stride: of the first layer of the block.
        filters: width before expansion.
        expand: the block is `filters * expand` wide after, or inside, each layer.
        repeats: number of layers; those at odd places have no temporal operation.
        skip: adds a projected shortcut around each layer that keeps the number of frames.
        squeeze: hidden share of squeeze-and-excitation, 0 to 1; 0: none.
        context_gate: scales the channels by a gate computed from their means.
        non_local: bottleneck width of a non-local operation; 0: none.
        activation: (act) at the end of each layer.
        spatial_activation: (spatial_act) inside the spatial operation.
        temporal_activation: (temporal_act) after the temporal convolution.
        inverted_bottleneck: (inv-bottle) expand before the operations and project after them.
    """

    __pydantic_config__ = STRICT

    spatial_type: SpatialType = "conv"
    spatial_kernel: int = 3
    spatial_stride: int = 1
    temporal_type: TemporalType = "conv"
    temporal_kernel: int = 1
    temporal_stride: int = 1
    filters: int = 32
    expand: int = 1
    repeats: int = 1
    skip: bool = False
    squeeze: float = 0.0
    context_gate: bool = False
    non_local: int = 0
    activation: Activation = "relu"
    spatial_activation: Activation = "relu"
    temporal_activation: Activation = "relu"
    inverted_bottleneck: bool = False

    @property
    def expanded(self) -> int:
        """Channels after expansion."""
        return self.filters * self.expand

    @property
    def squeeze_width(self) -> int:
        """Hidden channels of squeeze-and-excitation; 0 where there is none."""
        return max(int(self.expanded * self.squeeze), 8) if self.squeeze else 0


@dataclass(frozen=True)
class TinyVideoArchitecture:
    """A network on one RGB stream.

    Attributes:
        image_size: height and width in pixels of the clip that the network is given.
        frames: number of frames of that clip.
        frame_stride: source frames from one frame to the next.
        blocks: from the input to the output.
    """

    __pydantic_config__ = STRICT

    image_size: int
    frames: int
    frame_stride: int
    blocks: tuple[Block, ...]

    @property
    def span(self) -> int:
        """Source frames from the first frame of the clip to its last."""
        return (self.frames - 1) * self.frame_stride + 1

    @property
    def clip(self) -> Clip:
        """The clip that the network is given."""
        return Clip(self.frames, self.image_size)


class Size(NamedTuple):
    """The size of what flows between layers."""

    frames: int
    side: int
    channels: int


class Layer(NamedTuple):
    """One layer of a block, with everything decided that depends on its place.

    Attributes:
        path: such as `blocks.2.layers.1`.
        block: what it is a layer of.
        before: the size that comes in.
        after: the size that goes out.
        spatial_stride: of this layer.
        temporal: whether it has a temporal operation.
        temporal_stride: of this layer.
        shortcut: whether a projected shortcut is added.
    """

    path: str
    block: Block
    before: Size
    after: Size
    spatial_stride: int
    temporal: bool
    temporal_stride: int
    shortcut: bool

    @property
    def inner(self) -> int:
        """Channels that the convolutions of this layer give."""
        return self.block.expanded if self.block.inverted_bottleneck else self.block.filters

    @property
    def pools_space(self) -> bool:
        """Whether the spatial operation is pooling, which keeps the channels."""
        return self.block.spatial_type in ("maxpool", "avgpool")


def layers(architecture: TinyVideoArchitecture, channels: int = 3) -> Iterator[Layer]:
    """The layers of a network, from input to output.

    The first layer of a block has its strides, the others have none. Temporal operations stand in
    the first layer and in every second one after it, and only where more than one frame is left.
    Sizes shrink as under `same` padding: the ceiling of size over stride.

    Args:
        architecture: the genotype, normalised or not.
        channels: of the clip.
    """
    size = Size(architecture.frames, architecture.image_size, channels)
    for number, block in enumerate(architecture.blocks):
        for repeat in range(block.repeats):
            layer = _layer(f"blocks.{number}.layers.{repeat}", block, repeat, size)
            yield layer
            size = layer.after


def _layer(path: str, block: Block, repeat: int, before: Size) -> Layer:
    spatial_stride = block.spatial_stride if repeat == 0 and block.spatial_kernel > 1 else 1
    temporal = block.temporal_kernel > 1 and before.frames > 1 and repeat % 2 == 0
    temporal_stride = block.temporal_stride if temporal and repeat == 0 else 1
    after = Size(
        frames=-(-before.frames // temporal_stride),
        side=-(-before.side // spatial_stride),
        channels=block.filters if block.inverted_bottleneck else block.expanded,
    )
    shortcut = block.skip and after.frames == before.frames
    return Layer(path, block, before, after, spatial_stride, temporal, temporal_stride, shortcut)
