"""Places the boxes and arrows of any acyclic graph in layers, arrows pointing down.

The steps of Sugiyama: layers by longest path; places on the way of arrows that cross layers;
an order in each layer with few crossings; then coordinates that keep neighbours above each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

GAP = 26.0
"""Between boxes of a layer, in pixels."""
LAYER_GAP = 34.0
"""Between layers, in pixels."""
BEND = 10.0
"""Width kept free for an arrow that passes a layer, in pixels."""
SWEEPS = 8
"""Times that the layers are ordered, and that their coordinates are drawn together."""

Edge = tuple[str, str]


@dataclass(frozen=True)
class Box:
    """Where a node lies, in pixels from the top left corner.

    Attributes:
        left: of the box.
        top: of the box.
        width: of the box.
        height: of the box.
    """

    left: float
    top: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """Horizontal centre."""
        return self.left + self.width / 2

    @property
    def bottom(self) -> float:
        """Lower side."""
        return self.top + self.height


@dataclass(frozen=True)
class Layout:
    """Where everything lies.

    Attributes:
        boxes: by node.
        routes: for each arrow, in the given order, its corners from the lower side of a box to
            the upper side of another.
        width: of the whole.
        height: of the whole.
    """

    boxes: Mapping[str, Box]
    routes: Sequence[Sequence[tuple[float, float]]]
    width: float
    height: float


def layer_of(names: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    """The layer of each node: one more than the deepest of those that lead to it, else 0.

    Raises:
        ValueError: a name twice, an edge of an unknown node, or a circle.
    """
    if len(set(names)) < len(names):
        raise ValueError("a diagram's nodes have different names")
    unknown = {end for edge in edges for end in edge} - set(names)
    if unknown:
        raise ValueError(f"arrows of nodes that are not there: {', '.join(sorted(unknown))}")
    waiting = dict.fromkeys(names, 0)
    after: dict[str, list[str]] = defaultdict(list)
    for start, end in edges:
        waiting[end] += 1
        after[start].append(end)
    layers = {name: 0 for name in names if not waiting[name]}
    ready = list(layers)
    for name in ready:
        for end in after[name]:
            layers[end] = max(layers.get(end, 0), layers[name] + 1)
            waiting[end] -= 1
            if not waiting[end]:
                ready.append(end)
    if len(ready) < len(names):
        circle = ", ".join(name for name in names if waiting[name])
        raise ValueError(f"a diagram has no circles; one leads through some of {circle}")
    return layers


def arrange(
    sizes: Mapping[str, tuple[float, float]], edges: Sequence[Edge], layer_gap: float = LAYER_GAP
) -> Layout:
    """Places boxes of given sizes.

    Args:
        sizes: width and height in pixels, by node, in the preferred order.
        edges: `(from, to)`.
        layer_gap: between layers, in pixels.

    Raises:
        ValueError: as `layer_of`.
    """
    layers = layer_of(list(sizes), edges)
    if not sizes:
        return Layout({}, [], 0.0, 0.0)
    chains = _with_bends(edges, layers)
    rows = _ordered(_rows(layers, chains), chains)
    widths = {item: sizes[item][0] if item in sizes else BEND for row in rows for item in row}
    middles = _coordinates(rows, chains, widths, sizes)
    left = min(middles[item] - widths[item] / 2 for row in rows for item in row)
    right = max(middles[item] + widths[item] / 2 for row in rows for item in row)
    boxes: dict[str, Box] = {}
    bands: dict[str, tuple[float, float]] = {}
    top = 0.0
    for row in rows:
        tallest = max(sizes[item][1] if item in sizes else 0.0 for item in row)
        for item in row:
            bands[item] = (top, top + tallest)
            if item in sizes:
                width, height = sizes[item]
                place = middles[item] - left - width / 2
                boxes[item] = Box(place, top + (tallest - height) / 2, width, height)
        top += tallest + layer_gap
    centres = {item: middle - left for item, middle in middles.items()}
    routes = _routes(chains, boxes, bands, centres)
    return Layout(boxes, routes, right - left, top - layer_gap)


def _with_bends(edges: Sequence[Edge], layers: Mapping[str, int]) -> list[list[str]]:
    """Each edge as a chain of items in neighbouring layers."""
    return [
        [start, *(f"\0{number}\0{layer}" for layer in range(layers[start] + 1, layers[end])), end]
        for number, (start, end) in enumerate(edges)
    ]


def _rows(layers: Mapping[str, int], chains: Sequence[Sequence[str]]) -> list[list[str]]:
    rows: list[list[str]] = [[] for _ in range(max(layers.values()) + 1)]
    for name, layer in layers.items():
        rows[layer].append(name)
    for chain in chains:
        for offset, item in enumerate(chain[1:-1], start=1):
            rows[layers[chain[0]] + offset].append(item)
    return rows


def _neighbours(
    chains: Sequence[Sequence[str]],
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Those above and those below, by item."""
    above: dict[str, list[str]] = defaultdict(list)
    below: dict[str, list[str]] = defaultdict(list)
    for chain in chains:
        for upper, lower in pairwise(chain):
            above[lower].append(upper)
            below[upper].append(lower)
    return above, below


