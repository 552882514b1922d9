"""Architectures as files, and the ids that name networks."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings

from tests.architectures import (
    PUBLISHED_TASK,
    TASK,
    architectures,
    evolved,
    one_block,
    with_block,
)
from videonas.codec import canonical, decode, encode, from_plain, to_plain
from videonas.errors import DamagedRecord, InvalidArchitecture
from videonas.search.architecture_file import read_architecture
from videonas.search.individual import Individual
from videonas.spaces import architecture_id, open_space
from videonas.spaces.tiny_video import Block, TinyVideoArchitecture
from videonas.spaces.tiny_video.normalise import normalise
from videonas.spaces.tiny_video.presets import PRESETS
from videonas.task import Clip, Task


def identity(architecture: TinyVideoArchitecture, task: Task = TASK) -> str:
    """The id of the network of an architecture."""
    return architecture_id("tiny_video", normalise(architecture, task))


# Files


@given(architectures())
@settings(max_examples=50, deadline=None)
def test_json_gives_back_what_it_was_made_of(raw: TinyVideoArchitecture) -> None:
    assert decode(TinyVideoArchitecture, encode(raw, "net/1"), "net/1", "here") == raw


@given(evolved())
@settings(max_examples=30, deadline=None)
def test_yaml_gives_back_what_it_was_made_of(net: TinyVideoArchitecture) -> None:
    text = yaml.safe_dump(to_plain(net), sort_keys=False)
    assert from_plain(TinyVideoArchitecture, yaml.safe_load(text), "here") == net


def test_an_architecture_within_a_record_keeps_its_id() -> None:
    net = normalise(PRESETS["tvn3"], PUBLISHED_TASK)
    born = Individual("000003-07", identity(net, PUBLISHED_TASK), net, "sampled")
    kind = Individual[TinyVideoArchitecture]
    read: Any = decode(kind, encode(born, "individual/1"), "individual/1", "here")
    assert read == born
    assert identity(read.architecture, PUBLISHED_TASK) == born.id


def test_an_unknown_field_in_a_records_architecture_is_an_error_that_names_it() -> None:
    net = TinyVideoArchitecture(32, 2, 1, (Block(), Block(), Block()))
    plain = to_plain(Individual("000003-07", "0" * 12, net, "sampled"))
    plain["architecture"]["blocks"][2]["filtres"] = 8
    with pytest.raises(DamagedRecord, match=r"here: architecture\.blocks\.2\.filtres is not a kno"):
        from_plain(Individual[TinyVideoArchitecture], plain, "here")


def test_an_unknown_field_in_an_architecture_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    net = to_plain(TinyVideoArchitecture(32, 2, 1, (Block(), Block(), Block())))
    net["blocks"][2]["filtres"] = 8
    path = tmp_path / "architecture.yaml"
    path.write_text(
        yaml.safe_dump({"space": "tiny_video", "task": to_plain(TASK), "architecture": net})
    )
    with pytest.raises(DamagedRecord, match=r"blocks\.2\.filtres is not a known field"):
        read_architecture(path)


def test_a_wrong_value_is_an_error_that_names_its_path(tmp_path: Path) -> None:
    net = to_plain(TinyVideoArchitecture(32, 2, 1, (Block(), Block(), Block())))
    net["blocks"][2]["filters"] = "wide"
    with pytest.raises(DamagedRecord, match=r"here: blocks\.2\.filters is 'wide'; input should be"):
        from_plain(TinyVideoArchitecture, net, "here")
    del net["blocks"]
    with pytest.raises(DamagedRecord, match="here: blocks is missing"):
        from_plain(TinyVideoArchitecture, net, "here")
    for number in (float("nan"), float("inf")):
        net["blocks"] = [{"squeeze": number}]
        with pytest.raises(DamagedRecord, match=r"blocks\.0\.squeeze .* finite number"):
            from_plain(TinyVideoArchitecture, net, "here")


# Ids

GOLDEN_PRESETS = {
    "tvn1": "5593b41c8afb",
    "tvn2": "1e42c99a8fcd",
    "tvn3": "8de6afb2af99",
    "tvn4": "6405946f4d9f",
    "mobile1": "68d08bbda1bc",
    "mobile2": "08f5ea158f9f",
}

GOLDEN_SMALL = {
    "2f771961a2c1": TinyVideoArchitecture(32, 2, 1, (Block(),)),
    "a3ce16021ed6": TinyVideoArchitecture(48, 8, 2, (
        Block("depthwise", 5, 2, "conv", 3, 2, 16, 4, 2, squeeze=0.25, context_gate=True,
              non_local=16, activation="hswish", spatial_activation="hswish",
              temporal_activation="hswish", inverted_bottleneck=True),
    )),
    "35cf05eabdfa": TinyVideoArchitecture(64, 4, 4, (
        Block("maxpool", 3, 2, filters=8, skip=True),
        Block("avgpool", 2, 1, "avgpool", 2, 2, filters=64, expand=3, repeats=3, skip=True),
    )),
}

GOLDEN_LARGE = {
    "bd63b1ca6703": TinyVideoArchitecture(224, 2, 4, (
        Block("conv", 4, 2, "maxpool", 2, 2, 64, 4, 2, context_gate=True),
        Block("maxpool", 3, 2, "conv", 1, 1, 128, 4, 1, squeeze=0.907),
        Block("depthwise", 5, 3, "conv", 1, 1, 128, 4, 2, skip=True, context_gate=True),
        Block("conv", 3, 2, "conv", 1, 1, 256, 8, 2, squeeze=0.727, context_gate=True),
    )),
    "3ee16507b7c1": TinyVideoArchitecture(256, 2, 7, (
        Block("depthwise", 5, 3, "conv", 2, 1, 64, 4, 3, True, 0.067, True),
        Block("conv", 4, 2, "maxpool", 2, 2, 128, 4, 5, True, 0.693, True),
        Block("depthwise", 4, 1, "conv", 1, 1, 1024, 1, 6),
        Block("avgpool", 3, 2, "conv", 1, 1, 256, 4, 1, context_gate=True),
        Block("avgpool", 4, 3, "conv", 1, 1, 512, 4, 6, squeeze=0.947),
        Block("depthwise", 3, 3, "conv", 1, 1, 512, 4, 4),
        Block("maxpool", 2, 1, "conv", 1, 1, 348, 6, 1, context_gate=True),
    )),
    "3924dc336479": TinyVideoArchitecture(160, 8, 2, (
        Block("depthwise", 3, 2, "conv", 5, 2, 64, 3, 2, squeeze=0.646, context_gate=True),
        Block("depthwise", 3, 2, "conv", 1, 1, 256, 5, 4, skip=True, squeeze=0.906),
        Block("depthwise", 5, 4, "maxpool", 3, 2, 256, 2, 4, skip=True),
        Block("conv", 3, 2, "maxpool", 3, 3, 512, 5, 4, context_gate=True),
    )),
}
"""TVN-1 to TVN-3 with ratios of three digits, as the presets once had them."""


def test_the_golden_ids_cover_every_preset() -> None:
    assert GOLDEN_PRESETS.keys() == PRESETS.keys()


@pytest.mark.parametrize("name", GOLDEN_PRESETS)
def test_ids_of_the_published_networks_never_change(name: str) -> None:
    assert identity(PRESETS[name], PUBLISHED_TASK) == GOLDEN_PRESETS[name]


@pytest.mark.parametrize("golden", GOLDEN_LARGE)
def test_ids_of_large_networks_never_change(golden: str) -> None:
    assert identity(GOLDEN_LARGE[golden], PUBLISHED_TASK) == golden


@pytest.mark.parametrize("golden", GOLDEN_SMALL)
def test_ids_of_small_networks_never_change(golden: str) -> None:
    assert identity(GOLDEN_SMALL[golden]) == golden


def test_an_id_is_told_apart_by_the_space() -> None:
    net = next(iter(GOLDEN_SMALL.values()))
    assert architecture_id("evanet", net) != architecture_id("tiny_video", net)


def test_fields_at_their_default_do_not_count() -> None:
    defaults: dict[str, Any] = {f.name: f.default for f in fields(Block)}
    both = Block(), Block(**defaults)
    short, long = (TinyVideoArchitecture(32, 2, 1, (block,)) for block in both)
    assert identity(short) == identity(long)
    written = to_plain(short, without_defaults=True)
    assert json.loads(canonical(written)) == {
        "image_size": 32, "frames": 2, "frame_stride": 1, "blocks": [{}]
    }


@given(evolved())
@settings(max_examples=30, deadline=None)
def test_ids_survive_a_file(net: TinyVideoArchitecture) -> None:
    read = from_plain(TinyVideoArchitecture, yaml.safe_load(yaml.safe_dump(to_plain(net))), "here")
    assert architecture_id("tiny_video", read) == architecture_id("tiny_video", net)


MATTERS: dict[str, Any] = {
    "spatial_type": "maxpool", "spatial_kernel": 5, "spatial_stride": 2, "temporal_type": "avgpool",
    "temporal_kernel": 5, "temporal_stride": 2, "filters": 64, "expand": 3, "repeats": 2,
    "skip": True, "squeeze": 0.5, "context_gate": True, "non_local": 16, "activation": "hswish",
    "spatial_activation": "hswish", "temporal_activation": "hswish", "inverted_bottleneck": True,
}


@pytest.mark.parametrize("name", [f.name for f in fields(Block)])
def test_every_field_that_matters_changes_the_id(name: str) -> None:
    net = one_block(temporal_kernel=3, filters=32, expand=2)
    assert identity(with_block(net, 0, **{name: MATTERS[name]})) != identity(net)


@pytest.mark.parametrize("name", ["image_size", "frames", "frame_stride"])
def test_the_clip_changes_the_id(name: str) -> None:
    net = one_block(size=16, frames=4)
    assert identity(replace(net, **{name: getattr(net, name) + 1})) != identity(net)


NO_SPACE = one_block(spatial_kernel=1)
NO_TIME = one_block(temporal_kernel=1)
POOLS = one_block(spatial_type="maxpool")
ONE_PIXEL = one_block(size=1)
ONE_PIXEL_POOL = one_block(size=1, spatial_type="maxpool")
LAST_PIXEL = TinyVideoArchitecture(
    4, 4, 1, (Block(spatial_stride=4), Block(spatial_type="avgpool"))
)
ONE_FRAME = one_block(frames=1, temporal_kernel=3)
LAST_FRAME = TinyVideoArchitecture(
    16, 3, 1, (Block(temporal_kernel=3, temporal_stride=3), Block(temporal_kernel=3))
)
POOLS_TIME = one_block(temporal_kernel=3, temporal_type="avgpool")
FEWER_FRAMES = one_block(temporal_kernel=2, temporal_stride=2)
SQUEEZE = one_block(filters=64, squeeze=0.25)

IGNORED: list[tuple[str, TinyVideoArchitecture, int, dict[str, Any]]] = [
    ("the type of no spatial operation", NO_SPACE, 0, {"spatial_type": "avgpool"}),
    ("the stride of no spatial operation", NO_SPACE, 0, {"spatial_stride": 3}),
    ("the activation of no spatial operation", NO_SPACE, 0, {"spatial_activation": "hswish"}),
    ("the type of no temporal operation", NO_TIME, 0, {"temporal_type": "maxpool"}),
    ("the stride of no temporal operation", NO_TIME, 0, {"temporal_stride": 2}),
    ("the activation of no temporal operation", NO_TIME, 0, {"temporal_activation": "hswish"}),
    ("the activation of pooling", POOLS, 0, {"spatial_activation": "hswish"}),
    ("the stride on one pixel", ONE_PIXEL, 0, {"spatial_stride": 2}),
    ("how one pixel is pooled", ONE_PIXEL_POOL, 0, {"spatial_type": "avgpool"}),
    ("the window in which one pixel is pooled", ONE_PIXEL_POOL, 0, {"spatial_kernel": 5}),
    ("the stride at which one pixel is pooled", ONE_PIXEL_POOL, 0, {"spatial_stride": 3}),
    ("pooling of one pixel", ONE_PIXEL_POOL, 0, {"spatial_type": "conv", "spatial_kernel": 1}),
    ("how the last pixel is pooled", LAST_PIXEL, 1, {"spatial_type": "maxpool"}),
    ("a temporal type on one frame", ONE_FRAME, 0, {"temporal_type": "avgpool"}),
    ("a temporal kernel on one frame", ONE_FRAME, 0, {"temporal_kernel": 5}),
    ("a temporal stride on one frame", ONE_FRAME, 0, {"temporal_stride": 3}),
    ("a temporal activation on one frame", ONE_FRAME, 0, {"temporal_activation": "hswish"}),
    ("a temporal kernel on the last frame", LAST_FRAME, 1, {"temporal_kernel": 2}),
    ("the activation of pooling over time", POOLS_TIME, 0, {"temporal_activation": "hswish"}),
    ("a shortcut around fewer frames", FEWER_FRAMES, 0, {"skip": True}),
    ("a ratio of the same hidden width", SQUEEZE, 0, {"squeeze": 0.2599}),
    ("a ratio below the smallest hidden width", one_block(squeeze=0.01), 0, {"squeeze": 0.2}),
]


@pytest.mark.parametrize(("net", "place", "change"), [i[1:] for i in IGNORED],
                         ids=[i[0] for i in IGNORED])
def test_what_a_network_ignores_leaves_its_id(
    net: TinyVideoArchitecture, place: int, change: dict[str, Any]
) -> None:
    changed = with_block(net, place, **change)
    assert changed != net
    assert identity(changed) == identity(net)


def test_the_frame_stride_of_one_frame_is_ignored() -> None:
    assert identity(replace(ONE_FRAME, frame_stride=9)) == identity(ONE_FRAME)


EQUAL_YET_TOLD_APART: list[tuple[str, TinyVideoArchitecture, dict[str, Any]]] = [
    ("a temporal stride beyond the frames",
     one_block(frames=2, temporal_kernel=3, temporal_stride=2), {"temporal_stride": 3}),
    ("a spatial stride beyond the side",
     one_block(size=2, spatial_stride=2), {"spatial_stride": 4}),
    ("a window of pooling beyond the side",
     one_block(size=2, spatial_type="maxpool", spatial_kernel=3), {"spatial_kernel": 4}),
    ("a window of pooling over time beyond the frames",
     one_block(frames=2, temporal_type="avgpool", temporal_kernel=3), {"temporal_kernel": 5}),
    ("a ratio of the same hidden width that rounds down",
     one_block(filters=100, squeeze=0.291), {"squeeze": 0.292}),
]


@pytest.mark.parametrize(("net", "change"), [i[1:] for i in EQUAL_YET_TOLD_APART],
                         ids=[i[0] for i in EQUAL_YET_TOLD_APART])
def test_equal_networks_have_equal_ids_at_the_edges(
    net: TinyVideoArchitecture, change: dict[str, Any]
) -> None:
    """tests/networks shows that these pairs of networks are equal."""
    assert identity(with_block(net, 0, **change)) == identity(net)


# What is not allowed

WRONG: list[tuple[str, TinyVideoArchitecture]] = [
    ("image_size is 65; allowed: 1 to the 64 pixels of the data set", one_block(size=65)),
    ("image_size is 0; allowed: 1 to the 64 pixels of the data set", one_block(size=0)),
    ("frames is 0; allowed: 1 or more", one_block(frames=0)),
    ("frame_stride is 0; allowed: 1 or more", replace(one_block(), frame_stride=0)),
    ("frames is 4; allowed: as many as, 6 apart, fit into the 16 frames of the data set",
     replace(one_block(), frame_stride=6)),
    ("blocks is 0; allowed: 1 to 32 blocks", replace(one_block(), blocks=())),
    ("blocks is 33; allowed: 1 to 32 blocks", replace(one_block(), blocks=(Block(),) * 33)),
    *(
        (f"blocks.1.{name} is {value}; allowed: 1 to {most}",
         with_block(replace(one_block(), blocks=(Block(), Block())), 1, **{name: value}))
        for name, most in {"spatial_kernel": 15, "spatial_stride": 15, "temporal_kernel": 31,
                           "temporal_stride": 31, "filters": 4096, "expand": 16,
                           "repeats": 32}.items()
        for value in (0, most + 1)
    ),
    ("blocks.0.spatial_type is 'std'; allowed: conv, depthwise, maxpool, avgpool",
     one_block(spatial_type="std")),
    ("blocks.0.temporal_type is '1d'; allowed: conv, maxpool, avgpool",
     one_block(temporal_type="1d")),
    *(
        (f"blocks.0.{name} is 'gelu'; allowed: relu, hswish",
         with_block(one_block(), 0, **{name: "gelu"}))
        for name in ("activation", "spatial_activation", "temporal_activation")
    ),
    ("blocks.0.squeeze is -0.1; allowed: 0 to 1", one_block(squeeze=-0.1)),
    ("blocks.0.squeeze is 1.1; allowed: 0 to 1", one_block(squeeze=1.1)),
    ("blocks.0.squeeze is nan; allowed: 0 to 1", one_block(squeeze=float("nan"))),
    ("blocks.0.non_local is -1; allowed: 0 to 4096", one_block(non_local=-1)),
    ("blocks.0.non_local is 4097; allowed: 0 to 4096", one_block(non_local=4097)),
]


@pytest.mark.parametrize(("sentence", "net"), WRONG, ids=[w[0].partition(";")[0] for w in WRONG])
def test_what_is_not_allowed_is_said_in_a_sentence(
    sentence: str, net: TinyVideoArchitecture
) -> None:
    with pytest.raises(InvalidArchitecture) as caught:
        open_space("tiny_video").normalise(net, TASK)
    assert str(caught.value) == f"architecture: {sentence}"
    assert caught.value.path == sentence.partition(" ")[0]


@pytest.mark.parametrize("name", PRESETS)
def test_the_published_networks_do_not_fit_a_small_data_set(name: str) -> None:
    small = Task({"rgb": Clip(64, 127)}, 5)
    with pytest.raises(InvalidArchitecture, match=r"image_size is .* 127 pixels of the data set"):
        normalise(PRESETS[name], small)
