"""EvaNets as genotypes: what normalising leaves alone, what mutation reaches, what is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any, cast

import pytest
from hypothesis import given, settings

from tests.evanets import SMALL, evanets
from videonas.codec import from_plain
from videonas.errors import InvalidArchitecture, SettingsError, VideonasError
from videonas.evolution.birth import mutate
from videonas.spaces import Edit, architecture_id, open_space
from videonas.spaces.evanet.architecture import (
    Branch,
    Conv,
    ConvKind,
    EvaNetArchitecture,
    Module,
    Pool,
    Repetition,
    Skeleton,
    parts,
)
from videonas.spaces.evanet.normalise import LENGTHS, normalise
from videonas.spaces.evanet.presets import PRESETS
from videonas.spaces.evanet.space import EvaNetSpace
from videonas.spaces.windows import padding_before
from videonas.task import Clip, Task

TASK = Task(dict(EvaNetSpace().largest()), 5)
WIDE = Task({"rgb": Clip(64, 224), "flow": Clip(64, 224, 2)}, 400)

GOLDEN = {"evanet1": "77ae9278891a", "evanet2": "d3f85994efd2"}
"""Ids must never change: results are kept by them."""


# The same network written alike


@given(evanets())
@settings(max_examples=60, deadline=None)
def test_normalising_keeps_every_size(raw: EvaNetArchitecture) -> None:
    net = normalise(raw, SMALL)
    assert normalise(net, SMALL) == net
    channels = SMALL.streams[raw.stream].channels
    before, after = (list(parts(each, channels)) for each in (raw, net))
    assert [part.after for part in before] == [part.after for part in after]


def test_what_a_branch_does_not_read_makes_no_other_network() -> None:
    space, noise = EvaNetSpace(), {"conv2": "itgm", "time2": 9}
    for kind, more in (
        ("conv1x1", noise | {"conv": "2plus1d", "time": 7}),
        ("pool_conv", noise | {"conv": "itgm"}),
        ("conv", noise),
    ):
        plain, noisy = (
            replace(space.sample(TASK, Random(1)), modules=(Module((branch,)),) * 3)
            for branch in (Branch(kind), Branch(kind, **more))  # type: ignore[arg-type]
        )
        if kind == "pool_conv":
            assert normalise(noisy, TASK) == normalise(plain, TASK)
        assert len({architecture_id("evanet", normalise(n, TASK)) for n in (plain, noisy)}) == 1


def test_a_mixture_over_one_frame_is_the_plain_convolution() -> None:
    base = EvaNetSpace().sample(TASK, Random(2))
    mixed, plain = (
        normalise(replace(base, modules=(Module((Branch("conv", kind, 1),)),) * 3), TASK)
        for kind in ("itgm", "3d")
    )
    assert mixed == plain


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 6, 16])
def test_windows_that_see_every_frame_are_the_same(frames: int) -> None:
    """The least length that reaches from any frame to any other stands for all longer ones."""
    space = EvaNetSpace(clip_frames=frames, frames=frames, time_strides=(1, 1))
    task = Task(dict(space.largest()), 3)
    base = space.sample(task, Random(3))
    found = {
        time: normalise(
            replace(base, modules=(Module((Branch("pool_conv", time=time),)),) * 3), task
        ).modules[0].branches[0].time
        for time in LENGTHS
    }
    whole = min((time for time in LENGTHS if time // 2 >= frames - 1), default=None)
    for time, least in found.items():
        assert least == (time if whole is None else min(time, whole))


def test_ids_of_the_presets_are_what_they_were() -> None:
    found = {
        name: architecture_id("evanet", normalise(net, WIDE)) for name, net in PRESETS.items()
    }
    assert found == GOLDEN


# What the form is


def test_temporal_lengths_count_at_even_places_only() -> None:
    """`model_dna.py`: at odd repetitions every convolution has length 1; pooling keeps its own."""
    module = Module((Branch("conv_conv", "3d", 5, "itgm", 7), Branch("pool_conv", time=9)), 4)
    net = replace(PRESETS["evanet1"], modules=(module,) * 4)
    repetitions = [part for part in parts(net, 3) if isinstance(part, Repetition)]
    assert len(repetitions) == 16
    for place, repetition in enumerate(repetitions):
        first, second = repetition.branches
        lengths = [operation.window[0] for operation in first]
        assert lengths == ([1, 5, 7] if place % 4 % 2 == 0 else [1, 1, 1])
        assert isinstance(second[0], Pool)
        assert second[0].window == (9, 3)
        assert (repetition.projection is not None) == (place % 4 == 0)


def test_the_sizes_at_every_stage_are_the_released_ones() -> None:
    after = [part.after for part in parts(PRESETS["evanet1"], 3)]
    stages = list(dict.fromkeys((size.frames, size.side, size.channels) for size in after))
    assert stages == [
        (32, 112, 64), (16, 56, 64), (16, 56, 256), (16, 28, 256), (16, 28, 510), (16, 14, 510),
        (16, 14, 1024), (16, 7, 1024), (16, 7, 2046),
    ]


def test_modules_without_shortcuts_are_there_once() -> None:
    space = EvaNetSpace(form="inception")
    assert "repeats" not in space.operators
    for seed in range(20):
        net = space.sample(TASK, Random(seed))
        assert [module.repeats for module in net.modules] == [1, 1, 1]
        for part in parts(net, 3):
            if isinstance(part, Repetition):
                assert not part.shortcut
                assert part.projection is None
                assert all(branch[-1].relu for branch in part.branches
                           if isinstance(branch[-1], Conv))


# Mutation


def redone(net: Any, edit: Edit) -> Any:
    """The architecture after an edit, from the edit's own words."""
    return _put(net, edit.path.split("."), edit)


