"""Moves weights from a parent's network into its child's.

A tensor goes on where the parent's stood: its channels are the parent's channels from the first one
on, unless the heritage says which are which, and its window lies over the parent's window. Where
the child's is larger, new output channels begin as they would without a parent; what would change
the old ones, new input channels and new places of a window, begins at zero. Where the child's is
smaller, the rest is cut off.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import keras
import numpy as np

from videonas.networks import build
from videonas.networks.convolution import SpaceTimeConv
from videonas.networks.inheritance import Channels, Heritage, Source, Tensors, heritage_of
from videonas.networks.itgm import InflatedTGM
from videonas.search.result import Inherited
from videonas.training.jobs import Candidate, TrainedParent

Fate = Literal["kept", "widened", "cut", "new"]
FATES: tuple[Fate, ...] = ("kept", "widened", "cut", "new")

CONVOLUTIONS = (
    keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D, SpaceTimeConv, InflatedTGM
)
DEPTHWISE = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)


@dataclass(frozen=True)
class Moved:
    """One tensor of the child.

    Attributes:
        name: such as `blocks.0.layers.1.spatial/kernel`.
        fate: `kept` whole; `widened`: kept whole, with more beside it; `cut`: some of the parent's
            values are lost; `new`: none of them is there.
        size: elements.
        inherited: elements that are the parent's.
        trainable: whether they count as parameters.
    """

    name: str
    fate: Fate
    size: int
    inherited: int
    trainable: bool


def take_over(child: keras.Model, parent: TrainedParent, candidate: Candidate) -> Inherited:
    """Gives a child the weights of its parent, as far as they fit.

    Args:
        child: its network, as new; its weights are changed.
        parent: whose weights, and the edits that lead to the child.
        candidate: the child.

    Returns:
        what the training record says of it.

    Raises:
        OSError: the file of weights cannot be read.
        ValueError: it holds those of another network, or the edits do not lead to the child.
    """
    network = build(candidate.space, parent.architecture, candidate.task)
    network.load_weights(parent.weights)
    heritage = heritage_of(
        candidate.space, parent.architecture, candidate.architecture, parent.edits, candidate.task
    )
    return record_of(inherit(child, network, heritage), parent.key, parent.steps)


def inherit(child: keras.Model, parent: keras.Model, heritage: Heritage) -> list[Moved]:
    """Moves weights; the child's new ones must have been drawn before.

    Args:
        child: whose weights are changed.
        parent: with its weights.
        heritage: which layers stand for which.

    Returns:
        what became of each tensor of the child.
    """
    moved = []
    for layer in child.layers:
        if layer.name in heritage.silent:  # what is the parent's comes over it
            layer.gamma.assign(np.zeros(layer.gamma.shape))
        source = heritage.sources.get(layer.name)
        old = _taken(parent, source) if source and layer.weights else {}
        for weight in layer.weights:
            role, copied, lost = _role(weight), 0, 0
            if source is not None and role in old:
                offset = source.offset if _windowed(layer, role) else ()
                into, out = _channel_axes(layer, role, len(weight.shape))
                value, copied = transferred(
                    np.asarray(weight), old[role], offset, into,
                    {into: source.inputs, out: source.outputs},
                )
                weight.assign(value)
                lost = int(np.ma.count(old[role])) - copied
            size = math.prod(weight.shape)
            moved.append(Moved(
                f"{layer.name}/{role}", _fate(size, copied, lost), size, copied, weight.trainable
            ))
        _begin(layer, heritage)
    return moved


def transferred(
    fresh: Any,
    old: Any,
    offset: Sequence[int],
    input_axis: int | None,
    channels: Mapping[int | None, Channels | None] | None = None,
) -> tuple[Any, int]:
    """A tensor that goes on where another one stood.

    Args:
        fresh: the new tensor, as it was drawn.
        old: the parent's, with as many axes; masked elements are not the parent's and become zero.
        offset: of the parent's window in the new one, along the first axes.
        input_axis: the axis of the input channels, counted from 0; None where there is none.
        channels: which are which, by axis; along an axis that has none here, or None, they are
            matched from the first one on.

    Returns:
        the tensor, and how many of its elements are the parent's.
    """
    if fresh.ndim != old.ndim:
        return fresh, 0
    known = channels or {}
    offsets = [*offset, *[0] * (fresh.ndim - len(offset))]
    to: list[Sequence[int]] = []
    source: list[Sequence[int]] = []
    for axis, sizes in enumerate(zip(fresh.shape, old.shape, offsets, strict=True)):
        matched = known.get(axis)
        here, there = _overlap(*sizes) if matched is None else _matched(matched)
        to.append(here)
        source.append(there)
    taken = old[_index(source)]
    copied = int(np.ma.count(taken))
    if copied == 0:
        return fresh, 0
    value = fresh.copy()
    # what acts on the parent's output channels: their window, and all inputs
    acting = [
        range(fresh.shape[axis]) if axis < len(offset) or axis == input_axis else part
        for axis, part in enumerate(to)
    ]
    value[_index(acting)] = 0
    value[_index(to)] = np.ma.filled(taken, 0)
    return value, copied


def record_of(moved: Sequence[Moved], key: str, steps: int) -> Inherited:
    """What a training record says of inheritance.

    Args:
        moved: every tensor of the child.
        key: of the result that the weights come from.
        steps: of the optimiser along the line of inheritance, before this training.
    """
    trainable = [each for each in moved if each.trainable]
    inherited = sum(each.inherited for each in trainable)
    whole = sum(each.size for each in trainable)
    return Inherited(
        key, steps,
        tensors={fate: sum(each.fate == fate for each in moved) for fate in FATES},
        parameters={"inherited": inherited, "new": whole - inherited},
        names=names_by_fate({each.name: each.fate for each in moved}),
    )


def names_by_fate(fates: Mapping[str, Fate]) -> dict[str, tuple[str, ...]]:
    """The names of tensors by what became of them.

    One name stands for all that lies below it, where all of that had the same fate: `blocks.1`
    for every tensor of a block.
    """
    below: dict[str, set[Fate]] = {}
    for name, fate in fates.items():
        for prefix in _prefixes(name):
            below.setdefault(prefix, set()).add(fate)
    found: dict[str, dict[str, None]] = {fate: {} for fate in FATES}
    for name, fate in fates.items():
        shortest = next(prefix for prefix in _prefixes(name) if len(below[prefix]) == 1)
        found[fate][shortest] = None
    return {fate: tuple(names) for fate, names in found.items() if names}


def _prefixes(name: str) -> list[str]:
    """`a.b/c`: `a`, `a.b`, `a.b/c`. A number goes with the word before it: `blocks.0`."""
    path, _, role = name.rpartition("/")
    parts, found = path.split("."), []
    for count in range(1, len(parts) + 1):
        if count == len(parts) or not parts[count].isdigit():
            found.append(".".join(parts[:count]))
    return [*found, f"{path}/{role}"]


def _taken(parent: keras.Model, source: Source) -> Tensors:
    """The tensors that a layer of the child takes over, before they are laid into its own."""

    def read(name: str) -> Tensors:
        """The tensors of a layer of the parent, by their roles."""
        return {_role(w): np.asarray(w) for w in parent.get_layer(name).weights}

    return source.convert(read) if source.convert else read(source.layer)


def _overlap(new: int, old: int, offset: int) -> tuple[Sequence[int], Sequence[int]]:
    """The places of two axes that lie over each other, the old one beginning at `offset`."""
    first, last = max(offset, 0), min(offset + old, new)
    last = max(first, last)
    return range(first, last), range(first - offset, last - offset)


def _matched(channels: Channels) -> tuple[Sequence[int], Sequence[int]]:
    """The places of channels that continue one of the parent, and the places of those."""
    found = [(place, was) for place, was in enumerate(channels) if was is not None]
    return _run([place for place, _ in found]), _run([was for _, was in found])


def _run(places: list[int]) -> Sequence[int]:
    """The same places, as a range where they follow each other."""
    run = range(places[0], places[0] + len(places)) if places else range(0)
    return run if places == list(run) else places


def _index(places: Sequence[Sequence[int]]) -> tuple[Any, ...]:
    """What picks these places of each axis: slices, which are many times as fast, where it can."""
    if all(isinstance(each, range) for each in places):
        return tuple(slice(each[0], each[-1] + 1) if each else slice(0) for each in places)
    return tuple(np.ix_(*places))


def _fate(size: int, copied: int, lost: int) -> Fate:
    if copied == 0:
        return "new"
    if lost:
        return "cut"
    return "kept" if copied == size else "widened"


def _role(weight: Any) -> str:
    """The tensor's name within its layer: `kernel`, `gamma`."""
    return str(weight.path.rpartition("/")[2])


