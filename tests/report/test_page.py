"""The report: it holds what it must, stands alone, and survives what it is given."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.synthetic import make_search
from videonas.report import build_report
from videonas.search.budget import Budget
from videonas.search.individual import Individual, individual_name
from videonas.search.lineage import Lineage
from videonas.search.population import Candidates, Member
from videonas.search.root import SearchRoot
from videonas.search.settings import Settings
from videonas.spaces import architecture_id

HOSTILE = "</script><script>alert(1)</script>"
VOID = {"meta", "br", "input", "link", "img", "hr", "wbr"}
LOADING = {"src", "srcset", "data", "poster", "action", "formaction", "background"}


class Page(HTMLParser):
    """A report's text by section, and what is wrong with its markup."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.stack: list[tuple[str, dict[str, str | None]]] = []
        self.sections: dict[str, str] = {}
        self.scripts: list[str] = []
        self.problems: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.headings: list[int] = []
        self.feed(html)
        self.close()
        if self.stack:
            self.problems.append(f"never closed: {self.stack}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        for name, value in attrs:
            if name.startswith("on"):
                self.problems.append(f"{tag} has {name}")
            if name in LOADING or (name.endswith("href") and not (value or "").startswith("#")):
                self.problems.append(f"{tag} has {name}={value}")
            if "url(" in (value or "") and not (value or "").startswith("url(#"):
                self.problems.append(f"{tag} has {name}={value}")
        if tag == "a":
            self.links.append((given.get("href") or "")[1:])
        if "id" in given:
            self.ids.append(given["id"] or "")
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "svg" and given.get("role") != "img" and given.get("aria-hidden") != "true":
            self.problems.append("an svg that is neither an image nor hidden")
        if tag == "th" and "scope" not in given:
            self.problems.append("a th without scope")
        if tag == "script":
            self.scripts.append("")
        if tag not in VOID:
            self.stack.append((tag, given))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.stack.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.stack or self.stack[-1][0] != tag:
            self.problems.append(f"</{tag}> closes {self.stack[-1:]}")
        else:
            self.stack.pop()

    def handle_data(self, data: str) -> None:
        if self.stack and self.stack[-1][0] == "script":
            self.scripts[-1] += data
            return
        section = next((a.get("id") for t, a in self.stack if t == "section"), None) or "head"
        self.sections[section] = self.sections.get(section, "") + data

    def text(self, section: str) -> str:
        """The text of a section with single spaces."""
        return " ".join(self.sections.get(section, "").split())


def embedded(html: str) -> dict[str, Any]:
    """What the page's script makes the table of individuals from."""
    found = re.search(r'id="individuals-data">(.*?)</script>', html, re.DOTALL)
    assert found
    return json.loads(found.group(1))  # type: ignore[no-any-return]


def people(html: str) -> list[dict[str, Any]]:
    """The rows of the table of individuals with those of their networks."""
    data = embedded(html)
    rows = []
    for listed in data["rows"]:
        row = dict(zip(data["columns"], listed, strict=True))
        network = zip(data["network_columns"], data["networks"][row["network"]], strict=True)
        rows.append({**row, **dict(network), "message": data["messages"][row["message"]]})
    return rows


def checked(html: str) -> Page:
    """The page, once its markup is in order."""
    page = Page(html)
    assert page.problems == []
    assert len(page.ids) == len(set(page.ids))
    assert set(page.links) <= set(page.ids)
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(page.headings, page.headings[1:], strict=False))
    assert html.count("<table") == html.count("<caption")
    assert "@import" not in html
    assert "url(" not in html.replace("url(#", "")
    return page


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> SearchRoot:
    return make_search(tmp_path_factory.mktemp("search"), 6, 12, 10, max_latency_ms=6.0)


@pytest.fixture(scope="module")
def html(root: SearchRoot) -> str:
    return build_report(root)


