"""Tiny Video Networks by numbers: counts by hand, and how often sampling draws what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from math import sqrt
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.architectures import TASK, architectures, evolved, one_block, with_block
from videonas.spaces import Costs
from videonas.spaces.tiny_video import Block, TinyVideoArchitecture, TinyVideoSpace
from videonas.spaces.tiny_video.architecture import layers
from videonas.spaces.tiny_video.costs import costs
from videonas.spaces.tiny_video.normalise import normalise
from videonas.task import Clip, Sampling, Task

SPACE = TinyVideoSpace()
SMALL = Task({"rgb": Clip(8, 8)}, classes=2)

# Counts by hand. All take 4 frames of 8 x 8 pixels: 256 positions. A convolution of w weights has
# w parameters and two of batch normalisation for each channel that it gives, and w multiply-adds at
# each position of its output. The last layer, of c channels to 2 classes: 2c + 2 parameters, 2c
# multiply-adds.
BY_HAND: dict[str, tuple[dict[str, Any], Costs]] = {
    "expansion alone": (
        {"spatial_kernel": 1, "filters": 4},
        # 1x1: 3*4 = 12
        Costs(12 + 8 + 10, 12 * 256 + 8),
    ),
    "a convolution in space": (
        {"filters": 4},
        # 1x1: 12, 3x3: 9*4*4 = 144, 1x1 expansion: 16
        Costs(12 + 144 + 16 + 3 * 8 + 10, (12 + 144 + 16) * 256 + 8),
    ),
    "at a stride of two": (
        {"filters": 4, "spatial_stride": 2},
        # the first 1x1 before the stride, the others on 4 x 16 positions
        Costs(12 + 144 + 16 + 3 * 8 + 10, 12 * 256 + (144 + 16) * 64 + 8),
    ),
    "at a stride of three": (
        {"filters": 4, "spatial_stride": 3},
        # 8 pixels at a stride of 3 are 3 pixels: 4 x 9 positions
        Costs(12 + 144 + 16 + 3 * 8 + 10, 12 * 256 + (144 + 16) * 36 + 8),
    ),
    "depthwise": (
        {"filters": 4, "spatial_type": "depthwise"},
        # 3x3 on each of 4 channels: 36
        Costs(12 + 36 + 16 + 3 * 8 + 10, (12 + 36 + 16) * 256 + 8),
    ),
    "pooling in space": (
        {"filters": 4, "spatial_type": "maxpool", "spatial_stride": 2},
        # no weights, 3 channels remain; the expansion of 3 to 4 on 64 positions
        Costs(12 + 8 + 10, 12 * 64 + 8),
    ),
    "a convolution in time": (
        {"spatial_kernel": 1, "filters": 4, "temporal_kernel": 3, "temporal_stride": 2},
        # 3*3*4 = 36 on 2 x 64 positions, then 4 to 4 on as many
        Costs(36 + 16 + 2 * 8 + 10, (36 + 16) * 128 + 8),
    ),
    "pooling in time": (
        {"spatial_kernel": 1, "filters": 4, "temporal_kernel": 2, "temporal_type": "avgpool",
         "temporal_stride": 2},
        Costs(12 + 8 + 10, 12 * 128 + 8),
    ),
    "a wider block": (
        {"spatial_kernel": 1, "filters": 4, "expand": 3},
        # 3*12 = 36 to 12 channels
        Costs(36 + 24 + 26, 36 * 256 + 24),
    ),
    "an inverted bottleneck": (
        {"filters": 4, "expand": 2, "spatial_type": "depthwise", "inverted_bottleneck": True},
        # 1x1 to 8: 24, 1x1 before the depthwise: 64, depthwise: 72, 1x1 down to 4: 32
        Costs(24 + 64 + 72 + 32 + 3 * 16 + 8 + 10, (24 + 64 + 72 + 32) * 256 + 8),
    ),
    "squeeze and excitation": (
        {"spatial_kernel": 1, "filters": 32, "squeeze": 0.5},
        # 1x1: 96; 32 to 16 and back, with biases, once a clip
        Costs(96 + 64 + (512 + 16) + (512 + 32) + 66, 96 * 256 + 1024 + 64),
    ),
    "the narrowest squeeze": (
        {"spatial_kernel": 1, "filters": 4, "squeeze": 1.0},
        # 8 hidden channels are the fewest: 4*8 + 8 and 8*4 + 4
        Costs(12 + 8 + 40 + 36 + 10, 12 * 256 + 64 + 8),
    ),
    "a context gate": (
        {"spatial_kernel": 1, "filters": 4, "context_gate": True},
        # 4*4 + 4, once a clip
        Costs(12 + 8 + 20 + 10, 12 * 256 + 16 + 8),
    ),
    "a shortcut": (
        {"spatial_kernel": 1, "filters": 4, "skip": True},
        # another 1x1 of 3 to 4
        Costs(2 * (12 + 8) + 10, 2 * 12 * 256 + 8),
    ),
    "a non-local operation": (
        {"spatial_kernel": 1, "filters": 4, "non_local": 2},
        # queries 4*2 on 256 positions, keys and values on 4 x 16 = 64, two products of
        # 256 * 64 * 2, back 2*4 on 256 with batch normalisation
        Costs(12 + 8 + 3 * 8 + (8 + 8) + 10,
              12 * 256 + 8 * 256 + 2 * 8 * 64 + 2 * 256 * 64 * 2 + 8 * 256 + 8),
    ),
    "two layers": (
        {"spatial_kernel": 1, "filters": 4, "repeats": 2, "temporal_kernel": 3},
        # time in the first only: 36 + 16, then 4 to 4
        Costs((36 + 16 + 16) + (2 + 1) * 8 + 10, (36 + 16 + 16) * 256 + 8),
    ),
}


@pytest.mark.parametrize(("fields", "expected"), BY_HAND.values(), ids=BY_HAND)
def test_costs_are_those_counted_by_hand(fields: dict[str, Any], expected: Costs) -> None:
    net = one_block(size=8, frames=4, **fields)
    assert normalise(net, SMALL) == net, "nothing of it is ignored"
    assert costs(net, SMALL) == expected


@given(architectures(side=24, filters=16), st.data())
@settings(max_examples=40, deadline=None)
def test_a_network_costs_what_its_halves_cost(
    net: TinyVideoArchitecture, data: st.DataObject
) -> None:
    """The second half is a network on what leaves the first, which ends without classes."""
    cut = data.draw(st.integers(0, len(net.blocks) - 1))
    first, second = replace(net, blocks=net.blocks[:cut]), replace(net, blocks=net.blocks[cut:])
    between = next(layers(second)) if cut == 0 else list(layers(first))[-1]
    size = between.before if cut == 0 else between.after
    rest = Task({"rgb": Clip(size.frames, size.side, size.channels)}, TASK.classes)
    second = replace(second, image_size=size.side, frames=size.frames, frame_stride=1)
    one, two, whole = costs(first, TASK), costs(second, rest), costs(net, TASK)
    ends = size.channels * TASK.classes
    assert whole.macs == one.macs - ends + two.macs
    assert whole.parameters == one.parameters - ends - TASK.classes + two.parameters


@given(evolved(), st.sampled_from(["filters", "expand", "repeats"]))
@settings(max_examples=40, deadline=None)
def test_more_of_a_block_costs_more(net: TinyVideoArchitecture, name: str) -> None:
    more = with_block(net, 0, **{name: getattr(net.blocks[0], name) + 1})
    before, after = costs(net, TASK), costs(normalise(more, TASK), TASK)
    assert after.parameters > before.parameters
    assert after.macs > before.macs


@given(evolved())
@settings(max_examples=40, deadline=None)
def test_what_is_taken_of_a_clip_is_what_the_genotype_says(net: TinyVideoArchitecture) -> None:
    assert SPACE.sampling(net) == {"rgb": Sampling(net.frames, net.frame_stride, net.image_size)}
    assert SPACE.sampling(net)["rgb"].span == net.span
    assert net.clip == Clip(net.frames, net.image_size)


# Frequencies

DRAWS = 4000


def near(found: int, share: float, draws: int = DRAWS) -> bool:
    """Whether a count is within four and a half standard deviations of what is expected."""
    return abs(found - draws * share) <= 4.5 * sqrt(draws * share * (1 - share))


@pytest.fixture(scope="module")
def drawn() -> list[Block]:
    """Blocks as sampling draws them, before anything is normalised."""
    rng = Random(0)
    return [SPACE.sample_block(rng) for _ in range(DRAWS)]


@pytest.mark.parametrize("name", sorted(SPACE.block_choices().keys() - {"non_local"}))
def test_each_choice_of_a_field_is_as_likely(drawn: list[Block], name: str) -> None:
    choices = SPACE.block_choices()[name]
    counts = Counter(getattr(block, name) for block in drawn)
    assert counts.keys() == set(choices)
    assert all(near(count, 1 / len(choices)) for count in counts.values())


@pytest.mark.parametrize(
    ("part", "has"),
    [
        ("skip", lambda block: block.skip),
        ("context gate", lambda block: block.context_gate),
        ("inverted bottleneck", lambda block: block.inverted_bottleneck),
        ("squeeze", lambda block: block.squeeze > 0),
    ],
)
def test_an_optional_part_is_there_half_of_the_time(
    drawn: list[Block], part: str, has: Callable[[Block], bool]
) -> None:
    assert near(sum(map(has, drawn)), 1 / 2)


def test_a_non_local_operation_is_there_half_of_the_time_that_the_options_have_one(
    drawn: list[Block],
) -> None:
    widths = [width for width in SPACE.non_local if width]
    share = len(widths) / len(SPACE.non_local) / 2
    assert near(sum(block.non_local > 0 for block in drawn), share)


def test_a_squeeze_ratio_is_anything_from_0_to_1(drawn: list[Block]) -> None:
    ratios = [block.squeeze for block in drawn if block.squeeze]
    for low in (0.0, 0.25, 0.5, 0.75):
        found = sum(low < ratio <= low + 0.25 for ratio in ratios)
        assert near(found, 1 / 4, len(ratios))


def test_fields_are_drawn_on_their_own(drawn: list[Block]) -> None:
    """What one field is says nothing about another: pairs are as likely as their parts say."""
    pairs = Counter((block.spatial_type, block.temporal_type) for block in drawn)
    switches = Counter((block.skip, block.squeeze > 0) for block in drawn)
    assert len(pairs) == 12
    assert all(near(count, 1 / 12) for count in pairs.values())
    assert all(near(count, 1 / 4) for count in switches.values())


def test_numbers_of_blocks_and_sizes_are_as_likely() -> None:
    rng, nets = Random(1), 2000
    sampled = [SPACE.sample(TASK, rng) for _ in range(nets)]
    for of in (lambda net: len(net.blocks), lambda net: net.image_size):
        counts = Counter(map(of, sampled))
        assert len(counts) == 4
        assert all(near(count, 1 / 4, nets) for count in counts.values())


def test_frames_and_their_stride_are_drawn_together_among_those_that_fit() -> None:
    """Of 12 pairs, 16 frames fit into 16 source frames at a stride of 1 only, 8 at 1 and 2."""
    rng, nets = Random(2), 2700
    sampled = (SPACE.sample(TASK, rng) for _ in range(nets))
    counts = Counter((net.frames, net.frame_stride) for net in sampled)
    fitting = {(n, s) for n in SPACE.frames for s in SPACE.frame_strides if (n - 1) * s < 16}
    assert counts.keys() == fitting
    assert all(near(count, 1 / len(fitting), nets) for count in counts.values())


def test_an_operator_on_blocks_takes_each_block_as_often() -> None:
    net = normalise(replace(one_block(), blocks=(Block(filters=8),) * 4), TASK)
    draws, places = 2000, Counter[str]()
    for seed in range(draws):
        mutated = SPACE.operators["context_gate"](net, TASK, Random(seed), {})
        if mutated is not None:
            places[mutated[1].path] += 1
    total = sum(places.values())
    assert near(total, 1 / 2, draws), "the value that it has is drawn half of the time"
    assert len(places) == 4
    assert all(near(count, 1 / 4, total) for count in places.values())


# Smaller clips


@given(architectures(Task({"rgb": Clip(32, 96)}, 5), side=96), st.integers(1, 40),
       st.integers(1, 120))
@settings(max_examples=150, deadline=None)
def test_a_network_shrinks_to_the_largest_clip_that_there_is(
    net: TinyVideoArchitecture, frames: int, size: int
) -> None:
    task = Task({"rgb": Clip(frames, size)}, 5)
    small = SPACE.shrunk(net, task)
    normalise(small, task)
    assert small.blocks == net.blocks
    assert small.image_size == min(net.image_size, size)
    assert small.frames == min(net.frames, frames), "a frame is given up only where there is none"
    wider = replace(small, frame_stride=small.frame_stride + 1)
    assert small.frame_stride == net.frame_stride or wider.span > frames
    assert SPACE.shrunk(small, task) == small
    if net.span <= frames and net.image_size <= size:
        assert small == net