def _put(part: Any, path: list[str], edit: Edit) -> Any:
    name, *rest = path
    if isinstance(part, tuple):
        place = int(name)
        if rest:
            return (*part[:place], _put(part[place], rest, edit), *part[place + 1 :])
        after = edit.after
        if isinstance(after, dict):
            after = from_plain(Branch, after, "edit")
        new = () if after is None else (after,)
        skipped = 0 if edit.before is None else 1
        return (*part[:place], *new, *part[place + skipped :])
    if rest:
        return replace(part, **{name: _put(getattr(part, name), rest, edit)})
    return replace(part, **{name: edit.after})


def test_an_edit_says_all_that_an_operator_did() -> None:
    space, applied = EvaNetSpace(), Counter[str]()
    for name, operator in space.operators.items():
        for seed in range(40):
            net = space.sample(TASK, Random(seed))
            mutated = operator(net, TASK, Random(seed), {})
            if mutated is not None:
                child, edit = mutated
                assert edit.operator == name
                assert redone(net, edit) == child
                applied[name] += 1
    assert set(applied) == set(space.operators)


@pytest.mark.parametrize("kinds", [
    ("3d",), ("itgm",), ("2plus1d",), ("3d", "itgm"), ("3d", "2plus1d"), ("itgm", "2plus1d"),
])
def test_mutation_stays_within_the_options(kinds: tuple[ConvKind, ...]) -> None:
    space = EvaNetSpace(
        lengths=(1, 3), conv_kinds=kinds, min_branches=2, birth_branches=2, max_branches=3,
        repeats=(1, 2),
    )
    task, reached, used = Task(dict(space.largest()), 4), set(), set()
    net = space.sample(task, Random(0))
    for step in range(400):
        rng = Random(step)
        mutated = space.operators[rng.choice(sorted(space.operators))](net, task, rng, {})
        if mutated is None:
            continue
        net = space.normalise(mutated[0], task)
        for module in net.modules:
            assert 2 <= len(module.branches) <= 3
            assert module.repeats in (1, 2)
            reached.add(len(module.branches))
            for branch in module.branches:
                assert {branch.time, branch.time2} <= {1, 3}
        for part in convolutions(net):
            used.add(part.kind)
            assert part.kind in kinds or (part.kind, part.window[0]) == ("3d", 1)
    assert reached == {2, 3}
    assert set(kinds) <= used, "a kind is lost"


