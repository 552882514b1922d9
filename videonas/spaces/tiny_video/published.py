"""The published JSON form of Tiny Video Networks, read and written.

Source: `tiny_video_nets/tiny_video_net.py` in google-research, the released builder, for what is
read and what an absent field means; `found_tvns.py`, the six networks, for the two forms of a file.
Where they leave a choice, docs/tiny_video.md says what is this project's reading.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from videonas.errors import VideonasError, brief, did_you_mean
from videonas.spaces.base import Imported
from videonas.spaces.tiny_video.architecture import Block, TinyVideoArchitecture
from videonas.spaces.tiny_video.normalise import MOST, MOST_BLOCKS, MOST_NON_LOCAL

MOST_STREAMS = 32
"""The most input streams of a file; the published networks have one."""

_CLIP: Mapping[str, str] = {
    "image_size": "image_size", "num_frames": "frames", "frame_stride": "frame_stride"
}
"""Our names of published fields, here and below."""

_SWITCHES: Mapping[str, str] = {
    "skip": "skip", "context_gate": "context_gate", "inv-bottle": "inverted_bottleneck"
}

_RELU_OR_HSWISH = {"relu": "relu", "hswish": "hswish"}
_TYPES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "spatial_type": ("spatial_type", {
        "std": "conv", "depth": "depthwise", "maxpool": "maxpool", "avgpool": "avgpool"
    }),
    "temporal_type": ("temporal_type", {"1d": "conv", "maxpool": "maxpool", "avgpool": "avgpool"}),
}
_ACTIVATIONS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "act": ("activation", _RELU_OR_HSWISH),
    "spatial_act": ("spatial_activation", _RELU_OR_HSWISH),
    "temporal_act": ("temporal_activation", _RELU_OR_HSWISH),
}
"""Beside our names, our words for published ones."""

_STALE = ("current_size", "input_size", "output_size")
"""Sizes at the time that a block was made; the released builder never reads them."""

_TOP_FIELDS = (*_CLIP, "input_streams", "num_blocks", "total_layers", "blocks")
_STREAM_FIELDS = (*_CLIP, *_STALE)
_BLOCK_FIELDS = (
    *_TYPES, *MOST, "squeeze", "non_local", *_SWITCHES, *_ACTIVATIONS, "inputs", *_STALE
)

_NOT_OFFERED: Mapping[tuple[str, str], str] = {
    ("spatial_type", "'1std'"): "a convolution without the 1x1 convolution before it",
    ("expand", "0"): "a block without the 1x1 convolution that expands it",
}
"""What the released builder builds and a `Block` cannot say, by field and value."""


class _Twice:
    """Stands for the value of a field that an object of a file has more than once."""

    def __repr__(self) -> str:
        return "given twice"


_TWICE = _Twice()


def read_published(text: str, where: str) -> Imported:
    """The network in a file of the published form.

    Args:
        text: of the file, JSON.
        where: the file's address, for messages.

    Raises:
        VideonasError: the text is not JSON, or the first thing in it that no network has, with
            the file, the block, the field, what was found and what is allowed.
    """
    try:
        published = json.loads(text, object_pairs_hook=_marking_twice)
    except (ValueError, RecursionError) as error:  # RecursionError: lists in lists, very deep
        raise VideonasError(f"{where}: not JSON that can be read ({error})") from None
    return from_published(published, where)


def from_published(published: Any, where: str = "published network") -> Imported:
    """A network from its published form.

    Both forms are taken: the size of the clip at the top, or the `input_streams` and `inputs` of
    the mobile networks. Of these the first entry of `inputs` is followed, from the last block back
    to a stream. It counts the streams first and then the blocks (`tiny_video_net.py`,
    `multistream_tvn`: one list holds the streams, and each block is added behind them).

    Args:
        published: a parsed JSON object; anything may be in it.
        where: its address, for messages.

    Raises:
        VideonasError: the first thing in it that no network has, with the block, the field, what
            was found and what is allowed.
    """
    try:
        return _import(published)
    except VideonasError as error:
        raise VideonasError(f"{where}: {error}") from None


def to_published(architecture: TinyVideoArchitecture, *, mobile: bool = False) -> dict[str, Any]:
    """A network in its published form; `from_published` gives the same architecture back.

    It has every field that the released builder reads, `num_blocks` and `total_layers` as in
    `found_tvns.py`, and nothing that was stale there. It is not normalised.

    Args:
        architecture: one that `normalise` allows.
        mobile: gives the form of the mobile networks, with one stream. The released builder should
            fail on that form, see docs/tiny_video.md; the other one says the same network.
    """
    clip = {name: getattr(architecture, ours) for name, ours in _CLIP.items()}
    blocks = [_published_block(block) for block in architecture.blocks]
    if mobile:
        chain = [{**block, "inputs": [number]} for number, block in enumerate(blocks)]
        return {"input_streams": [clip], "blocks": chain}
    return {**clip, "num_blocks": len(blocks), "total_layers": 0, "blocks": blocks}


def _published_block(block: Block) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, (ours, words) in {**_TYPES, **_ACTIVATIONS}.items():
        theirs = {our_word: word for word, our_word in words.items()}
        fields[name] = theirs[getattr(block, ours)]
    for name in (*MOST, "squeeze", "non_local"):
        fields[name] = getattr(block, name)
    for name, ours in _SWITCHES.items():
        fields[name] = int(getattr(block, ours))
    return fields


def _marking_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of a file. The hook knows no path, so a double field is told by who reads it."""
    fields: dict[str, Any] = {}
    for name, value in pairs:
        fields[name] = _TWICE if name in fields else value
    return fields


