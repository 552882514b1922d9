"""Which layers of an EvaNet stand for which layers of its parent.

Modules and repetitions keep their places; branches are followed through the edits that move them.
The joined channels of a module are what its shortcuts carry through all repetitions, and branches
only add to them: so where branches get another share of the channels, those that are left over go
on in the new places, and nothing is added to them yet. docs/inheritance.md says what is preserved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, repeat
from typing import Any

import numpy as np

from videonas.networks.inheritance import Channels, Heritage, Source, Tensors
from videonas.networks.kernels import composed, flatten, inflate, mixed
from videonas.spaces import Edit
from videonas.spaces.evanet.architecture import (
    Conv,
    ConvKind,
    EvaNetArchitecture,
    Operation,
    Repetition,
    parts,
)
from videonas.spaces.windows import padding_before
from videonas.task import Task

Operations = tuple[Operation, ...]
Read = Callable[[str], Tensors]


def inherit_evanet(
    parent: EvaNetArchitecture,
    child: EvaNetArchitecture,
    edits: Sequence[Edit],
    task: Task,
) -> Heritage:
    """What becomes of the layers of a child, see `heritage_of`.

    Raises:
        ValueError: the edits do not lead from the parent to the child.
    """
    places = _places(parent, child, edits)
    clip = task.streams[child.stream].channels
    stem, = (part for part in parts(parent, clip) if isinstance(part, Conv))
    ancestors = {part.path: part for part in parts(parent, clip) if isinstance(part, Repetition)}
    found = _Found()
    carried: Channels | None = None  # of what flows; None while it is as in the parent
    for part in parts(child, clip):
        if isinstance(part, Conv):
            found.continue_conv(part, stem)
        elif isinstance(part, Repetition):
            number = int(part.path.split(".")[1])
            first = ancestors[f"modules.{number}.layers.0"]
            joined = joined_channels(part, first, places[number])
            if part.path in ancestors:
                ancestor = ancestors[part.path]
                found.continue_repetition(part, ancestor, places[number], carried, joined)
            if part.shortcut:
                found.silent |= {f"{branch[-1].path}.norm" for branch in part.branches}
            carried = joined
    found.sources["head"] = Source("head", inputs=carried)
    return Heritage(
        found.sources, frozenset(found.silent), found.passing, frozenset(found.unchanging)
    )


def branch_places(module: int, branches: int, edits: Sequence[Edit]) -> list[int | None]:
    """The place in the parent of each branch of a module; None for one that was added.

    Args:
        module: its number.
        branches: of the parent's module.
        edits: from the parent to the child, in order.
    """
    places: list[int | None] = list(range(branches))
    for edit in edits:
        if edit.operator in ("add_branch", "remove_branch"):
            _, number, _, place = edit.path.split(".")
            if int(number) == module and edit.operator == "add_branch":
                places.insert(int(place), None)
            elif int(number) == module:
                del places[int(place)]
    return places


def joined_channels(
    own: Repetition, old: Repetition, places: Sequence[int | None]
) -> Channels:
    """The joined channels of a module that continue channels of the parent's.

    A branch keeps as many of its channels as its share allows. With shortcuts, channels that are
    left over go on in the places that are still free: the shortcuts carry them.

    Args:
        own: a repetition of the child's module.
        old: a repetition of the parent's.
        places: of each branch in the parent, see `branch_places`.
    """
    share, old_share = (each.branches[0][-1].after.channels for each in (own, old))
    joined: list[int | None] = []
    for branch, place in zip(own.branches, places, strict=True):
        kept = 0
        # without shortcuts, channels are what the last operation of their branch makes of them
        if place is not None and (own.shortcut or _end(branch) == _end(old.branches[place])):
            kept = min(share, old_share)
        joined += [(place or 0) * old_share + at for at in range(kept)]
        joined += [None] * (share - kept)
    if own.shortcut:
        left = sorted(set(range(old_share * len(old.branches))) - set(joined))
        free = chain[int | None](left, repeat(None))
        joined = [next(free) if at is None else at for at in joined]
    return tuple(joined)


def _places(
    parent: EvaNetArchitecture, child: EvaNetArchitecture, edits: Sequence[Edit]
) -> list[list[int | None]]:
    """`branch_places` of every module; the child is checked to be what the edits lead to."""
    expected = replace(
        parent, modules=child.modules, stem=child.stem, stem_time=child.stem_time,
        pool_times=child.pool_times,
    )
    if expected != child or len(parent.modules) != len(child.modules):
        raise ValueError("the edits change neither the clip nor what modules are set into")
    found = []
    for number, (old, own) in enumerate(zip(parent.modules, child.modules, strict=True)):
        places = branch_places(number, len(old.branches), edits)
        if len(places) != len(own.branches):
            raise ValueError(
                f"the edits lead from {len(old.branches)} branches of module {number} to "
                f"{len(places)}, and the child has {len(own.branches)}"
            )
        found.append(places)
    return found


class _Found:
    """What is known of the child's layers so far; the fields are those of `Heritage`."""

    def __init__(self) -> None:
        self.sources: dict[str, Source] = {}
        self.silent: set[str] = set()
        self.passing: dict[str, tuple[int, ...]] = {}
        self.unchanging: set[str] = set()

    def continue_repetition(
        self, own: Repetition, old: Repetition, places: Sequence[int | None],
        carried: Channels | None, joined: Channels,
    ) -> None:
        """Branches go on where they stand now; `carried` comes in, `joined` goes out."""
        for branch, place in zip(own.branches, places, strict=True):
            if place is not None:
                self.continue_branch(branch, old.branches[place], carried)
        if own.projection and old.projection:
            name, was = own.projection.path, old.projection.path
            self.sources[name] = Source(was, (0, 0, 0), carried, joined)
            self.sources[f"{name}.norm"] = Source(f"{was}.norm", outputs=joined)

    def continue_branch(self, own: Operations, old: Operations, carried: Channels | None) -> None:
        """Convolutions of one name go on, whatever the kinds of the two branches are.

        Two of which one is the last of its branch have different things behind them: a 1x1x1
        convolution that narrows gives other channels than one that gives the branch's, and the
        norm of the last one scales what is added to a shortcut.
        """
        before = {_name(each): each for each in old if isinstance(each, Conv)}
        for conv in own:
            ancestor = before.get(_name(conv))
            if not isinstance(conv, Conv) or ancestor is None:
                continue
            same_place = (conv is own[-1]) == (ancestor is old[-1])
            is_first = _name(conv) == "conv1x1"
            if same_place or not is_first:
                self.continue_conv(conv, ancestor, carried if is_first else None, same_place)

    def continue_conv(
        self, own: Conv, old: Conv, inputs: Channels | None = None, with_norm: bool = True
    ) -> None:
        """A convolution goes on, through a change of its length or its kind."""
        kind, was = _kind(own), _kind(old)
        name = own.path
        if kind == was == "2plus1d":
            self.sources[f"{name}.time"] = _window(f"{old.path}.time", own, old, inputs)
            self.sources[f"{name}.time.norm"] = Source(f"{old.path}.time.norm")
            self.sources[name] = Source(old.path, (0, 0, 0))
        elif kind == "2plus1d":
            if not _can_pass(own):
                return
            self.passing[f"{name}.time"] = (_before(own), 0, 0)
            self.unchanging.add(f"{name}.time.norm")
            self.sources[name] = Source(old.path, (0, 0, 0), convert=partial(_seen_still, old))
        elif kind == was == "itgm":
            self.sources[name] = Source(old.path, (0, 0), inputs)
        elif kind == "itgm":
            self.sources[name] = Source(old.path, (0, 0), inputs, convert=partial(_spatial, old))
        elif was == "3d":
            self.sources[name] = _window(old.path, own, old, inputs)
        elif own.window[0] == 1:
            self.sources[name] = Source(
                old.path, (0, 0, 0), inputs, convert=partial(_seen_still, old)
            )
        else:
            offset = _before(own) - _before(old)
            self.sources[name] = Source(
                old.path, (offset, 0, 0), inputs, convert=partial(_inflated, old)
            )
        if with_norm:
            self.sources[f"{name}.norm"] = Source(f"{old.path}.norm")


