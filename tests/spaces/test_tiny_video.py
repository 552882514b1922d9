"""The search space of Tiny Video Networks: sampling, mutation, normal form, counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.architectures import (
    PUBLISHED_TASK,
    TASK,
    architectures,
    evolved,
    one_block,
    redone,
    tasks,
)
from videonas.codec import from_plain, to_plain
from videonas.errors import InvalidArchitecture, SettingsError, VideonasError
from videonas.evolution.birth import mutate
from videonas.spaces import Edit, open_space
from videonas.spaces.tiny_video import Block, TinyVideoArchitecture, TinyVideoSpace
from videonas.spaces.tiny_video.architecture import layers
from videonas.spaces.tiny_video.costs import costs
from videonas.spaces.tiny_video.normalise import normalise
from videonas.spaces.tiny_video.presets import PRESETS
from videonas.task import Clip, Task

SPACE = TinyVideoSpace()
CLIP_FIELDS = {"image_size": "image_sizes", "frames": "frames", "frame_stride": "frame_strides"}
FREE = {"skip", "context_gate", "inverted_bottleneck", "squeeze"}
"""Fields of a block that have no list of choices."""

some = settings(max_examples=60, deadline=None)


# The normal form


@given(st.data())
@some
def test_the_normal_form_has_the_costs_of_what_it_was_made_of(data: st.DataObject) -> None:
    task = data.draw(tasks())
    raw = data.draw(architectures(task))
    net = normalise(raw, task)
    assert costs(net, task) == costs(raw, task)


@given(st.data())
@some
def test_the_normal_form_has_the_layers_of_what_it_was_made_of(data: st.DataObject) -> None:
    task = data.draw(tasks())
    raw = data.draw(architectures(task))
    sizes = [(layer.path, layer.before, layer.after) for layer in layers(raw)]
    assert [(la.path, la.before, la.after) for la in layers(normalise(raw, task))] == sizes


@given(architectures())
@some
def test_normalising_again_changes_nothing(raw: TinyVideoArchitecture) -> None:
    net = normalise(raw, TASK)
    assert normalise(net, TASK) == net


def test_the_normal_form_of_a_very_wide_block_has_the_same_costs() -> None:
    raw = one_block(filters=4096, expand=6, squeeze=1e-5)
    assert costs(normalise(raw, TASK), TASK) == costs(raw, TASK)


@given(evolved())
@some
def test_what_is_sampled_or_mutated_is_normal(net: TinyVideoArchitecture) -> None:
    assert normalise(net, TASK) == net


# Sampling


def test_sampling_comes_to_every_option() -> None:
    seen: dict[str, set[Any]] = {}
    gates: set[float] = set()
    for seed in range(1500):
        net = SPACE.sample(TASK, Random(seed))
        for name, options in CLIP_FIELDS.items():
            seen.setdefault(options, set()).add(getattr(net, name))
        seen.setdefault("blocks", set()).add(len(net.blocks))
        for block in net.blocks:
            gates.add(block.squeeze)
            for name in (*SPACE.block_choices(), "skip", "context_gate", "inverted_bottleneck"):
                seen.setdefault(name, set()).add(getattr(block, name))
    expected = {options: set(getattr(SPACE, options)) for options in CLIP_FIELDS.values()}
    expected |= {name: set(choices) for name, choices in SPACE.block_choices().items()}
    expected |= {name: {False, True} for name in FREE - {"squeeze"}}
    expected["blocks"] = set(range(SPACE.min_blocks, SPACE.birth_blocks + 1))
    assert seen == expected
    assert 0.0 in gates
    assert len(gates) > 100
    assert min(gates - {0.0}) < 0.2
    assert max(gates) > 0.95


def test_sampling_is_decided_by_the_seed_alone() -> None:
    assert SPACE.sample(TASK, Random(5)) == SPACE.sample(TASK, Random(5))
    assert SPACE.sample(TASK, Random(5)) != SPACE.sample(TASK, Random(6))


@given(st.integers(2, 40), st.integers(24, 80), st.integers(0, 2**32))
@some
def test_nothing_asks_for_more_than_the_clip(frames: int, size: int, seed: int) -> None:
    task, rng = Task({"rgb": Clip(frames, size)}, 5), Random(seed)
    net = SPACE.sample(task, rng)
    for _ in range(10):
        assert net.image_size <= size
        assert (net.frames - 1) * net.frame_stride < frames
        net, _ = mutate(SPACE, net, task, rng, 1, {})


def test_the_largest_clip_is_what_the_options_ask_for() -> None:
    assert SPACE.largest() == {"rgb": Clip(16, 64)}
    space = open_space("tiny_video", {"clip_frames": 9, "image_sizes": [40, 20]})
    assert space.largest() == {"rgb": Clip(9, 40)}


@pytest.mark.parametrize("clip", [Clip(16, 23), Clip(1, 64)])
def test_a_clip_too_small_for_every_option_is_said_so(clip: Clip) -> None:
    with pytest.raises(VideonasError, match=f"fits clips of {clip.frames} frames of {clip.size} p"):
        SPACE.sample(Task({"rgb": clip}, 5), Random(0))


# Mutation


def applied(
    space: TinyVideoSpace, name: str, task: Task = TASK, tries: int = 400
) -> Iterator[tuple[TinyVideoArchitecture, TinyVideoArchitecture, Edit]]:
    """Before, after and edit of each try in which the operator applied, on random parents."""
    rng = Random(name)
    for _ in range(tries):
        before = space.sample(task, rng)
        mutated = space.operators[name](before, task, rng, {})
        if mutated is not None:
            yield before, *mutated


@pytest.mark.parametrize("name", SPACE.operators)
def test_an_operator_applies_and_changes_what_its_edit_says(name: str) -> None:
    changes = list(applied(SPACE, name))
    assert len(changes) > 100
    for before, after, edit in changes:
        assert edit.operator == name
        assert edit.before != edit.after
        assert redone(before, edit) == after
        backwards = Edit(edit.operator, edit.path, edit.after, edit.before)
        assert redone(after, backwards) == before


@pytest.mark.parametrize("name", SPACE.operators)
def test_a_mutant_is_valid_and_inside_the_options(name: str) -> None:
    for _, after, _ in applied(SPACE, name):
        normalise(after, TASK)
        assert outside(SPACE, after) == []


ABSENT = {
    "spatial_type": "conv", "spatial_kernel": 1, "spatial_stride": 1, "spatial_activation": "relu",
    "temporal_type": "conv", "temporal_kernel": 1, "temporal_stride": 1,
    "temporal_activation": "relu", "non_local": 0,
}
"""What the normal form writes where there is no operation, whatever the options."""


def outside(space: TinyVideoSpace, net: TinyVideoArchitecture) -> list[str]:
    """Where an architecture is outside the options of its space."""
    found = [
        name for name, options in CLIP_FIELDS.items()
        if getattr(net, name) not in getattr(space, options)
    ]
    if len(net.blocks) > space.max_blocks:
        found.append("blocks")
    for number, block in enumerate(net.blocks):
        assert 0 <= block.squeeze <= 1
        for name, choices in space.block_choices().items():
            value = getattr(block, name)
            if value not in choices and value != ABSENT.get(name):
                found.append(f"blocks.{number}.{name}")
    return found


@given(evolved(mutations=40))
@some
def test_lines_of_mutants_stay_inside_the_options(net: TinyVideoArchitecture) -> None:
    assert outside(SPACE, net) == []


NARROW = TinyVideoSpace(spatial_strides=(2, 3), spatial_kernels=(3, 5), repeats=(2, 4))


@pytest.mark.parametrize("name", sorted(SPACE.operators.keys() - {"repeats", "duplicate_block"}))
def test_a_mutant_is_inside_narrow_options(name: str) -> None:
    for _, after, _ in applied(NARROW, name, tries=200):
        assert outside(NARROW, after) == []


def test_the_number_of_layers_stays_inside_narrow_options() -> None:
    for _, after, _ in applied(NARROW, "repeats"):
        assert outside(NARROW, after) == []


def test_a_copied_block_stays_inside_narrow_options() -> None:
    for *_, edit in applied(NARROW, "duplicate_block"):
        assert edit.after["spatial_stride"] in NARROW.spatial_strides


def test_mutation_comes_to_every_option() -> None:
    for name, choices in SPACE.block_choices().items():
        assert {edit.after for *_, edit in applied(SPACE, name)} == set(choices)
    for name, options in CLIP_FIELDS.items():
        assert {edit.after for *_, edit in applied(SPACE, name)} == set(getattr(SPACE, options))


def test_blocks_are_added_anywhere() -> None:
    places = {(len(b.blocks), e.path) for b, _, e in applied(SPACE, "add_block", tries=1500)}
    assert places == {(n, f"blocks.{place}") for n in range(1, 5) for place in range(n + 1)}


def test_a_copied_block_stands_behind_its_original_and_keeps_the_size() -> None:
    for before, after, edit in applied(SPACE, "duplicate_block"):
        place = int(edit.path.partition(".")[2])
        original = before.blocks[place - 1]
        assert after.blocks[place - 1] == original
        assert after.blocks[place] == replace(original, spatial_stride=1, temporal_stride=1)


def test_there_are_never_too_many_blocks_or_none() -> None:
    space = TinyVideoSpace(min_blocks=8, birth_blocks=8)
    full = space.sample(TASK, Random(0))
    assert len(full.blocks) == space.max_blocks
    for name in ("add_block", "duplicate_block"):
        assert space.operators[name](full, TASK, Random(0), {}) is None
    assert space.operators["remove_block"](one_block(), TASK, Random(0), {}) is None


def test_no_operator_changes_its_original() -> None:
    rng = Random(0)
    for name, operator in SPACE.operators.items():
        net = SPACE.sample(TASK, rng)
        copy = from_plain(TinyVideoArchitecture, to_plain(net), name)
        for _ in range(20):
            operator(net, TASK, rng, {})
        assert net == copy


def test_a_line_of_single_edits_leads_from_any_network_to_a_given_one() -> None:
    """What one operator does another can undo: no part of the space is shut off."""
    rng, target = Random(1), SPACE.sample(TASK, Random(2))
    net = SPACE.sample(TASK, rng)
    away = SPACE.distance(net, target)
    for _ in range(30_000):
        child, _ = mutate(SPACE, net, TASK, rng, 1, {})
        if (closer := SPACE.distance(child, target)) <= away:
            net, away = child, closer
        if not away:
            break
    assert net == target


# Distance


@given(evolved(), evolved())
@some
def test_distance_is_symmetric_and_a_share(
    a: TinyVideoArchitecture, b: TinyVideoArchitecture
) -> None:
    assert SPACE.distance(a, b) == SPACE.distance(b, a)
    assert 0 <= SPACE.distance(a, b) <= 1
    assert (SPACE.distance(a, b) == 0) == (a == b)
    assert SPACE.distance(a, a) == 0


@given(evolved(mutations=0), st.integers(0, 2**32))
@some
def test_a_mutation_is_a_small_distance(net: TinyVideoArchitecture, seed: int) -> None:
    for name, operator in sorted(SPACE.operators.items()):
        mutated = operator(net, TASK, Random(seed), {})
        if mutated is None:
            continue
        distance = SPACE.distance(net, mutated[0])
        fields = 3 + 17 * max(len(net.blocks), len(mutated[0].blocks))
        assert distance > 0
        if not name.endswith("_block"):
            assert distance == 1 / fields


def test_a_block_more_differs_in_every_field() -> None:
    one, two = one_block(), replace(one_block(), blocks=(Block(), Block()))
    assert SPACE.distance(one, two) == 17 / (3 + 2 * 17)


# The published networks

PUBLISHED: dict[str, tuple[int, float, float, float, str]] = {
    "tvn1": (7, 26.4, 26.0, 4.3, "112x1 56x1 19x1 10x1"),
    "tvn2": (26, 109.4, 109.1, 34.6, "86x2 43x1 43x1 22x1 8x1 3x1 3x1"),
    "tvn3": (14, 67.7, 67.2, 53.6, "80x4 40x4 10x2 5x1"),
    "tvn4": (13, 43.7, 43.3, 25.9, "64x4 32x2 11x2"),
    "mobile1": (8, 7.35, 7.33, 5.35, "56x2 14x2"),
    "mobile2": (7, 5.53, 5.50, 5.03, "56x2 14x2"),
}
"""Layers, millions of parameters with 339 and with 157 classes, 10^9 multiply-adds, and side x
frames after each block, counted by hand on the released genotypes.
"""

EXACT = {
    "tvn1": (26_414_721, 4_326_160_640),
    "tvn2": (109_438_487, 34_613_795_640),
    "tvn3": (67_709_221, 53_639_220_992),
    "tvn4": (43_669_005, 25_918_137_344),
    "mobile1": (7_352_607, 5_349_648_768),
    "mobile2": (5_528_460, 5_032_828_800),
}


@pytest.mark.parametrize("name", PRESETS)
def test_counts_of_the_published_networks(name: str) -> None:
    depth, with_339, with_157, giga, _ = PUBLISHED[name]
    net = normalise(PRESETS[name], PUBLISHED_TASK)
    digits = 2 if "mobile" in name else 1
    counted = costs(net, PUBLISHED_TASK)
    fewer = costs(net, replace(PUBLISHED_TASK, classes=157))
    assert len(list(layers(net))) == depth
    assert round(counted.parameters / 1e6, digits) == with_339
    assert round(fewer.parameters / 1e6, digits) == with_157
    assert round(counted.macs / 1e9, digits) == giga
    assert (counted.parameters, counted.macs) == EXACT[name]


@pytest.mark.parametrize("name", PRESETS)
def test_sizes_in_the_published_networks(name: str) -> None:
    last = {layer.path.split(".")[1]: layer.after for layer in layers(PRESETS[name])}
    assert " ".join(f"{s.side}x{s.frames}" for s in last.values()) == PUBLISHED[name][4]


@pytest.mark.parametrize("name", PRESETS)
def test_the_published_networks_can_be_mutated(name: str) -> None:
    net = normalise(PRESETS[name], PUBLISHED_TASK)
    child, edits = mutate(SPACE, net, PUBLISHED_TASK, Random(0), 5, {})
    assert len(edits) == 5
    assert normalise(child, PUBLISHED_TASK) == child


# Diagram and table


@given(evolved())
@some
def test_diagram_and_table_hold_every_block(net: TinyVideoArchitecture) -> None:
    last = {layer.path.split(".")[1]: layer.after for layer in layers(net)}
    sizes = [f"{s.frames} x {s.side}² x {s.channels}" for s in last.values()]
    diagram, table = SPACE.diagram(net, TASK, {}), SPACE.table(net, TASK)
    names = ["input", *(f"blocks.{n}" for n in range(len(net.blocks))), "head"]
    assert [node.name for node in diagram.nodes] == names
    assert [node.shape for node in diagram.nodes[1:-1]] == sizes
    assert [(a, b) for a, b, _ in diagram.arrows] == list(pairwise(names))
    assert [row["output"] for row in table] == sizes
    assert [row["layers"] for row in table] == [str(block.repeats) for block in net.blocks]
    assert len({tuple(row) for row in table}) == 1


def test_what_a_block_has_is_said_in_its_row_and_its_box() -> None:
    net = one_block(
        size=32, spatial_type="depthwise", spatial_kernel=5, spatial_stride=2, temporal_kernel=3,
        temporal_stride=2, temporal_type="maxpool", filters=24, expand=2, repeats=3, squeeze=0.25,
        context_gate=True, non_local=8, skip=True, inverted_bottleneck=True, activation="hswish",
    )
    extras = ["squeeze 0.25", "context gate", "non-local 8", "skip", "inverted bottleneck",
              "hard-swish"]
    assert SPACE.table(net, TASK) == [{
        "block": "0", "space": "depthwise 5x5 / 2", "time": "time maxpool 3 / 2",
        "width": "24 x 2", "layers": "3", "extras": ", ".join(extras), "output": "2 x 16² x 24",
    }]
    clip, box, head = SPACE.diagram(net, TASK, {}).nodes
    assert clip.shape == "4 x 32² x 3"
    assert box.title == "block 0, 3 layers"
    assert box.lines == ("depthwise 5x5 / 2", "time maxpool 3 / 2", "width 24 x 2", *extras)
    assert head.shape == "5"


def test_what_a_block_has_not_is_not_said() -> None:
    (row,) = SPACE.table(one_block(spatial_kernel=1), TASK)
    assert (row["space"], row["time"], row["extras"]) == ("-", "-", "-")
    assert SPACE.diagram(one_block(spatial_kernel=1), TASK, {}).nodes[1].lines == ("width 32 x 1",)


# Options

REFUSED = [
    ({"filters": []}, "filters is []; tuple should have at least 1 item"),
    ({"filters": [8, 0]}, "filters.1 is 0; input should be greater than or equal to 1"),
    ({"filters": [8, "wide"]}, "filters.1 is 'wide'; input should be a valid integer"),
    ({"filters": [8.5]}, "filters.0 is 8.5; input should be a valid integer"),
    ({"filters": 8}, "filters is 8; input should be a valid tuple"),
    ({"spatial_types": ["std"]}, "spatial_types.0 is 'std'; input should be 'conv', 'depthwise'"),
    ({"activations": []}, "activations is []; tuple should have at least 1 item"),
    ({"non_local": [-1]}, "non_local.0 is -1; input should be greater than or equal to 0"),
    ({"clip_frames": 0}, "clip_frames is 0; input should be greater than or equal to 1"),
    ({"max_blocks": None}, "max_blocks is None; input should be a valid integer"),
    ({"filtres": [8]}, "filtres is not a known field"),
]


@pytest.mark.parametrize(("options", "sentence"), REFUSED, ids=[r[1] for r in REFUSED])
def test_a_wrong_option_is_refused_in_a_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        open_space("tiny_video", options)
    assert str(caught.value).startswith(f"space_options of tiny_video: {sentence}")


@pytest.mark.parametrize(
    "options",
    [{"filters": [5000]}, {"spatial_kernels": [17]}, {"min_blocks": 40, "max_blocks": 40},
     {"min_blocks": 3, "max_blocks": 2}, {"birth_blocks": 9, "max_blocks": 8}],
    ids=str,
)
def test_options_that_no_network_can_have_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        open_space("tiny_video", options)


def test_an_unknown_space_is_refused_with_a_hint() -> None:
    with pytest.raises(SettingsError, match=r"'tiny_vidoe' .did you mean 'tiny_video'"):
        open_space("tiny_vidoe")


def test_an_option_replaces_its_default_and_no_other() -> None:
    space = open_space("tiny_video", {"filters": [8, 16.0]})
    assert space == TinyVideoSpace(filters=(8, 16))


@pytest.mark.parametrize("value", [10**5000, "x" * 10_000], ids=["number", "word"])
def test_a_value_of_any_length_is_named_in_short(value: Any) -> None:
    with pytest.raises(InvalidArchitecture) as found:
        raise InvalidArchitecture("blocks.0.filters", value, "1 to 4096")
    assert len(str(found.value)) < 250
