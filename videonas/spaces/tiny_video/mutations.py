"""The mutations of a Tiny Video Network, one named operator for each kind of change.

The released genotypes show that single fields were changed after sampling (docs/tiny_video.md);
the list of mutations itself was not published.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from videonas.codec import to_plain
from videonas.spaces.base import Edit, Learned, Operator
from videonas.spaces.tiny_video.architecture import Block, TinyVideoArchitecture
from videonas.task import Task

if TYPE_CHECKING:
    from videonas.spaces.tiny_video.space import TinyVideoSpace

Mutated = tuple[TinyVideoArchitecture, Edit] | None
TinyVideoOperator = Operator[TinyVideoArchitecture]

SWITCHES = ("skip", "context_gate", "inverted_bottleneck")


def operators(space: TinyVideoSpace) -> Mapping[str, TinyVideoOperator]:
    """The operators by name; what a field may become is the space's choice."""
    of_clip: dict[str, Callable[[Task], Sequence[int]]] = {
        "image_size": space.allowed_sizes,
        "frames": lambda task: space.allowed_frames(task),
        "frame_stride": lambda task: space.frame_strides,
    }
    found: dict[str, TinyVideoOperator] = {
        "add_block": _add_block(space),
        "duplicate_block": _duplicate_block(space),
        "remove_block": _remove_block,
        "repeats": _step_repeats(space),
        "squeeze": _block_field("squeeze", lambda rng: _other_squeeze(rng)),
    }
    for name, allowed in of_clip.items():
        found[name] = _clip_field(name, allowed)
    for name, choices in space.block_choices().items():
        if name != "repeats":
            found[name] = _block_field(name, _chooser(choices))
    for name in SWITCHES:
        found[name] = _block_field(name, _chooser((False, True)))
    return found


def _chooser(choices: Sequence[Any]) -> Callable[[Random], Any]:
    return lambda rng: rng.choice(choices)


def _other_squeeze(rng: Random) -> float:
    return round(rng.random(), 4) if rng.random() < 0.5 else 0.0


def _clip_field(name: str, allowed: Callable[[Task], Sequence[int]]) -> TinyVideoOperator:
    def mutate(a: TinyVideoArchitecture, task: Task, rng: Random, _: Learned) -> Mutated:
        """Another value for one field of the clip."""
        before = getattr(a, name)
        fitting = [
            changed
            for value in allowed(task)
            if value != before
            and (changed := _with(a, name, value)).span <= task.streams["rgb"].frames
        ]
        if not fitting:
            return None
        after = rng.choice(fitting)
        return after, Edit(name, name, before, getattr(after, name))

    return mutate


def _block_field(name: str, draw: Callable[[Random], Any]) -> TinyVideoOperator:
    def mutate(a: TinyVideoArchitecture, task: Task, rng: Random, _: Learned) -> Mutated:
        """Another value for one field of a block."""
        place = rng.randrange(len(a.blocks))
        before, after = getattr(a.blocks[place], name), draw(rng)
        if after == before:
            return None
        return _set(a, place, name, after), Edit(name, f"blocks.{place}.{name}", before, after)

    return mutate


def _step_repeats(space: TinyVideoSpace) -> TinyVideoOperator:
    def mutate(a: TinyVideoArchitecture, task: Task, rng: Random, _: Learned) -> Mutated:
        """One step up or down."""
        place = rng.randrange(len(a.blocks))
        before, up = a.blocks[place].repeats, rng.random() < 0.5
        beyond = [n for n in space.repeats if (n > before if up else n < before)]
        if not beyond:
            return None
        after = min(beyond) if up else max(beyond)
        return _set(a, place, "repeats", after), Edit(
            "repeats", f"blocks.{place}.repeats", before, after
        )

    return mutate


def _add_block(space: TinyVideoSpace) -> TinyVideoOperator:
    def mutate(a: TinyVideoArchitecture, task: Task, rng: Random, _: Learned) -> Mutated:
        """A random block somewhere."""
        if len(a.blocks) >= space.max_blocks:
            return None
        return _insert(a, rng.randint(0, len(a.blocks)), space.sample_block(rng), "add_block")

    return mutate


def _duplicate_block(space: TinyVideoSpace) -> TinyVideoOperator:
    def mutate(a: TinyVideoArchitecture, task: Task, rng: Random, _: Learned) -> Mutated:
        """A copy behind its original."""
        if len(a.blocks) >= space.max_blocks:
            return None
        place = rng.randrange(len(a.blocks))
        # the copy keeps the size of what it is given, as far as the options let it
        copy = replace(
            a.blocks[place],
            spatial_stride=min(space.spatial_strides),
            temporal_stride=min(space.temporal_strides),
        )
        return _insert(a, place + 1, copy, "duplicate_block")

    return mutate


def _remove_block(a: TinyVideoArchitecture, task: Task, rng: Random, _: Learned) -> Mutated:
    if len(a.blocks) == 1:
        return None
    place = rng.randrange(len(a.blocks))
    rest = a.blocks[:place] + a.blocks[place + 1 :]
    edit = Edit("remove_block", f"blocks.{place}", to_plain(a.blocks[place]), None)
    return replace(a, blocks=rest), edit


def _with(a: TinyVideoArchitecture, name: str, value: Any) -> TinyVideoArchitecture:
    return replace(a, **{name: value})


def _insert(a: TinyVideoArchitecture, place: int, block: Block, operator: str) -> Mutated:
    blocks = (*a.blocks[:place], block, *a.blocks[place:])
    return replace(a, blocks=blocks), Edit(operator, f"blocks.{place}", None, to_plain(block))


def _set(a: TinyVideoArchitecture, place: int, name: str, value: Any) -> TinyVideoArchitecture:
    changed = replace(a.blocks[place], **{name: value})
    return replace(a, blocks=(*a.blocks[:place], changed, *a.blocks[place + 1 :]))