def _name(operation: Operation) -> str:
    """Its name within its branch."""
    return operation.path.rpartition(".")[2]


def _end(branch: Operations) -> str:
    """The name of its last operation."""
    return _name(branch[-1])


def _kind(conv: Conv) -> ConvKind:
    """At length 1, which every convolution of an odd repetition has, iTGM is a plain one."""
    return "3d" if conv.kind == "itgm" and conv.window[0] == 1 else conv.kind


def _before(conv: Conv) -> int:
    """Frames of padding before the clip: where a window of one frame would lie in this one."""
    return padding_before(conv.before.frames, conv.window[0], conv.strides[0])


def _can_pass(conv: Conv) -> bool:
    """Whether the first part of a (2+1)D convolution can pass on what is given to the second.

    It gives half of the channels, and relu behind it must leave alone what is positive already,
    which the clip is not.
    """
    return conv.path != "stem" and conv.before.channels <= conv.after.channels // 2


def _window(layer: str, own: Conv, old: Conv, inputs: Channels | None) -> Source:
    """The source of a kernel over time of the same kind: the same frames stay in its window."""
    if old.window[0] == 1 < own.window[0]:
        convert = partial(_bootstrapped, layer, own.window[0], _before(own))
        return Source(layer, (0, 0, 0), inputs, convert=convert)
    return Source(layer, (_before(own) - _before(old), 0, 0), inputs)


def _bootstrapped(layer: str, length: int, at: int, read: Read) -> Tensors:
    """A kernel of one frame in a longer window: what it gives stays as it is."""
    kernel = inflate(read(layer)["kernel"][0], length, "centred", at)
    others = [frame for frame in range(length) if frame != at]
    masked = np.ma.array(kernel)
    masked[others] = np.ma.masked
    return {"kernel": masked}


def _inflated(old: Conv, read: Read) -> Tensors:
    """A convolution of another kind as one over three dimensions."""
    return {"kernel": _whole(old, read)}


def _seen_still(old: Conv, read: Read) -> Tensors:
    """A convolution of another kind as one over three dimensions that sees a single frame."""
    return {"kernel": _spatial(old, read)["kernel"][None]}


def _spatial(old: Conv, read: Read) -> Tensors:
    """The kernel over space that does the same to a still clip.

    The sum over time and not the middle: a kernel that has learned over time has no frame that
    stands for it, and the curves of an iTGM layer sum to 1.
    """
    if _kind(old) == "itgm":
        return {"kernel": read(old.path)["kernel"]}
    return {"kernel": flatten(_whole(old, read))}


def _whole(old: Conv, read: Read) -> Any:
    """The kernel over time and space, `(time, side, side, in, out)`."""
    own = read(old.path)
    kind = _kind(old)
    if kind == "itgm":
        return mixed(
            own["kernel"], own["centre"], own["width"], own["mixing"], old.window[0], old.curve
        )
    if kind == "2plus1d":
        norm = read(f"{old.path}.time.norm")
        return composed(
            read(f"{old.path}.time")["kernel"], norm["gamma"], norm["moving_variance"],
            own["kernel"],
        )
    return own["kernel"]
