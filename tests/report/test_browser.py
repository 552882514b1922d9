"""The report in a browser: everybody is reachable and drawn, also in a frame that allows scripts
only.
"""

from __future__ import annotations

import base64
import hashlib
import html as html_module
import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.report.browser import CHROMIUM, READY, Browser, Page, click, names, tell, text
from tests.report.conftest import HOSTILE
from tests.report.test_page import repeated
from tests.synthetic import make_search
from videonas.report import build_report, diagram_svg
from videonas.report.layout import arrange
from videonas.search.root import SearchRoot
from videonas.spaces import Diagram, Node

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH")



# Individuals


def test_every_individual_is_on_one_of_the_pages(page: Page, root: SearchRoot) -> None:
    first = names(page)
    click(page, "#next")
    assert first + names(page) == list(root.lineage().members)
    assert text(page, "#count") == "62 of 62 individuals, page 2 of 2"


def test_everybody_s_network_is_drawn_as_the_best_one_is(page: Page, root: SearchRoot) -> None:
    """The page's own drawing has the boxes, texts and arrows of the picture that Python makes."""
    space, task = root.space, root.need_dataset().task
    for name, one in list(root.lineage().members.items())[::7]:
        page.run(f"document.querySelector('#best [data-individual]').dataset.individual = '{name}'")
        click(page, "#best [data-individual]")
        shown = ElementTree.fromstring(page.run("document.querySelector('#opened svg').outerHTML"))
        training = one.result.training
        diagram = space.diagram(
            one.individual.architecture, task, training.learned if training else {}
        )
        assert picture(shown) == picture(ElementTree.fromstring(diagram_svg(diagram)))
        assert name in text(page, "#opened h3")
        assert text(page, "#opened svg title") == f"Network of {name}"


def picture(svg: ElementTree.Element) -> tuple[Any, ...]:
    """What a drawing says: its size, its texts, its arrows; both libraries write them alike."""
    plain = [e for e in svg.iter() if e.tag.rpartition("}")[2] in ("text", "rect", "path")]
    texts = [e.text for e in plain if e.tag.endswith("text")]
    rects = [tuple(float(e.get(k, "")) for k in ("x", "y", "width", "height"))
             for e in plain if e.tag.endswith("rect")]
    arrows = sum(e.get("class") == "arrow" for e in plain)
    described = next(e.text for e in svg.iter() if e.tag.endswith("desc"))
    return svg.get("viewBox"), texts, rects, arrows, described


def test_parents_and_children_lead_to_each_other(page: Page, root: SearchRoot) -> None:
    members = root.lineage().members
    child = next(m for m in reversed(members.values()) if m.individual.parents)
    (parent,) = child.individual.parents
    tell(page, child.individual.name)
    click(page, "#people .choose")
    assert text(page, "#opened h3") == f"Individual {child.individual.name}"
    for edit in child.individual.edits:
        assert edit.path in text(page, "#opened")
    click(page, f"#opened [data-individual='{parent}']")
    assert text(page, "#opened h3") == f"Individual {parent}"
    assert page.focused() == f"button {parent}"
    assert page.run("document.getElementById('find').value") == "", "nothing hides the parent"
    assert child.individual.name in text(page, "#opened")


def test_many_children_are_listed_in_the_table(page: Page, root: SearchRoot) -> None:
    children: dict[str, int] = {}
    for one in root.lineage().members.values():
        for name in one.individual.parents:
            children[name] = children.get(name, 0) + 1
    parent, count = max(children.items(), key=lambda pair: pair[1])
    assert count > 12
    tell(page, parent)
    page.run(f"document.querySelector('[data-name=\"{parent}\"] .choose').click()")
    assert f"list all {count}" in text(page, "#opened")
    click(page, "#opened dd button")
    assert text(page, "#count").startswith(f"{count + 1} of ")
    assert page.focused() == "input find"


