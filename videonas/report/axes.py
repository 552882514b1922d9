"""Scales, round ticks, and the frame that a chart is drawn in."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from videonas.report.svg import tag

TICKS = 5
"""About so many ticks on an axis."""


@dataclass(frozen=True)
class Scale:
    """Maps values to coordinates, linearly or by logarithm.

    Attributes:
        low: the value at `start`.
        high: the value at `end`.
        start: coordinate of `low`.
        end: coordinate of `high`.
        log: whether equal ratios are equally far apart.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """The coordinate of a value."""
        low, high = self.low, self.high
        if self.log:
            value, low, high = math.log(value), math.log(low), math.log(high)
        return self.start + (value - low) / (high - low) * (self.end - self.start)


@dataclass(frozen=True)
class Axis:
    """What is drawn along one side.

    Attributes:
        label: the quantity with its unit.
        low: the value at the beginning.
        high: the value at the end, greater than `low`.
        ticks: the values that are marked.
        text: writes a tick.
        log: whether the axis is logarithmic.
    """

    label: str
    low: float
    high: float
    ticks: Sequence[float]
    text: Callable[[float], str]
    log: bool = False


def nice_step(span: float, count: int = TICKS) -> float:
    """The step of 1, 2 or 5 times a power of ten that makes about `count` steps of a span.

    Raises:
        ValueError: the span is not positive.
    """
    if not span > 0:
        raise ValueError(f"a span is positive, found {span!r}")
    rough = span / count
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= rough * 0.999)


def nice_ticks(low: float, high: float, count: int = TICKS) -> list[float]:
    """Round values from `low` to `high`, which are among them only if they are round.

    Raises:
        ValueError: `high` is not above `low`.
    """
    return multiples(nice_step(high - low, count), low, high)


def multiples(step: float, low: float, high: float) -> list[float]:
    """The multiples of a step from `low` to `high`."""
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(index * step, 12) for index in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten from `low` to `high`."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [round(digit * 10.0**power, 12) for power in powers for digit in (1, 2, 5)]
    return [tick for tick in ticks if low <= tick <= high]


def tick_text(value: float) -> str:
    """A tick without needless zeros."""
    return f"{value:,.10g}".replace("-", "\N{MINUS SIGN}")


def value_axis(
    label: str,
    values: Iterable[float],
    text: Callable[[float], str] = tick_text,
    within: tuple[float, float] = (-math.inf, math.inf),
) -> Axis:
    """A linear axis that begins and ends at a tick and holds all values.

    Args:
        label: the quantity with its unit.
        values: what must fit; may be empty.
        text: writes a tick.
        within: what values can be at all, where the axis ends at the latest.
    """
    known = list(values) or [0.0, 1.0]
    low, high = min(known), max(known)
    if high - low < 1e-9 * max(1.0, abs(high)):
        room = abs(high) * 0.1 or 0.5
        low, high = low - room, high + room
    step = nice_step(high - low)
    low = max(math.floor(low / step + 1e-9) * step, within[0])
    high = min(math.ceil(high / step - 1e-9) * step, within[1])
    return Axis(label, low, high, multiples(step, low, high), text)


def ratio_axis(
    label: str, values: Sequence[float], text: Callable[[float], str] = tick_text
) -> Axis:
    """A logarithmic axis that holds all values, which are positive; linear where they are near."""
    if not values or min(values) <= 0 or max(values) / min(values) < 12:
        return value_axis(label, [0.0, *values], text)
    low, high = min(values) * 0.85, max(values) * 1.15
    return Axis(label, low, high, log_ticks(low, high), text, log=True)


def count_axis(label: str, last: int) -> Axis:
    """An axis of whole numbers from 0 to `last`."""
    if last == 0:
        return Axis(label, -1, 1, [0], tick_text)
    step = max(1, round(nice_step(last, 6)))
    return Axis(label, 0, last, list(range(0, last + 1, step)), tick_text)


@dataclass(frozen=True)
class Frame:
    """The area of a chart and its two axes.

    Attributes:
        width: of the whole chart, in its own coordinates.
        height: of the whole chart.
        across: the horizontal axis.
        up: the vertical axis.
    """

    width: float
    height: float
    across: Axis
    up: Axis

    LEFT, RIGHT, TOP, BOTTOM = 46.0, 14.0, 30.0, 44.0

    @property
    def x(self) -> Scale:
        """The horizontal scale."""
        axis = self.across
        return Scale(axis.low, axis.high, self.LEFT, self.width - self.RIGHT, axis.log)

    @property
    def y(self) -> Scale:
        """The vertical scale; values grow upwards."""
        axis = self.up
        return Scale(axis.low, axis.high, self.height - self.BOTTOM, self.TOP, axis.log)

    def draw(self) -> list[Markup]:
        """Grid, ticks and labels."""
        left, right = self.LEFT, self.width - self.RIGHT
        bottom = self.height - self.BOTTOM
        parts = []
        for value in self.up.ticks:
            y = self.y(value)
            parts.append(tag("line", x1=left, x2=right, y1=y, y2=y, class_="grid"))
            parts.append(tag("text", self.up.text(value), x=left - 8, y=y + 4, class_="end"))
        for value in self.across.ticks:
            x = self.x(value)
            parts.append(tag("line", x1=x, x2=x, y1=bottom, y2=bottom + 5, class_="axis"))
            parts.append(
                tag("text", self.across.text(value), x=x, y=bottom + 18, class_="middle")
            )
        parts.append(tag("line", x1=left, x2=right, y1=bottom, y2=bottom, class_="axis"))
        parts.append(tag("text", self.up.label, x=0.0, y=14.0, class_="label"))
        middle = (left + right) / 2
        parts.append(
            tag("text", self.across.label, x=middle, y=self.height - 6, class_="label middle")
        )
        return parts
