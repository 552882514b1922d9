"""Charts and the SVG that they are made of: what is drawn stands where its numbers say."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from tests.report.test_summary import HISTORY, lineage, member
from videonas.report.axes import Scale, count_axis, value_axis
from videonas.report.charts import (
    MOST_MARKED,
    SHAPES,
    Cloud,
    Scatter,
    Series,
    legend_line,
    legend_mark,
    line_chart,
)
from videonas.report.figures import progress_figure, scatter_figure
from videonas.report.svg import number, path, tag
from videonas.search.budget import Budget
from videonas.search.settings import Settings

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=30)
SIZE = (440.0, 270.0)


# Elements


@given(TEXTS, TEXTS)
def test_any_text_comes_back_as_it_was(content: str, attribute: str) -> None:
    element = ElementTree.fromstring(tag("text", content, class_=attribute))
    assert (element.text or "") == content
    assert element.get("class") == attribute


@given(st.lists(TEXTS, max_size=4))
def test_elements_within_elements_are_not_escaped_twice(texts: list[str]) -> None:
    inner = [tag("tspan", text) for text in texts]
    element = ElementTree.fromstring(tag("text", tag("g", *inner, ""), "&amp;"))
    assert [child.text or "" for child in element[0]] == texts
    assert element[0].tail == "&amp;"


def test_attributes_are_named_as_svg_names_them() -> None:
    assert tag("g", aria_hidden="true", class_="a", width=None, rx=7) == (
        '<g aria-hidden="true" class="a" rx="7"/>'
    )
    assert tag("g", Markup("<b/>"), "<b/>") == "<g><b/>&lt;b/&gt;</g>"


@pytest.mark.parametrize(
    ("value", "text"), [(3.0, "3"), (3.14, "3.1"), (3.96, "4"), (-2.5, "-2.5"), (1234.56, "1234.6")]
)
def test_coordinates_have_one_decimal_at_the_most(value: float, text: str) -> None:
    assert number(value) == text


def test_a_line_and_a_staircase_through_the_same_points() -> None:
    points = [(0.0, 1.0), (2.0, 3.5), (4.0, 3.5)]
    assert path(points) == "M0 1L2 3.5L4 3.5"
    assert path(points, step=True) == "M0 1H2V3.5H4V3.5"


# Scales


@given(st.floats(0.01, 1e3), st.floats(0.01, 1e3), st.floats(0, 1), st.booleans())
def test_a_scale_keeps_ends_and_order(low: float, span: float, share: float, log: bool) -> None:
    scale = Scale(low, low + span, 50, 450, log)
    assert scale(low) == pytest.approx(50)
    assert scale(low + span) == pytest.approx(450)
    assert 50 - 1e-6 <= scale(low + share * span) <= 450 + 1e-6


def test_equal_ratios_are_equally_far_apart_on_a_logarithmic_scale() -> None:
    scale = Scale(1, 1000, 0, 300, log=True)
    assert [scale(value) for value in (1, 10, 100, 1000)] == pytest.approx([0, 100, 200, 300])


# Line charts


def drawn(*series: Series, last: int = 10) -> ElementTree.Element:
    """A chart of generations 0 to `last` and values 0 to 1."""
    picture = line_chart(
        "chart", "A title", "A description", count_axis("generation", last),
        value_axis("Share", [0.0, 1.0]), series,
    )
    return ElementTree.fromstring(picture)


def groups(svg: ElementTree.Element, style: str) -> list[ElementTree.Element]:
    return [g for g in svg.iter("g") if g.get("class") == style]


def test_a_line_is_broken_where_there_is_no_value() -> None:
    points = [(0, 0.1), (1, 0.2), (2, None), (3, 0.4), (4, None), (5, None), (6, 0.7), (7, 0.8)]
    (group,) = groups(drawn(Series("best", "so-far", points)), "line so-far")
    pieces = [piece.get("d", "") for piece in group.iter("path")]
    assert [len(re.findall("[ML]", piece)) for piece in pieces] == [2, 1, 2]
    assert [title.text for title in group.iter("title")] == [
        f"best, generation {x}: {y}" for x, y in points if y is not None
    ]


def test_points_stand_where_their_numbers_say() -> None:
    points: list[tuple[float, float | None]] = [(0, 0.0), (5, 0.5), (10, 1.0)]
    (group,) = groups(drawn(Series("best", "newborn", points)), "line newborn")
    at = [(float(c.get("cx", "")), float(c.get("cy", ""))) for c in group.iter("circle")]
    (left, bottom), (middle_x, middle_y), (right, top) = at
    assert left < middle_x < right
    assert middle_x == pytest.approx((left + right) / 2, abs=0.1)
    assert middle_y == pytest.approx((bottom + top) / 2, abs=0.1)
    assert 0 <= top < bottom <= SIZE[1], "greater values stand higher"


@pytest.mark.parametrize(("count", "marked"), [(MOST_MARKED, True), (MOST_MARKED + 1, False)])
def test_long_lines_have_no_markers(count: int, marked: bool) -> None:
    points: list[tuple[float, float | None]] = [(x, 0.5) for x in range(count)]
    svg = drawn(Series("best", "so-far", points), last=count)
    assert bool(list(svg.iter("circle"))) is marked
    assert len(groups(svg, "line so-far")[0].findall("path")) == 1


def test_a_line_without_points_draws_nothing() -> None:
    (group,) = groups(drawn(Series("best", "so-far", [(0, None), (1, None)])), "line so-far")
    assert len(group) == 0


def test_a_picture_is_named_and_described_for_who_cannot_see_it() -> None:
    svg = drawn()
    ids = {element.get("id"): element.text for element in svg if element.get("id")}
    assert ids[svg.get("aria-labelledby")] == "A title"
    assert ids[svg.get("aria-describedby")] == "A description"


# Scatter plots


def plot(**fields: Any) -> ElementTree.Element:
    axes = {"across": value_axis("ms", [0.0, 10.0]), "up": value_axis("%", [0.0, 100.0])}
    scatter = Scatter(**{**axes, "clouds": (), **fields})
    return ElementTree.fromstring(scatter.draw("plot", "Title", "Description", (480.0, 330.0)))


def test_every_point_of_a_cloud_is_drawn_with_its_tooltip() -> None:
    clouds = [Cloud("age-3", "circle", [(1, 10, "one"), (9, 90, "<two>")]),
              Cloud("age-2", "square", [(5, 50, "three")])]
    svg = plot(clouds=clouds)
    shapes = {p.get("id") for p in svg.iter("path") if p.get("id")}
    marks = [(u.get("href"), title.text) for u in svg.iter("use") for title in u]
    assert marks == [("#circle", "one"), ("#circle", "<two>"), ("#square", "three")]
    assert {href.removeprefix("#") for href, _ in marks if href} <= shapes == set(SHAPES)
    across = [float(use.get("x", "")) for use in svg.iter("use")]
    assert across[0] < across[2] < across[1]


@pytest.mark.parametrize(("limit", "shown"), [(5.0, True), (10.0, True), (11.0, False)])
def test_a_limit_is_drawn_where_the_axis_reaches_it(limit: float, shown: bool) -> None:
    svg = plot(limit=(limit, "budget"))
    assert ("budget" in [text.text for text in svg.iter("text")]) is shown
    assert any(line.get("class") == "limit" for line in svg.iter("line")) is shown


def test_the_front_is_a_staircase_to_the_right_edge() -> None:
    (front,) = [p for p in plot(front=[(1, 20), (4, 60)]).iter("path") if p.get("class") == "front"]
    across = [float(x) for x in re.findall(r"[MH]([\d.]+)", front.get("d", ""))]
    down = [float(y) for y in re.findall(r"(?:M[\d.]+ |V)([\d.]+)", front.get("d", ""))]
    assert all(a < b for a, b in pairwise(across)), "from left to right"
    assert down[0] > down[1] == down[2], "up, then level"
    assert across[-1] == 480 - 14


@pytest.mark.parametrize("x", [1.0, 9.0], ids=["at the left", "at the right"])
def test_the_label_of_the_best_stays_inside_the_picture(x: float) -> None:
    svg = plot(best=(x, 50, "best, 000012-03"))
    (label,) = [text for text in svg.iter("text") if text.text == "best, 000012-03"]
    (ring,) = [circle for circle in svg.iter("circle") if circle.get("class") == "ring"]
    to_the_left = "end" in (label.get("class") or "").split()
    assert to_the_left is (x > 5)
    assert (float(label.get("x", "")) < float(ring.get("cx", ""))) is to_the_left


def test_legends_are_hidden_from_screen_readers() -> None:
    for mark in (legend_mark("age-1", "diamond"), legend_line("so-far"), legend_line("front")):
        svg = ElementTree.fromstring(mark)
        assert svg.get("aria-hidden") == "true"
        assert list(svg.iter("path"))


# Figures


def test_the_progress_of_a_history_is_told_in_words_too() -> None:
    figure = progress_figure(HISTORY, Settings())
    top1, loss = (ElementTree.fromstring(picture) for picture in figure.pictures)
    assert top1.findtext("desc") == (
        "Top-1, %. Median 30 in generation 0 and 60 in generation 3; best so far 40 and 70."
    )
    assert loss.findtext("desc") == (
        "Loss, lower is better. Median 0.7 in generation 0 and 0.4 in generation 3; "
        "best so far 0.6 and 0.3."
    )
    assert [row.top1.generation for row in figure.numbers] == [0, 1, 2, 3]
    assert [key.text for key in figure.legend] == [
        "best so far", "median of the newborn", "best of the newborn"
    ]


def test_a_history_of_failures_has_charts_without_lines() -> None:
    figure = progress_figure(lineage([member("000000-00", outcome="failed")]), Settings())
    for picture in figure.pictures:
        svg = ElementTree.fromstring(picture)
        assert svg.findtext("desc") == "No individual has the outcome ok."
        assert all(len(group) == 0 for group in svg.iter("g"))


SPREAD = lineage(
    [member("000000-00", 0.2, latency=1.0), member("000000-01", 0.5, latency=3.0)],
    [member("000001-00", 0.4, latency=2.0), member("000001-01", 0.4, latency=2.5)],
    [member("000002-00", 0.4, latency=2.0, key="000001-00"), member("000002-01", 0.1)],
)


def test_the_front_lists_an_architecture_once_under_its_first_name() -> None:
    figure = scatter_figure(SPREAD, Settings(), None)
    assert figure is not None
    names = [row.member.individual.name for row in figure.numbers]
    assert names == ["000000-00", "000001-00", "000000-01"]
    svg = ElementTree.fromstring(figure.pictures[0])
    assert svg.findtext("desc") == (
        "6 individuals; 4 on the Pareto front, from 20.0 % at 1.00 ms to 50.0 % at 3.00 ms."
    )


@pytest.mark.parametrize("generations", [1, 2, 4, 5, 9, 40])
def test_everybody_is_in_one_group_of_generations(generations: int) -> None:
    history = lineage(*([member(f"{g:06d}-00", 0.5)] for g in range(generations)))
    figure = scatter_figure(history, Settings(), None)
    assert figure is not None
    marks = ElementTree.fromstring(figure.pictures[0]).iter("use")
    assert len(list(marks)) == generations
    stretches = [re.findall(r"\d+", key.text) for key in figure.legend[:-1]]
    inside = [g for s in stretches for g in range(int(s[0]), int(s[-1]) + 1)]
    assert inside == list(range(generations))
    assert len(stretches) == min(generations, len(SHAPES))


def test_a_limit_of_the_budget_is_on_the_axis_however_far_it_is() -> None:
    far = lineage([member("000000-00", 0.5, latency=1.0)], budget=Budget(max_latency_ms=900.0))
    figure = scatter_figure(far, Settings(), None)
    assert figure is not None
    texts = [text.text for text in ElementTree.fromstring(figure.pictures[0]).iter("text")]
    assert "budget 900 ms" in texts


def test_the_best_is_marked_with_its_name() -> None:
    best = SPREAD.members["000000-01"]
    figure = scatter_figure(SPREAD, Settings(), best)
    assert figure is not None
    assert "best, 000000-01" in figure.pictures[0]
    assert scatter_figure(lineage([member("000000-00", outcome="failed")]), Settings(), None) is (
        None
    )
