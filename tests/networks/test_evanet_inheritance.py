"""What a child of an EvaNet keeps of its parent, and of what it computes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.evanets import SMALL
from videonas.codec import to_plain
from videonas.evolution.birth import mutate
from videonas.networks import build
from videonas.networks.evanet_inheritance import branch_places
from videonas.networks.inheritance import heritage_of
from videonas.networks.kernels import flatten, inflate
from videonas.spaces import Edit
from videonas.spaces.evanet.architecture import Branch, EvaNetArchitecture, Module, Skeleton
from videonas.spaces.evanet.costs import costs
from videonas.spaces.evanet.normalise import normalise
from videonas.spaces.evanet.space import EvaNetSpace
from videonas.training.inheritance import Moved, inherit, record_of

Net = EvaNetArchitecture

SPACE = EvaNetSpace(
    clip_frames=8, image_size=6, frames=6, stem_filters=4, stem_side=3, filters=(13, 16),
    time_strides=(2, 1), side_strides=(1, 2, 1), birth_branches=2, max_branches=3,
    repeats=(1, 2),
)
INCEPTION = replace(SPACE, form="inception")
ONE = Branch("conv1x1")
POOL = Branch("pool_conv", time=3)


def conv(kind: Any, time: int) -> Branch:
    return Branch("conv", kind, time)


def net(*modules: Module, form: Any = "residual", stem_time: int = 1) -> Net:
    """A small network with these modules; the stem strides over time."""
    frame = Skeleton(form, 4, 3, (12,) * len(modules), (2, 1), (1, 2, 1)[: len(modules) + 1])
    pools = (1,) * max(len(modules) - 1, 1)
    return Net(modules, "3d", stem_time, pools, "rgb", 6, 6, 1, frame)


def shaken(model: Any, seed: int = 0) -> Any:
    """The model with no weight at a neutral value, and a head that shows what changes."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        if len(weight.shape) == 1:
            weight.assign(rng.uniform(0.4, 1.6, weight.shape))
    head = model.get_layer("head").kernel
    head.assign(rng.normal(size=head.shape))
    return model


def born(parent: Net, child: Net, *edits: Edit) -> tuple[Any, Any, list[Moved]]:
    """The parent's network with random weights, the child's with what it inherits, and the list
    of what it inherits; both architectures are normalised first.
    """
    parent, child = normalise(parent, SMALL), normalise(child, SMALL)
    before, after = shaken(build("evanet", parent, SMALL)), build("evanet", child, SMALL)
    heritage = heritage_of("evanet", parent, child, edits, SMALL)
    return before, after, inherit(after, before, heritage)


def run(model: Any, still: bool = False) -> Any:
    """The logits of random clips in the range of pixels."""
    clips = np.random.default_rng(1).uniform(-1, 1, (2, *model.input_shape[1:]))
    if still:
        clips = np.repeat(clips[:, :1], clips.shape[1], axis=1)
    return np.asarray(model(clips.astype(np.float32)))


def agree(one: Any, other: Any) -> bool:
    """Whether two networks give the same logits, to the rounding of float32."""
    a, b = run(one), run(other)
    return bool(np.abs(a - b).max() <= 1e-4 * max(np.abs(a).max(), 1.0))


def changed(parent: Net, place: int, **values: Any) -> Net:
    """One module's fields changed."""
    modules = list(parent.modules)
    modules[place] = replace(modules[place], **values)
    return replace(parent, modules=tuple(modules))


def fates(moved: list[Moved]) -> set[str]:
    return {each.fate for each in moved}


def kernel(model: Any, name: str) -> Any:
    return np.asarray(model.get_layer(name).kernel)


def silence(model: Any, norm: str, channels: Collection[int] | slice = slice(None)) -> None:
    """Nothing comes through a batch normalisation, or through some of its channels."""
    layer = model.get_layer(norm)
    for weight in (layer.gamma, layer.beta):
        value = np.array(weight)
        value[channels if isinstance(channels, slice) else list(channels)] = 0
        weight.assign(value)