def _ordered(rows: list[list[str]], chains: Sequence[Sequence[str]]) -> list[list[str]]:
    """The rows in the order that had the fewest crossings."""
    above, below = _neighbours(chains)
    best, fewest = rows, _crossings(rows, below)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        downwards = sweep % 2 == 0
        fixed = above if downwards else below
        rows = [list(row) for row in rows]
        for index in range(1, len(rows)) if downwards else range(len(rows) - 2, -1, -1):
            other = rows[index - 1] if downwards else rows[index + 1]
            place = {item: at for at, item in enumerate(other)}
            here = {item: at for at, item in enumerate(rows[index])}
            means = {
                item: sum(place[n] for n in fixed[item]) / len(fixed[item])
                if fixed[item] else float(at)
                for item, at in here.items()
            }
            rows[index].sort(key=lambda item: (means[item], here[item]))
        crossings = _crossings(rows, below)
        if crossings < fewest:
            best, fewest = rows, crossings
    return best


def _crossings(rows: Sequence[Sequence[str]], below: Mapping[str, list[str]]) -> int:
    total = 0
    for upper, lower in pairwise(rows):
        place = {item: at for at, item in enumerate(lower)}
        ends = [at for item in upper for at in sorted(place[n] for n in below.get(item, ()))]
        total += sum(a > b for i, a in enumerate(ends) for b in ends[i + 1 :])
    return total


def _coordinates(
    rows: Sequence[Sequence[str]],
    chains: Sequence[Sequence[str]],
    widths: Mapping[str, float],
    sizes: Mapping[str, tuple[float, float]],
) -> dict[str, float]:
    """Horizontal centres: near the mean of the neighbours, far enough apart."""
    above, below = _neighbours(chains)
    middles: dict[str, float] = {}
    for row in rows:
        at = -sum(widths[item] + GAP for item in row) / 2
        for item in row:
            middles[item] = at + (widths[item] + GAP) / 2
            at += widths[item] + GAP
    for sweep in range(2 * SWEEPS):
        sides = (above, below) if sweep % 2 == 0 else (below, above)
        for row in rows if sweep % 2 == 0 else reversed(rows):
            wanted = []
            for item in row:
                near = sides[0].get(item) or sides[1].get(item) or [item]
                pulls = [1.0 if n in sizes else 0.3 for n in near]
                pulled = sum(middles[n] * pull for n, pull in zip(near, pulls, strict=True))
                wanted.append(pulled / sum(pulls))
            gaps = [
                (widths[a] + widths[b]) / 2 + GAP for a, b in pairwise(row)
            ]
            weights = [_weight(item, [*above[item], *below[item]], sizes) for item in row]
            middles |= zip(row, spread(wanted, gaps, weights), strict=True)
    return middles


def _weight(item: str, near: Sequence[str], sizes: Mapping[str, tuple[float, float]]) -> float:
    """Long arrows are to be straight; those that pass one layer only give way to boxes."""
    if item in sizes:
        return 1.0
    return 0.3 if all(n in sizes for n in near) else 4.0


def spread(
    wanted: Sequence[float], gaps: Sequence[float], weights: Sequence[float]
) -> list[float]:
    """Places in the given order, as near to the wanted ones as gaps allow (least squares).

    Args:
        wanted: where each would lie if it were alone.
        gaps: the least distance of each to the next.
        weights: how much each counts.
    """
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    blocks: list[tuple[float, float, int]] = []  # mean, weight, how many
    for place, offset, weight in zip(wanted, offsets, weights, strict=False):
        block = (place - offset, weight, 1)
        while blocks and blocks[-1][0] > block[0]:
            mean, heavy, count = blocks.pop()
            total = heavy + block[1]
            block = ((mean * heavy + block[0] * block[1]) / total, total, count + block[2])
        blocks.append(block)
    means = [mean for mean, _, count in blocks for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=False)]


def _routes(
    chains: Sequence[Sequence[str]],
    boxes: Mapping[str, Box],
    bands: Mapping[str, tuple[float, float]],
    centres: Mapping[str, float],
) -> list[list[tuple[float, float]]]:
    starts = _ports(chains, boxes, centres, outgoing=True)
    ends = _ports(chains, boxes, centres, outgoing=False)
    routes = []
    for number, chain in enumerate(chains):
        start, end = starts[number], ends[number]
        route = [(start, boxes[chain[0]].bottom), (start, bands[chain[0]][1])]
        for item in chain[1:-1]:
            route += [(centres[item], bands[item][0]), (centres[item], bands[item][1])]
        route += [(end, bands[chain[-1]][0]), (end, boxes[chain[-1]].top)]
        routes.append(list(dict.fromkeys(route)))
    return routes


def _ports(
    chains: Sequence[Sequence[str]],
    boxes: Mapping[str, Box],
    centres: Mapping[str, float],
    *,
    outgoing: bool,
) -> list[float]:
    """Where each arrow meets its box, spread over the middle half of the side."""
    at: dict[str, list[int]] = defaultdict(list)
    for number, chain in enumerate(chains):
        at[chain[0 if outgoing else -1]].append(number)
    ports = [0.0] * len(chains)
    for name, numbers in at.items():
        box = boxes[name]
        numbers.sort(key=lambda n: centres[chains[n][1 if outgoing else -2]])
        room = replace(box, left=box.left + box.width / 4, width=box.width / 2)
        for place, number in enumerate(numbers):
            share = (place + 0.5) / len(numbers)
            ports[number] = room.left + share * room.width
    return ports
