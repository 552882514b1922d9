"""The six networks that were found and released.

Source: `tiny_video_nets/found_tvns.py` in google-research. What was measured of them is in
docs/tiny_video.md. Squeeze ratios have all their released digits: rounded to three, some hidden
widths are one off. The 348 filters of TVN-2 are as released.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from videonas.spaces.tiny_video.architecture import Block, SpatialType, TinyVideoArchitecture


def _block(
    kind: SpatialType, space: str, time: str, width: str, repeats: int, **rest: Any
) -> Block:
    """A block in the short notation of docs/tiny_video.md.

    Args:
        kind: spatial type.
        space: spatial `kernel/stride`.
        time: temporal `type kernel/stride`, or `-`.
        width: `filters x expand`.
        repeats: number of layers.
        rest: further fields.
    """
    kernel, stride = map(int, space.split("/"))
    filters, expand = map(int, width.split("x"))
    if time != "-":
        temporal_type, _, temporal = time.partition(" ")
        temporal_kernel, temporal_stride = map(int, temporal.split("/"))
        rest |= {"temporal_type": temporal_type, "temporal_kernel": temporal_kernel,
                 "temporal_stride": temporal_stride}
    return Block(spatial_type=kind, spatial_kernel=kernel, spatial_stride=stride, filters=filters,
                 expand=expand, repeats=repeats, **rest)


_MOBILE_1 = TinyVideoArchitecture(224, 2, 1, (
    _block("depthwise", "5/4", "conv 2/1", "32x3", 4, squeeze=0.004598785768716973),
    _block("depthwise", "5/4", "maxpool 2/1", "128x6", 4, squeeze=0.8589741047143076,
           inverted_bottleneck=True, spatial_activation="hswish"),
))

PRESETS: Mapping[str, TinyVideoArchitecture] = {
    "tvn1": TinyVideoArchitecture(224, 2, 4, (
        _block("conv", "4/2", "maxpool 2/2", "64x4", 2, context_gate=True),
        _block("maxpool", "3/2", "-", "128x4", 1, squeeze=0.9067600752736579),
        _block("depthwise", "5/3", "-", "128x4", 2, context_gate=True, skip=True),
        _block("conv", "3/2", "-", "256x8", 2, squeeze=0.7265534208526172, context_gate=True),
    )),
    "tvn2": TinyVideoArchitecture(256, 2, 7, (
        _block("depthwise", "5/3", "conv 2/1", "64x4", 3, squeeze=0.06667482492426025,
               context_gate=True, skip=True),
        _block("conv", "4/2", "maxpool 2/2", "128x4", 5, squeeze=0.693452618624749,
               context_gate=True, skip=True),
        _block("depthwise", "4/1", "-", "1024x1", 6),
        _block("avgpool", "3/2", "-", "256x4", 1, context_gate=True),
        _block("avgpool", "4/3", "-", "512x4", 6, squeeze=0.9472192794783585),
        _block("depthwise", "3/3", "-", "512x4", 4),
        _block("maxpool", "2/1", "-", "348x6", 1, context_gate=True),
    )),
    "tvn3": TinyVideoArchitecture(160, 8, 2, (
        _block("depthwise", "3/2", "conv 5/2", "64x3", 2, squeeze=0.6457257964198263,
               context_gate=True),
        _block("depthwise", "3/2", "-", "256x5", 4, squeeze=0.9061418818635367, skip=True),
        _block("depthwise", "5/4", "maxpool 3/2", "256x2", 4, skip=True),
        _block("conv", "3/2", "maxpool 3/3", "512x5", 4, context_gate=True),
    )),
    "tvn4": TinyVideoArchitecture(128, 8, 4, (
        _block("conv", "5/2", "conv 3/2", "64x4", 5, squeeze=0.4775900391242449, skip=True),
        _block("depthwise", "5/2", "maxpool 2/2", "256x6", 4, context_gate=True),
        _block("depthwise", "5/3", "-", "256x8", 4, squeeze=0.25309102981899967, context_gate=True),
    )),
    "mobile1": _MOBILE_1,
    "mobile2": replace(_MOBILE_1, blocks=(
        replace(_MOBILE_1.blocks[0], spatial_activation="hswish"),
        replace(_MOBILE_1.blocks[1], repeats=3),
    )),
}