class _Object:
    """An object of a file that has known fields only; each is checked as it is read.

    Args:
        plain: as it was parsed.
        path: in the file, such as `blocks.2`; empty for the whole.
        known: the fields that it may have.
    """

    def __init__(self, plain: Any, path: str, known: Collection[str]) -> None:
        self.path = path
        if not isinstance(plain, dict):
            raise VideonasError(f"{path or 'the whole'} is {brief(plain)}; allowed: an object")
        for name, value in plain.items():
            if name not in known:
                hint = did_you_mean(name, known) if isinstance(name, str) else ""
                raise VideonasError(
                    f"{path or 'the whole'} has the unknown field {brief(name)}{hint}; allowed: "
                    f"{', '.join(known)}"
                )
            if value is _TWICE:
                raise VideonasError(f"{self.at(name)} is given twice; allowed: once")
        self._plain = plain

    def __contains__(self, name: str) -> bool:
        return name in self._plain

    def at(self, name: str) -> str:
        """The path of a field."""
        return f"{self.path}.{name}" if self.path else name

    def __getitem__(self, name: str) -> Any:
        if name not in self._plain:
            raise VideonasError(f"{self.at(name)} is missing")
        return self._plain[name]

    def wrong(self, name: str, allowed: str) -> VideonasError:
        """The error that a field is not what is allowed."""
        found = brief(self[name])
        what = _NOT_OFFERED.get((name, found))
        note = f", {what}, which this search space does not offer" if what else ""
        return VideonasError(f"{self.at(name)} is {found}{note}; allowed: {allowed}")

    def integer(self, name: str, least: int, most: int | None = None) -> int:
        """An integer of a range; `true` is none, although it is one in Python."""
        value = self[name]
        if type(value) is int and value >= least and (most is None or value <= most):
            return value
        limits = f"{least} or more" if most is None else f"{least} to {most}"
        raise self.wrong(name, f"an integer, {limits}")

    def share(self, name: str) -> float:
        """A number from 0 to 1, to its full precision."""
        value = self[name]
        if type(value) in (int, float) and 0 <= value <= 1:  # not so for NaN
            return float(value)
        raise self.wrong(name, "a number, 0 to 1")

    def switch(self, name: str) -> bool:
        """0 or 1; `false` and `true` do the same in the released builder."""
        value = self[name]
        if type(value) in (int, bool) and value in (0, 1):
            return bool(value)
        raise self.wrong(name, "0 or 1")

    def word(self, name: str, words: Mapping[str, str]) -> str:
        """Our word for a published one."""
        value = self[name]
        if isinstance(value, str) and value in words:
            return words[value]
        raise self.wrong(name, ", ".join(words))

    def objects(self, name: str, most: int, known: Collection[str]) -> list[_Object]:
        """A list of 1 to `most` objects."""
        plain = self[name]
        if not isinstance(plain, list):
            raise self.wrong(name, f"a list of 1 to {most} objects")
        if not 1 <= len(plain) <= most:
            raise VideonasError(f"{self.at(name)} has {len(plain)} entries; allowed: 1 to {most}")
        return [_Object(entry, f"{self.at(name)}.{n}", known) for n, entry in enumerate(plain)]