def _windowed(layer: keras.Layer, role: str) -> bool:
    return role == "kernel" and isinstance(layer, (*CONVOLUTIONS, *DEPTHWISE))


def _channel_axes(layer: keras.Layer, role: str, axes: int) -> tuple[int | None, int | None]:
    """The axes of the input channels and of the output channels of a tensor with so many axes.

    None for the inputs where each channel is by itself, and for both where there are no channels.
    """
    if isinstance(layer, InflatedTGM):
        return {"kernel": (2, 3), "mixing": (0, 1)}.get(role, (None, None))
    if role != "kernel":
        return None, 0
    if isinstance(layer, DEPTHWISE):
        return None, axes - 2
    return axes - 2, axes - 1


def _begin(layer: keras.Layer, heritage: Heritage) -> None:
    """Sets what a new layer begins with, where that is not as it was drawn."""
    if layer.name in heritage.unchanging:
        layer.moving_variance.assign(np.full(layer.moving_variance.shape, 1 - layer.epsilon))
    if layer.name in heritage.passing:
        kernel = np.asarray(layer.kernel).copy()
        channels = kernel.shape[-2]
        kernel[..., :channels] = 0
        kernel[heritage.passing[layer.name]][:, :channels] = np.eye(channels)
        layer.kernel.assign(kernel)