def test_says_what_was_searched_and_found(root: SearchRoot, html: str) -> None:
    page, lineage = checked(html), root.lineage()
    head = page.text("head")
    for said in ("tiny_video", "tournament", "6 generations ended", "62 networks born",
                 "420 train, 120 validation, 120 test", "latency up to 6 ms"):
        assert said in head
    best = lineage.best(root.settings)
    assert best is not None
    assert best.result.latency is not None
    section = page.text("best")
    for said in (best.individual.name, "Loss", f"{best.result.metrics['loss']:.3f}",
                 f"{100 * best.result.metrics['top1']:.1f} %", "optimistic",
                 f"{best.result.latency.median_ms:.2f} ms", best.result.latency.device):
        assert said in section
    for ancestor in lineage.ancestry(best.individual.name):
        assert ancestor.individual.name in page.text("ancestry")
        for edit in ancestor.individual.edits:
            assert edit.path in page.text("ancestry")
    diagram = root.space.diagram(best.individual.architecture, root.need_dataset().task, {})
    for node in diagram.nodes:
        assert node.title in page.text("network")
        assert node.shape in page.text("network")
    assert "budget 6 ms" in page.text("front")
    assert "train-candidate" in page.text("time")
    for name in Settings.model_fields:
        assert name in page.text("settings")


def test_every_individual_is_reachable(root: SearchRoot, html: str) -> None:
    members = root.lineage().members
    rows = {row["name"]: row for row in people(html)}
    assert list(rows) == list(members)
    for name, member in members.items():
        row = rows[name]
        assert row["parents"] == list(member.individual.parents)
        assert [edit[1] for edit in row["edits"]] == [e.path for e in member.individual.edits]
        assert row["parameters"] == member.result.costs.parameters
        assert row["top1"] == pytest.approx(member.result.metrics.get("top1"), abs=1e-4)


def test_outcomes_and_messages(root: SearchRoot, html: str) -> None:
    lineage, page = root.lineage(), checked(html)
    rows = {row["name"]: row for row in people(html)}
    for generation in lineage.generations:
        for member in generation.newborn:
            if generation.outcome_of(member) != "ok":
                message = member.result.message(generation.budget)
                assert rows[member.individual.name]["message"] == message
                if generation.outcome_of(member) != "over_budget":
                    assert message in page.text("outcomes")