def test_sorted_by_each_column_both_ways(page: Page) -> None:
    keys = page.run("[...document.querySelectorAll('[data-sort]')].map(b => b.dataset.sort)")
    assert {"name", "outcome", "fitness", "top1", "parameters", "macs", "latency"} == set(keys)
    for key in keys:
        click(page, f"[data-sort='{key}']")
        one = page.run("document.querySelector('[aria-sort]').getAttribute('aria-sort')")
        before = names(page)
        click(page, f"[data-sort='{key}']")
        other = page.run("document.querySelector('[aria-sort]').getAttribute('aria-sort')")
        assert {one, other} == {"ascending", "descending"}
        assert names(page) != before
        assert page.run("document.querySelectorAll('[aria-sort]').length") == 1


def test_the_best_is_first_by_fitness(page: Page, root: SearchRoot) -> None:
    best = root.lineage().best(root.settings)
    assert best is not None
    click(page, "[data-sort='fitness']")
    assert names(page)[0] == best.individual.name


def test_what_failed_is_found_by_what_it_said(page: Page) -> None:
    more = page.run("document.querySelector('#outcomes [data-find]') !== null")
    assert more, "somebody failed more than three times"
    click(page, "#outcomes [data-find]")
    found = names(page)
    assert len(found) > 3
    click(page, f"[data-name='{found[0]}'] .choose")
    assert HOSTILE in text(page, "#opened")
    assert page.run("document.querySelectorAll('#opened img, #opened script').length") == 0


def test_a_mark_in_a_picture_leads_to_its_individual(page: Page) -> None:
    mark = "document.querySelector('.cloud use')"
    name = page.run(f"{mark}.textContent")
    page.run(f"{mark}.dispatchEvent(new MouseEvent('click', {{bubbles: true}}))")
    assert text(page, "#opened h3") == f"Individual {name}"


# Layout of graphs that are no chains


def acyclic(rng: Random) -> dict[str, Any]:
    """A random graph of up to 14 boxes."""
    count = rng.randint(1, 14)
    pairs = [(a, b) for b in range(count) for a in range(b)]
    arrows = [rng.choice(pairs) for _ in range(rng.randint(0, 24))] if pairs else []
    sizes = [[rng.randint(132, 300), rng.randint(40, 150)] for _ in range(count)]
    return {"sizes": sizes, "arrows": arrows}


def test_any_graph_is_laid_out_as_python_does_it(page: Page) -> None:
    """So what is tested of the one layout holds for the other."""
    rng = Random(7)
    cases = [acyclic(rng) for _ in range(60)]
    found = page.run(f"{json.dumps(cases)}.map(c => arrange(c.sizes, c.arrows, 42))")
    for case, shown in zip(cases, found, strict=True):
        sizes = {str(number): tuple(size) for number, size in enumerate(case["sizes"])}
        arrows = [(str(start), str(end)) for start, end in case["arrows"]]
        layout = arrange(sizes, arrows, 42)
        assert (shown["width"], shown["height"]) == pytest.approx((layout.width, layout.height))
        for name, box in layout.boxes.items():
            assert shown["boxes"][int(name)] == pytest.approx(asdict(box))
        for route, corners in zip(shown["routes"], layout.routes, strict=True):
            flat = [[x for corner in one for x in corner] for one in (route, corners)]
            assert flat[0] == pytest.approx(flat[1])


def test_a_graph_with_labels_is_drawn_whole(page: Page) -> None:
    nodes = tuple(Node(name, f"node {name}", ("走る",), "8 x 4²") for name in "abcd")
    arrows = (("a", "b", "0.25"), ("a", "c", ""), ("b", "d", ""), ("c", "d", ""), ("a", "d", "<b>"))
    texts = ["node a", "8 x 4²", "走る", "node b", "node c", "node d", "0.25", "", "<b>"]
    rows = {
        "texts": texts, "boxes": [[0, 1, 2], [3, 1, 2], [4, 1, 2], [5, 1, 2]],
        "diagrams": [[[0, 1, 2, 3],
                      [[0, 1, 6], [0, 2, 7], [1, 3, 7], [2, 3, 7], [0, 3, 8]]]],
    }
    shown = ElementTree.fromstring(
        page.run(f"drawNetwork({json.dumps(rows)}, 0, 'Any').outerHTML")
    )
    expected = ElementTree.fromstring(diagram_svg(Diagram(nodes, arrows)))
    assert picture(shown)[1:] == picture(expected)[1:]


