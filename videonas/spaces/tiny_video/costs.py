"""Parameters and multiply-adds of a Tiny Video Network, by arithmetic on shapes."""

from __future__ import annotations

from videonas.spaces.base import Costs
from videonas.spaces.tiny_video.architecture import Layer, TinyVideoArchitecture, layers
from videonas.task import Task


class _Counter:
    """Adds up what operations cost."""

    def __init__(self) -> None:
        self.parameters = 0
        self.macs = 0

    def conv(self, weights: int, outputs: int, *, bias: int = 0, norm: int = 0) -> None:
        """`weights` used at each of `outputs` positions; `norm` channels of batch normalisation."""
        self.parameters += weights + bias + 2 * norm
        self.macs += weights * outputs


def costs(architecture: TinyVideoArchitecture, task: Task) -> Costs:
    """Trainable parameters and multiply-adds of one clip, equal to a count over the built network.

    Args:
        architecture: normalised.
        task: gives the number of classes and of input channels; with several labels a clip, the
            last layer is used at each frame that is left. Pooling its logits is not counted, as
            no pooling is.
    """
    counter = _Counter()
    channels, frames = task.streams["rgb"].channels, architecture.frames
    for layer in layers(architecture, channels):
        _count(counter, layer)
        channels, frames = layer.after.channels, layer.after.frames
    answers = frames if task.multi_label else 1
    counter.conv(channels * task.classes, answers, bias=task.classes)
    return Costs(counter.parameters, counter.macs)


def _count(counter: _Counter, layer: Layer) -> None:
    """One layer, operation by operation in the order in which they are built."""
    block, before, after = layer.block, layer.before, layer.after
    expanded, inner = block.expanded, layer.inner
    positions = before.frames * before.side**2
    channels = before.channels
    if block.inverted_bottleneck:
        counter.conv(channels * expanded, positions, norm=expanded)
        channels = expanded
    if block.spatial_kernel > 1:
        if not layer.pools_space:
            counter.conv(channels * inner, positions, norm=inner)
            channels = inner
        positions = before.frames * after.side**2
        if block.spatial_type == "conv":
            counter.conv(block.spatial_kernel**2 * inner**2, positions, norm=inner)
        elif block.spatial_type == "depthwise":
            counter.conv(block.spatial_kernel**2 * inner, positions, norm=inner)
    positions = after.frames * after.side**2
    if layer.temporal and block.temporal_type == "conv":
        counter.conv(block.temporal_kernel * channels * inner, positions, norm=inner)
        channels = inner
    if not block.inverted_bottleneck:
        counter.conv(channels * expanded, positions, norm=expanded)
        channels = expanded
    if hidden := block.squeeze_width:
        counter.conv(channels * hidden, 1, bias=hidden)
        counter.conv(hidden * channels, 1, bias=channels)
    if block.context_gate:
        counter.conv(channels * channels, 1, bias=channels)
    if block.non_local:
        _count_non_local(counter, channels, block.non_local, after.frames, after.side)
    if block.inverted_bottleneck:
        counter.conv(channels * block.filters, positions, norm=block.filters)
    if layer.shortcut:
        counter.conv(before.channels * after.channels, positions, norm=after.channels)


def _count_non_local(counter: _Counter, channels: int, width: int, frames: int, side: int) -> None:
    queries = frames * side**2
    keys = frames * (-(-side // 2)) ** 2
    counter.conv(channels * width, queries)
    counter.conv(channels * width, keys)
    counter.conv(channels * width, keys)
    counter.macs += 2 * queries * keys * width
    counter.conv(width * channels, queries, norm=channels)
