"""Reports of searches that went oddly, and of searches that somebody wants to break out of."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.report.test_page import checked, people
from tests.synthetic import make_search
from videonas.report import build_report
from videonas.search.lineage import Lineage
from videonas.search.population import Member, Population
from videonas.search.records import Timing
from videonas.search.result import OUTCOMES, Evaluation, Latency, Outcome, Result, Training
from videonas.search.root import SearchRoot

Change = Callable[[int, Result], Result]
"""Another result for the newborn of a number, counted through all generations."""


def changed(root: SearchRoot, change: Change) -> Lineage:
    """The history of a search with other results; the fittest `ok` ones are the parents."""
    number, generations = 0, []
    for population in root.lineage().generations:
        newborn: list[Member[Any]] = []
        for member in population.newborn:
            newborn.append(Member(member.individual, change(number, member.result)))
            number += 1
        able = [m for m in newborn if m.result.outcome(population.budget) == "ok"]
        generations.append(replace(population, newborn=tuple(newborn), parents=tuple(able)))
    return Lineage(generations)


def failed(result: Result, message: str = "no kernel", outcome: Outcome = "failed") -> Result:
    return replace(result, training=Training(outcome, message), evaluation=None)


def scored(result: Result, **metrics: float) -> Result:
    return replace(result, evaluation=Evaluation("ok", "", metrics, 120))


def table(html: str, caption: str) -> list[list[str]]:
    """The texts in the rows of the body of a table."""
    whole = html[html.index(f"<caption>{caption}</caption>") :]
    body = whole[whole.index("</thead>") : whole.index("</table>")]
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", body, re.DOTALL)
    cells = (re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows)
    return [[" ".join(re.sub("<[^>]*>", "", cell).split()) for cell in row] for row in cells]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> SearchRoot:
    """Three generations in which nothing goes wrong."""
    return make_search(tmp_path_factory.mktemp("small"), 3, 5, 4, troubles={})


# Hostile words

HOSTILE: Mapping[str, str] = {
    "ends the script": "</script><script>alert(1)</script>",
    "opens a comment": "<!--<script>",
    "an image": "<img src=x onerror=alert(1)>",
    "leaves an attribute": "\" onmouseover=\"alert(1)\" x='",
    "a template": "{{ 7 * 7 }}{% raw %}${7 * 7}",
    "an entity": "&lt;b&gt; &amp;amp; &#x3C;",
    "a style": "</style><style>body{display:none}</style>",
    "ends an svg": "</title></svg><a href=javascript:alert(1)>",
    "turns the direction": "\u202eabc\u202c \u2028 \u2029",
    "no latin": "走る 🏃 Прыжок",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_words_stay_words_wherever_they_come_from(tmp_path: Path, text: str) -> None:
    root = make_search(
        tmp_path / text.replace("/", "_"), 1, 5, 3, classes=(text, "b"), message=text,
        troubles={"failed": 0.5}, videos=text,
    )
    root.add_timing(Timing("x", 0, 0.0, 1.0, 0.5, 1.0, 0.0))
    step = next(Path(root.uri).glob("timings/x-*"))
    step.write_text(json.dumps({**json.loads(step.read_text()), "step": text}))
    file = Path(root.generation_address(0)) / "population.json"
    device = json.dumps(text)[1:-1]
    file.write_text(file.read_text().replace("Example CPU @ 2.00GHz", device))
    html = build_report(SearchRoot(root.uri))
    page = checked(html)
    shown = " ".join(text.split())
    for section in ("head", "outcomes", "best", "time", "settings"):
        assert shown in page.text(section), section
    assert shown.replace("/", "_") in page.text("head"), "the address of the search root"
    assert text in {row["message"] for row in people(html)}
    assert len(page.scripts) == 2
    assert "49" not in page.text("best"), "nothing was calculated"


def test_a_message_as_long_as_a_log_is_cut(tmp_path: Path) -> None:
    root = make_search(tmp_path, 2, 6, 4, troubles={"failed": 0.4}, message="E" * 100_000)
    html = build_report(root)
    longest = max(len(run) for run in re.findall("E+", html))
    assert longest == 599
    checked(html)


def test_more_different_failures_than_are_listed(tmp_path: Path) -> None:
    root = make_search(tmp_path, 4, 30, 20, troubles={})
    history = changed(root, lambda n, result: failed(result, f"fault {n}") if n else result)
    page = checked(build_report(root, history))
    listed = re.findall(r"fault \d+", page.text("outcomes"))
    assert len(set(listed)) == 60
    assert "And 29 more different failures" in page.text("outcomes")


# Odd results


def test_all_failed_but_one(small: SearchRoot) -> None:
    """Who is alone is the best, the median, the front and the whole ancestry."""
    history = changed(small, lambda n, result: result if n == 2 else failed(result))
    html = build_report(small, history)
    page, one = checked(html), history.generations[0].newborn[2]
    top1, loss = (one.result.metrics[name] for name in ("top1", "loss"))
    assert "3 generations ended: 13 networks born, 1 different one trained." in page.text("head")
    assert one.individual.name in page.text("best")
    assert "no later one is better yet" in page.text("best")
    assert page.text("ancestry").count("000000-") == 1
    assert "1 different network; 1 on the front" in page.text("front")
    assert "1 network is on the front of Loss, Latency" in page.text("front")
    share, value = f"{100 * top1:.1f} %", f"{loss:.3f}"
    assert table(html, "Newborn by generation") == [
        ["0", "5", "1", share, share, share, value, value, value],
        ["1", "4", "0", "–", "–", share, "–", "–", value],
        ["2", "4", "0", "–", "–", share, "–", "–", value],
    ]
    (row,) = table(html, "Equal messages together, the youngest first")
    assert row == ["failed", "12", "no kernel", "000002-03 000002-02 000002-01 and 9 more"]


def test_the_first_generation_failed_and_a_later_one_did_not(small: SearchRoot) -> None:
    history = changed(small, lambda n, result: failed(result) if n < 5 else result)
    page = checked(build_report(small, history))
    best = history.best(small.settings)
    assert best is not None
    assert best.individual.name in page.text("best")
    assert "the best of the first generation" not in page.text("best")
    assert "no later one is better yet" not in page.text("best")


@pytest.mark.parametrize("outcome", [o for o in OUTCOMES if o not in ("ok", "over_budget")])
def test_each_way_to_fail_has_its_column_and_its_colour(
    small: SearchRoot, outcome: Outcome
) -> None:
    history = changed(
        small, lambda n, result: failed(result, f"why {n}", outcome) if n % 2 else result
    )
    html = build_report(small, history)
    checked(html)
    word = outcome.replace("_", " ")
    assert f">{word}</th>" in html
    ended = table(html, "What became of the newborn of each generation")
    assert [row[2:] for row in ended] == [["7", "6", "13"], ["3", "2", "5"], ["2", "2", "4"],
                                          ["2", "2", "4"]]
    assert f'<span class="swatch {outcome}">' in html
    assert f".{outcome}" in html[html.index("<style>") : html.index("</style>")]
    assert sum(row["message"].startswith("why ") for row in people(html)) == 6


def test_latency_of_some_and_not_of_the_best(small: SearchRoot) -> None:
    best = small.lineage().best(small.settings)
    assert best is not None
    measured = [m for m in small.lineage().members.values() if m.result != best.result]
    history = changed(
        small, lambda n, result: replace(result, latency=None) if result == best.result else result
    )
    html = build_report(small, history)
    page = checked(html)
    assert "not measured" in page.text("best")
    assert "Latency was not measured." in page.text("best")
    assert f"{len({m.result.key for m in measured})} different networks" in page.text("front")
    assert 'class="ring"' not in html


@pytest.mark.parametrize("median", [1e-4, 5.0, 86_400_000.0])
def test_everybody_equally_fast_and_equally_good(small: SearchRoot, median: float) -> None:
    measured = Latency(median, (median, median), 3, 1, "cpu")
    history = changed(small, lambda n, result: replace(
        scored(result, top1=0.5, top5=1.0, loss=0.7), latency=measured
    ))
    page = checked(build_report(small, history))
    different = {m.result.key for m in history.members.values()}
    assert f"{len(different)} on the front" in page.text("front")


def test_latencies_of_every_order_of_magnitude(small: SearchRoot) -> None:
    history = changed(small, lambda n, result: replace(
        result, latency=Latency(10.0 ** (n - 6), (0.0, 0.0), 3, 1, "cpu")
    ))
    checked(build_report(small, history))


@pytest.mark.parametrize(("top1", "loss"), [(0.0, 30.0), (1.0, 0.0)], ids=["the worst", "the best"])
def test_the_ends_of_what_can_be(small: SearchRoot, top1: float, loss: float) -> None:
    history = changed(small, lambda n, result: scored(result, top1=top1, top5=1.0, loss=loss))
    page = checked(build_report(small, history))
    assert f"{100 * top1:.1f} %" in page.text("best")
    assert f"{loss:.3f}" in page.text("best")


def test_results_without_top5(small: SearchRoot) -> None:
    history = changed(small, lambda n, result: scored(result, top1=0.5, loss=1.0 - n / 100))
    page = checked(build_report(small, history))
    assert "Top-5" not in page.text("best")


def results(result: Result) -> st.SearchStrategy[Result]:
    """Anything that may come of a network."""
    shares, positive = st.floats(0, 1), st.floats(1e-4, 1e5)
    messages = st.text(max_size=20)
    ends = st.sampled_from([o for o in OUTCOMES if o != "ok"])
    latencies = st.none() | st.builds(
        Latency, positive, st.tuples(positive, positive), st.integers(3, 9), st.integers(1, 4),
        messages,
    )
    trainings = st.builds(
        Training, ends, messages, seconds=st.dictionaries(messages, positive, max_size=2)
    )
    evaluations = st.builds(
        lambda top1, top5, loss: scored(result, top1=top1, top5=top5, loss=loss).evaluation,
        shares, shares, positive,
    )
    ok = st.builds(
        lambda latency, evaluation: replace(result, latency=latency, evaluation=evaluation),
        latencies, evaluations,
    )
    return ok | st.builds(
        lambda latency, training: replace(
            result, latency=latency, training=training, evaluation=None
        ),
        latencies, trainings,
    )


@given(st.data())
@settings(max_examples=12, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_whatever_comes_of_networks_is_a_page_in_order(
    small: SearchRoot, data: st.DataObject
) -> None:
    history = changed(small, lambda n, result: data.draw(results(result)))
    html = build_report(small, history)
    page = checked(html)
    rows = people(html)
    assert [row["name"] for row in rows] == list(history.members)
    best = history.best(small.settings)
    assert ("best" in page.ids) is (best is not None)
    if best is not None:
        assert best.individual.name in page.text("best")


# What it stands on


def test_a_report_needs_no_network_and_no_other_file(small: SearchRoot) -> None:
    html = build_report(small)
    checked(html)
    addresses = re.findall(r"[a-z]+://\w[^\s\"'<>]+", html)
    assert set(addresses) == {"http://www.w3.org/2000/svg"}, "a name that nobody fetches"
    for call in ("fetch(", "XMLHttpRequest", "import(", "WebSocket", "sendBeacon", "localStorage"):
        assert call not in html


def test_a_data_set_that_is_gone_takes_the_picture_with_it(tmp_path: Path) -> None:
    root = make_search(tmp_path, 1, 4, 3, troubles={})
    next(tmp_path.glob("data/*/dataset.json")).unlink()
    page = checked(build_report(SearchRoot(root.uri)))
    assert "The data set's record is not there" in page.text("network")
    assert "not prepared yet" in page.text("head")


def test_a_budget_that_was_changed_is_the_one_of_the_last_generation(small: SearchRoot) -> None:
    first, *others = small.lineage().generations
    tight: Population[Any] = replace(first, budget=replace(first.budget, max_latency_ms=1e-9))
    html = build_report(small, Lineage([tight, *others]))
    assert "Budgetnone" in checked(html).text("head")
    assert table(html, "What became of the newborn of each generation") == [
        ["All", "", "8", "5", "13"], ["0", "", "", "5", "5"], ["1", "", "4", "", "4"],
        ["2", "", "4", "", "4"],
    ]
