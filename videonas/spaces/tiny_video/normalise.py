"""Equal networks written alike: what the network ignores is set to its default."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from videonas.errors import InvalidArchitecture
from videonas.spaces.tiny_video.architecture import Block, Size, TinyVideoArchitecture
from videonas.spaces.windows import sees_everything
from videonas.task import Task

MOST: Mapping[str, int] = {
    "spatial_kernel": 15,
    "spatial_stride": 15,
    "temporal_kernel": 31,
    "temporal_stride": 31,
    "filters": 4096,
    "expand": 16,
    "repeats": 32,
}
"""The largest value of each field that counts from 1; far beyond the published networks."""

MOST_BLOCKS = 32
MOST_NON_LOCAL = 4096
CHOICES: Mapping[str, tuple[str, ...]] = {
    "spatial_type": ("conv", "depthwise", "maxpool", "avgpool"),
    "temporal_type": ("conv", "maxpool", "avgpool"),
    "activation": ("relu", "hswish"),
    "spatial_activation": ("relu", "hswish"),
    "temporal_activation": ("relu", "hswish"),
}


def normalise(architecture: TinyVideoArchitecture, task: Task) -> TinyVideoArchitecture:
    """The same network, every ignored field at its default.

    Raises:
        InvalidArchitecture: a value that no network has, or a clip larger than the task's.
    """
    _check_clip(architecture, task)
    size = Size(architecture.frames, architecture.image_size, task.streams["rgb"].channels)
    blocks = []
    for number, block in enumerate(architecture.blocks):
        check_block(f"blocks.{number}", block)
        block = _normalise_block(block, size)
        blocks.append(block)
        size = Size(
            frames=-(-size.frames // block.temporal_stride),
            side=-(-size.side // block.spatial_stride),
            channels=block.filters if block.inverted_bottleneck else block.expanded,
        )
    stride = architecture.frame_stride if architecture.frames > 1 else 1
    return replace(architecture, frame_stride=stride, blocks=tuple(blocks))


def _normalise_block(block: Block, size: Size) -> Block:
    """The block as it acts on an input of `size`."""
    changes = _space(block, size.side) | _time(block, size.frames)
    changes["squeeze"] = _canonical_squeeze(block)
    stride = changes.get("temporal_stride", block.temporal_stride)
    if block.skip and block.repeats == 1 and -(-size.frames // stride) != size.frames:
        changes["skip"] = False
    return replace(block, **changes)


def _space(block: Block, side: int) -> dict[str, Any]:
    """What changes in the spatial fields."""
    pools = block.spatial_type in ("maxpool", "avgpool")
    if block.spatial_kernel == 1 or (pools and side == 1):
        # pooling one pixel, its padding left out, gives the pixel
        return {"spatial_type": "conv", "spatial_kernel": 1, "spatial_stride": 1,
                "spatial_activation": "relu"}
    changes: dict[str, Any] = {"spatial_stride": min(block.spatial_stride, side)}
    if pools:
        changes["spatial_activation"] = "relu"
        if block.repeats == 1 or changes["spatial_stride"] == 1:
            changes["spatial_kernel"] = _least_window(
                block.spatial_kernel, changes["spatial_stride"], side
            )
    return changes


def _time(block: Block, frames: int) -> dict[str, Any]:
    """What changes in the temporal fields."""
    if block.temporal_kernel == 1 or frames == 1:
        return {"temporal_type": "conv", "temporal_kernel": 1, "temporal_stride": 1,
                "temporal_activation": "relu"}
    changes: dict[str, Any] = {"temporal_stride": min(block.temporal_stride, frames)}
    if block.temporal_type != "conv":
        changes["temporal_activation"] = "relu"
        if block.repeats == 1 or changes["temporal_stride"] == 1:
            changes["temporal_kernel"] = _least_window(
                block.temporal_kernel, changes["temporal_stride"], frames
            )
    return changes


def _least_window(window: int, stride: int, size: int) -> int:
    """The smallest pooling window that does the same: they are equal where each sees everything."""
    while window > size and sees_everything(size, window - 1, stride):
        window -= 1
    return window


def _canonical_squeeze(block: Block) -> float:
    """The smallest ratio in steps of 0.0001 that gives the same hidden width, 1 at the most."""
    if not block.squeeze:
        return 0.0
    first = math.ceil(block.squeeze_width / block.expanded * 1e4)
    for step in (first, first + 1):  # 100 * 0.29 is less than 29
        ratio = min(step / 1e4, 1.0)
        if replace(block, squeeze=ratio).squeeze_width == block.squeeze_width:
            return ratio
    return block.squeeze


def _check_clip(architecture: TinyVideoArchitecture, task: Task) -> None:
    clip = task.streams.get("rgb")
    if clip is None:
        raise InvalidArchitecture(
            "streams", sorted(task.streams), "rgb among them, which the network takes"
        )
    if not 1 <= architecture.image_size <= clip.size:
        raise InvalidArchitecture(
            "image_size", architecture.image_size, f"1 to the {clip.size} pixels of the data set"
        )
    for name in ("frames", "frame_stride"):
        if getattr(architecture, name) < 1:
            raise InvalidArchitecture(name, getattr(architecture, name), "1 or more")
    if architecture.span > clip.frames:
        raise InvalidArchitecture(
            "frames", architecture.frames,
            f"as many as, {architecture.frame_stride} apart, fit into the {clip.frames} frames "
            "of the data set",
        )
    if not 1 <= len(architecture.blocks) <= MOST_BLOCKS:
        raise InvalidArchitecture("blocks", len(architecture.blocks), f"1 to {MOST_BLOCKS} blocks")


def check_block(path: str, block: Block) -> None:
    """Refuses a block that no network has.

    Raises:
        InvalidArchitecture: naming the field below `path`.
    """
    for name, most in MOST.items():
        if not 1 <= getattr(block, name) <= most:
            raise InvalidArchitecture(f"{path}.{name}", getattr(block, name), f"1 to {most}")
    for name, choices in CHOICES.items():
        if getattr(block, name) not in choices:
            allowed = ", ".join(choices)
            raise InvalidArchitecture(f"{path}.{name}", getattr(block, name), allowed)
    if not 0 <= block.squeeze <= 1:
        raise InvalidArchitecture(f"{path}.squeeze", block.squeeze, "0 to 1")
    if not 0 <= block.non_local <= MOST_NON_LOCAL:
        raise InvalidArchitecture(f"{path}.non_local", block.non_local, f"0 to {MOST_NON_LOCAL}")
