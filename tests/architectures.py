"""Random tasks and Tiny Video architectures, for hypothesis."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any, get_args

from hypothesis import strategies as st

from videonas.codec import from_plain
from videonas.evolution.birth import mutate
from videonas.spaces import Edit
from videonas.spaces.tiny_video import Block, TinyVideoArchitecture, TinyVideoSpace
from videonas.spaces.tiny_video.architecture import Activation, SpatialType, TemporalType
from videonas.task import Clip, Task

TASK = Task({"rgb": Clip(16, 64)}, classes=5)
"""What most tests use: the largest clip of the space's default options."""

PUBLISHED_TASK = Task({"rgb": Clip(64, 256)}, classes=339)
"""Large enough for every published network; 339 classes, as in Moments in Time."""


def tasks(classes: int = 12) -> st.SearchStrategy[Task]:
    """Any task with room for a clip of one frame of one pixel."""
    clips = st.builds(Clip, st.integers(1, 32), st.integers(1, 96), st.integers(1, 4))
    return st.builds(
        lambda clip, count: Task({"rgb": clip}, count), clips, st.integers(2, classes)
    )


def blocks(filters: int = 64, repeats: int = 6, expand: int = 8) -> st.SearchStrategy[Block]:
    """Any block of the published domain, ignored fields included.

    Args:
        filters: the widest.
        repeats: the most layers.
        expand: the largest factor.
    """
    activations = st.sampled_from(get_args(Activation))
    return st.builds(
        Block,
        spatial_type=st.sampled_from(get_args(SpatialType)),
        spatial_kernel=st.integers(1, 5),
        spatial_stride=st.integers(1, 5),
        temporal_type=st.sampled_from(get_args(TemporalType)),
        temporal_kernel=st.sampled_from((1, 2, 3, 5)),
        temporal_stride=st.integers(1, 3),
        filters=st.integers(1, filters),
        expand=st.integers(1, expand),
        repeats=st.integers(1, repeats),
        skip=st.booleans(),
        squeeze=st.just(0.0) | st.floats(0, 1, exclude_min=True),
        context_gate=st.booleans(),
        non_local=st.just(0) | st.integers(1, filters),
        activation=activations,
        spatial_activation=activations,
        temporal_activation=activations,
        inverted_bottleneck=st.booleans(),
    )


@st.composite
def architectures(
    draw: st.DrawFn, /, task: Task = TASK, *, side: int = 64, most_blocks: int = 4, **of_blocks: int
) -> TinyVideoArchitecture:
    """Any architecture that a task allows, not normalised.

    Args:
        draw: by hypothesis.
        task: gives the largest clip.
        side: the largest image in pixels, where the task allows it.
        most_blocks: the most blocks.
        of_blocks: see `blocks`.
    """
    clip = task.streams["rgb"]
    frames = draw(st.integers(1, min(clip.frames, 8)))
    stride = draw(st.integers(1, max((clip.frames - 1) // max(frames - 1, 1), 1)))
    return TinyVideoArchitecture(
        image_size=draw(st.integers(1, min(clip.size, side))),
        frames=frames,
        frame_stride=stride,
        blocks=tuple(draw(st.lists(blocks(**of_blocks), min_size=1, max_size=most_blocks))),
    )


@st.composite
def evolved(
    draw: st.DrawFn, /, space: TinyVideoSpace | None = None, task: Task = TASK, mutations: int = 12
) -> TinyVideoArchitecture:
    """An architecture that the space sampled and mutated, normalised.

    Args:
        draw: by hypothesis.
        space: by default one with the default options.
        task: what it is for.
        mutations: the most mutations.
    """
    space = space or TinyVideoSpace()
    rng = Random(draw(st.integers(0, 2**32)))
    architecture = space.sample(task, rng)
    return mutate(space, architecture, task, rng, draw(st.integers(0, mutations)), {})[0]  # type: ignore[no-any-return]


def one_block(size: int = 16, frames: int = 4, **fields: Any) -> TinyVideoArchitecture:
    """A network of one block, normalised or not."""
    return TinyVideoArchitecture(size, frames, 1, (Block(**fields),))


def with_block(
    architecture: TinyVideoArchitecture, place: int, **fields: Any
) -> TinyVideoArchitecture:
    """The architecture with some fields of one block changed."""
    changed = list(architecture.blocks)
    changed[place] = replace(changed[place], **fields)
    return replace(architecture, blocks=tuple(changed))


def redone(architecture: TinyVideoArchitecture, edit: Edit) -> TinyVideoArchitecture:
    """The architecture after an edit, from the edit's own words."""
    head, _, rest = edit.path.partition(".")
    if head != "blocks":
        return replace(architecture, **{head: edit.after})
    number, _, name = rest.partition(".")
    if name:
        return with_block(architecture, int(number), **{name: edit.after})
    changed = list(architecture.blocks)
    if edit.after is None:
        del changed[int(number)]
    else:
        changed.insert(int(number), from_plain(Block, dict(edit.after), "edit"))
    return replace(architecture, blocks=tuple(changed))
