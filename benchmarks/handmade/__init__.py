"""Networks that people made, for comparison, scaled to the clips that they are given.

Each is a function of the clip, the number of classes and the share of dropout before the last
layer, and gives a model from float32 clips `(batch, frames, size, size, channels)` to logits
`(batch, classes)`. The published ones are made for 112 or 224 pixels: those of their strides that
come first are left out where a clip is smaller, so that the last layers still see something; a stem
that does not stride has a window of 3 in place of 7; and widths are multiplied by a given share.
Batch normalisation is that of the searched networks, whose momentum suits a short training.
"""

from __future__ import annotations

from collections.abc import Mapping

HANDMADE: Mapping[str, str] = {
    "(2+1)D ResNet-18": "benchmarks.handmade.residual:residual_2plus1d",
    "I3D": "benchmarks.handmade.inception:inflated_inception",
    "2D ResNet-18, frames averaged": "benchmarks.handmade.residual:residual_2d",
}
"""The function that builds each network, as `module:name`; each takes a `width`."""

MOVINET = "MoViNet-A0"
MOVINET_BUILDER = "benchmarks.handmade.movinet:movinet_a0"


def strides(size: int, count: int, least: int) -> tuple[int, ...]:
    """Strides of the places at which a published network halves its input, first to last.

    Args:
        size: of the input, along one axis.
        count: number of such places.
        least: what has to be left at the end; the first places have stride 1 where halving there
            would leave less.
    """
    halvings = min(max((size // least).bit_length() - 1, 0), count)
    return (1,) * (count - halvings) + (2,) * halvings


def stem_window(stride: int) -> int:
    """The side of the first convolution's window: as published where it strides."""
    return 7 if stride > 1 else 3


def scaled(channels: int, width: float) -> int:
    """A share of a published number of channels, 4 or more."""
    return max(round(channels * width), 4)
