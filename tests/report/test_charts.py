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
from videonas.report.assets import assets
from videonas.report.axes import Scale, count_axis, value_axis
from videonas.report.charts import (
    MOST_MARKED,
    MOST_TOLD,
    SHAPES,
    Cloud,
    Scatter,
    Series,
    legend_line,
    legend_mark,
    line_chart,
)
from videonas.report.figures import (
    BASELINE,
    LINES,
    progress_figure,
    progress_numbers,
    trained_figure,
)
from videonas.report.svg import number, path, tag
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
    assert marks == [("#plot-circle", "one"), ("#plot-circle", "<two>"), ("#plot-square", "three")]
    assert {href.removeprefix("#") for href, _ in marks if href} <= shapes
    assert shapes == {f"plot-{shape}" for shape in SHAPES}
    across = [float(use.get("x", "")) for use in svg.iter("use")]
    assert across[0] < across[2] < across[1]


@pytest.mark.parametrize(("count", "pieces"), [(MOST_TOLD, MOST_TOLD), (MOST_TOLD + 1, 1)])
def test_many_points_are_drawn_in_one_piece(count: int, pieces: int) -> None:
    points = [(10 * n / count, n % 100, str(n)) for n in range(count)]
    (cloud,) = groups(plot(clouds=[Cloud("age-3", "circle", points)]), "cloud age-3")
    assert len(cloud) == pieces
    if pieces == 1:
        assert len(re.findall("M", cloud[0].get("d", ""))) == pytest.approx(count, rel=0.01)


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
    assert [key.text for key in figure.legend] == [
        "best so far", "median of the newborn", "best of the newborn"
    ]


def test_the_progress_of_a_history_in_numbers() -> None:
    numbers = progress_numbers(HISTORY, Settings())
    assert numbers.labels == ["Top-1", "Loss"]
    assert [(row.generation, row.born, row.ok, row.cells) for row in numbers.rows] == [
        (0, 3, 2, ["30.0 %", "40.0 %", "40.0 %", "0.700", "0.600", "0.600"]),
        (1, 2, 1, ["30.0 %", "30.0 %", "40.0 %", "0.700", "0.700", "0.600"]),
        (2, 1, 0, ["–", "–", "40.0 %", "–", "–", "0.600"]),
        (3, 3, 3, ["60.0 %", "70.0 %", "70.0 %", "0.400", "0.300", "0.300"]),
    ]


def test_a_history_of_failures_has_charts_without_lines() -> None:
    figure = progress_figure(lineage([member("000000-00", outcome="failed")]), Settings())
    for picture in figure.pictures:
        svg = ElementTree.fromstring(picture)
        assert svg.findtext("desc") == "No individual has the outcome ok."
        assert all(len(group) == 0 for group in svg.iter("g"))


OTHER = lineage([member("000000-00", 0.1)], [member("000001-00", 0.6), member("000001-01", 0.2)])


def test_a_baseline_has_a_line_of_its_own_behind_the_others() -> None:
    figure = progress_figure(HISTORY, Settings(), OTHER)
    assert figure.legend[-1].text == "best so far of the baseline"
    for picture, best in zip(figure.pictures, ("60", "0.4"), strict=True):
        svg = ElementTree.fromstring(picture)
        lines = [g for g in svg if (g.get("class") or "").startswith("line")]
        assert lines[0].get("class") == "line baseline"
        assert len(list(lines[0].iter("circle"))) == 2
        assert (svg.findtext("desc") or "").endswith(f"The best of the baseline: {best}.")


def test_by_trained_networks_only_where_generations_do_not_tell_the_same() -> None:
    assert trained_figure(HISTORY, Settings(), HISTORY) is None
    figure = trained_figure(HISTORY, Settings(), OTHER)
    assert figure is not None
    top1 = ElementTree.fromstring(figure.pictures[0])
    assert top1.findtext("desc") == (
        "Top-1, best so far by number of trainings. This search: 20.0 % after 1, 70.0 % "
        "after 9; the baseline: 10.0 % after 1, 60.0 % after 3."
    )
    assert [key.text for key in figure.legend] == ["this search", "the baseline"]


def test_no_two_lines_differ_by_colour_alone() -> None:
    """Each style of a line has dashes of its own."""
    style = assets("colours.css", "picture.css", "style.css")
    dashes = [
        tuple(re.findall(rf"\.line\.{name} path {{[^}}]*stroke-dasharray: ([^;}}]*)", style))
        for name in (*(name for name, _ in LINES), BASELINE[0])
    ]
    assert len(set(dashes)) == len(dashes)