# A frame that allows scripts only, as KFP shows artifacts


def framed(report: str, folder: Path) -> Path:
    """A page with the report in such a frame; the page says what the report may do in it."""
    file = folder / "frame.html"
    file.write_text(
        "<!DOCTYPE html><meta charset=utf-8><iframe sandbox='allow-scripts' width=1100 height=800 "
        f'srcdoc="{html_module.escape(report)}"></iframe>'
    )
    return file


def test_in_a_frame_that_allows_scripts_only(
    chromium: Browser, root: SearchRoot, file: Path, tmp_path: Path
) -> None:
    page = chromium.open(framed(file.read_text(), tmp_path))
    frame = page.frame()
    frame.wait(READY)
    with pytest.raises(RuntimeError, match="SecurityError"):
        frame.run("parent.document.title")
    assert frame.run("origin") == "null"
    best = root.lineage().best(root.settings)
    assert best is not None
    click(frame, "#best [data-individual]")
    assert text(frame, "#opened h3") == f"Individual {best.individual.name}"
    assert frame.run("document.querySelectorAll('#opened .node').length") >= 3
    click(frame, "nav a[href='#time']")
    assert frame.run("document.activeElement.id") == "time"
    assert frame.run("location.href") == "about:srcdoc", "no link left the page"
    refused = [problem for problem in page.problems() if "title" not in problem]
    assert refused == []


def test_a_report_of_nothing_in_a_frame(chromium: Browser, tmp_path: Path) -> None:
    report = build_report(make_search(tmp_path / "search", 0, 4, 4))
    page = chromium.open(framed(report, tmp_path), 360)
    frame = page.frame()
    frame.wait(READY)
    assert frame.run("document.documentElement.scrollWidth <= 1100")
    assert page.problems() == []


def test_the_page_s_policy_stops_any_other_script(
    chromium: Browser, file: Path, tmp_path: Path
) -> None:
    """Even if words became markup, the browser would not run them."""
    broken = file.read_text().replace("<main>", "<main><script>window.ran = 1</script>", 1)
    (tmp_path / "broken.html").write_text(broken)
    page = chromium.open(tmp_path / "broken.html")
    page.wait(READY)
    assert page.run("window.ran") is None
    assert any("Content Security Policy" in problem for problem in page.problems())


def test_the_script_s_digest_is_that_of_the_script(file: Path) -> None:
    report = file.read_text()
    script = report[report.rindex("<script>") + len("<script>") : report.rindex("</script>")]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = re.search(r"script-src '(.*?)'", report)
    assert policy
    assert policy[1] == f"sha256-{digest}"


# Many


def test_ten_thousand_individuals_are_all_reachable(chromium: Browser, tmp_path: Path) -> None:
    root = make_search(tmp_path / "search", 5, 100, 100)
    history = repeated(root.lineage(), 20)
    assert len(history.members) == 10_000
    (tmp_path / "large.html").write_text(build_report(root, history))
    page = chromium.open(tmp_path / "large.html")
    page.wait(READY)
    assert page.run("document.querySelectorAll('*').length") < 10_000, "the table shows a page"
    last = list(history.members)[-1]
    tell(page, last)
    assert names(page) == [last]
    click(page, "#people .choose")
    assert page.run("document.querySelectorAll('#opened .node').length") >= 3
    parent = page.run("document.querySelector('#opened [data-individual]').dataset.individual")
    click(page, "#opened [data-individual]")
    assert text(page, "#opened h3") == f"Individual {parent}"
    assert page.problems() == []