def norms(model: Any, path: str) -> Iterator[str]:
    """The batch normalisations below a path that end in it."""
    return (each.name for each in model.layers if each.name.startswith(f"{path}.")
            and each.name.endswith(".norm"))


def last_norms(model: Any, module: int, branch: int, name: str, repeats: int) -> list[str]:
    """The last batch normalisation of a branch, in each repetition of its module."""
    return [f"modules.{module}.layers.{at}.branches.{branch}.{name}.norm" for at in range(repeats)]


# What preserves the function


@pytest.mark.parametrize(("kind", "short", "long"), [
    ("3d", 1, 3), ("3d", 3, 7), ("3d", 1, 11), ("2plus1d", 1, 5), ("2plus1d", 3, 5),
])
def test_a_longer_window_gives_the_same(kind: Any, short: int, long: int) -> None:
    twice = Branch("conv_conv", "3d", 3, kind, short)
    parent = net(Module((conv(kind, short), ONE), 2), Module((twice,)))
    child = changed(parent, 0, branches=(conv(kind, long), ONE))
    child = changed(child, 1, branches=(replace(twice, time2=long),))
    before, after, moved = born(parent, child)
    assert agree(before, after)
    assert fates(moved) == {"kept", "widened"}
    assert {m.name for m in moved if m.fate == "widened"} == {
        f"{path}{'.time' if kind == '2plus1d' else ''}/kernel"
        for path in ("modules.0.layers.0.branches.0.conv", "modules.1.layers.0.branches.0.conv2")
    }, "a convolution of an odd repetition keeps its length"


@pytest.mark.parametrize("kind", ["3d", "2plus1d"])
@pytest.mark.parametrize(("short", "long"), [(1, 3), (1, 5), (3, 5)])
def test_a_longer_window_with_strides_gives_the_same(kind: Any, short: int, long: int) -> None:
    """The frame that a window of one frame sees is not in the middle of a longer one then."""
    parent = replace(net(Module((ONE,)), stem_time=short), stem=kind)
    before, after, moved = born(parent, replace(parent, stem_time=long))
    assert agree(before, after)
    grown, = (m for m in moved if m.fate == "widened")
    assert grown.inherited == grown.size * short // long


@pytest.mark.parametrize(("old", "new"), [
    (conv("3d", 1), conv("2plus1d", 1)),
    (conv("3d", 1), conv("2plus1d", 5)),
    (conv("itgm", 5), conv("3d", 5)),
    (conv("itgm", 3), conv("3d", 9)),
    (Branch("conv_conv", "3d", 1, "itgm", 3), Branch("conv_conv", "2plus1d", 3, "3d", 3)),
])
def test_another_kind_of_convolution_that_can_gives_the_same(old: Branch, new: Branch) -> None:
    parent = net(Module((ONE, old), 2), Module((old,)))
    child = changed(changed(parent, 0, branches=(ONE, new)), 1, branches=(new,))
    before, after, _ = born(parent, child)
    assert agree(before, after)


def test_a_kind_that_was_begun_from_another_goes_back_to_it() -> None:
    """Two convolutions of which the first passes on are one again, as relu changes nothing."""
    parent = net(Module((conv("3d", 1), ONE)))
    middle = changed(parent, 0, branches=(conv("2plus1d", 5), ONE))
    before, between, _ = born(parent, middle)
    for kind in ("3d", "2plus1d"):
        child = changed(parent, 0, branches=(conv(kind, 7), ONE))
        after = build("evanet", normalise(child, SMALL), SMALL)
        inherit(after, between, heritage_of(
            "evanet", normalise(middle, SMALL), normalise(child, SMALL), (), SMALL
        ))
        assert agree(before, after)


