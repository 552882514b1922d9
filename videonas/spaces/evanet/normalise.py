"""Equal networks written alike: what the network ignores is set to its default."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, get_args

from videonas.errors import InvalidArchitecture
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
from videonas.spaces.windows import sees_everything
from videonas.task import Task

Length = Literal[1, 3, 5, 7, 9, 11]
LENGTHS: tuple[Length, ...] = get_args(Length)
"""What a temporal window can be, in frames (docstring of the released `ModelDNA`)."""

PLAIN_AT_LENGTH_1: tuple[ConvKind, ...] = ("3d", "itgm")
"""Kinds that are the same convolution there, which is written as the first of them."""

MOST_BRANCHES = 16
MOST_REPEATS = 32
MOST_MODULES = 16
MOST_CHANNELS = 8192
"""Far beyond the published networks."""

FEWEST_CHANNELS = 4
"""Of a branch: two convolutions one after the other begin with a quarter of them."""


def normalise(architecture: EvaNetArchitecture, task: Task) -> EvaNetArchitecture:
    """The same network, every ignored field at its default.

    The order of a module's branches is kept: it is that of the channels.

    Raises:
        InvalidArchitecture: a value that no network has, or a clip larger than the task's.
    """
    _check_clip(architecture, task)
    check_skeleton(architecture.skeleton, len(architecture.modules))
    _check_choice("stem", architecture.stem, get_args(ConvKind))
    check_length("stem_time", architecture.stem_time)
    windows = max(len(architecture.modules) - 1, 1)
    if len(architecture.pool_times) != windows:
        raise InvalidArchitecture(
            "pool_times", architecture.pool_times,
            f"{windows}, one for the first two modules and one for each later one",
        )
    for number, time in enumerate(architecture.pool_times):
        check_length(f"pool_times.{number}", time)
    frames = _frames_of_modules(architecture)
    modules = tuple(
        _normalise_module(number, module, architecture.skeleton, frames)
        for number, module in enumerate(architecture.modules)
    )
    stride = architecture.frame_stride if architecture.frames > 1 else 1
    stem = _kind_of(architecture.stem, architecture.stem_time)
    return replace(
        architecture, modules=modules, stem=stem, frame_stride=stride,
        pool_times=_normalise_pool_times(architecture, frames),
    )


def _frames_of_modules(architecture: EvaNetArchitecture) -> int:
    """Frames of what every module is given."""
    frames = architecture.frames
    for stride in architecture.skeleton.time_strides:
        frames = -(-frames // stride)
    return frames


def _normalise_pool_times(architecture: EvaNetArchitecture, frames: int) -> tuple[int, ...]:
    """The least windows that do the same; the first one stands for two poolings."""
    first, *later = architecture.pool_times
    stride = architecture.skeleton.time_strides[1]
    before = -(-architecture.frames // architecture.skeleton.time_strides[0])
    places = [(before, stride)]
    if len(architecture.modules) > 1:
        places.append((frames, 1))
    return (_least_window(first, *places), *(_least_window(t, (frames, 1)) for t in later))


def _least_window(window: int, *places: tuple[int, int]) -> int:
    """The smallest length of max pooling that does the same wherever it stands.

    Args:
        window: in frames.
        places: of each place the frames there and the stride.
    """
    for smaller in LENGTHS:
        if smaller < window and all(sees_everything(n, smaller, stride) for n, stride in places):
            return smaller
    return window


def _normalise_module(number: int, module: Module, skeleton: Skeleton, frames: int) -> Module:
    path, filters = f"modules.{number}", skeleton.filters[number]
    if not 1 <= len(module.branches) <= MOST_BRANCHES:
        raise InvalidArchitecture(
            f"{path}.branches", len(module.branches), f"1 to {MOST_BRANCHES} branches"
        )
    if not 1 <= module.repeats <= MOST_REPEATS:
        raise InvalidArchitecture(f"{path}.repeats", module.repeats, f"1 to {MOST_REPEATS}")
    if skeleton.form == "inception" and module.repeats > 1:
        raise InvalidArchitecture(f"{path}.repeats", module.repeats, "1 with the form inception")
    if filters // len(module.branches) < FEWEST_CHANNELS:
        raise InvalidArchitecture(
            f"{path}.branches", len(module.branches),
            f"at most {max(filters // FEWEST_CHANNELS, 1)} of {filters} channels: each needs "
            f"{FEWEST_CHANNELS}",
        )
    branches = tuple(
        _normalise_branch(f"{path}.branches.{place}", branch, frames)
        for place, branch in enumerate(module.branches)
    )
    return replace(module, branches=branches)


def _normalise_branch(path: str, branch: Branch, frames: int) -> Branch:
    _check_choice(f"{path}.kind", branch.kind, get_args(BranchKind))
    for name in ("conv", "conv2"):
        _check_choice(f"{path}.{name}", getattr(branch, name), get_args(ConvKind))
    for name in ("time", "time2"):
        check_length(f"{path}.{name}", getattr(branch, name))
    if branch.kind == "conv1x1":
        return Branch("conv1x1")
    if branch.kind == "pool_conv":
        return Branch("pool_conv", time=_least_window(branch.time, (frames, 1)))
    first = _kind_of(branch.conv, branch.time)
    if branch.kind == "conv":
        return Branch("conv", first, branch.time)
    return Branch("conv_conv", first, branch.time, _kind_of(branch.conv2, branch.time2),
                  branch.time2)


def _kind_of(kind: ConvKind, time: int) -> ConvKind:
    """At length 1 an iTGM layer is the plain convolution: no Gaussians are made."""
    return "3d" if kind in PLAIN_AT_LENGTH_1 and time == 1 else kind


def check_length(path: str, value: Any) -> None:
    """Refuses a temporal window that no network has.

    Raises:
        InvalidArchitecture: naming the path.
    """
    if value not in LENGTHS:
        raise InvalidArchitecture(path, value, f"one of {', '.join(map(str, LENGTHS))} frames")


def check_skeleton(skeleton: Skeleton, modules: int) -> None:
    """Refuses a skeleton that no network has.

    Args:
        skeleton: of the network.
        modules: how many are set into it.

    Raises:
        InvalidArchitecture: naming the field.
    """
    _check_choice("skeleton.form", skeleton.form, get_args(Form))
    _check_choice("skeleton.curve", skeleton.curve, get_args(Curve))
    if not 1 <= modules <= MOST_MODULES:
        raise InvalidArchitecture("modules", modules, f"1 to {MOST_MODULES} modules")
    for name, values, count in (
        ("filters", skeleton.filters, modules),
        ("side_strides", skeleton.side_strides, modules + 1),
    ):
        if len(values) != count:
            raise InvalidArchitecture(
                f"skeleton.{name}", values, f"{count} numbers for {modules} modules"
            )
    ranges = {
        "stem_filters": ((skeleton.stem_filters,), 2, MOST_CHANNELS),
        "stem_side": ((skeleton.stem_side,), 1, 15),
        "filters": (skeleton.filters, FEWEST_CHANNELS, MOST_CHANNELS),
        "time_strides": (skeleton.time_strides, 1, 4),
        "side_strides": (skeleton.side_strides, 1, 4),
    }
    for name, (values, least, most) in ranges.items():
        if not all(type(value) is int and least <= value <= most for value in values):
            raise InvalidArchitecture(f"skeleton.{name}", values, f"{least} to {most}")


def _check_choice(path: str, value: Any, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InvalidArchitecture(path, value, ", ".join(allowed))


def _check_clip(architecture: EvaNetArchitecture, task: Task) -> None:
    clip = task.streams.get(architecture.stream)
    if clip is None:
        raise InvalidArchitecture(
            "streams", sorted(task.streams),
            f"{architecture.stream} among them, which the network takes"
            + (" (optical_flow=dis makes it)" if architecture.stream == "flow" else ""),
        )
    if not 1 <= architecture.image_size <= clip.size:
        raise InvalidArchitecture("image_size", architecture.image_size, f"1 to {clip.size}")
    if architecture.frames < 1 or architecture.frame_stride < 1 or architecture.span > clip.frames:
        raise InvalidArchitecture(
            "frames", f"{architecture.frames}, every {architecture.frame_stride}",
            f"up to {clip.frames} source frames",
        )
    if architecture.stream == "flow" and architecture.frames > 1:
        check_flow_stride(architecture.frame_stride)


def check_flow_stride(stride: int) -> None:
    """Refuses to leave out frames of flow, each of which tells of the way to the next stored one.

    Raises:
        InvalidArchitecture: the stride is not 1.
    """
    if stride != 1:
        raise InvalidArchitecture(
            "frame_stride", stride,
            "1 on flow, which leads from each frame to the next; frame_step leaves out frames",
        )