def test_only_the_page_s_own_script_may_run(html: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy
    assert policy.group(1).startswith("default-src 'none'")
    assert re.search(r"script-src 'sha256-[\w+/=]{44}';", policy.group(1))


def test_hostile_names_and_messages_stay_text(tmp_path: Path) -> None:
    hostile = make_search(
        tmp_path, 3, 8, 6, classes=(HOSTILE, "b"), message=HOSTILE, troubles={"failed": 0.5},
        videos="<img src=x onerror=alert(1)>",
    )
    html = build_report(hostile)
    page = checked(html)
    assert len(page.scripts) == 2
    assert "<script>alert" not in html
    assert "<img" not in html
    assert HOSTILE in page.text("head")
    assert HOSTILE in page.text("outcomes")
    assert any(row["message"] == HOSTILE for row in people(html))


def test_before_the_first_generation_ended(tmp_path: Path) -> None:
    root = make_search(tmp_path, 0, 4, 4)
    page = checked(build_report(root))
    assert "No generation has ended yet." in page.text("head")
    assert "population" in page.text("settings")
    dataset, space = root.need_dataset(), root.space
    architecture = space.presets["mobile1"]
    born = Individual(
        individual_name(0, 0), architecture_id(space.name, architecture), architecture, "sampled"
    )
    root.publish_candidates(Candidates(0, dataset.digest, Budget(), (born,)))
    head = checked(build_report(root)).text("head")
    assert "Generation 0 is under way: 0 of 1 candidate done." in head


def test_before_there_is_data(tmp_path: Path) -> None:
    root = SearchRoot(str(tmp_path))
    root.start({})
    page = checked(build_report(root))
    assert "not prepared yet" in page.text("head")
    assert "No step has been timed yet" in page.text("time")


def test_when_nothing_is_ok(tmp_path: Path) -> None:
    page = checked(build_report(make_search(tmp_path, 2, 6, 4, troubles={"failed": 1.0})))
    assert "None has the outcome ok yet." in page.text("head")
    assert "best" not in page.ids
    assert page.text("outcomes")


def test_when_latency_was_not_measured(tmp_path: Path) -> None:
    page = checked(build_report(make_search(tmp_path, 3, 8, 6, latency=False)))
    assert "Latency was not measured." in page.text("front")
    assert "not measured" in page.text("best")
    assert "scatter-latency-title" not in page.ids


def test_one_generation_only(tmp_path: Path) -> None:
    page = checked(build_report(make_search(tmp_path, 1, 10, 4)))
    assert "1 generation ended" in page.text("head")
    assert "sampled" in page.text("ancestry")


def test_fitness_of_two_accuracies(tmp_path: Path) -> None:
    root = make_search(tmp_path, 2, 8, 6, classes=[f"class {i}" for i in range(30)],
                       fitness="top1+top5")
    page = checked(build_report(root))
    assert "Top-1 + top-5" in page.text("progress")
    assert "and 22 more" in page.text("head")


def test_the_same_search_gives_the_same_page(root: SearchRoot, html: str) -> None:
    assert build_report(SearchRoot(root.uri)) == html


@pytest.mark.parametrize("fitness", ["loss", "map"])
def test_several_labels(tmp_path: Path, fitness: str) -> None:
    """Their metrics are mAP and loss; nothing is said of top-1."""
    root = make_search(tmp_path, 3, 6, 4, troubles={}, fitness=fitness)
    html = build_report(root, with_several_labels(root.lineage()))
    page = checked(html)
    assert re.search(r"\d %\s*mAP on the validation split", page.text("best"))
    assert {"progress-map-title", "progress-loss-title"} <= set(page.ids)
    assert "mAP against latency" in page.text("front")
    assert "Top-1" not in page.text("best") + page.text("progress") + page.text("ancestry")
    assert all(set(row) >= {"map", "loss"} and "top1" not in row for row in people(html))


def with_several_labels(lineage: Lineage) -> Lineage:
    """The same history with the metrics of clips that have several labels."""
    generations = []
    for generation in lineage.generations:
        newborn = tuple(_several(member) for member in generation.newborn)
        parents = tuple(_several(member) for member in generation.parents)
        generations.append(replace(generation, newborn=newborn, parents=parents))
    return Lineage(generations)


def _several(member: Member[Any]) -> Member[Any]:
    evaluation = member.result.evaluation
    if evaluation is None:
        return member
    metrics = {"map": evaluation.metrics["top1"] ** 2, "loss": evaluation.metrics["loss"]}
    changed = replace(evaluation, metrics=metrics)
    return Member(member.individual, replace(member.result, evaluation=changed))


def repeated(lineage: Lineage, times: int) -> Lineage:
    """A history so many times as long: the same births again, under new names."""
    per_round, generations = len(lineage.generations), list(lineage.generations)
    for later in range(per_round, times * per_round):
        before = lineage.generations[later % per_round]
        shift = later - later % per_round
        newborn = tuple(
            Member(_later(member.individual, shift), member.result) for member in before.newborn
        )
        generations.append(replace(before, generation=later, newborn=newborn))
    return Lineage(generations)


def _later(individual: Individual[Any], shift: int) -> Individual[Any]:
    def moved(name: str) -> str:
        generation, _, index = name.partition("-")
        return individual_name(int(generation) + shift, int(index))

    parents = tuple(map(moved, individual.parents))
    return replace(individual, name=moved(individual.name), parents=parents)


def test_ten_thousand_individuals(tmp_path: Path) -> None:
    """The page grows evenly and little; equal networks are in it once."""
    root = make_search(tmp_path, 20, 50, 50)
    history = root.lineage()
    pages = [build_report(root, repeated(history, times)) for times in (1, 5, 10)]
    small, middle, large = (len(page.encode()) for page in pages)
    assert large - middle == pytest.approx(5 / 4 * (middle - small), rel=0.1)
    assert large < 1_500_000
    assert len(people(pages[-1])) == 10_000
    drawings = [embedded(page)["drawings"] for page in pages]
    assert drawings[0] == drawings[-1]
    assert len(drawings[0]["diagrams"]) <= len({m.individual.id for m in history.members.values()})


def test_ten_thousand_different_networks(tmp_path: Path) -> None:
    """Of networks that are all different, each adds so many bytes and no more."""
    root = make_search(tmp_path, 10, 100, 100, algorithm="random")
    html = build_report(root)
    assert len(embedded(html)["networks"]) > 950
    fixed = len(build_report(root, Lineage(root.lineage().generations[:1])).encode())
    assert (len(html.encode()) - fixed) / 900 < 500
