"""Diagrams: any acyclic graph is drawn without overlaps, and told in text."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from videonas.report import diagram_svg, diagram_text
from videonas.report.layout import GAP, arrange, layer_of, spread
from videonas.spaces import Diagram, Node

CHAIN = Diagram(
    (Node("in", "clip", (), "8 x 64²"), Node("a", "conv", ("3x3", "width 8")), Node("out", "end")),
    (("in", "a", ""), ("a", "out", "0.5")),
)
DIAMOND = Diagram(
    tuple(Node(name, f"node {name}") for name in "abcd"),
    (("a", "b", "0.25"), ("a", "c", ""), ("b", "d", ""), ("c", "d", ""), ("a", "d", "skip")),
)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[str], list[tuple[str, str]]]:
    """Nodes in an order of which every arrow goes forward, and arrows, some of them twice."""
    names = [f"n{i}" for i in range(draw(st.integers(1, 14)))]
    pairs = list(combinations(names, 2))
    edges = draw(st.lists(st.sampled_from(pairs), max_size=30)) if pairs else []
    return draw(st.permutations(names)), edges


@given(graphs())
def test_arrows_lead_to_deeper_layers(graph: tuple[list[str], list[tuple[str, str]]]) -> None:
    names, edges = graph
    layers = layer_of(names, edges)
    assert set(layers) == set(names)
    assert all(layers[start] < layers[end] for start, end in edges)
    for name in names:  # as high as possible
        before = [layers[start] for start, end in edges if end == name]
        assert layers[name] == (max(before) + 1 if before else 0)


@settings(deadline=None)
@given(graphs(), st.data())
def test_nothing_overlaps(
    graph: tuple[list[str], list[tuple[str, str]]], data: st.DataObject
) -> None:
    names, edges = graph
    sizes = {
        name: (data.draw(st.floats(20, 300)), data.draw(st.floats(20, 150))) for name in names
    }
    layout = arrange(sizes, edges)
    boxes = layout.boxes
    for a, b in combinations(boxes.values(), 2):
        side_by_side = a.left + a.width + GAP <= b.left + 1e-6 or b.left + b.width + GAP <= (
            a.left + 1e-6
        )
        assert side_by_side or a.bottom < b.top or b.bottom < a.top
    for box in boxes.values():
        assert box.left >= -1e-6
        assert box.left + box.width <= layout.width + 1e-6
        assert box.top >= 0
        assert box.bottom <= layout.height + 1e-6
    for (start, end), route in zip(edges, layout.routes, strict=True):
        assert route[0][1] == boxes[start].bottom
        assert route[-1][1] == boxes[end].top
        assert all(upper[1] < lower[1] for upper, lower in pairwise(route))
        for (x0, y0), (x1, y1) in pairwise(route):
            if abs(x0 - x1) < 1e-6:  # a straight piece passes beside every other box
                for name, box in boxes.items():
                    across = box.left < x0 < box.left + box.width
                    along = y0 < box.bottom - 1e-6 and box.top + 1e-6 < y1
                    assert not (across and along), name


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(0, 50), st.floats(0.5, 5)), min_size=1))
def test_spread_keeps_its_gaps(places: list[tuple[float, float, float]]) -> None:
    wanted, gaps, weights = ([p[i] for p in places] for i in range(3))
    found = spread(wanted, gaps[1:], weights)
    assert all(b - a >= gap - 1e-6 for (a, b), gap in zip(pairwise(found), gaps[1:], strict=True))
    assert spread(found, gaps[1:], weights) == pytest.approx(found, abs=1e-6)


@pytest.mark.parametrize(
    ("names", "arrows", "said"),
    [
        ("aa", [], "different names"),
        ("ab", [("a", "x", "")], "not there: x"),
        ("abc", [("a", "b", ""), ("b", "c", ""), ("c", "b", "")], "circle"),
    ],
)
def test_what_is_no_diagram(names: str, arrows: list[tuple[str, str, str]], said: str) -> None:
    wrong = Diagram(tuple(Node(name, name) for name in names), tuple(arrows))
    for draw in (diagram_svg, diagram_text):
        with pytest.raises(ValueError, match=said):
            draw(wrong)


def test_svg_is_well_formed_and_named() -> None:
    hostile = Diagram((Node("a", "<script>&\"'", ("</svg>",)),), ())
    for diagram in (CHAIN, DIAMOND, hostile, Diagram((), ())):
        svg = ElementTree.fromstring(diagram_svg(diagram))
        assert svg.get("role") == "img"
        assert svg.find("title") is not None
        assert svg.find("desc") is not None
        assert sum(g.get("class") == "node" for g in svg.iter("g")) == len(diagram.nodes)
        assert sum(p.get("class") == "arrow" for p in svg.iter("path")) == len(diagram.arrows)
    texts = [text.text for text in ElementTree.fromstring(diagram_svg(CHAIN)).iter("text")]
    assert texts == ["clip", "8 x 64²", "conv", "3x3", "width 8", "end", "0.5"]


def test_chain_in_text() -> None:
    assert diagram_text(CHAIN).splitlines() == [
        "┌─────────┐",
        "│  clip   │",
        "│ 8 x 64² │",
        "└─────────┘",
        "     ▼",
        "┌─────────┐",
        "│  conv   │",
        "│   3x3   │",
        "│ width 8 │",
        "└─────────┘",
        "     ▼ 0.5",
        "┌─────────┐",
        "│   end   │",
        "└─────────┘",
    ]


def test_graph_in_text() -> None:
    assert diagram_text(DIAMOND).splitlines() == [
        "a", "    node a", "",
        "b <- a (0.25)", "    node b", "c <- a", "    node c", "",
        "d <- b, c, a (skip)", "    node d",
    ]
    assert diagram_text(Diagram((), ())) == ""