@pytest.mark.parametrize("more", [1, 2])
def test_more_repetitions_begin_as_the_identity(more: int) -> None:
    branches = (conv("itgm", 3), POOL, Branch("conv_conv", "2plus1d", 3, "3d", 3))
    parent = net(Module(branches), Module((ONE, conv("2plus1d", 1)), 2))
    child = changed(changed(parent, 0, repeats=1 + more), 1, repeats=2 + more)
    before, after, moved = born(parent, child)
    assert agree(before, after)
    new = {".".join(m.name.split(".")[:4]) for m in moved if m.fate == "new"}
    assert new == {f"modules.{module}.layers.{at}" for module, first in ((0, 1), (1, 2))
                   for at in range(first, first + more)}


@pytest.mark.parametrize("form", ["residual", "inception"])
def test_an_equal_child_gives_the_same_bits(form: Any) -> None:
    branches = (conv("itgm", 3), POOL, Branch("conv_conv", "2plus1d", 3, "3d", 3))
    same = net(Module(branches, 2 if form == "residual" else 1), Module((ONE,)), form=form)
    before, after, moved = born(same, same)
    assert fates(moved) == {"kept"}
    for one, other in zip(before.weights, after.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


def preserves(parent: Net, edit: Edit) -> bool:
    """Whether an edit is one that docs/inheritance.md promises to preserve the function."""
    name = edit.path.rpartition(".")[2]
    if edit.operator == "repeats":
        return bool(edit.after > edit.before)
    if edit.path.startswith("stem"):
        kind, length = parent.stem, parent.stem_time
    elif edit.operator in ("time", "conv_type") and edit.path.startswith("modules"):
        _, module, _, place, _ = edit.path.split(".")
        branch = parent.modules[int(module)].branches[int(place)]
        if branch.kind == "pool_conv":
            return False
        first = not name.endswith("2")
        kind, length = (branch.conv, branch.time) if first else (branch.conv2, branch.time2)
    else:
        return False
    if edit.operator == "time":
        return bool(kind != "itgm" and edit.after > edit.before)
    return (kind, edit.after) == ("itgm", "3d") or (
        (kind, length, edit.after) == ("3d", 1, "2plus1d") and name != "stem"
    )


@given(st.sampled_from(["time", "conv_type", "repeats"]), st.integers(0, 2**32))
@settings(max_examples=6, deadline=None, derandomize=True, database=None,
          suppress_health_check=list(HealthCheck))
def test_whatever_edit_can_gives_the_same_in_any_network(operator: str, seed: int) -> None:
    rng = Random(seed)
    while True:
        parent = SPACE.sample(SMALL, rng)
        mutated = SPACE.operators[operator](parent, SMALL, rng, {})
        if mutated and preserves(parent, mutated[1]):
            break
    child, edit = mutated
    before, after, _ = born(parent, child, edit)
    assert agree(before, after), edit


# What gives what the parent would give without one of its parts


@pytest.mark.parametrize("form", ["residual", "inception"])
@pytest.mark.parametrize("gone", [0, 1, 2])
def test_without_a_branch_the_others_do_what_they_did(form: Any, gone: int) -> None:
    repeats = 3 if form == "residual" else 1
    branches = (conv("2plus1d", 3), Branch("conv_conv", "3d", 1, "itgm", 3), POOL)
    parent = net(Module(branches, repeats), Module((ONE, conv("3d", 3))), form=form)
    child = changed(parent, 0, branches=branches[:gone] + branches[gone + 1 :])
    edit = Edit("remove_branch", f"modules.0.branches.{gone}", to_plain(branches[gone]), None)
    before, after, moved = born(parent, child, edit)
    for norm in last_norms(before, 0, gone, ("conv", "conv2", "conv1x1")[gone], repeats):
        silence(before, norm)
    assert agree(before, after)
    # without shortcuts nothing is left to those who listened to it
    listeners = {f"modules.1.layers.0.branches.{place}.conv1x1/kernel" for place in (0, 1)}
    assert {m.name for m in moved if m.fate == "cut"} == (
        listeners if form == "inception" else set()
    )
    assert "new" not in fates(moved)


@pytest.mark.parametrize("form", ["residual", "inception"])
@pytest.mark.parametrize("filters", [12, 13, 24])
def test_a_new_branch_adds_nothing_and_the_others_do_what_they_still_can(
    form: Any, filters: int
) -> None:
    """As without the channels that the others lose, inside of them and at their ends."""
    repeats = 2 if form == "residual" else 1
    branches = tuple([conv("itgm", 3), POOL, ONE, ONE, ONE][: 5 if filters == 24 else 2])
    parent = net(Module(branches, repeats), Module((ONE, conv("3d", 3))), form=form)
    frame = replace(parent.skeleton, filters=(filters, 12))
    parent = replace(parent, skeleton=frame)
    child = changed(parent, 0, branches=(*branches, conv("3d", 5)))
    edit = Edit("add_branch", f"modules.0.branches.{len(branches)}", None, {})
    before, after, moved = born(parent, child, edit)
    share = filters // (len(branches) + 1)
    for name in norms(before, "modules.0"):
        own = share // 2 if name.endswith("conv1x1.norm") and "branches.0" in name else share
        if "shortcut" not in name:
            silence(before, name, slice(own, None))
    assert agree(before, after)
    added = {m.name for m in moved if f"branches.{len(branches)}" in m.name}
    assert added == {m.name for m in moved if m.fate == "new"}


@pytest.mark.parametrize("form", ["residual", "inception"])
@pytest.mark.parametrize(("old", "new"), [(ONE, conv("3d", 3)), (conv("itgm", 3), POOL)])
def test_a_branch_of_another_kind_adds_nothing_yet(form: Any, old: Branch, new: Branch) -> None:
    parent = net(Module((conv("3d", 3), old)), Module((ONE, POOL)), form=form)
    child = changed(parent, 0, branches=(conv("3d", 3), new))
    edit = Edit("branch_type", "modules.0.branches.1", to_plain(old), to_plain(new))
    before, after, moved = born(parent, child, edit)
    silence(before, f"modules.0.layers.0.branches.1.{old.kind}.norm")
    assert agree(before, after)
    assert {m.name for m in moved if m.fate == "new"} == {
        m.name for m in moved if m.name.startswith("modules.0.layers.0.branches.1.")
    }, "a 1x1x1 convolution that narrows is not the one that gives the channels"


@pytest.mark.parametrize("form", ["residual", "inception"])
@pytest.mark.parametrize("kinds", [("conv", "conv_conv"), ("conv_conv", "conv")])
def test_one_window_and_two_share_the_first_operations(form: Any, kinds: Any) -> None:
    old, new = (Branch(kind, "itgm", 3, "3d", 3) for kind in kinds)
    parent = net(Module((old, ONE)), Module((ONE,)), form=form)
    child = changed(parent, 0, branches=(new, ONE))
    edit = Edit("branch_type", "modules.0.branches.0", to_plain(old), to_plain(new))
    before, after, _ = born(parent, child, edit)
    path = "modules.0.layers.0.branches.0"
    was, now = (kernel(model, f"{path}.conv1x1") for model in (before, after))
    least = min(was.shape[-1], now.shape[-1])
    np.testing.assert_array_equal(now[..., :least], was[..., :least])
    silence(before, f"{path}.{'conv' if old.kind == 'conv' else 'conv2'}.norm")
    assert agree(before, after), "what the branch gave is not there any more"


def test_fewer_repetitions_are_the_first_ones() -> None:
    branches = (conv("itgm", 3), POOL)
    parent = net(Module(branches, 3), Module((ONE,), 2))
    child = changed(changed(parent, 0, repeats=1), 1, repeats=1)
    before, after, moved = born(parent, child)
    for path in ("modules.0.layers.1", "modules.0.layers.2", "modules.1.layers.1"):
        for norm in norms(before, path):
            silence(before, norm)
    assert agree(before, after)
    assert fates(moved) == {"kept"}


# What does not preserve it, and what is kept then


def test_pooling_before_the_convolution_or_none_is_no_matter_to_its_weights() -> None:
    parent = net(Module((ONE, conv("3d", 1)), 2))
    child = changed(parent, 0, branches=(POOL, conv("3d", 1)))
    for one, other in ((parent, child), (child, parent)):
        _, _, moved = born(one, other)
        assert fates(moved) == {"kept"}


@pytest.mark.parametrize("kind", ["3d", "2plus1d"])
@pytest.mark.parametrize("other", [1, 3])
def test_a_shorter_window_keeps_its_centre(kind: Any, other: int) -> None:
    parent = net(Module((conv(kind, 7),)))
    child = changed(parent, 0, branches=(conv(kind, other),))
    before, after, _ = born(parent, child)
    name = "modules.0.layers.0.branches.0.conv" + (".time" if kind == "2plus1d" else "")
    first = (7 - other) // 2
    np.testing.assert_array_equal(kernel(after, name), kernel(before, name)[first : first + other])


def test_another_length_of_an_itgm_layer_keeps_all_that_it_has() -> None:
    """Its curves become as much longer as the window: their middles are shares of its length."""
    parent = net(Module((conv("itgm", 3), ONE), 2))
    before, after, moved = born(parent, changed(parent, 0, branches=(conv("itgm", 9), ONE)))
    assert fates(moved) == {"kept"}
    assert not agree(before, after)


def test_at_length_1_an_itgm_layer_is_its_kernel_over_space() -> None:
    parent = net(Module((conv("itgm", 5),)))
    before, after, _ = born(parent, changed(parent, 0, branches=(conv("itgm", 1),)))
    name = "modules.0.layers.0.branches.0.conv"
    np.testing.assert_array_equal(
        kernel(after, name)[0], np.asarray(before.get_layer(name).kernel)
    )


@pytest.mark.parametrize("kind", ["itgm", "2plus1d"])
def test_a_kernel_that_has_learned_over_time_leaves_what_it_does_to_still_clips(kind: Any) -> None:
    parent = net(Module((conv("3d", 5), ONE)))
    before, after, moved = born(parent, changed(parent, 0, branches=(conv(kind, 5), ONE)))
    name = "modules.0.layers.0.branches.0.conv"
    new = after.get_layer(name)
    left = np.asarray(new.kernel if kind == "itgm" else new.kernel[0])
    np.testing.assert_array_equal(left, flatten(kernel(before, name)))
    if kind == "2plus1d":
        norm = after.get_layer(f"{name}.time.norm")
        np.testing.assert_allclose(norm.moving_variance + norm.epsilon, 1, rtol=2e-7)
    assert {m.name for m in moved if m.fate == "new"} == (
        {f"{name}/centre", f"{name}/width", f"{name}/mixing"} if kind == "itgm"
        else {f"{name}.time/kernel"} | {f"{name}.time.norm/{role}" for role in
                                        ("gamma", "beta", "moving_mean", "moving_variance")}
    )


def test_a_window_of_one_frame_is_bootstrapped() -> None:
    parent = net(Module((conv("3d", 1),)))
    before, after, _ = born(parent, changed(parent, 0, branches=(conv("3d", 7),)))
    name = "modules.0.layers.0.branches.0.conv"
    np.testing.assert_array_equal(kernel(after, name), inflate(kernel(before, name)[0], 7))


def test_a_stem_that_relu_would_cut_is_new() -> None:
    parent = net(Module((ONE,)), stem_time=3)
    parent = replace(parent, skeleton=replace(parent.skeleton, stem_filters=8))
    _, _, moved = born(parent, replace(parent, stem="2plus1d"))
    assert {m.name.partition("/")[0] for m in moved if m.fate == "new"} == {
        "stem.time", "stem.time.norm", "stem", "stem.norm"
    }


@given(st.sampled_from([SPACE, INCEPTION]), st.integers(1, 3), st.integers(0, 2**32))
@settings(max_examples=6, deadline=None, derandomize=True, database=None,
          suppress_health_check=list(HealthCheck))
def test_any_child_gets_what_fits_and_works(space: EvaNetSpace, count: int, seed: int) -> None:
    rng = Random(seed)
    parent = space.sample(SMALL, rng)
    child, edits = mutate(space, parent, SMALL, rng, count, {})
    _, after, moved = born(parent, child, *edits)
    assert np.isfinite(run(after)).all()
    assert [m.name for m in moved] == [w.path for w in after.weights]
    for each in moved:
        assert each.inherited <= each.size
        assert (each.inherited == 0) == (each.fate == "new")
        if each.fate == "kept":
            assert each.inherited == each.size
    assert "head" in {m.name.partition("/")[0] for m in moved if m.fate != "new"}
    record = record_of(moved, "0" * 12, 7)
    assert sum(record.parameters.values()) == costs(child, SMALL).parameters


@pytest.mark.parametrize("change", [
    lambda p: (changed(p, 0, branches=(*p.modules[0].branches, ONE)),
               Edit("add_branch", "modules.0.branches.1", None, {})),
    lambda p: (changed(p, 0, repeats=2), Edit("repeats", "modules.0.repeats", 1, 2)),
])
def test_what_begins_silent_learns(change: Callable[[Net], tuple[Net, Edit]]) -> None:
    """A scale of zero has a gradient, so nothing stays silent."""
    parent = net(Module((conv("3d", 1),)))
    _, after, moved = born(parent, *change(parent))
    silent = [m.name for m in moved if m.name.endswith("norm/gamma") and m.fate == "new"
              and not np.asarray(after.get_layer(m.name.partition("/")[0]).gamma).any()]
    assert silent
    clips = np.random.default_rng(2).uniform(-1, 1, (4, *after.input_shape[1:]))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(after(clips.astype(np.float32), training=True) ** 2)
    scales = [after.get_layer(name.partition("/")[0]).gamma.value for name in silent]
    assert all(np.asarray(each).any() for each in tape.gradient(loss, scales))


# The way of the branches


@given(st.integers(1, 4), st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 9)),
                                   max_size=6))
