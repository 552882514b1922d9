"""An EvaNet for people: as boxes and arrows, and as a table."""

from __future__ import annotations

from collections.abc import Iterator

from videonas.spaces.base import Diagram, Node
from videonas.spaces.evanet.architecture import (
    SIDE,
    Branch,
    ConvKind,
    EvaNetArchitecture,
    Part,
    Pool,
    Repetition,
    Size,
    parts,
)
from videonas.task import Task

WORDS: dict[ConvKind, str] = {"3d": "3D", "itgm": "iTGM", "2plus1d": "(2+1)D"}
"""What people call the kinds of convolutions."""


def rows(architecture: EvaNetArchitecture, task: Task) -> list[dict[str, str]]:
    """One row a module, its columns by heading."""
    return [
        {
            "module": str(number),
            "pooling before": _pooling(pool),
            "branches": "; ".join(", ".join(_lines(branch)) for branch in module.branches),
            "repeats": str(module.repeats),
            "output": _size(last.after),
        }
        for number, (module, (pool, last)) in enumerate(
            zip(architecture.modules, _modules(architecture, task), strict=True)
        )
    ]


def draw(architecture: EvaNetArchitecture, task: Task) -> Diagram:
    """The clip, the stem, the modules as parallel branches, and the classifier."""
    a, channels = architecture, task.streams[architecture.stream].channels
    stem = next(iter(parts(a, channels)))
    step = f"one frame in {a.frame_stride}" if a.frame_stride > 1 else "frame by frame"
    nodes = [
        Node("input", f"{a.stream} clip", (step,), _size(Size(a.frames, a.image_size, channels))),
        Node("stem", f"{WORDS[a.stem]} convolution",
             (f"{a.stem_time} x {a.skeleton.stem_side}²",), _size(stem.after)),
    ]
    arrows = [("input", "stem", "")]
    before = "stem"
    for number, (module, (pool, last)) in enumerate(
        zip(a.modules, _modules(a, task), strict=True)
    ):
        path = f"modules.{number}"
        nodes.append(Node(f"{path}.pool", "max pooling", (_pooling(pool),), _size(pool.after)))
        arrows.append((before, f"{path}.pool", ""))
        for place, branch in enumerate(module.branches):
            name = f"{path}.branches.{place}"
            title, *lines = _lines(branch)
            nodes.append(Node(name, title, tuple(lines)))
            arrows += [(f"{path}.pool", name, ""), (name, path, "")]
        times = f", {module.repeats} times" if module.repeats > 1 else ""
        shortcut = ("with shortcuts",) if a.skeleton.form == "residual" else ()
        nodes.append(Node(path, f"module {number}{times}", ("joined", *shortcut),
                          _size(last.after)))
        before = path
    nodes.append(Node("head", "classes", ("mean over time and space",), str(task.classes)))
    arrows.append((before, "head", ""))
    return Diagram(tuple(nodes), tuple(arrows))


def _modules(architecture: EvaNetArchitecture, task: Task) -> Iterator[tuple[Pool, Repetition]]:
    """Of each module the pooling before it and its last repetition."""
    channels = task.streams[architecture.stream].channels
    pool: Pool | None = None
    last: Part | None = None
    for part in parts(architecture, channels):
        if isinstance(part, Pool):
            if pool is not None and isinstance(last, Repetition):
                yield pool, last
            pool = part
        last = part
    if pool is not None and isinstance(last, Repetition):
        yield pool, last


def _lines(branch: Branch) -> list[str]:
    """What a branch does, operation by operation."""
    if branch.kind == "conv1x1":
        return ["1x1x1"]
    if branch.kind == "pool_conv":
        return [f"max pooling {branch.time} x {SIDE}²", "1x1x1"]
    first = f"{WORDS[branch.conv]} {branch.time} x {SIDE}²"
    if branch.kind == "conv":
        return ["1x1x1", first]
    return ["1x1x1", first, f"{WORDS[branch.conv2]} {branch.time2} x {SIDE}²"]


def _pooling(pool: Pool) -> str:
    time, side = pool.window
    strides = "" if pool.strides == (1, 1) else f" / {pool.strides[0]}, {pool.strides[1]}"
    return f"{time} x {side}²{strides}"


def _size(size: Size) -> str:
    return f"{size.frames} x {size.side}² x {size.channels}"
