"""Random EvaNets, for hypothesis."""

from __future__ import annotations

from typing import get_args

from hypothesis import strategies as st

from videonas.spaces.evanet.architecture import (
    Branch,
    BranchKind,
    ConvKind,
    Curve,
    EvaNetArchitecture,
    Form,
    Module,
    Skeleton,
)
from videonas.spaces.evanet.normalise import LENGTHS
from videonas.task import Clip, Task

SMALL = Task({"rgb": Clip(8, 10), "flow": Clip(8, 10, 2)}, 3)
"""Of both streams."""

lengths = st.sampled_from(LENGTHS)
kinds = st.sampled_from(get_args(ConvKind))

branches = st.builds(
    Branch, st.sampled_from(get_args(BranchKind)), kinds, lengths, kinds, lengths
)
"""Any branch, ignored fields included."""


@st.composite
def evanets(
    draw: st.DrawFn, /, task: Task = SMALL, most_modules: int = 2, most_repeats: int = 3
) -> EvaNetArchitecture:
    """Any narrow architecture that a task allows, not normalised."""
    count, form = draw(st.integers(1, most_modules)), draw(st.sampled_from(get_args(Form)))
    modules = tuple(
        Module(
            tuple(draw(st.lists(branches, min_size=1, max_size=3))),
            draw(st.integers(1, most_repeats)) if form == "residual" else 1,
        )
        for _ in range(count)
    )
    skeleton = Skeleton(
        form,
        draw(st.integers(2, 5)),
        draw(st.integers(1, 5)),
        tuple(draw(st.integers(12, 15)) for _ in modules),
        (draw(st.integers(1, 2)), draw(st.integers(1, 3))),
        tuple(draw(st.integers(1, 3)) for _ in range(count + 1)),
        draw(st.sampled_from(get_args(Curve))),
    )
    stream = draw(st.sampled_from(("rgb", "flow")))
    clip = task.streams[stream]
    frames = draw(st.integers(1, clip.frames))
    farthest = max((clip.frames - 1) // max(frames - 1, 1), 1)
    return EvaNetArchitecture(
        modules, draw(kinds), draw(lengths),
        tuple(draw(lengths) for _ in range(max(count - 1, 1))), stream,  # type: ignore[arg-type]
        draw(st.integers(1, clip.size)), frames,
        1 if stream == "flow" else draw(st.integers(1, farthest)), skeleton,
    )
