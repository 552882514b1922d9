"""Line charts and scatter plots as inline SVG; colours are classes of the page's style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from videonas.report.axes import Axis, Frame
from videonas.report.svg import number, path, picture, tag

MOST_MARKED = 40
"""Lines with more points are drawn without markers."""


@dataclass(frozen=True)
class Series:
    """One line of a chart.

    Attributes:
        name: for the tooltips.
        style: class in the page's style.
        points: `(x, y)`; the line is broken where y is None.
        step: whether a value holds until the next one.
    """

    name: str
    style: str
    points: Sequence[tuple[float, float | None]]
    step: bool = False


@dataclass(frozen=True)
class Cloud:
    """Points of a scatter plot that look alike.

    Attributes:
        style: class in the page's style.
        shape: one of `SHAPES`.
        points: `(x, y, tooltip)`.
    """

    style: str
    shape: str
    points: Sequence[tuple[float, float, str]]


SHAPES = {
    "circle": "m-3.4 0a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0-6.8 0z",
    "square": "m-3-3h6v6h-6z",
    "triangle": "m0-4.2l4 7h-8z",
    "diamond": "m0-4.4l4.4 4.4l-4.4 4.4l-4.4-4.4z",
    "ring": "m-6 0a6 6 0 1 0 12 0a6 6 0 1 0-12 0z",
}
"""Marks around a point, as the end of a path's `d`."""

AGES = ("circle", "square", "triangle", "diamond")
"""Shapes for groups that follow each other."""

MOST_TOLD = 600
"""Clouds with more points are drawn in one piece, without tooltips."""


def line_chart(
    name: str, title: str, description: str, across: Axis, up: Axis, lines: Sequence[Series],
    size: tuple[float, float] = (440.0, 270.0),
) -> Markup:
    """Lines over one horizontal axis, the first at the back.

    Args:
        name: unique in the page.
        title: of the chart.
        description: what it shows, for those who cannot see it.
        across: the horizontal axis.
        up: the vertical axis.
        lines: what is drawn.
        size: width and height, in the chart's own coordinates.
    """
    frame = Frame(*size, across, up)
    parts = frame.draw()
    for series in lines:
        parts.append(tag("g", *_line(frame, series), class_=f"line {series.style}"))
    return picture(name, title, description, *size, *parts)


def _line(frame: Frame, series: Series) -> list[Markup]:
    parts: list[Markup] = []
    stretch: list[tuple[float, float]] = []
    marked: list[Markup] = []
    for x, y in [*series.points, (0.0, None)]:
        if y is not None:
            at = (frame.x(x), frame.y(y))
            stretch.append(at)
            tooltip = tag("title", f"{series.name}, {frame.across.label} {x:g}: {frame.up.text(y)}")
            marked.append(tag("circle", tooltip, cx=at[0], cy=at[1], r=3.2))
        elif stretch:
            parts.append(tag("path", d=path(stretch, step=series.step)))
            stretch = []
    few = len(series.points) <= MOST_MARKED
    return [*parts, *marked] if few else parts


@dataclass(frozen=True)
class Scatter:
    """A scatter plot.

    Attributes:
        across: the horizontal axis.
        up: the vertical axis.
        clouds: the points, the first at the back.
        front: the points of the Pareto front from left to right, drawn as a staircase.
        limit: a vertical line at a value, with its label; None for none.
        best: a point that is circled and its label; None for none.
    """

    across: Axis
    up: Axis
    clouds: Sequence[Cloud]
    front: Sequence[tuple[float, float]] = ()
    limit: tuple[float, str] | None = None
    best: tuple[float, float, str] | None = None

    def draw(self, name: str, title: str, description: str, size: tuple[float, float]) -> Markup:
        """The plot as an image.

        Args:
            name: unique in the page.
            title: of the plot.
            description: what it shows, for those who cannot see it.
            size: width and height, in the plot's own coordinates.
        """
        frame = Frame(*size, self.across, self.up)
        shapes = [tag("path", id=f"{name}-{shape}", d=f"M0 0{d}") for shape, d in SHAPES.items()]
        parts = [tag("defs", *shapes), *frame.draw()]
        if self.limit and frame.across.low <= self.limit[0] <= frame.across.high:
            parts += _limit(frame, *self.limit)
        for cloud in self.clouds:
            parts.append(tag("g", *_marks(frame, cloud, name), class_=f"cloud {cloud.style}"))
        if self.front:
            at = [(frame.x(x), frame.y(y)) for x, y in self.front]
            parts.append(tag("path", d=_front_path(frame, at), class_="front"))
        if self.best:
            parts += _best(frame, *self.best)
        return picture(name, title, description, *size, *parts)


def legend_mark(style: str, shape: str) -> Markup:
    """The mark of a cloud, for a legend; hidden from screen readers."""
    mark = tag("g", tag("path", d=f"M8 8{SHAPES[shape]}"), class_=f"cloud {style}")
    return tag("svg", mark, viewBox="0 0 16 16", class_="mark", aria_hidden="true")


def legend_line(style: str) -> Markup:
    """A piece of a line, for a legend; hidden from screen readers."""
    line = tag("path", d="M1 8H27")
    drawn = tag("g", line, class_=f"line {style}") if style != "front" else tag(
        "path", d="M1 8H27", class_="front"
    )
    return tag("svg", drawn, viewBox="0 0 28 16", class_="mark wide", aria_hidden="true")


def _marks(frame: Frame, cloud: Cloud, name: str) -> list[Markup]:
    x_of, y_of = frame.x, frame.y
    if len(cloud.points) > MOST_TOLD:
        around = SHAPES[cloud.shape]
        at = (f"M{number(x_of(x))} {number(y_of(y))}{around}" for x, y, _ in cloud.points)
        return [tag("path", d="".join(dict.fromkeys(at)))]
    return [
        tag("use", tag("title", tooltip), href=f"#{name}-{cloud.shape}", x=x_of(x), y=y_of(y))
        for x, y, tooltip in cloud.points
    ]


def _front_path(frame: Frame, points: list[tuple[float, float]]) -> str:
    """A staircase: what is reached at a value is reached at every higher one."""
    return path([*points, (frame.width - frame.RIGHT, points[-1][1])], step=True)


def _limit(frame: Frame, value: float, label: str) -> list[Markup]:
    x = frame.x(value)
    bottom = frame.height - frame.BOTTOM
    left_of_it = x > frame.width * 0.6
    at = {"x": x - 6 if left_of_it else x + 6, "y": bottom - 8}
    style = "label halo end" if left_of_it else "label halo"
    return [
        tag("line", x1=x, x2=x, y1=frame.TOP, y2=bottom, class_="limit"),
        tag("text", label, class_=style, **at),
    ]


def _best(frame: Frame, x: float, y: float, label: str) -> list[Markup]:
    left, top = frame.x(x), frame.y(y)
    to_the_left = left > frame.width * 0.6
    at = {"x": left - 12 if to_the_left else left + 12, "y": top - 9}
    style = "label halo strong end" if to_the_left else "label halo strong"
    return [
        tag("circle", cx=left, cy=top, r=8.0, class_="ring"),
        tag("text", label, class_=style, **at),
    ]
