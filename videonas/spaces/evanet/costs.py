"""Parameters and multiply-adds of an EvaNet, by arithmetic on shapes."""

from __future__ import annotations

from collections.abc import Iterator

from videonas.spaces.base import Costs
from videonas.spaces.evanet.architecture import (
    GAUSSIANS,
    Conv,
    EvaNetArchitecture,
    Part,
    Repetition,
    Size,
    parts,
)
from videonas.task import Task


def costs(architecture: EvaNetArchitecture, task: Task) -> Costs:
    """Trainable parameters and multiply-adds of one clip.

    An iTGM layer counts the multiply-adds of the three-dimensional kernel that it stands for, as
    the released builder makes it; the form that is run may need fewer.

    Args:
        architecture: normalised.
        task: gives the number of classes and of input channels.
    """
    channels = task.streams[architecture.stream].channels
    parameters = macs = 0
    size = Size(architecture.frames, architecture.image_size, channels)
    for part in parts(architecture, channels):
        for conv in _convolutions(part):
            own, work = conv_costs(conv)
            parameters, macs = parameters + own, macs + work
        size = part.after
    answers = size.frames - min(size.frames, 2) + 1
    parameters += (size.channels + 1) * task.classes
    macs += size.channels * task.classes * answers
    return Costs(parameters, macs)


def conv_costs(conv: Conv) -> tuple[int, int]:
    """Parameters, those of batch normalisation too, and multiply-adds of one convolution."""
    time, side = conv.window
    given, made = conv.before.channels, conv.after.channels
    plane, norm = side**2, 2 * made
    if conv.kind == "2plus1d":
        inner = made // 2
        first, second = time * given * inner, plane * inner * made
        between = Size(conv.after.frames, conv.before.side, inner)
        macs = first * between.positions + second * conv.after.positions
        return first + 2 * inner + second + norm, macs
    weights = time * plane * given * made
    macs = weights * conv.after.positions
    if conv.kind == "itgm" and time > 1:
        weights = (plane + GAUSSIANS) * given * made + 2 * GAUSSIANS
    return weights + norm, macs


def _convolutions(part: Part) -> Iterator[Conv]:
    if isinstance(part, Conv):
        yield part
    elif isinstance(part, Repetition):
        for branch in part.branches:
            yield from (each for each in branch if isinstance(each, Conv))
        if part.projection is not None:
            yield part.projection