def convolutions(net: EvaNetArchitecture) -> Iterator[Conv]:
    """Those whose kind is evolved, at the repetitions where their length counts."""
    for part in parts(net, 3):
        if isinstance(part, Conv):
            yield part
        elif isinstance(part, Repetition) and part.path.endswith(".0"):
            yield from (
                operation for branch in part.branches for operation in branch
                if isinstance(operation, Conv) and not operation.path.endswith("conv1x1")
            )


def test_a_convolution_of_length_1_can_become_any_kind_again() -> None:
    space = EvaNetSpace()
    net = space.sample(TASK, Random(0))
    single = replace(net, modules=(Module((Branch("conv", "3d", 1),)),) * 3)
    found = set()
    for seed in range(300):
        mutated = space.operators["time"](single, TASK, Random(seed), {})
        if mutated is not None and mutated[1].path.startswith("modules.0"):
            (branch,) = mutated[0].modules[0].branches
            assert redone(single, mutated[1]) == mutated[0]
            found.add((branch.conv, branch.time > 1))
    assert found == {("3d", True), ("itgm", True)}


def test_another_kind_of_branch_keeps_what_both_kinds_read() -> None:
    space, branch = EvaNetSpace(), Branch("conv", "2plus1d", 9)
    net = replace(
        space.sample(TASK, Random(0)), modules=(Module((branch,)),) * 3
    )
    kinds = set()
    for seed in range(60):
        mutated = space.operators["branch_type"](net, TASK, Random(seed), {})
        assert mutated is not None
        after = next(b for m in mutated[0].modules for b in m.branches if b != branch)
        kinds.add(after.kind)
        if after.kind == "conv_conv":
            assert (after.conv, after.time) == ("2plus1d", 9)
        if after.kind == "pool_conv":
            assert after.time == 9
    assert kinds == {"conv1x1", "conv_conv", "pool_conv"}


@pytest.mark.parametrize("given", [
    PRESETS["evanet1"], PRESETS["evanet2"],
    replace(PRESETS["evanet1"], skeleton=Skeleton(filters=(16, 16, 16, 16))),
    replace(
        PRESETS["evanet1"], skeleton=Skeleton("inception"),
        modules=tuple(replace(module, repeats=1) for module in PRESETS["evanet1"].modules),
    ),
])
def test_a_given_network_of_another_skeleton_has_children(given: EvaNetArchitecture) -> None:
    space = EvaNetSpace(filters=(64, 64, 64))
    task = Task(dict(space.largest()), 4)
    narrow = tuple(replace(m, branches=m.branches[:4]) for m in given.modules)
    net = space.normalise(space.shrunk(replace(given, modules=narrow), task), task)
    for seed in range(60):
        child, edits = mutate(space, net, task, Random(seed), 2, {})
        assert edits
        assert space.normalise(child, task) == child
        assert child.skeleton == net.skeleton


# What no network is


