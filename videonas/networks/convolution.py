"""Convolutions over time and space, each in the form that is fastest on a CPU: chosen here alone.

Clips are `(batch, frames, height, width, channels)`. A window that is one frame or one pixel wide
is a two-dimensional convolution of reshaped clips, one of both a product of matrices. A window that
is wide in time and space is three-dimensional where it has neither strides nor few channels; else
the frames that it sees are laid side by side as channels of a two-dimensional one: with strides the
gradients of three-dimensional convolutions take many times as long (benchmarks/space_time.py).
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from videonas.spaces.windows import padding_before

FEW_CHANNELS = 4
"""Up to so many, frames side by side are faster than three dimensions."""


def convolve(clips: Any, kernel: Any, strides: tuple[int, int]) -> Any:
    """A convolution under `same` padding, without bias.

    Args:
        clips: `(batch, frames, height, width, in)`; all but the batch are known.
        kernel: `(time, side, side, in, out)`.
        strides: in frames and in pixels.

    Returns:
        `(batch, frames after, height after, width after, out)`.
    """
    (time, side), (time_stride, side_stride) = kernel.shape[:2], strides
    if time > 1 and side > 1:
        if strides == (1, 1) and kernel.shape[3] > FEW_CHANNELS:
            return ops.conv(clips, within_reach(kernel, clips.shape[1:4]), 1, padding="same")
        return side_by_side(clips, kernel, strides)
    if time == 1 and time_stride > 1:
        clips = clips[:, ::time_stride]
    if side == 1 and side_stride > 1:
        clips = clips[:, :, ::side_stride, ::side_stride]
    if time == side == 1:
        return ops.matmul(clips, kernel[0, 0, 0])
    _, frames, height, width, channels = clips.shape
    if time == 1:
        folded = ops.reshape(clips, (-1, height, width, channels))
        made = ops.conv(folded, kernel[0], side_stride, padding="same")
        return ops.reshape(made, (-1, frames, *made.shape[1:]))
    folded = ops.reshape(clips, (-1, frames, height * width, channels))
    made = ops.conv(folded, kernel[:, :, 0], (time_stride, 1), padding="same")
    return ops.reshape(made, (-1, made.shape[1], height, width, made.shape[3]))


def within_reach(kernel: Any, sizes: tuple[int, ...]) -> Any:
    """The part of a kernel that touches data at stride 1 under `same` padding.

    At the first of n elements a window reaches n - 1 elements ahead, at the last as many back.

    Args:
        kernel: `(time, side, side, in, out)`.
        sizes: of the clip, in frames and pixels.
    """
    kept = []
    for window, size in zip(kernel.shape[:3], sizes, strict=True):
        spare = max(window - (2 * size - 1), 0)
        kept.append(slice(spare // 2, spare // 2 + window - spare))
    return kernel[tuple(kept)]


def side_by_side(clips: Any, kernel: Any, strides: tuple[int, int]) -> Any:
    """As `convolve`: in two dimensions, of frames that have those of their window as channels."""
    time, side, _, channels, filters = kernel.shape
    _, frames, height, width, _ = clips.shape
    after = -(-frames // strides[0])
    reach = (after - 1) * strides[0] + 1
    before = padding_before(frames, time, strides[0])
    behind = max(reach + time - 1 - frames, 0) - before
    padded = ops.pad(clips, ((0, 0), (before, behind), (0, 0), (0, 0), (0, 0)))
    seen = [padded[:, first : first + reach : strides[0]] for first in range(time)]
    planes = ops.reshape(ops.concatenate(seen, axis=-1), (-1, height, width, time * channels))
    flat = ops.reshape(ops.transpose(kernel, (1, 2, 0, 3, 4)),
                       (side, side, time * channels, filters))
    made = ops.conv(planes, flat, strides[1], padding="same")
    return ops.reshape(made, (-1, after, *made.shape[1:]))


def size_after(
    shape: tuple[int | None, ...], strides: tuple[int, int], filters: int
) -> tuple[int | None, ...]:
    """The shape that `convolve` gives.

    Args:
        shape: of the clips.
        strides: in frames and in pixels.
        filters: channels after it.
    """
    batch, *sizes, _ = shape
    steps = (strides[0], strides[1], strides[1])
    shrunk = [
        None if size is None else -(-size // step) for size, step in zip(sizes, steps, strict=True)
    ]
    return (batch, *shrunk, filters)


@keras.saving.register_keras_serializable("videonas")
class SpaceTimeConv(keras.layers.Layer):
    """Convolves over time and space, without bias.

    The kernel is `(time, side, side, in, out)` whatever form is run.

    Args:
        filters: channels that it gives.
        window: frames, and pixels of a side.
        strides: in frames and in pixels.
        options: of every layer.
    """

    def __init__(
        self, filters: int, window: tuple[int, int], strides: tuple[int, int] = (1, 1),
        **options: Any,
    ) -> None:
        super().__init__(**options)
        time, side = window  # a saved layer has lists
        self.filters, self.window = filters, (time, side)
        self.strides = strides[0], strides[1]

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the kernel for clips `(batch, frames, height, width, channels)`."""
        time, side = self.window
        self.kernel = self.add_weight(
            shape=(time, side, side, input_shape[-1], self.filters), initializer="he_normal",
            name="kernel",
        )

    def call(self, clips: Any) -> Any:
        """See `convolve`."""
        return convolve(clips, ops.cast(self.kernel, clips.dtype), self.strides)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Sizes shrink as under `same` padding."""
        return size_after(input_shape, self.strides, self.filters)

    def get_config(self) -> dict[str, Any]:
        """What is needed to make the layer again."""
        return {
            **super().get_config(), "filters": self.filters, "window": self.window,
            "strides": self.strides,
        }
