"""The genotype of an EvaNet, and the operations that it stands for.

Source: `evanet/model_dna.py` and `inception_cell_spec.proto` in google-research, the released
builder and the form of the released networks of arXiv 1811.10636. docs/evanet.md says where the
two differ from what is built here, and which values no public source confirms.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from videonas.codec import STRICT
from videonas.task import Clip, StreamName

BranchKind = Literal["conv1x1", "conv", "conv_conv", "pool_conv"]
ConvKind = Literal["3d", "itgm", "2plus1d"]
Form = Literal["residual", "inception"]
Curve = Literal["released", "gaussian"]

GAUSSIANS = 4
"""Of an iTGM layer: `M`."""

SIDE = 3
"""Of every spatial window in a module, in pixels; it is not evolved."""


@dataclass(frozen=True)
class Branch:
    """One of the parallel ways through a module.

    Attributes:
        kind: `conv1x1`: a 1x1x1 convolution; `conv`: 1x1x1, then `conv`; `conv_conv`: 1x1x1, then
            `conv` and `conv2`; `pool_conv`: max pooling, then 1x1x1.
        conv: kind of the first convolution over space and time.
        time: its length in frames, or that of the window of pooling.
        conv2: kind of the second one.
        time2: its length in frames.
    """

    __pydantic_config__ = STRICT

    kind: BranchKind = "conv1x1"
    conv: ConvKind = "3d"
    time: int = 1
    conv2: ConvKind = "3d"
    time2: int = 1


@dataclass(frozen=True)
class Module:
    """Parallel branches, their outputs joined; several times one after the other.

    Attributes:
        branches: at least one. Each gives an equal share of the module's channels, rounded down.
        repeats: how many times; weights are not shared. At odd places, counted from 0,
            convolutions have length 1.
    """

    __pydantic_config__ = STRICT

    branches: tuple[Branch, ...]
    repeats: int = 1


@dataclass(frozen=True)
class Skeleton:
    """What modules are set into: the same for every network of a search.

    The defaults are those of the released builder.

    Attributes:
        form: `residual`: modules with shortcuts around each repetition; `inception`: without.
        stem_filters: channels of the first convolution.
        stem_side: side of its window in pixels.
        filters: channels of each module, before they are split among its branches.
        time_strides: of the first convolution and of the first pooling, in frames.
        side_strides: of the first convolution and of the pooling before each module, in pixels.
        curve: that the temporal kernels of iTGM layers are mixed of: `released`: that of the
            released code; `gaussian`: that of the TGM paper (arXiv 1803.06316).
    """

    __pydantic_config__ = STRICT

    form: Form = "residual"
    stem_filters: int = 64
    stem_side: int = 7
    filters: tuple[int, ...] = (256, 512, 1024, 2048)
    time_strides: tuple[int, int] = (2, 2)
    side_strides: tuple[int, ...] = (2, 2, 2, 2, 2)
    curve: Curve = "released"


@dataclass(frozen=True)
class EvaNetArchitecture:
    """A network on one stream.

    Attributes:
        modules: from the input to the output.
        stem: kind of the first convolution.
        stem_time: its length in frames.
        pool_times: windows of max pooling in frames: the first is that of the pooling before the
            first and the second module, the others those before each later one.
        stream: that it is given, `rgb` or `flow`.
        image_size: height and width in pixels of the clip that the network is given.
        frames: number of frames of that clip.
        frame_stride: source frames from one frame to the next.
        skeleton: what the modules are set into.
    """

    __pydantic_config__ = STRICT

    modules: tuple[Module, ...]
    stem: ConvKind = "2plus1d"
    stem_time: int = 3
    pool_times: tuple[int, ...] = (1, 1, 1)
    stream: StreamName = "rgb"
    image_size: int = 224
    frames: int = 64
    frame_stride: int = 1
    skeleton: Skeleton = Skeleton()

    @property
    def span(self) -> int:
        """Source frames from the first frame of the clip to its last."""
        return (self.frames - 1) * self.frame_stride + 1

    def clip(self, channels: int) -> Clip:
        """The clip that the network is given."""
        return Clip(self.frames, self.image_size, channels)

    def pool_time(self, module: int) -> int:
        """Window of the pooling before a module, in frames."""
        return self.pool_times[max(module - 1, 0)]


class Size(NamedTuple):
    """The size of what flows between operations."""

    frames: int
    side: int
    channels: int

    @property
    def positions(self) -> int:
        """Places in time and space."""
        return self.frames * self.side**2

    def after(self, time_stride: int, side_stride: int, channels: int) -> Size:
        """What an operation under `same` padding gives."""
        return Size(-(-self.frames // time_stride), -(-self.side // side_stride), channels)


class Conv(NamedTuple):
    """A convolution with batch normalisation behind it.

    Attributes:
        path: its name.
        kind: how the window over space and time is made.
        window: frames, and pixels of a side.
        before: the size that comes in.
        after: the size that goes out.
        strides: in frames, and in pixels.
        relu: whether relu follows.
        curve: of an iTGM layer.
    """

    path: str
    kind: ConvKind
    window: tuple[int, int]
    before: Size
    after: Size
    strides: tuple[int, int] = (1, 1)
    relu: bool = True
    curve: Curve = "released"


class Pool(NamedTuple):
    """Max pooling under `same` padding; see `Conv`."""

    path: str
    window: tuple[int, int]
    before: Size
    after: Size
    strides: tuple[int, int] = (1, 1)


Operation = Conv | Pool


class Repetition(NamedTuple):
    """A module once.

    Attributes:
        path: such as `modules.2.layers.1`.
        before: the size that comes in.
        after: the size that goes out.
        branches: the operations of each branch, from input to output.
        projection: of the shortcut; None where it passes on what comes in, or there is none.
        shortcut: whether what comes in is added.
    """

    path: str
    before: Size
    after: Size
    branches: tuple[tuple[Operation, ...], ...]
    projection: Conv | None
    shortcut: bool


Part = Conv | Pool | Repetition


def parts(architecture: EvaNetArchitecture, channels: int) -> Iterator[Part]:
    """What a network is made of, from input to output, but for its head.

    Args:
        architecture: the genotype, normalised or not.
        channels: of the clip.
    """
    frame = architecture.skeleton
    size = Size(architecture.frames, architecture.image_size, channels)
    strides = frame.time_strides[0], frame.side_strides[0]
    stem = Conv(
        "stem", architecture.stem, (architecture.stem_time, frame.stem_side), size,
        size.after(*strides, frame.stem_filters), strides, curve=frame.curve,
    )
    yield stem
    size = stem.after
    for number, module in enumerate(architecture.modules):
        pool = _pool(architecture, number, size)
        yield pool
        size = pool.after
        for repeat in range(module.repeats):
            repetition = _repetition(architecture, number, repeat, size)
            yield repetition
            size = repetition.after


def _pool(architecture: EvaNetArchitecture, number: int, size: Size) -> Pool:
    """The pooling before a module: its side is 3 pixels before the first, 2 before the others."""
    frame = architecture.skeleton
    strides = frame.time_strides[1] if number == 0 else 1, frame.side_strides[number + 1]
    window = architecture.pool_time(number), 3 if number == 0 else 2
    return Pool(
        f"modules.{number}.pool", window, size, size.after(*strides, size.channels), strides
    )


def _repetition(
    architecture: EvaNetArchitecture, number: int, repeat: int, before: Size
) -> Repetition:
    module, frame = architecture.modules[number], architecture.skeleton
    path = f"modules.{number}.layers.{repeat}"
    share = frame.filters[number] // len(module.branches)
    after = before._replace(channels=share * len(module.branches))
    residual = frame.form == "residual"
    branches = tuple(
        tuple(_branch(f"{path}.branches.{place}", branch, before, share, repeat % 2 == 0, frame))
        for place, branch in enumerate(module.branches)
    )
    projection = None
    if residual and repeat == 0:
        projection = Conv(f"{path}.shortcut", "3d", (1, 1), before, after, relu=False)
    return Repetition(path, before, after, branches, projection, residual)


def _branch(
    path: str, branch: Branch, before: Size, share: int, temporal: bool, frame: Skeleton
) -> Iterator[Operation]:
    """The operations of a branch; relu follows the last one only where nothing is added to it."""
    last, curve = frame.form != "residual", frame.curve
    time, time2 = (branch.time, branch.time2) if temporal else (1, 1)
    given = before._replace(channels=share)
    if branch.kind == "conv1x1":
        yield Conv(f"{path}.conv1x1", "3d", (1, 1), before, given, relu=last)
    elif branch.kind == "pool_conv":
        # pooling keeps its window at odd places too
        yield Pool(f"{path}.pool", (branch.time, SIDE), before, before)
        yield Conv(f"{path}.conv1x1", "3d", (1, 1), before, given, relu=last)
    elif branch.kind == "conv":
        half = before._replace(channels=share // 2)
        yield Conv(f"{path}.conv1x1", "3d", (1, 1), before, half)
        yield Conv(f"{path}.conv", branch.conv, (time, SIDE), half, given, relu=last, curve=curve)
    else:
        quarter = before._replace(channels=share // 4)
        half = before._replace(channels=share // 2)
        yield Conv(f"{path}.conv1x1", "3d", (1, 1), before, quarter)
        yield Conv(f"{path}.conv", branch.conv, (time, SIDE), quarter, half, curve=curve)
        yield Conv(
            f"{path}.conv2", branch.conv2, (time2, SIDE), half, given, relu=last, curve=curve
        )
