"""The published form of EvaNets: a protobuf message, as a base64 string.

Source: `evanet/inception_cell_spec.proto` in google-research for the numbers of the fields, and
`evanet/model_dna.py` for what is read of them. The released networks say which fields are written
for which kind of branch.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory
from google.protobuf.unknown_fields import UnknownFieldSet

from videonas.errors import VideonasError, brief
from videonas.spaces.base import Imported
from videonas.spaces.evanet.architecture import (
    Branch,
    BranchKind,
    ConvKind,
    EvaNetArchitecture,
    Module,
    Skeleton,
)
from videonas.spaces.evanet.normalise import LENGTHS, MOST_BRANCHES, MOST_REPEATS

PUBLISHED_MODULES = 4

_NETWORK = {
    "time1": 1, "dilation": 2, "convop1": 3, "max_pool1_time": 4, "max_pool3_time": 5,
    "max_pool4_time": 6,
}
_MODULE = {"repeats": 1, "use_nl": 2}
_BRANCH = {
    "layer_type": 1, "conv_type": 2, "time": 3, "dilation": 4, "time2": 5, "dilation2": 6,
    "conv_type2": 7,
}
_BLOCKS, _LAYERS = 7, 3
"""Numbers of the fields, by their published names."""

_KINDS: Mapping[int, BranchKind] = {0: "conv1x1", 1: "conv", 2: "conv_conv", 3: "pool_conv"}
_CONVS: Mapping[int, ConvKind] = {0: "3d", 1: "itgm", 2: "2plus1d"}
"""Our words for published numbers."""

_WRITTEN: Mapping[BranchKind, tuple[str, ...]] = {
    "conv1x1": ("layer_type",),
    "pool_conv": ("layer_type", "time"),
    "conv": ("layer_type", "conv_type", "time", "dilation"),
    "conv_conv": tuple(_BRANCH),
}
"""What is read of a branch, and written for it."""


def read_published(text: str, where: str) -> Imported:
    """The network in a base64 string.

    Its skeleton and its clip are those of the released builder.

    Args:
        text: the string.
        where: its address, for messages.

    Raises:
        VideonasError: not base64, not such a message, or the first thing in it that no network
            has, with the field, what was found and what is allowed.
    """
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise VideonasError(f"{where}: not base64 ({error})") from None
    dna = _message("DNA")()
    try:
        dna.ParseFromString(data)
    except message.DecodeError:
        raise VideonasError(
            f"{where}: base64 of {len(data)} bytes that are no message of the published form"
        ) from None
    try:
        return _Reader().network(dna)
    except VideonasError as error:
        raise VideonasError(f"{where}: {error}") from None


def to_published(architecture: EvaNetArchitecture) -> str:
    """A network as the base64 string of its published form.

    Args:
        architecture: one that `normalise` allows.

    Raises:
        VideonasError: the form cannot say it: it has four modules and the published skeleton.
    """
    if len(architecture.modules) != PUBLISHED_MODULES:
        raise VideonasError(
            f"modules has {len(architecture.modules)} entries; the published form allows: "
            f"{PUBLISHED_MODULES}"
        )
    if architecture.skeleton != Skeleton():
        raise VideonasError(
            "skeleton is not that of the released builder; the published form allows no other"
        )
    first, third, fourth = architecture.pool_times
    dna = _message("DNA")(
        time1=architecture.stem_time, dilation=1, convop1=_number(_CONVS, architecture.stem),
        max_pool1_time=first, max_pool3_time=third, max_pool4_time=fourth,
    )
    for module in architecture.modules:
        block = dna.blocks.add(repeats=module.repeats, use_nl=False)
        for branch in module.branches:
            block.layers.add(**_published_branch(branch))
    return base64.b64encode(dna.SerializeToString(deterministic=True)).decode()


def _published_branch(branch: Branch) -> dict[str, int]:
    values = {
        "layer_type": _number(_KINDS, branch.kind), "conv_type": _number(_CONVS, branch.conv),
        "time": branch.time, "dilation": 1, "time2": branch.time2, "dilation2": 1,
        "conv_type2": _number(_CONVS, branch.conv2),
    }
    return {name: values[name] for name in _WRITTEN[branch.kind]}


def _number(words: Mapping[int, str], word: str) -> int:
    return next(number for number, ours in words.items() if ours == word)


class _Reader:
    """Turns messages into ours, and notes what has no part in them."""

    def __init__(self) -> None:
        self._left_out: list[str] = []

    def network(self, dna: Any) -> Imported:
        """The whole message."""
        self._known(dna, "", {**_NETWORK, "blocks": _BLOCKS})
        if len(dna.blocks) != PUBLISHED_MODULES:
            raise VideonasError(
                f"blocks has {len(dna.blocks)} entries; allowed: {PUBLISHED_MODULES}"
            )
        self._ignored(dna, "dilation", "", 1)
        architecture = EvaNetArchitecture(
            tuple(self._module(block, f"blocks.{n}") for n, block in enumerate(dna.blocks)),
            stem=_word(dna, "convop1", "", _CONVS),
            stem_time=_length(dna, "time1", ""),
            pool_times=tuple(
                _length(dna, f"max_pool{number}_time", "") for number in (1, 3, 4)
            ),
        )
        return Imported(architecture, tuple(self._left_out))

    def _module(self, block: Any, path: str) -> Module:
        self._known(block, path, {**_MODULE, "layers": _LAYERS})
        repeats = _value(block, "repeats", path)
        if not 1 <= repeats <= MOST_REPEATS:
            raise _wrong(block, "repeats", path, f"1 to {MOST_REPEATS}")
        if not 1 <= len(block.layers) <= MOST_BRANCHES:
            raise VideonasError(
                f"{path}.layers has {len(block.layers)} entries; allowed: 1 to {MOST_BRANCHES}"
            )
        self._ignored(block, "use_nl", path, False)
        return Module(
            tuple(self._branch(each, f"{path}.layers.{n}") for n, each in enumerate(block.layers)),
            repeats,
        )

    def _branch(self, layer: Any, path: str) -> Branch:
        self._known(layer, path, _BRANCH)
        kind = _word(layer, "layer_type", path, _KINDS)
        read = _WRITTEN[kind]
        for name in _BRANCH:
            if layer.HasField(name) and name not in read:
                self._left_out.append(f"{path}.{name} is not read of a branch of this layer_type")
        for name in ("dilation", "dilation2"):
            if name in read:
                self._ignored(layer, name, path, 1)
        fields: dict[str, Any] = {}
        for name, ours in (("time", "time"), ("time2", "time2")):
            if name in read:
                fields[ours] = _length(layer, name, path)
        for name, ours in (("conv_type", "conv"), ("conv_type2", "conv2")):
            if name in read:
                fields[ours] = _word(layer, name, path, _CONVS)
        return Branch(kind, **fields)

    def _known(self, part: Any, path: str, known: Mapping[str, int]) -> None:
        """Refuses fields of numbers that the form does not have, or of another type."""
        names = {number: name for name, number in known.items()}
        for unknown in UnknownFieldSet(part):
            number = unknown.field_number
            if number in names:
                raise VideonasError(f"{_at(path, names[number])} is of another type than it should")
            allowed = ", ".join(f"{each} ({name})" for each, name in sorted(names.items()))
            raise VideonasError(
                f"{path or 'the message'} has the unknown field number {number}; allowed: {allowed}"
            )

    def _ignored(self, part: Any, name: str, path: str, usual: int) -> None:
        """Notes a field that must be there and that the released builder does not read."""
        if _value(part, name, path) != usual:
            self._left_out.append(
                f"{_at(path, name)} is {getattr(part, name)}, which the released builder ignores"
            )


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _value(part: Any, name: str, path: str) -> int:
    if not part.HasField(name):
        raise VideonasError(f"{_at(path, name)} is missing")
    value: int = getattr(part, name)
    return value


def _wrong(part: Any, name: str, path: str, allowed: str) -> VideonasError:
    return VideonasError(
        f"{_at(path, name)} is {brief(getattr(part, name))}; allowed: {allowed}"
    )


def _length(part: Any, name: str, path: str) -> int:
    value = _value(part, name, path)
    if value not in LENGTHS:
        raise _wrong(part, name, path, f"an odd number of frames, {LENGTHS[0]} to {LENGTHS[-1]}")
    return value


def _word(part: Any, name: str, path: str, words: Mapping[int, Any]) -> Any:
    value = _value(part, name, path)
    if value not in words:
        allowed = ", ".join(f"{number} ({word})" for number, word in words.items())
        raise _wrong(part, name, path, allowed)
    return words[value]


@cache
def _message(name: str) -> Any:
    """The class of a message of the published form.

    What the form has as an enumeration is an integer here: it is the same in the bytes, and an
    unknown value is seen.
    """
    file = descriptor_pb2.FileDescriptorProto(
        name="videonas/evanet.proto", package="videonas.evanet", syntax="proto2"
    )
    for title, numbers, parts in (
        ("Branch", _BRANCH, {}),
        ("Module", _MODULE, {"layers": (_LAYERS, "Branch")}),
        ("DNA", _NETWORK, {"blocks": (_BLOCKS, "Module")}),
    ):
        described = file.message_type.add(name=title)
        for field, number in numbers.items():
            integer = descriptor_pb2.FieldDescriptorProto.TYPE_INT32
            boolean = descriptor_pb2.FieldDescriptorProto.TYPE_BOOL
            described.field.add(
                name=field, number=number, type=boolean if field == "use_nl" else integer,
                label=descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL,
            )
        for field, (number, kind) in parts.items():
            described.field.add(
                name=field, number=number, type_name=f".videonas.evanet.{kind}",
                type=descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE,
                label=descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"videonas.evanet.{name}"))