def _import(published: Any) -> Imported:
    whole = _Object(published, "", _TOP_FIELDS)
    blocks = whole.objects("blocks", MOST_BLOCKS, _BLOCK_FIELDS)
    if "num_blocks" in whole:
        count = len(blocks)
        if type(whole["num_blocks"]) is not int or whole["num_blocks"] != count:
            raise whole.wrong("num_blocks", f"{count}, as many as blocks has entries")
    if "input_streams" in whole:
        clip, way, left_out = _follow(whole, blocks)
    else:
        clip, way, left_out = _clip(whole), list(range(len(blocks))), _unread_inputs(blocks)
    read = [_read_block(block) for block in blocks]  # one that is left out has to be right as well
    for number in way:
        left_out += _overruled(blocks[number])
    architecture = TinyVideoArchitecture(**clip, blocks=tuple(read[number] for number in way))
    return Imported(architecture, tuple(left_out))


def _clip(fields: _Object) -> dict[str, int]:
    return {ours: fields.integer(name, 1) for name, ours in _CLIP.items()}


def _follow(
    whole: _Object, blocks: Sequence[_Object]
) -> tuple[dict[str, int], list[int], list[str]]:
    """The mobile form as a chain.

    Returns:
        The clip of the stream that feeds it, the places of its blocks from input to output, and
        a sentence for each thing that is not in it.
    """
    streams = whole.objects("input_streams", MOST_STREAMS, _STREAM_FIELDS)
    clips = [_clip(stream) for stream in streams]
    inputs = [_inputs(block, len(streams) + number) for number, block in enumerate(blocks)]
    way: list[int] = []
    index = len(streams) + len(blocks) - 1
    while index >= len(streams):  # ends, since a block reads only what stands before it
        way.insert(0, index - len(streams))
        index = inputs[index - len(streams)][0]
    left_out = [
        f"{whole.at(name)} is not read beside input_streams" for name in _CLIP if name in whole
    ]
    unread = [stream for number, stream in enumerate(streams) if number != index]
    unread += [block for number, block in enumerate(blocks) if number not in way]
    left_out += [f"{part.path} does not feed the last block and is left out" for part in unread]
    left_out += [
        f"{blocks[number].at('inputs')} is {brief(inputs[number])}, of which only the first is read"
        for number in way if len(inputs[number]) > 1
    ]
    return clips[index], way, left_out


def _inputs(block: _Object, before: int) -> list[int]:
    """The indices in `inputs`; `before` streams and blocks stand before the block."""
    indices = block["inputs"]
    if isinstance(indices, list) and indices and all(
        type(index) is int and 0 <= index < before for index in indices
    ):
        return indices
    allowed = f"a list of indices, 0 to {before - 1}, of streams and then of blocks before this one"
    raise block.wrong("inputs", allowed)


def _unread_inputs(blocks: Sequence[_Object]) -> list[str]:
    """A sentence for each block whose `inputs`, without any streams, is not the block before."""
    return [
        f"{block.at('inputs')} is {brief(block['inputs'])}, which is not read without "
        "input_streams; the block reads what stands before it"
        for number, block in enumerate(blocks)
        if "inputs" in block and block["inputs"] != [number]
    ]


def _read_block(fields: _Object) -> Block:
    read: dict[str, Any] = {name: fields.integer(name, 1, most) for name, most in MOST.items()}
    read["squeeze"] = fields.share("squeeze")
    if "non_local" in fields:  # the builder does not read it, so it may be absent
        read["non_local"] = fields.integer("non_local", 0, MOST_NON_LOCAL)
    for name, ours in _SWITCHES.items():
        if name in fields or name != "inv-bottle":  # off where absent; the others have no default
            read[ours] = fields.switch(name)
    for name, (ours, words) in _TYPES.items():
        read[ours] = fields.word(name, words)
    for name, (ours, words) in _ACTIVATIONS.items():
        if "act" in fields:  # where it is absent all three are relu, whatever the others say
            read[ours] = fields.word(name, words)
        elif name in fields:
            fields.word(name, words)
    return Block(**read)


def _overruled(block: _Object) -> list[str]:
    """A sentence for each activation that has no effect because `act` is absent."""
    return [
        f"{block.at(name)} is {brief(block[name])}, but where act is absent the released builder "
        "takes relu for all three activations"
        for name in ("spatial_act", "temporal_act")
        if "act" not in block and name in block and block[name] != "relu"
    ]
