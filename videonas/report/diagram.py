"""A network's diagram as SVG, and as plain text for a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from markupsafe import Markup

from videonas.report.assets import assets
from videonas.report.layout import Box, Layout, arrange, layer_of
from videonas.report.svg import number, picture, tag
from videonas.spaces import Diagram, Node

CHARACTER = 6.9
"""Width of a character, in pixels."""
LINE = 17.0
"""Height of a line of text, in pixels."""
PAD = 12.0
"""Between text and the side of its box, in pixels."""
MARGIN = 8.0
"""Around the whole, in pixels."""
NARROWEST = 132.0
"""Width of the narrowest box, in pixels."""


ALONE = ".picture { background: var(--ground); font-family: system-ui, sans-serif; }"
"""What the page says for all pictures in it."""


def diagram_file(diagram: Diagram) -> str:
    """A diagram as an SVG file, which brings its colours for light and dark.

    Raises:
        ValueError: see `diagram_svg`.
    """
    style = Markup("\n").join([assets("colours.css", "picture.css"), Markup(ALONE)])
    return diagram_svg(diagram, style=style)


def diagram_svg(diagram: Diagram, name: str = "network", *, style: Markup | None = None) -> str:
    """A diagram as an `svg` element, for a page with the report's style.

    Args:
        diagram: any acyclic graph.
        name: unique in the page, for the ids inside.
        style: see `picture`.

    Raises:
        ValueError: a node's name occurs twice, an arrow belongs to no node, or leads in a circle.
    """
    edges = [(start, end) for start, end, _ in diagram.arrows]
    layer_of([node.name for node in diagram.nodes], edges)
    sizes = {node.name: _size(node) for node in diagram.nodes}
    labelled = any(label for _, _, label in diagram.arrows)
    gap = 54.0 if labelled else 26.0 if len(edges) < len(sizes) else 42.0
    layout = arrange(sizes, edges, layer_gap=gap)
    arrows = [_arrow(route, name) for route in layout.routes]
    boxes = [_box(node, layout.boxes[node.name]) for node in diagram.nodes]
    labels = _labels(diagram, layout)
    drawn = tag(
        "g", *arrows, *boxes, *labels, transform=f"translate({number(MARGIN)} {number(MARGIN)})"
    )
    described = "; ".join(_described(diagram)) or "No boxes"
    size = (layout.width + 2 * MARGIN, layout.height + 2 * MARGIN)
    return picture(
        name, "Diagram of the network", described, *size, _arrow_head(name), drawn, fixed=True,
        style=style,
    )


def diagram_text(diagram: Diagram) -> str:
    """A diagram as lines of text: boxes and arrows for a chain, else a listing by layers.

    Raises:
        ValueError: a node's name occurs twice, an arrow belongs to no node, or leads in a circle.
    """
    edges = [(start, end) for start, end, _ in diagram.arrows]
    layers = layer_of([node.name for node in diagram.nodes], edges)
    chain = sorted(layers.values()) == list(range(len(layers))) and len(edges) == len(layers) - 1
    if chain:
        nodes = sorted(diagram.nodes, key=lambda node: layers[node.name])
        return _chain_text(nodes, {end: label for _, end, label in diagram.arrows})
    return _listing(diagram, layers)


def text_width(text: str) -> int:
    """Columns that a text takes where every character has one width or two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _size(node: Node) -> tuple[float, float]:
    texts = [node.title, *node.lines, node.shape]
    width = max(text_width(text) for text in texts) * CHARACTER + 2 * PAD
    return max(width, NARROWEST), LINE * sum(1 for text in texts if text) + 2 * PAD - 4


def _box(node: Node, box: Box) -> Markup:
    parts = [tag("rect", x=box.left, y=box.top, width=box.width, height=box.height, rx=7)]
    y = box.top + PAD + 10
    for style, text in (
        ("title", node.title), *(("line", line) for line in node.lines), ("shape", node.shape)
    ):
        if text:
            parts.append(tag("text", text, x=box.middle, y=y, class_=f"middle {style}"))
            y += LINE
    return tag("g", *parts, class_="node")


def _arrow_head(name: str) -> Markup:
    head = tag("path", d="M0 0L8 4L0 8z", class_="head")
    marker = tag(
        "marker", head, id=f"{name}-head", viewBox="0 0 8 8", refX="7.5", refY="4",
        markerWidth="8", markerHeight="8", orient="auto", markerUnits="userSpaceOnUse",
    )
    return tag("defs", marker)


