"""Which layers of a Tiny Video Network stand for which layers of its parent. No TensorFlow.

Blocks are followed through the edits that move them. Within a block, layers are told apart by
their place, and operations by their name and kind. docs/inheritance.md says what is preserved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from videonas.networks.inheritance import Heritage, Source
from videonas.spaces import Edit
from videonas.spaces.tiny_video.architecture import Layer, TinyVideoArchitecture, layers
from videonas.spaces.windows import padding_before
from videonas.task import Task

ADDING = ("add_block", "duplicate_block")


def inherit_tiny_video(
    parent: TinyVideoArchitecture,
    child: TinyVideoArchitecture,
    edits: Sequence[Edit],
    task: Task,
) -> Heritage:
    """What becomes of the layers of a child, see `heritage_of`.

    Raises:
        ValueError: the edits do not lead from the parent to the child.
    """
    places = block_places(len(parent.blocks), edits)
    if len(places) != len(child.blocks):
        raise ValueError(
            f"the edits lead from {len(parent.blocks)} blocks to {len(places)}, and the child has "
            f"{len(child.blocks)}"
        )
    channels = task.streams["rgb"].channels
    ancestors = {layer.path: layer for layer in layers(parent, channels)}
    found = _Found()
    before: Layer | None = None
    for layer in layers(child, channels):
        _, number, _, repeat = layer.path.split(".")
        ancestor = ancestors.get(f"blocks.{places[int(number)]}.layers.{repeat}")
        if ancestor is not None:
            found.continue_layer(layer, ancestor)
        elif before is not None and _can_be_identity(layer, before):
            found.begin_as_identity(layer)
        before = layer
    found.sources["head"] = Source("head")
    return Heritage(
        found.sources, frozenset(found.silent), found.passing, frozenset(found.unchanging)
    )


def block_places(blocks: int, edits: Sequence[Edit]) -> list[int | None]:
    """The place in the parent of each block of the child; None for one that was added.

    Args:
        blocks: of the parent.
        edits: from the parent to the child, in order.
    """
    places: list[int | None] = list(range(blocks))
    for edit in edits:
        place = edit.path.split(".")
        if edit.operator in ADDING:
            places.insert(int(place[1]), None)
        elif edit.operator == "remove_block":
            del places[int(place[1])]
    return places


class _Found:
    """What is known of the child's layers so far; the fields are those of `Heritage`."""

    def __init__(self) -> None:
        self.sources: dict[str, Source] = {}
        self.silent: set[str] = set()
        self.passing: dict[str, tuple[int, ...]] = {}
        self.unchanging: set[str] = set()

    def continue_layer(self, layer: Layer, ancestor: Layer) -> None:
        """The operations that both have go on; what is new is harmless where it can be."""
        old, own = _operations(ancestor), _operations(layer)
        for name, kind in own.items():
            if name in old and old[name] == kind:
                offset = _offset(name, layer, ancestor)
                self.sources[f"{layer.path}.{name}"] = Source(f"{ancestor.path}.{name}", offset)
                self.sources[f"{layer.path}.{name}.norm"] = Source(f"{ancestor.path}.{name}.norm")
        if "shortcut" in own and "shortcut" not in old:
            self.silent.add(f"{layer.path}.shortcut.norm")
        if "temporal" in own and not ancestor.temporal and _time_can_be_identity(layer):
            self.pass_on(f"{layer.path}.temporal", (_time_before(layer), 0))

    def begin_as_identity(self, layer: Layer) -> None:
        """The shortcut passes on what comes in, and nothing is added to it."""
        last = "project" if layer.block.inverted_bottleneck else "expand"
        self.silent.add(f"{layer.path}.{last}.norm")
        self.pass_on(f"{layer.path}.shortcut", (0, 0))

    def pass_on(self, name: str, place: tuple[int, ...]) -> None:
        """A convolution passes on what comes in."""
        self.passing[name] = place
        self.unchanging.add(f"{name}.norm")


def _operations(layer: Layer) -> Mapping[str, Any]:
    """The operations with weights, by their names in the network, and the kind of each."""
    return dict(_each_operation(layer))


def _each_operation(layer: Layer) -> Iterator[tuple[str, Any]]:
    block = layer.block
    # before the operations it widens what comes in; behind them, what they give
    yield "expand", block.inverted_bottleneck
    if block.spatial_kernel > 1 and not layer.pools_space:
        yield "spatial.in", None
        yield "spatial", block.spatial_type
    if layer.temporal and block.temporal_type == "conv":
        yield "temporal", None
    if block.squeeze_width:
        yield "squeeze.reduce", None
        yield "squeeze.expand", None
    if block.context_gate:
        yield "context.gate", None
    for part in ("query", "key", "value", "output") if block.non_local else ():
        # products of queries and keys are divided by the root of the width
        yield f"non_local.{part}", block.non_local
    if block.inverted_bottleneck:
        yield "project", None
    if layer.shortcut:
        yield "shortcut", None


def _offset(name: str, layer: Layer, ancestor: Layer) -> tuple[int, ...]:
    """Where the ancestor's window begins in the layer's: the same positions stay in it."""
    if name == "spatial":
        offset = _space_before(layer) - _space_before(ancestor)
        return offset, offset
    if name == "temporal":
        return _time_before(layer) - _time_before(ancestor), 0
    return (0, 0)


def _space_before(layer: Layer) -> int:
    return padding_before(layer.before.side, layer.block.spatial_kernel, layer.spatial_stride)


def _time_before(layer: Layer) -> int:
    return padding_before(layer.before.frames, layer.block.temporal_kernel, layer.temporal_stride)


def _can_be_identity(layer: Layer, before: Layer) -> bool:
    """Whether a new layer can give what it is given, with further channels behind it.

    Its shortcut must be all that counts, and `relu` must leave alone what is positive already.
    """
    return (
        layer.shortcut
        and layer.spatial_stride == 1
        and layer.before.channels <= layer.after.channels
        and layer.block.activation == before.block.activation == "relu"
    )


def _time_can_be_identity(layer: Layer) -> bool:
    """Whether a new temporal convolution can give what the spatial one before it gives."""
    block = layer.block
    return (
        layer.temporal_stride == 1
        and block.spatial_kernel > 1
        and not layer.pools_space
        and block.spatial_activation == block.temporal_activation == "relu"
    )