def test_branches_are_followed_through_what_moves_them(
    count: int, moves: list[tuple[bool, bool, int]]
) -> None:
    """As letters that are put in and taken out; edits of another module move nothing here."""
    letters: list[str | None] = list("abcd"[:count])
    edits = [Edit("time", "stem_time", 1, 3), Edit("repeats", "modules.1.repeats", 1, 2)]
    for ours, add, draw in moves:
        place = draw % (len(letters) + add)
        operator = "add_branch" if add else "remove_branch"
        if not ours:
            edits.append(Edit(operator, f"modules.0.branches.{place}", {}, {}))
        elif add:
            letters.insert(place, None)
            edits.append(Edit(operator, f"modules.1.branches.{place}", None, {}))
        elif len(letters) > 1:
            del letters[place]
            edits.append(Edit(operator, f"modules.1.branches.{place}", {}, None))
    expected = [None if letter is None else "abcd".index(letter) for letter in letters]
    assert branch_places(1, count, edits) == expected


def test_edits_that_lead_elsewhere_are_refused() -> None:
    parent = normalise(net(Module((ONE,))), SMALL)
    edit = Edit("add_branch", "modules.0.branches.1", None, {})
    with pytest.raises(ValueError, match="from 1 branches of module 0 to 2, and the child has 1"):
        heritage_of("evanet", parent, parent, (edit,), SMALL)
    with pytest.raises(ValueError, match="change neither the clip nor what modules are set into"):
        heritage_of("evanet", parent, replace(parent, frames=4), (), SMALL)
