"""Which layers of a child stand for which layers of its parent. No TensorFlow.

Each space says so for its own networks; `training.inheritance` moves the weights.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from videonas.spaces import Edit
from videonas.task import Task

INHERITANCES: Mapping[str, str] = {
    "evanet": "videonas.networks.evanet_inheritance:inherit_evanet",
    "tiny_video": "videonas.networks.tiny_video_inheritance:inherit_tiny_video",
}
"""The function that maps the layers of a child to those of its parent, as `module:name`, by search
space."""

Channels = tuple[int | None, ...]
"""For each channel of the child the parent's that it continues, counted from 0; None for a new
one."""

Tensors = Mapping[str, Any]
"""The weights of a layer as arrays, by their names within it: `kernel`, `gamma`."""

Convert = Callable[[Callable[[str], Tensors]], Tensors]
"""Given what reads the tensors of any layer of the parent, the tensors as a layer of the child's
kind would have them. Masked elements are zeros that are not the parent's."""


@dataclass(frozen=True)
class Source:
    """The layer of the parent that a layer of the child continues.

    Attributes:
        layer: its name in the parent.
        offset: where the parent's window begins in the child's, in elements along each axis of
            the window; below 0 where it begins before. Empty where there is no window.
        inputs: the input channels; None where they are matched from the first one on.
        outputs: the output channels, likewise.
        convert: makes what is taken over where the parent's layer is of another kind, or another
            layer has a part in it; None where its own tensors are taken.
    """

    layer: str
    offset: tuple[int, ...] = ()
    inputs: Channels | None = None
    outputs: Channels | None = None
    convert: Convert | None = None


@dataclass(frozen=True)
class Heritage:
    """What becomes of the layers of a child; those not named here begin as new ones do.

    Attributes:
        sources: layers that continue one of the parent.
        silent: batch normalisations whose new channels begin with a scale of zero: nothing comes
            through. Without a source all of them are new.
        passing: convolutions that begin by passing on what they are given, by the place in their
            window at which that is. Output channels beyond the input's begin as new ones do.
        unchanging: batch normalisations that change nothing in inference.
    """

    sources: Mapping[str, Source]
    silent: frozenset[str] = frozenset()
    passing: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    unchanging: frozenset[str] = frozenset()


def heritage_of(
    space: str, parent: Any, child: Any, edits: Sequence[Edit], task: Task
) -> Heritage:
    """What becomes of the layers of a child.

    Args:
        space: of both architectures.
        parent: its architecture, normalised.
        child: its architecture, normalised.
        edits: that lead from the parent to the child, in order.
        task: what both networks must do.

    Raises:
        ValueError: the edits do not lead from the parent to the child.
    """
    found: Heritage = pkgutil.resolve_name(INHERITANCES[space])(parent, child, edits, task)
    return found
