"""A Tiny Video Network for people: as boxes and arrows, and as a table."""

from __future__ import annotations

from itertools import pairwise

from videonas.spaces.base import Diagram, Node
from videonas.spaces.tiny_video.architecture import Block, Layer, TinyVideoArchitecture, layers
from videonas.task import Task


def rows(architecture: TinyVideoArchitecture, task: Task) -> list[dict[str, str]]:
    """One row a block, its columns by heading."""
    return [
        {
            "block": str(number),
            "space": _space(block),
            "time": _time(block),
            "width": f"{block.filters} x {block.expand}",
            "layers": str(block.repeats),
            "extras": ", ".join(_extras(block)) or "-",
            "output": _size(last),
        }
        for number, (block, last) in enumerate(_blocks(architecture, task))
    ]


def draw(architecture: TinyVideoArchitecture, task: Task) -> Diagram:
    """The clip, the blocks and the classifier as a chain."""
    clip = architecture.clip
    step = architecture.frame_stride
    stride = f"one frame in {step}" if step > 1 else "frame by frame"
    nodes = [Node("input", "clip", (stride,), f"{clip.frames} x {clip.size}² x {clip.channels}")]
    for number, (block, last) in enumerate(_blocks(architecture, task)):
        lines = [line for line in (_space(block), _time(block)) if line != "-"]
        width = f"width {block.filters} x {block.expand}"
        title = f"block {number}" + (f", {block.repeats} layers" if block.repeats > 1 else "")
        lines = [*lines, width, *_extras(block)]
        nodes.append(Node(f"blocks.{number}", title, tuple(lines), _size(last)))
    nodes.append(Node("head", "classes", (_head(architecture, task),), str(task.classes)))
    names = [node.name for node in nodes]
    return Diagram(tuple(nodes), tuple((a, b, "") for a, b in pairwise(names)))


def _head(architecture: TinyVideoArchitecture, task: Task) -> str:
    *_, last = layers(architecture, task.streams["rgb"].channels)
    if task.multi_label and last.after.frames > 1:
        return "mean over space, softmax over time"
    return "mean over time and space"


def _blocks(architecture: TinyVideoArchitecture, task: Task) -> list[tuple[Block, Layer]]:
    """Each block with its last layer."""
    walked = list(layers(architecture, task.streams["rgb"].channels))
    ends, end = [], 0
    for block in architecture.blocks:
        end += block.repeats
        ends.append((block, walked[end - 1]))
    return ends


def _space(block: Block) -> str:
    if block.spatial_kernel == 1:
        return "-"
    return f"{block.spatial_type} {block.spatial_kernel}x{block.spatial_kernel}" + (
        f" / {block.spatial_stride}" if block.spatial_stride > 1 else ""
    )


def _time(block: Block) -> str:
    if block.temporal_kernel == 1:
        return "-"
    return f"time {block.temporal_type} {block.temporal_kernel}" + (
        f" / {block.temporal_stride}" if block.temporal_stride > 1 else ""
    )


def _extras(block: Block) -> list[str]:
    activations = {block.activation, block.spatial_activation, block.temporal_activation}
    extras = {
        f"squeeze {block.squeeze:g}": bool(block.squeeze),
        "context gate": block.context_gate,
        f"non-local {block.non_local}": bool(block.non_local),
        "skip": block.skip,
        "inverted bottleneck": block.inverted_bottleneck,
        "hard-swish": "hswish" in activations,
    }
    return [name for name, present in extras.items() if present]


def _size(layer: Layer) -> str:
    return f"{layer.after.frames} x {layer.after.side}² x {layer.after.channels}"
