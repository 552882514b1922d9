"""Windows that slide over a clip, padded as `same` pads."""

from __future__ import annotations


def padding_before(size: int, window: int, stride: int) -> int:
    """Elements that `same` padding adds before the first one.

    Args:
        size: elements along the axis.
        window: elements that the window covers.
        stride: elements from one place of the window to the next.
    """
    last = (-(-size // stride) - 1) * stride
    return max(last + window - size, 0) // 2


def covered(size: int, window: int, stride: int) -> list[tuple[int, int]]:
    """What a window covers of an axis at each of its places: the first element, and the end."""
    before = padding_before(size, window, stride)
    starts = range(-before, -(-size // stride) * stride - before, stride)
    return [(max(start, 0), min(start + window, size)) for start in starts]


def sees_everything(size: int, window: int, stride: int) -> bool:
    """Whether a window covers all elements at every place."""
    return all(each == (0, size) for each in covered(size, window, stride))