def _arrow(route: Sequence[tuple[float, float]], name: str) -> Markup:
    """A curve that leaves and meets boxes vertically."""
    d = f"M{number(route[0][0])} {number(route[0][1])}"
    for (x0, y0), (x1, y1) in pairwise(route):
        if abs(x0 - x1) < 0.05:
            d += f"V{number(y1)}"
        else:
            bend = number((y0 + y1) / 2)
            d += f"C{number(x0)} {bend} {number(x1)} {bend} {number(x1)} {number(y1)}"
    return tag("path", d=d, class_="arrow", marker_end=f"url(#{name}-head)")


def _labels(diagram: Diagram, layout: Layout) -> list[Markup]:
    """Labels on the arrows, each where it is clear of those before it, if there is such a place."""
    taken: list[tuple[float, float, float]] = []
    parts = []
    for (_, _, label), route in zip(diagram.arrows, layout.routes, strict=True):
        if not label:
            continue
        half = text_width(label) * CHARACTER / 2 + 2
        places = [_along(route, share) for share in (0.5, 0.3, 0.7, 0.15, 0.85)]
        free = [at for at in places if all(_apart(at, half, other) for other in taken)]
        x, y = (free or places)[0]
        taken.append((x, y, half))
        parts.append(tag("text", label, x=x, y=y + 4, class_="middle halo label"))
    return parts


def _along(route: Sequence[tuple[float, float]], share: float) -> tuple[float, float]:
    """A point on the way through the last gap between layers."""
    gaps = [pair for pair in pairwise(route) if pair[1][1] - pair[0][1] > 20]
    (x0, y0), (x1, y1) = gaps[-1] if gaps else (route[0], route[-1])
    eased = 3 * share**2 - 2 * share**3  # how the curve of `_arrow` moves across
    across = x0 + (x1 - x0) * eased
    return across, y0 + (y1 - y0) * (1.5 * share * (1 - share) + share**3)


def _apart(at: tuple[float, float], half: float, other: tuple[float, float, float]) -> bool:
    return abs(at[0] - other[0]) > half + other[2] or abs(at[1] - other[1]) > 13


def _described(diagram: Diagram) -> list[str]:
    titles = {node.name: node.title for node in diagram.nodes}
    before: dict[str, list[str]] = {}
    for start, end, label in diagram.arrows:
        before.setdefault(end, []).append(titles[start] + (f" ({label})" if label else ""))
    return [
        ", ".join(part for part in (node.title, *node.lines, node.shape) if part)
        + (f", after {' and '.join(before[node.name])}" if node.name in before else "")
        for node in diagram.nodes
    ]


def _chain_text(nodes: list[Node], labels: dict[str, str]) -> str:
    widths = [text_width(text) for node in nodes for text in (node.title, *node.lines, node.shape)]
    inner = max(widths, default=0) + 2
    middle = " " * (inner // 2 + 1)
    lines: list[str] = []
    for place, node in enumerate(nodes):
        if place:
            lines.append(f"{middle}▼ {labels[node.name]}".rstrip())
        lines.append(f"┌{'─' * inner}┐")
        for text in (node.title, *node.lines, node.shape):
            if text:
                room = inner - text_width(text)
                lines.append(f"│{' ' * (room // 2)}{text}{' ' * (room - room // 2)}│")
        lines.append(f"└{'─' * inner}┘")
    return "\n".join(lines)


def _listing(diagram: Diagram, layers: dict[str, int]) -> str:
    before: dict[str, list[str]] = {node.name: [] for node in diagram.nodes}
    for start, end, label in diagram.arrows:
        before[end].append(start + (f" ({label})" if label else ""))
    lines: list[str] = []
    last = -1
    for node in sorted(diagram.nodes, key=lambda node: layers[node.name]):
        if lines and layers[node.name] != last:
            lines.append("")
        last = layers[node.name]
        arrow = f" <- {', '.join(before[node.name])}" if before[node.name] else ""
        lines.append(f"{node.name}{arrow}")
        details = ", ".join(part for part in (node.title, *node.lines) if part)
        shape = f" -> {node.shape}" if node.shape else ""
        lines.append(f"    {details}{shape}")
    return "\n".join(lines)
