"""The report by keyboard, by screen reader, in light and dark, wide and narrow."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.report.browser import CHROMIUM, Page, click, names, tell, text

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH")


# The keyboard


def stops(page: Page, most: int = 300) -> list[str]:
    """What the tabulator reaches from the top of the page, one after the other."""
    page.run("document.activeElement.blur()")
    found: list[str] = []
    for _ in range(most):
        page.press("Tab")
        here = page.focused()
        if here.startswith(("body", "html")):
            return found
        found.append(here)
    raise AssertionError(f"the tabulator never comes to an end: {found[-5:]}")


def test_the_tabulator_reaches_everything_in_its_order_and_shows_where_it_is(page: Page) -> None:
    found = stops(page)
    for stop in ("a Best network", "summary By generation, in numbers", "input find",
                 "select outcome", "button previous", "button next", "button Fitness"):
        assert stop in found
    assert sum(stop.startswith("button 0") for stop in found) == 50
    page.run("document.activeElement.blur()")
    for _ in range(12):
        page.press("Tab")
        style = page.run("(s => s.outlineStyle + ' ' + s.outlineWidth)"
                         "(getComputedStyle(document.activeElement))")
        assert style == "solid 2px", page.focused()


def test_an_individual_is_opened_and_closed_by_keys_and_the_focus_stays(page: Page) -> None:
    first = names(page)[0]
    page.run("document.querySelector('.choose').focus()")
    for key, opened in (("Enter", True), ("Space", False), ("Enter", True)):
        page.press(key)
        assert page.focused() == f"button {first}"
        assert page.run("document.getElementById('opened') !== null") is opened
        expanded = page.run("document.activeElement.getAttribute('aria-expanded')")
        assert expanded == str(opened).lower()
    assert page.run("document.getElementById(document.activeElement.getAttribute("
                    "'aria-controls')) !== null")


def test_the_focus_is_never_lost(page: Page) -> None:
    """Buttons that have nothing more to do keep it, and so does what redraws the table."""
    page.run("document.getElementById('next').focus()")
    page.press("Enter", 3)
    assert page.focused() == "button next"
    assert page.run("document.getElementById('next').getAttribute('aria-disabled')") == "true"
    assert text(page, "#page") == "Page 2 of 2"
    page.run("document.querySelector('[data-sort=fitness]').focus()")
    page.press("Space")
    assert page.focused() == "button Fitness"
    tell(page, "failed")
    assert page.focused() == "input find"
    assert text(page, "#count") != ""


def test_links_within_the_page_take_the_focus_along(page: Page) -> None:
    for link in page.run("[...document.querySelectorAll('nav a')].map(a => a.hash.slice(1))"):
        page.run(f"document.querySelector('nav a[href=\"#{link}\"]').focus()")
        page.press("Enter")
        assert page.run("document.activeElement.id") == link
        top = page.run("document.activeElement.getBoundingClientRect().top")
        at_end = page.run("innerHeight + scrollY >= document.documentElement.scrollHeight - 1")
        assert abs(top) < 2 or at_end


def test_only_what_scrolls_is_a_stop_of_its_own(page: Page) -> None:
    """A region that scrolls is reached by keys, one that does not is not in the way."""
    for width in (1200, 380):
        page.emulate(width)
        page.run("new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")
        wrong = page.run(
            "[...document.querySelectorAll('.scroll')].filter(r => (r.scrollWidth > r.clientWidth"
            " + 1 || r.scrollHeight > r.clientHeight + 1) !== (r.tabIndex === 0))"
            ".map(r => r.getAttribute('aria-label'))"
        )
        assert wrong == []


# Screen readers


def tree(page: Page) -> list[dict[str, Any]]:
    """The nodes that a screen reader is given, in the order of the page."""
    nodes = page.ask("Accessibility.getFullAXTree")["nodes"]
    return [node for node in nodes if not node["ignored"]]


def told(nodes: list[dict[str, Any]], role: str) -> list[str]:
    return [n.get("name", {}).get("value", "") for n in nodes if n["role"]["value"] == role]


def test_a_screen_reader_finds_landmarks_headings_tables_and_pictures(page: Page) -> None:
    click(page, ".choose")
    nodes = tree(page)
    assert len(told(nodes, "main")) == len(told(nodes, "banner")) == 1
    assert told(nodes, "navigation") == ["Sections"]
    assert told(nodes, "search") == ["Individuals"]
    for role in ("region", "table", "image", "button", "link", "textbox", "searchbox", "combobox"):
        assert all(name.strip() for name in told(nodes, role)), f"a {role} without a name"
    visible = "[...document.querySelectorAll('table')].filter(t => t.checkVisibility()).length"
    assert len(told(nodes, "table")) == page.run(visible)
    levels = [next(int(p["value"]["value"]) for p in n["properties"] if p["name"] == "level")
              for n in nodes if n["role"]["value"] == "heading"]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert len(told(nodes, "columnheader")) > 20
    assert len(told(nodes, "rowheader")) > 60


def test_what_changes_is_told(page: Page) -> None:
    """The number of rows that were found stands in a live region that is there from the start."""
    (status,) = [n for n in tree(page) if n["role"]["value"] == "status"]
    live = {p["name"]: p["value"]["value"] for p in status["properties"]}
    assert live["live"] == "polite"
    before = text(page, "[role=status]")
    tell(page, "000003")
    assert text(page, "[role=status]") != before


# Looks


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [320, 1200])
def test_texts_stand_out_and_nothing_is_wider_than_the_window(
    page: Page, dark: bool, width: int
) -> None:
    page.emulate(width, dark=dark)
    click(page, ".choose")
    assert page.run("document.documentElement.scrollWidth <= innerWidth")
    poor = page.run(CONTRAST)
    assert poor == []


CONTRAST = """
(() => {
  const numbers = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
  const light = (colour) => numbers(colour).slice(0, 3).reduce((sum, part, index) => {
    const share = part / 255;
    const linear = share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    return sum + linear * [0.2126, 0.7152, 0.0722][index];
  }, 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      if (at.tagName === "g" && at.querySelector(":scope > rect"))
        return getComputedStyle(at.querySelector("rect")).fill;
      const colour = getComputedStyle(at).backgroundColor;
      if (numbers(colour)[3] !== 0) return colour;
    }
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), poor = new Set();
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    if (["SCRIPT", "title", "desc", "NOSCRIPT"].includes(element.tagName)) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(element.closest("svg") ? style.fill : style.color),
      light(ground(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) poor.add(element.className + " " + contrast.toFixed(2));
  }
  return [...poor];
})()
"""
"""Classes of the texts whose contrast is below 4.5 (WCAG 2.2, 1.4.3)."""


def test_nothing_moves_by_itself(file: Path) -> None:
    """So that nobody has to ask for less motion."""
    report = file.read_text()
    style = report[report.index("<style>") : report.index("</style>")]
    script = report[report.rindex("<script>") : report.rindex("</script>")]
    for word in ("animation", "transition", "@keyframes", "smooth", "<animate", "marquee"):
        assert word not in style + script
