"""The published form of EvaNets: the released strings, round trips, and what no network has."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from random import Random
from typing import Any, cast

import pytest

from videonas.errors import VideonasError
from videonas.spaces.evanet.architecture import (
    EvaNetArchitecture,
    Module,
    Skeleton,
)
from videonas.spaces.evanet.costs import costs
from videonas.spaces.evanet.presets import PRESETS
from videonas.spaces.evanet.published import _message, read_published, to_published
from videonas.spaces.evanet.space import EvaNetSpace
from videonas.task import Clip, StreamName, Task

RELEASED = {
    "evanet1": (138, "3c0a003af07b206c3bc69844e791c95e305b9e76ed0ccc5d3a489f578d44e196"),
    "evanet2": (170, "85a571c6c207f1327ec6b4bb2941583618717053d38535331f0eebf5957f0251"),
}
"""Length and SHA-256 of the bytes of the released strings."""

COUNTS = {
    ("evanet1", 400, "rgb"): (32_804_188, 142.7), ("evanet2", 400, "rgb"): (40_296_514, 101.0),
    ("evanet1", 51, "rgb"): (32_089_785, 142.7), ("evanet2", 51, "rgb"): (39_581_413, 101.0),
    ("evanet1", 400, "flow"): (32_804_092, 142.6), ("evanet2", 400, "flow"): (40_296_418, 100.8),
}
"""Parameters, and multiply-adds in milliards, of 64 x 224² clips."""

FOUR = EvaNetSpace(filters=(256, 512, 1024, 2048), side_strides=(2, 2, 2, 2, 2))


@pytest.mark.parametrize("name", PRESETS)
def test_the_presets_are_the_released_strings_byte_for_byte(name: str) -> None:
    data = base64.b64decode(to_published(PRESETS[name]))
    assert (len(data), hashlib.sha256(data).hexdigest()) == RELEASED[name]


@pytest.mark.parametrize(("net", "counts"), COUNTS.items())
def test_the_presets_cost_what_is_known_of_them(
    net: tuple[str, int, str], counts: tuple[int, float]
) -> None:
    name, classes, stream = net
    preset = replace(PRESETS[name], stream=cast(StreamName, stream))
    channels = {"rgb": 3, "flow": 2}[stream]
    found = costs(preset, Task({stream: Clip(64, 224, channels)}, classes))
    assert (found.parameters, round(found.macs / 1e9, 1)) == counts


def published(architecture: EvaNetArchitecture) -> EvaNetArchitecture:
    """The part of an architecture that the published form says."""
    return EvaNetArchitecture(
        architecture.modules, architecture.stem, architecture.stem_time, architecture.pool_times
    )


@pytest.mark.parametrize("seed", range(20))
def test_a_round_trip_gives_the_same_network_and_the_same_string(seed: int) -> None:
    task = Task(dict(FOUR.largest()), 5)
    drawn = published(FOUR.sample(task, Random(seed)))
    written = to_published(drawn)
    read, left_out = read_published(written, "here")
    assert (read, left_out) == (drawn, ())
    assert to_published(read) == written


def preset_message() -> Any:
    """The first preset."""
    dna = _message("DNA")()
    dna.ParseFromString(base64.b64decode(to_published(PRESETS["evanet1"])))
    return dna


def text(dna: Any) -> str:
    return base64.b64encode(dna.SerializeToString()).decode()


def part_at(dna: Any, path: str) -> Any:
    for step in filter(None, path.split(".")):
        dna = dna[int(step)] if step.isdigit() else getattr(dna, step)
    return dna


def text_of(change: str, value: int) -> str:
    """The first preset with one field changed."""
    dna = preset_message()
    path, _, name = change.rpartition(".")
    setattr(part_at(dna, path), name, value)
    return text(dna)


def without(path: str, name: str) -> str:
    """The first preset with one field missing."""
    dna = preset_message()
    part_at(dna, path).ClearField(name)
    return text(dna)


def with_blocks(count: int) -> str:
    """The first preset with another number of modules."""
    dna = preset_message()
    if count < len(dna.blocks):
        del dna.blocks[count:]
    else:
        dna.blocks.append(dna.blocks[0])
    return text(dna)


@pytest.mark.parametrize(
    ("change", "value", "sentence"),
    [
        ("blocks.0.layers.0.layer_type", 9, "blocks.0.layers.0.layer_type is 9; allowed: 0 (conv"),
        ("blocks.2.layers.2.conv_type", 3, "blocks.2.layers.2.conv_type is 3; allowed: 0 (3d), 1"),
        ("convop1", 7, "convop1 is 7; allowed: 0 (3d)"),
        ("blocks.1.layers.0.time", 4, "time is 4; allowed: an odd number of frames, 1 to 11"),
        ("time1", 13, "time1 is 13; allowed: an odd number"),
        ("blocks.3.repeats", 0, "blocks.3.repeats is 0; allowed: 1 to"),
    ],
)
def test_what_no_network_has_is_told_with_its_place(
    change: str, value: int, sentence: str
) -> None:
    with pytest.raises(VideonasError) as told:
        read_published(text_of(change, value), "net.txt")
    assert str(told.value).startswith("net.txt: ")
    assert sentence in str(told.value)


@pytest.mark.parametrize(
    ("change", "value", "sentence"),
    [
        ("dilation", 2, "dilation is 2, which the released builder ignores"),
        ("blocks.0.use_nl", 1, "blocks.0.use_nl is True, which the released builder ignores"),
        ("blocks.0.layers.1.time2", 5, "blocks.0.layers.1.time2 is not read of a branch"),
    ],
)
def test_what_is_ignored_is_told_and_left_out(change: str, value: int, sentence: str) -> None:
    read, left_out = read_published(text_of(change, value), "net.txt")
    assert read == PRESETS["evanet1"]
    assert len(left_out) == 1
    assert sentence in left_out[0]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("no base64!", "not base64"),
        ("AAAA", "no message of the published form"),
        ("", "blocks has 0 entries; allowed: 4"),
        (with_blocks(3), "blocks has 3 entries; allowed: 4"),
        (with_blocks(5), "blocks has 5 entries; allowed: 4"),
        (base64.b64encode(b"\x78\x01").decode(), r"unknown field number 15; allowed: 1 \(time1"),
        (base64.b64encode(b"\x0d\x01\x00\x00\x00").decode(), "time1 is of another type than"),
        (without("blocks.0", "layers"), "blocks.0.layers has 0 entries"),
        (without("", "dilation"), "txt: dilation is missing"),
        (without("blocks.1", "use_nl"), "blocks.1.use_nl is missing"),
        (without("blocks.0.layers.0", "layer_type"), "blocks.0.layers.0.layer_type is missing"),
    ],
)
def test_what_is_no_network_at_all(given: str, sentence: str) -> None:
    with pytest.raises(VideonasError, match=sentence):
        read_published(given, "net.txt")


def test_the_form_has_four_modules_and_one_skeleton() -> None:
    preset = PRESETS["evanet1"]
    with pytest.raises(VideonasError, match="modules has 3 entries"):
        to_published(replace(preset, modules=preset.modules[:3]))
    with pytest.raises(VideonasError, match="skeleton"):
        to_published(replace(preset, skeleton=Skeleton(stem_filters=32)))


def test_a_module_needs_a_branch() -> None:
    task = Task({"rgb": Clip(64, 224)}, 5)
    preset = PRESETS["evanet1"]
    empty = replace(preset, modules=(Module(()), *preset.modules[1:]))
    with pytest.raises(VideonasError, match=r"modules\.0\.branches is 0; allowed: 1 to"):
        EvaNetSpace().normalise(empty, task)
