"""The published form of Tiny Video Networks: what it means, what is refused, nothing lost."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.architectures import PUBLISHED_TASK, architectures
from videonas.errors import VideonasError
from videonas.spaces.base import Imported
from videonas.spaces.tiny_video import Block, TinyVideoArchitecture
from videonas.spaces.tiny_video.architecture import layers
from videonas.spaces.tiny_video.normalise import MOST, check_block, normalise
from videonas.spaces.tiny_video.presets import PRESETS
from videonas.spaces.tiny_video.published import (
    from_published,
    read_published,
    to_published,
)

Json = dict[str, Any]

many = settings(max_examples=300, deadline=None)

STALE = {"current_size": [64.0, 8.0], "input_size": [224, 2], "output_size": [56.0, 2.0]}
RELU = {"act": "relu", "spatial_act": "relu", "temporal_act": "relu"}
NO_DEFAULT = (*MOST, "spatial_type", "temporal_type", "skip", "squeeze", "context_gate")
READ_OF_A_BLOCK = (*NO_DEFAULT, *RELU, "inv-bottle")
"""By the released builder, `inputs` apart; it never reads what is stale."""


def block(space: str, time: str, filters: int, expand: int, repeats: int, **rest: Any) -> Json:
    """A block in the published form, with `type kernel stride` of space and time."""
    made: Json = {"skip": 0, "squeeze": 0.0, "context_gate": 0, "non_local": 0, **STALE}
    for name, what in (("spatial", space), ("temporal", time)):
        kind, kernel, stride = what.split()
        made |= {f"{name}_type": kind, f"{name}_kernel": int(kernel), f"{name}_stride": int(stride)}
    return made | {"filters": filters, "expand": expand, "repeats": repeats, **rest}


def clip(image_size: int, num_frames: int, frame_stride: int) -> Json:
    """The clip at the top of one form, and a stream of the other."""
    return {"image_size": image_size, "num_frames": num_frames, "frame_stride": frame_stride}


def single(image_size: int, num_frames: int, frame_stride: int, blocks: list[Json]) -> Json:
    """A network in the form of TVN-1 to TVN-4."""
    return {**clip(image_size, num_frames, frame_stride), "num_blocks": len(blocks),
            "total_layers": 0, "blocks": blocks}


def mobile(spatial_act: str, repeats: int) -> Json:
    """The mobile networks, which differ in two values."""
    first = RELU | {"spatial_act": spatial_act, "inv-bottle": 0, "squeeze": 0.004598785768716973,
                    "inputs": [0]}
    second = {"act": "relu", "spatial_act": "hswish", "temporal_act": "hswish", "inv-bottle": 1,
              "squeeze": 0.8589741047143076, "inputs": [1]}
    return {"input_streams": [{**clip(224, 2, 1), **STALE}], "blocks": [
        block("depth 5 4", "1d 2 1", 32, 3, 4, **first),
        block("depth 5 4", "maxpool 2 1", 128, 6, repeats, **second),
    ]}


PUBLISHED: dict[str, Json] = {
    "tvn1": single(224, 2, 4, [
        block("std 4 2", "maxpool 2 2", 64, 4, 2, context_gate=1),
        block("maxpool 3 2", "1d 1 1", 128, 4, 1, squeeze=0.9067600752736579),
        block("depth 5 3", "avgpool 1 1", 128, 4, 2, context_gate=1, skip=1),
        block("std 3 2", "avgpool 1 1", 256, 8, 2, squeeze=0.7265534208526172, context_gate=1),
    ]),
    "tvn2": single(256, 2, 7, [
        block("depth 5 3", "1d 2 1", 64, 4, 3, squeeze=0.06667482492426025, context_gate=1,
              skip=1),
        block("std 4 2", "maxpool 2 2", 128, 4, 5, squeeze=0.693452618624749, context_gate=1,
              skip=1),
        block("depth 4 1", "1d 1 1", 1024, 1, 6),
        block("avgpool 3 2", "1d 1 1", 256, 4, 1, context_gate=1),
        block("avgpool 4 3", "1d 1 1", 512, 4, 6, squeeze=0.9472192794783585),
        block("depth 3 3", "maxpool 1 1", 512, 4, 4),
        block("maxpool 2 1", "maxpool 1 1", 348, 6, 1, context_gate=1),
    ]),
    "tvn3": single(160, 8, 2, [
        block("depth 3 2", "1d 5 2", 64, 3, 2, squeeze=0.6457257964198263, context_gate=1),
        block("depth 3 2", "1d 1 1", 256, 5, 4, squeeze=0.9061418818635367, skip=1),
        block("depth 5 4", "maxpool 3 2", 256, 2, 4, skip=1),
        block("std 3 2", "maxpool 3 3", 512, 5, 4, context_gate=1),
    ]),
    "tvn4": single(128, 8, 4, [
        block("std 5 2", "1d 3 2", 64, 4, 5, squeeze=0.4775900391242449, skip=1),
        block("depth 5 2", "maxpool 2 2", 256, 6, 4, context_gate=1),
        block("depth 5 3", "1d 1 1", 256, 8, 4, squeeze=0.25309102981899967, context_gate=1),
    ]),
    "mobile1": mobile("relu", 4),
    "mobile2": mobile("hswish", 3),
}
"""The six networks, after `found_tvns.py`, with every digit of a ratio."""


def written_out(published: Json) -> Json:
    """The same network, without stale fields and with every default."""
    plain = copy.deepcopy(published)
    for part in (*plain["blocks"], *plain.get("input_streams", [])):
        for name in part.keys() & STALE.keys():
            del part[name]
    return plain | {"blocks": [{**RELU, "inv-bottle": 0, **part} for part in plain["blocks"]]}


def changed(published: Json, path: str, value: Any) -> Json:
    """A copy with the value at a path changed, added, or, where it is `GONE`, removed."""
    plain = copy.deepcopy(published)
    place: Any = plain
    *before, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    for part in before:
        place = place[part]
    if value is GONE:
        del place[last]
    else:
        place[last] = value
    return plain


GONE = object()
SMALL = single(64, 4, 2, [block("std 3 2", "1d 3 1", 8 * n, 2, 2) for n in (1, 2, 3)])
TWO = mobile("relu", 4)


def only_block(**changes: Any) -> Block:
    """What a block of the published form is here."""
    made = single(64, 4, 2, [block("std 3 2", "1d 3 1", 16, 2, 2) | changes])
    (only,) = from_published(made).architecture.blocks
    assert isinstance(only, Block)
    return only


# The six networks


@pytest.mark.parametrize("name", PRESETS)
def test_the_published_networks_are_the_presets(name: str) -> None:
    published = copy.deepcopy(PUBLISHED[name])
    net, left_out = from_published(published)
    assert normalise(net, PUBLISHED_TASK) == normalise(PRESETS[name], PUBLISHED_TASK)
    assert left_out == ()
    assert to_published(net, mobile="mobile" in name) == written_out(published)
    assert read_published(json.dumps(published), "net.json").architecture == net
    assert published == PUBLISHED[name]


RELEASED_RATIOS = [
    ("tvn1", 1, 0.9067600752736579, 464), ("tvn1", 3, 0.7265534208526172, 1487),
    ("tvn2", 0, 0.06667482492426025, 17), ("tvn2", 1, 0.693452618624749, 355),
    ("tvn2", 4, 0.9472192794783585, 1939), ("tvn3", 0, 0.6457257964198263, 123),
    ("tvn3", 1, 0.9061418818635367, 1159), ("tvn4", 0, 0.4775900391242449, 122),
    ("tvn4", 2, 0.25309102981899967, 518), ("mobile1", 0, 0.004598785768716973, 8),
    ("mobile1", 1, 0.8589741047143076, 659),
]
"""Network, block, the ratio in `found_tvns.py`, and int(E * ratio), 8 at least, by hand."""


@pytest.mark.parametrize(("name", "place", "ratio", "width"), RELEASED_RATIOS)
def test_released_ratios_keep_a_width(name: str, place: int, ratio: float, width: int) -> None:
    net = from_published(PUBLISHED[name]).architecture
    for read in (net.blocks[place], PRESETS[name].blocks[place]):
        assert read.squeeze == ratio
        assert read.squeeze_width == width
    assert normalise(net, PUBLISHED_TASK).blocks[place].squeeze_width == width


@given(architectures(), st.booleans())
@many
def test_what_is_written_is_read_back(net: TinyVideoArchitecture, in_mobile_form: bool) -> None:
    published = to_published(net, mobile=in_mobile_form)
    assert from_published(published) == Imported(net, ())
    assert read_published(json.dumps(published), "here") == Imported(net, ())


@given(architectures())
@settings(max_examples=60, deadline=None)
def test_what_is_written_has_all_that_the_builder_reads(net: TinyVideoArchitecture) -> None:
    one, other = to_published(net), to_published(net, mobile=True)
    size = net.image_size, net.frames, net.frame_stride
    assert one == single(*size, one["blocks"])
    assert other == {"input_streams": [clip(*size)], "blocks": other["blocks"]}
    for number, (mine, chained) in enumerate(zip(one["blocks"], other["blocks"], strict=True)):
        assert mine.keys() == {*READ_OF_A_BLOCK, "non_local"}
        assert chained == {**mine, "inputs": [number]}
        assert not any(isinstance(value, bool) for value in mine.values())


# What a field means


FIELDS: list[tuple[str, Any, str, Any]] = [
    ("spatial_type", "depth", "spatial_type", "depthwise"),
    ("spatial_type", "maxpool", "spatial_type", "maxpool"),
    ("spatial_type", "avgpool", "spatial_type", "avgpool"),
    ("temporal_type", "maxpool", "temporal_type", "maxpool"),
    ("temporal_type", "avgpool", "temporal_type", "avgpool"),
    *((name, 4, name, 4) for name in MOST),
    ("squeeze", 0.9067600752736579, "squeeze", 0.9067600752736579),
    ("squeeze", 1, "squeeze", 1.0),
    ("non_local", 32, "non_local", 32),
    *((theirs, on, ours, True)
      for theirs, ours in {"skip": "skip", "context_gate": "context_gate",
                           "inv-bottle": "inverted_bottleneck"}.items() for on in (1, True)),
    *((f"{place}act", "hswish", f"{place}activation", "hswish")
      for place in ("", "spatial_", "temporal_")),
]


@pytest.mark.parametrize(("theirs", "value", "ours", "expected"), FIELDS)
def test_every_field_of_a_block(theirs: str, value: Any, ours: str, expected: Any) -> None:
    assert only_block(**RELU) == Block("conv", 3, 2, "conv", 3, 1, 16, 2, 2)
    changed_block = replace(only_block(**RELU), **{ours: expected})
    assert repr(only_block(**RELU | {theirs: value})) == repr(changed_block)  # 1 == 1.0 == True


def test_what_the_builder_never_reads_may_be_anything_or_absent() -> None:
    odd = {name: {"any": [None, "thing"]} for name in STALE} | {"inv-bottle": False, "skip": False}
    made = single(64, 4, 2, [block("std 3 2", "1d 3 1", 16, 2, 2) | odd]) | {"total_layers": "many"}
    del made["num_blocks"], made["blocks"][0]["non_local"]
    assert from_published(made) == Imported(TinyVideoArchitecture(64, 4, 2, (only_block(),)), ())


# Streams and inputs


def graph(streams: int, *inputs: list[int]) -> Json:
    """A network in the mobile form; stream n has n + 1 frames, block n has n + 1 filters."""
    blocks = [block("std 3 2", "1d 3 2", n + 1, 2, 1, inputs=i) for n, i in enumerate(inputs)]
    return {"input_streams": [clip(64, n + 1, 2) for n in range(streams)], "blocks": blocks}


def parts(net: TinyVideoArchitecture) -> tuple[int, list[int]]:
    """The stream and the blocks of `graph` that an architecture has."""
    return net.frames - 1, [b.filters - 1 for b in net.blocks]


LEFT_OUT = " does not feed the last block and is left out"
CHAINS: list[tuple[Json, tuple[int, list[int]], str]] = [
    (graph(1, [0], [1], [2]), (0, [0, 1, 2]), ""),
    (graph(2, [1], [2]), (1, [0, 1]), "input_streams.0"),
    (graph(2, [0], [1]), (1, [1]), "input_streams.0 blocks.0"),
    (graph(3, [2], [1], [3], [5]), (2, [0, 2, 3]), "input_streams.0 input_streams.1 blocks.1"),
]


@pytest.mark.parametrize(("published", "chain", "left_out"), CHAINS)
def test_inputs_are_followed(published: Json, chain: tuple[int, list[int]], left_out: str) -> None:
    net, told = from_published(published)
    assert parts(net) == chain
    assert [sentence.removesuffix(LEFT_OUT) for sentence in told] == left_out.split()


def test_a_block_that_is_left_out_takes_no_frames() -> None:
    net, _ = from_published(changed(graph(1, [0], [1], [1]), "input_streams.0.num_frames", 8))
    assert [layer.after.frames for layer in layers(net)] == [4, 2]


@st.composite
def graphs(draw: st.DrawFn) -> Json:
    """Any network in the mobile form whose inputs point back."""
    streams, blocks = draw(st.integers(1, 4)), draw(st.integers(1, 6))
    return graph(streams, *(
        draw(st.lists(st.integers(0, streams + n - 1), min_size=1, max_size=3))
        for n in range(blocks)
    ))


@given(graphs())
@many
def test_any_inputs_are_read_as_the_builder_would(published: Json) -> None:
    """The builder goes forward through one list: streams, and each block behind them."""
    built: list[tuple[int, list[int]]] = [(n, []) for n in range(len(published["input_streams"]))]
    for number, made in enumerate(published["blocks"]):
        source, before = built[made["inputs"][0]]
        built.append((source, [*before, number]))
    read = from_published(published)
    assert parts(read.architecture) == built[-1]
    gone = [s.removesuffix(LEFT_OUT) for s in read.left_out if s.endswith(LEFT_OUT)]
    assert len(gone) == len(built) - 1 - len(built[-1][1])
    assert not {f"input_streams.{built[-1][0]}", *(f"blocks.{n}" for n in built[-1][1])} & set(gone)


NOT_READ: list[tuple[Json, Json, str]] = [
    (graph(1, [0], [1, 0]), graph(1, [0], [1]),
     "blocks.1.inputs is [1, 0], of which only the first is read"),
    ({**TWO, "num_frames": "many"}, TWO, "num_frames is not read beside input_streams"),
    (changed(SMALL, "blocks.2.inputs", [2]), SMALL, ""),
    (changed(SMALL, "blocks.2.inputs", [0]), SMALL,
     "blocks.2.inputs is [0], which is not read without input_streams; the block reads what stands "
     "before it"),
    (changed(SMALL, "blocks.1.temporal_act", "relu"), SMALL, ""),
    (changed(SMALL, "blocks.1.spatial_act", "hswish"), SMALL,
     "blocks.1.spatial_act is 'hswish', but where act is absent the released builder takes relu "
     "for all three activations"),
]


@pytest.mark.parametrize(("published", "same", "sentence"), NOT_READ)
def test_what_is_not_read_is_told(published: Json, same: Json, sentence: str) -> None:
    told = (sentence,) if sentence else ()
    assert from_published(published) == Imported(from_published(same).architecture, told)


# What is refused

NO_INTEGER: list[Any] = [-1, True, 2.0, "2", None, [], float("nan")]
INDICES = "a list of indices, 0 to 1, of streams and then of blocks before this one"

WRONG: list[tuple[Json, str, list[Any], str]] = [
    *((SMALL, f"blocks.1.{name}", [*NO_INTEGER, most + 1], f"an integer, 1 to {most}")
      for name, most in MOST.items()),
    *((SMALL, f"blocks.2.{name}", [0], f"an integer, 1 to {most}")
      for name, most in MOST.items() if name != "expand"),
    (SMALL, "blocks.0.non_local", [*NO_INTEGER, 4097], "an integer, 0 to 4096"),
    (SMALL, "blocks.0.spatial_type", ["conv", "", 3, ["std"]], "std, depth, maxpool, avgpool"),
    (SMALL, "blocks.2.temporal_type", ["std", None, {}], "1d, maxpool, avgpool"),
    (SMALL, "blocks.0.spatial_act", ["swish"], "relu, hswish"),
    *((TWO, f"blocks.0.{name}", ["swish", 1, None], "relu, hswish")
      for name in ("act", "spatial_act", "temporal_act")),
    (SMALL, "blocks.0.squeeze", [-0.1, 1.1, 2, True, "0.5", None, float("nan"), float("inf")],
     "a number, 0 to 1"),
    *((TWO, f"blocks.0.{name}", [2, -1, 1.0, "1", None], "0 or 1")
      for name in ("skip", "context_gate", "inv-bottle")),
    *((SMALL, name, [*NO_INTEGER, 0], "an integer, 1 or more")
      for name in ("image_size", "num_frames", "frame_stride")),
    (TWO, "input_streams.0.num_frames", [*NO_INTEGER, 0], "an integer, 1 or more"),
    (graph(2, [0]), "input_streams.1.frame_stride", [0], "an integer, 1 or more"),
    (graph(1, [0], [0]), "blocks.0.filters", [0], "an integer, 1 to 4096"),
    (SMALL, "num_blocks", [4, 0, 3.0, True, None], "3, as many as blocks has entries"),
    (SMALL, "blocks", [{}, None, "std"], "a list of 1 to 32 objects"),
    (TWO, "input_streams", [{}, None, 224], "a list of 1 to 32 objects"),
    (SMALL, "blocks.1", ["std", [], None], "an object"),
    (TWO, "input_streams.0", [224, []], "an object"),
    (TWO, "blocks.1.inputs",
     [[], [2], [3], [-1], [0, 2], [True], [1.0], ["1"], [None], [[0]], 1, {}, None], INDICES),
    (graph(1, [0]), "blocks.0.inputs", [[1]], INDICES.replace("0 to 1", "0 to 0")),
]


@pytest.mark.parametrize(("published", "path", "found", "allowed"), WRONG)
def test_a_wrong_value_is_told(published: Json, path: str, found: list[Any], allowed: str) -> None:
    for value in found:
        sentence = f"published network: {path} is {value!r}; allowed: {allowed}"
        assert error_of(changed(published, path, value)) == sentence


OTHERWISE: list[tuple[Json, str, Any, str]] = [
    (SMALL, "blocks.0.expand", 0,
     "blocks.0.expand is 0, a block without the 1x1 convolution that expands it, which this search "
     "space does not offer; allowed: an integer, 1 to 16"),
    (TWO, "blocks.1.expand", 0, "blocks.1.expand is 0, a block without the 1x1 conv"),
    (SMALL, "blocks.0.expand", False, "blocks.0.expand is False; allowed: an integer, 1"),
    (SMALL, "blocks.2.spatial_type", "1std",
     "blocks.2.spatial_type is '1std', a convolution without the 1x1 convolution before it, which "
     "this search space does not offer; allowed: std, depth, maxpool, avgpool"),
    (SMALL, "blocks.0.act", "relu", "blocks.0.spatial_act is missing"),
    *((SMALL, path, GONE, f"{path} is missing") for path in (*clip(1, 1, 1), "blocks")),
    *((TWO, path, GONE, f"{path} is missing")
      for path in ("input_streams.0.image_size", "blocks.0.inputs", "blocks.1.temporal_act")),
    *((SMALL, f"blocks.1.{name}", GONE, f"blocks.1.{name} is missing")
      for name in NO_DEFAULT),
    (SMALL, "blocks", [], "blocks has 0 entries; allowed: 1 to 32"),
    (SMALL, "blocks", SMALL["blocks"] * 11, "blocks has 33 entries; allowed: 1 to 32"),
    (TWO, "input_streams", [], "input_streams has 0 entries; allowed: 1 to 32"),
    (TWO, "input_streams", [clip(9, 9, 9)] * 33, "input_streams has 33 entries; allowed: 1 to"),
    (SMALL, "frames", 1, "the whole has the unknown field 'frames' (did you mean 'num_f"),
    (SMALL, "blocks.2.filtres", 8,
     "blocks.2 has the unknown field 'filtres' (did you mean 'filters'?); allowed: spatial_type"),
    *((SMALL, path, 10**5000, f"{path} is a very large int; allowed: ")
      for path in ("num_blocks", "blocks", *(f"blocks.0.{name}" for name in NO_DEFAULT))),
    (TWO, "input_streams.0.colour", 8, "input_streams.0 has the unknown field 'colour'; allowed: "),
]


@pytest.mark.parametrize(
    ("published", "path", "value", "sentence"), OTHERWISE, ids=[o[3][:40] for o in OTHERWISE]
)
def test_what_no_network_has_is_told(published: Json, path: str, value: Any, sentence: str) -> None:
    assert error_of(changed(published, path, value)).startswith(f"published network: {sentence}")


VALID = json.dumps(SMALL)
NO_JSON = ["", VALID[:-1], str(SMALL), "\ufeff" + VALID, "[" * 10**5, "[" * 10**5 + "]" * 10**5,
           '{"a": ' * 10**5, f'{{"num_frames": {"9" * 9000}}}']
NO_OBJECT = {"null": "None", "true": "True", "3": "3", "[]": "[]", "NaN": "nan", '"net"': "'net'"}
REPLACED = [
    ('"num_frames"', '"image_size"', "image_size is given twice; allowed: once"),
    ('"filters": 16', '"filters": 8, "filters": 16', "blocks.1.filters is given twice; allowed: o"),
    ('"current_size"', '"input_size"', "blocks.0.input_size is given twice; allowed: once"),
    ('"num_frames": 4', '"num_frames": {"a": 1, "a": 2}', "num_frames is {'a': given twice}; allo"),
    ('"num_frames": 4', f'"num_frames": {"[" * 300}{"]" * 300}', "num_frames is [[["),
    ('"squeeze": 0.0', '"squeeze": NaN', "blocks.0.squeeze is nan; allowed: a number, 0 to 1"),
    ('"squeeze": 0.0', '"squeeze": 1e999', "blocks.0.squeeze is inf; allowed: a number, 0 to 1"),
    ('"std"', f'"{"std" * 9000}"', "blocks.0.spatial_type is 'stdstd"),
    ('"std"', '"\\ud800"', r"blocks.0.spatial_type is '\ud800'; allowed: std"),
    ('"skip"', f'"{"skip" * 9000}"', "blocks.0 has the unknown field 'skipskip"),
    ('"skip"', '"ski\\np"', r"blocks.0 has the unknown field 'ski\np' (did you mean 'skip'?); "),
]
TEXTS = [
    *((text, "not JSON that can be read (") for text in NO_JSON),
    *((text, f"the whole is {value}; allowed: an object") for text, value in NO_OBJECT.items()),
    (json.dumps("net" * 9000), "the whole is 'netnet"),
    *((VALID.replace(old, new, 1), sentence) for old, new, sentence in REPLACED),
]


@pytest.mark.parametrize(("text", "sentence"), TEXTS, ids=range(len(TEXTS)))
def test_what_only_text_can_have_is_told(text: str, sentence: str) -> None:
    assert error_of(None, text).startswith(f"net.json: {sentence}")


def error_of(published: Any, text: str | None = None) -> str:
    """What is said of a network, or the text of a file, that is refused."""
    with pytest.raises(VideonasError) as caught:
        from_published(published) if text is None else read_published(text, "net.json")
    assert_short_sentence(caught.value)
    return str(caught.value)


def assert_short_sentence(error: VideonasError) -> None:
    """One line that begins with the file, and no more than a person reads."""
    assert str(error).startswith(("net.json: ", "published network: "))
    assert len(str(error)) < 1000
    assert "\n" not in str(error)


def assert_network_or_told(read: Callable[[], Imported]) -> None:
    """A network of this space, each value of its kind, written and read back; or a sentence."""
    try:
        net, left_out = read()
    except VideonasError as error:
        return assert_short_sentence(error)
    assert all(type(n) is int and n > 0 for n in (net.image_size, net.frames, net.frame_stride))
    for made in net.blocks:
        check_block("blocks", made)
        assert all(type(getattr(made, f.name)) is type(f.default) for f in fields(Block))
    assert from_published(to_published(net)).architecture == net
    assert all(sentence and "\n" not in sentence for sentence in left_out)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from([0, 1, 33, 1e999, "1std", "relu", "hswish", "depth", "1d"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["blocks", "input_streams", "inputs", "filters", "num_frames", "act", ""])
        | st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


@given(st.text(max_size=60) | values.map(json.dumps) | st.builds(
    lambda start, between, end: VALID[:start] + between + VALID[end:],
    st.integers(0, len(VALID)), st.text('{}[]:,"01.eN-', max_size=3), st.integers(0, len(VALID))
))
@many
def test_any_text_is_a_network_or_told(text: str) -> None:
    assert_network_or_told(lambda: read_published(text, "net.json"))


def places(plain: Any) -> Iterator[tuple[Any, Any]]:
    """Every object or list with each of its keys."""
    for key in [*plain] if isinstance(plain, dict) else range(len(plain)):
        yield plain, key
        if isinstance(plain[key], (dict, list)):
            yield from places(plain[key])


@st.composite
def damaged(draw: st.DrawFn) -> Json:
    """A network in which up to two values are changed, removed, or moved to another field."""
    published: Json = copy.deepcopy(draw(graphs() | architectures().map(to_published)))
    for _ in range(draw(st.integers(0, 2))):
        place, key = draw(st.sampled_from([*places(published)]))
        kind = draw(st.sampled_from(["change", "remove", "rename"]))
        if kind == "change":
            place[key] = draw(values)
        elif kind == "remove":
            del place[key]
        elif isinstance(place, dict):
            place[draw(st.sampled_from(READ_OF_A_BLOCK))] = place.pop(key)
    return published


@given(damaged())
@many
def test_a_damaged_network_is_a_network_or_told(published: Json) -> None:
    assert_network_or_told(lambda: from_published(published))
