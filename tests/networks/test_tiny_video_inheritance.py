"""What a child of a Tiny Video Network keeps of its parent, and of what it computes."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.architectures import architectures, one_block, with_block
from tests.networks.test_tiny_video_network import SMALL, build_net, clips, few, run
from videonas.codec import to_plain
from videonas.evolution.birth import mutate
from videonas.networks import build
from videonas.networks.inheritance import heritage_of
from videonas.networks.tiny_video_inheritance import block_places
from videonas.spaces import Edit
from videonas.spaces.tiny_video import Block, TinyVideoArchitecture, TinyVideoSpace
from videonas.spaces.tiny_video.costs import costs
from videonas.spaces.tiny_video.normalise import normalise
from videonas.training.inheritance import Moved, inherit, record_of

pytestmark = pytest.mark.filterwarnings("ignore:You are using a softmax over axis -1")

SPACE = TinyVideoSpace(
    clip_frames=8, image_sizes=(8, 12), frames=(2, 4), frame_strides=(1, 2), birth_blocks=2,
    max_blocks=4, filters=(2, 4, 6), expand=(1, 2), repeats=(1, 2, 3), non_local=(0, 2, 3),
)
small = architectures(SMALL, most_blocks=2, filters=6, repeats=3, expand=3)

Parent = TinyVideoArchitecture


def born(parent: Parent, child: Parent, *edits: Edit) -> tuple[Any, Any, list[Moved]]:
    """The parent's network with random weights, the child's with what it inherits, and the list
    of what it inherits; both architectures are normalised first.
    """
    parent, child = normalise(parent, SMALL), normalise(child, SMALL)
    before, after = build_net(parent), build("tiny_video", child, SMALL)
    heritage = heritage_of("tiny_video", parent, child, edits, SMALL)
    return before, after, inherit(after, before, heritage)


def agree(one: Any, other: Any, architecture: Parent) -> bool:
    """Whether two networks give the same logits, to the rounding of float32."""
    x = clips(architecture, 2)
    a, b = run(one, x), run(other, x)
    return bool(np.abs(a - b).max() <= 1e-4 * max(np.abs(a).max(), 1.0))


def field_edit(parent: Parent, place: int, name: str, after: Any) -> tuple[Parent, Edit]:
    """One field of a block changed, as an operator does it."""
    before = getattr(parent.blocks[place], name)
    edit = Edit(name, f"blocks.{place}.{name}", before, after)
    return with_block(parent, place, **{name: after}), edit


def added(parent: Parent, place: int, block: Block) -> tuple[Parent, Edit]:
    """A block put in at a place."""
    blocks = (*parent.blocks[:place], block, *parent.blocks[place:])
    return replace(parent, blocks=blocks), Edit(
        "add_block", f"blocks.{place}", None, to_plain(block)
    )


# What preserves the function


@given(small, st.data())
@few(5)
def test_a_wider_layer_gives_the_same(raw: Parent, data: st.DataObject) -> None:
    parent = normalise(raw, SMALL)
    place = data.draw(st.integers(0, len(parent.blocks) - 1))
    name = data.draw(st.sampled_from(["filters", "expand"]))
    wider = getattr(parent.blocks[place], name) + data.draw(st.integers(1, 3))
    child, edit = field_edit(parent, place, name, wider)
    if parent.blocks[place].squeeze:  # a share of the width, which may round to fewer
        child = with_block(child, place, squeeze=1.0)
    before, after, moved = born(parent, child, edit)
    assert agree(before, after, parent)
    assert {m.fate for m in moved} <= {"kept", "widened"}
    assert "widened" in {m.fate for m in moved}


@given(small, st.data())
@few(5)
def test_a_longer_window_gives_the_same(raw: Parent, data: st.DataObject) -> None:
    parent = normalise(raw, SMALL)
    found = [
        (place, name) for place, b in enumerate(parent.blocks)
        for name, kind in (("spatial_kernel", b.spatial_type), ("temporal_kernel", b.temporal_type))
        if kind in ("conv", "depthwise") and getattr(b, name) > 1
    ]
    assume(found)
    place, name = data.draw(st.sampled_from(found))
    longer = getattr(parent.blocks[place], name) + data.draw(st.integers(1, 3))
    child, edit = field_edit(parent, place, name, longer)
    before, after, moved = born(parent, child, edit)
    assert agree(before, after, parent)
    assert {m.fate for m in moved} == {"kept", "widened"}


@given(small, st.data())
@few(5)
def test_a_new_residual_block_begins_as_the_identity(raw: Parent, data: st.DataObject) -> None:
    parent = replace(raw, blocks=tuple(replace(b, activation="relu") for b in raw.blocks))
    parent = normalise(parent, SMALL)
    place = data.draw(st.integers(1, len(parent.blocks)))
    last = parent.blocks[place - 1]
    width = last.filters if last.inverted_bottleneck else last.expanded
    block = data.draw(architectures(SMALL, most_blocks=1, filters=6, repeats=3)).blocks[0]
    block = replace(
        block, spatial_stride=1, temporal_stride=1, skip=True, activation="relu", expand=1,
        filters=width + data.draw(st.integers(0, 2)),
    )
    child, edit = added(parent, place, block)
    before, after, moved = born(parent, child, edit)
    assert agree(before, after, parent)
    new = {m.name for m in moved if m.fate == "new"}
    assert {name for name in new if not name.startswith(f"blocks.{place}.")} == set()


@given(small, st.integers(1, 3))
@few(5)
def test_more_layers_of_a_residual_block_give_the_same(raw: Parent, more: int) -> None:
    blocks = tuple(replace(b, activation="relu", skip=True) for b in raw.blocks)
    parent = normalise(replace(raw, blocks=blocks), SMALL)
    place = len(parent.blocks) - 1
    assume(parent.blocks[place].skip)
    child, edit = field_edit(parent, place, "repeats", parent.blocks[place].repeats + more)
    before, after, _moved = born(parent, child, edit)
    assert agree(before, after, parent)


@pytest.mark.parametrize(("change", "wanted"), [
    ({"skip": True}, {"shortcut"}),
    ({"non_local": 3}, {"non_local"}),
    ({"temporal_kernel": 3}, {"temporal"}),
    ({"temporal_kernel": 2}, {"temporal"}),
])
def test_a_new_operation_begins_as_if_it_were_not_there(
    change: dict[str, Any], wanted: set[str]
) -> None:
    parent = one_block(8, 4, filters=4, expand=2, spatial_stride=2, repeats=2)
    parent = replace(parent, blocks=(*parent.blocks, Block(filters=6)))
    (name, value), = change.items()
    child, edit = field_edit(parent, 0, name, value)
    before, after, moved = born(parent, child, edit)
    assert agree(before, after, parent)
    new = {m.name.split(".")[4].split("/")[0] for m in moved if m.fate == "new"}
    assert new == wanted


def test_what_begins_silent_learns() -> None:
    """A scale of zero has a gradient, so the new layer does not stay the identity."""
    parent = one_block(8, 4, filters=4)
    child, edit = added(parent, 1, Block(filters=4, skip=True))
    _, after, _ = born(parent, child, edit)
    scale = after.get_layer("blocks.1.layers.0.expand.norm").gamma
    assert not np.asarray(scale).any()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(after(clips(parent, 4), training=True) ** 2)
    assert np.asarray(tape.gradient(loss, scale.value)).any()


def test_an_equal_child_gives_the_same_bits() -> None:
    net = normalise(one_block(8, 4, filters=4, squeeze=0.5, non_local=2, repeats=2), SMALL)
    before, after, moved = born(net, net)
    assert {m.fate for m in moved} == {"kept"}
    for one, other in zip(before.weights, after.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


# What does not, and what is kept then


@given(small, st.integers(1, 3), st.integers(0, 2**32))
@settings(max_examples=6, deadline=None, derandomize=True, database=None,
          suppress_health_check=list(HealthCheck))
def test_any_child_gets_what_fits_and_works(raw: Parent, count: int, seed: int) -> None:
    parent = normalise(raw, SMALL)
    child, edits = mutate(SPACE, parent, SMALL, Random(seed), count, {})
    fresh = build("tiny_video", child, SMALL)
    before, after, moved = born(parent, child, *edits)
    assert np.isfinite(run(after, clips(child, 2))).all()
    assert [m.name for m in moved] == [w.path for w in fresh.weights]
    old = {w.path: w for w in before.weights}
    for each in moved:
        assert each.inherited <= each.size
        assert (each.inherited == 0) == (each.fate == "new")
        if each.fate == "kept":
            assert each.inherited == each.size
    if not any("." not in e.path or "block" in e.operator for e in edits):
        same = [m for m in moved if m.fate == "kept"]
        for each in same:
            found = next(w for w in after.weights if w.path == each.name)
            np.testing.assert_array_equal(np.asarray(found), np.asarray(old[each.name]))
    record = record_of(moved, "0" * 12, 7)
    assert sum(record.parameters.values()) == costs(child, SMALL).parameters
    assert sum(record.tensors.values()) == len(after.weights)


def test_a_narrower_layer_keeps_the_first_channels() -> None:
    parent = replace(one_block(8, 4, filters=6), blocks=(Block(filters=6), Block(filters=4)))
    child, edit = field_edit(parent, 0, "filters", 4)
    before, after, moved = born(parent, child, edit)
    for name, old, new in (("blocks.0.layers.0.expand", (6, 6), (4, 4)),
                           ("blocks.1.layers.0.spatial.in", (6, 4), (4, 4))):
        was, now = (np.asarray(m.get_layer(name).kernel) for m in (before, after))
        assert (was.shape[-2:], now.shape[-2:]) == (old, new)
        np.testing.assert_array_equal(now, was[..., :4, :4])
    assert "cut" in {m.fate for m in moved}
    assert "new" not in {m.fate for m in moved}


@pytest.mark.parametrize(("long", "short", "part"), [
    (5, 3, slice(1, 4)), (3, 2, slice(1, 3)), (4, 3, slice(0, 3)), (5, 2, slice(2, 4)),
])
def test_a_shorter_window_keeps_its_centre(long: int, short: int, part: slice) -> None:
    parent = one_block(8, 4, filters=4, temporal_kernel=long, spatial_kernel=3)
    child, edit = field_edit(parent, 0, "temporal_kernel", short)
    before, after, _ = born(parent, child, edit)
    name = "blocks.0.layers.0.temporal"
    was, now = (np.asarray(m.get_layer(name).kernel) for m in (before, after))
    np.testing.assert_array_equal(now, was[part])


def test_without_a_block_the_others_keep_their_weights() -> None:
    blocks = (Block(filters=4), Block(filters=5), Block("depthwise", filters=6))
    parent = TinyVideoArchitecture(8, 4, 1, blocks)
    child = replace(parent, blocks=(blocks[0], blocks[2]))
    edit = Edit("remove_block", "blocks.1", to_plain(blocks[1]), None)
    before, after, moved = born(parent, child, edit)
    assert {m.name for m in moved if m.fate != "kept"} == {"blocks.1.layers.0.spatial.in/kernel"}
    np.testing.assert_array_equal(
        np.asarray(after.get_layer("blocks.1.layers.0.spatial").kernel),
        np.asarray(before.get_layer("blocks.2.layers.0.spatial").kernel),
    )


def test_another_kind_of_operation_is_new() -> None:
    parent = one_block(8, 4, filters=4)
    child, edit = field_edit(parent, 0, "spatial_type", "depthwise")
    _, _, moved = born(parent, child, edit)
    new = {m.name.rpartition("/")[0] for m in moved if m.fate == "new"}
    assert new == {"blocks.0.layers.0.spatial", "blocks.0.layers.0.spatial.norm"}


# The way of the blocks


@given(st.integers(1, 4), st.lists(st.tuples(st.booleans(), st.integers(0, 9)), max_size=6))
def test_blocks_are_followed_through_what_moves_them(
    count: int, moves: list[tuple[bool, int]]
) -> None:
    """As letters that are put in and taken out."""
    letters: list[str | None] = list("abcd"[:count])
    edits = []
    for add, draw in moves:
        place = draw % (len(letters) + add)
        if add:
            letters.insert(place, None)
            edits.append(Edit("duplicate_block", f"blocks.{place}", None, {}))
        elif len(letters) > 1:
            del letters[place]
            edits.append(Edit("remove_block", f"blocks.{place}", {}, None))
    expected = [None if letter is None else "abcd".index(letter) for letter in letters]
    assert block_places(count, edits) == expected


def test_edits_that_lead_elsewhere_are_refused() -> None:
    net = normalise(one_block(8), SMALL)
    edit = Edit("add_block", "blocks.0", None, {})
    with pytest.raises(ValueError, match="lead from 1 blocks to 2, and the child has 1"):
        heritage_of("tiny_video", net, net, (edit,), SMALL)


