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


def sees_everything(size: int, window: int, stride: int) -> bool:
    """Whether a window covers all elements at every place; see `padding_before`."""
    last = (-(-size // stride) - 1) * stride
    before = padding_before(size, window, stride)
    return last <= before and window >= size + before