def seen(frames: int, window: int, stride: int) -> list[range]:
    """The frames that a window of max pooling sees at each place."""
    before = padding_before(frames, window, stride)
    starts = [place * stride - before for place in range(-(-frames // stride))]
    return [range(max(start, 0), min(start + window, frames)) for start in starts]


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("first_stride", [1, 2])
def test_windows_of_pooling_that_see_the_same_are_one_and_no_others(
    first_stride: int, stride: int
) -> None:
    for frames in range(1, 20):
        space = EvaNetSpace(clip_frames=frames, frames=frames, time_strides=(first_stride, stride))
        task = Task(dict(space.largest()), 3)
        base = space.sample(task, Random(0))
        entering = -(-frames // first_stride)
        left = -(-entering // stride)
        for window in LENGTHS:
            first, later = normalise(replace(base, pool_times=(window, window)), task).pool_times
            alike = [w for w in LENGTHS if seen(left, w, 1) == seen(left, window, 1)]
            assert later == alike[0]
            both = [w for w in alike if seen(entering, w, stride) == seen(entering, window, stride)]
            assert first == both[0], "it stands before the first module and before the second"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"stem_time": 4}, "stem_time is 4; allowed: one of 1, 3, 5, 7, 9, 11 frames"),
        ({"modules": ()}, "modules is 0; allowed: 1 to 16 modules"),
        ({"modules": (Module(()),) * 4}, r"modules\.0\.branches is 0; allowed: 1 to 16 branches"),
        ({"stem": "4d"}, "stem is '4d'; allowed: 3d, itgm, 2plus1d"),
        ({"pool_times": (1, 2, 3)}, r"pool_times\.1 is 2; allowed: one of 1, 3"),
        ({"pool_times": (1,)}, r"pool_times is \(1,\); allowed: 3, one for"),
        ({"image_size": 300}, "image_size is 300; allowed: 1 to 224"),
        ({"frames": 65}, "frames is '65, every 1'; allowed: up to 64 source frames"),
        ({"modules": (Module((Branch(),), 2),) * 4, "skeleton": Skeleton("inception")},
         r"modules\.0\.repeats is 2; allowed: 1 with the form inception"),
        ({"skeleton": Skeleton(curve=cast(Any, "cauchy"))},
         "skeleton.curve is 'cauchy'; allowed: released, gaussian"),
        ({"modules": (Module((Branch(),), 0),) * 4}, r"modules\.0\.repeats is 0; allowed: 1 to"),
        ({"modules": (Module((Branch(time=2),)),) * 4}, r"branches\.0\.time is 2; allowed: one"),
    ],
)
def test_what_no_network_has_is_told_in_a_sentence(changes: Any, sentence: str) -> None:
    with pytest.raises(InvalidArchitecture, match=sentence):
        normalise(replace(PRESETS["evanet1"], **changes), WIDE)


def test_flow_is_refused_where_the_data_has_none() -> None:
    with pytest.raises(
        VideonasError, match=r"streams is \['rgb'\]; allowed: flow among them, which the network"
    ):
        normalise(replace(PRESETS["evanet1"], stream="flow"), Task({"rgb": Clip(64, 224)}, 5))


def test_frames_of_flow_are_not_left_out() -> None:
    task = Task({"rgb": Clip(64, 224), "flow": Clip(64, 224, 2)}, 5)
    every_other = replace(PRESETS["evanet1"], frames=32, frame_stride=2)
    assert normalise(every_other, task).frame_stride == 2
    with pytest.raises(VideonasError, match="frame_stride is 2; allowed: 1 on flow"):
        normalise(replace(every_other, stream="flow"), task)
    one_frame = replace(every_other, stream="flow", frames=1)
    assert normalise(one_frame, task).frame_stride == 1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"lengths": [1, 4]}, "lengths"),
        ({"min_branches": 5, "birth_branches": 4}, "each is at most the next"),
        ({"frames": 17}, "does not fit clip_frames, 16"),
        ({"filters": [3, 64, 128]}, "filters is"),
        ({"side_strides": [2, 2]}, "side_strides is"),
        ({"time_strides": [5, 2]}, "time_strides is"),
        ({"filters": [16, 16, 16], "min_branches": 6, "birth_branches": 6}, "too few for min_bra"),
        ({"stream": "flow", "frames": 4, "frame_stride": 2}, "frame_stride is 2; allowed: 1 on"),
        ({"stream": "sound"}, "stream is 'sound'"),
        ({"form": "resnet"}, "form is 'resnet'"),
        ({"curve": "cauchy"}, "curve is 'cauchy'"),
        ({"repeats": [99]}, r"repeats\.0 is 99"),
    ],
)
def test_options_that_no_network_can_have_are_refused(options: Any, sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        open_space("evanet", options)


# Distance


def test_the_order_of_branches_is_no_distance_and_a_smaller_change_is_nearer() -> None:
    space, net = EvaNetSpace(), PRESETS["evanet2"]
    first, *others = net.modules
    turned = replace(net, modules=(replace(first, branches=first.branches[::-1]), *others))
    one = replace(net, modules=(replace(first, repeats=3), *others))
    far = PRESETS["evanet1"]
    assert space.distance(net, turned) == 0
    assert 0 < space.distance(net, one) < space.distance(net, far) < 1
