"""`videonas lineage`: who came of whom, by which edits."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.architectures import redone
from tests.synthetic import make_search
from videonas.codec import to_plain
from videonas.console.lineage import print_lineage
from videonas.errors import VideonasError
from videonas.report import formats
from videonas.report.edits import edit_text
from videonas.search.lineage import Lineage, fitness
from videonas.search.root import SearchRoot

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> SearchRoot:
    """Five generations."""
    return make_search(tmp_path_factory.mktemp("search") / "root", 5, 6, 8)


@pytest.fixture(scope="module")
def history(search: SearchRoot) -> Lineage:
    return search.lineage()


def told(capsys: Captured, *words: str, descendants: bool = False) -> dict[str, Any]:
    """What is said to a program."""
    print_lineage(*words, descendants=descendants, as_json=True)
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return said


def test_the_edits_of_an_ancestry_lead_from_the_first_ancestor_to_the_individual(
    search: SearchRoot, history: Lineage, capsys: Captured
) -> None:
    task = search.need_dataset().task
    for name, member in history.members.items():
        said = told(capsys, search.uri, name)
        assert said["individual"] == name
        first, *rest = said["ancestry"]
        assert (first["origin"], first["parents"], first["edits"]) == ("sampled", [], [])
        net = history.members[first["name"]].individual.architecture
        for step in rest:
            edits = history.members[step["name"]].individual.edits
            assert step["edits"] == [to_plain(edit) for edit in edits]
            for edit in edits:
                net = search.space.normalise(redone(net, edit), task)
        assert net == member.individual.architecture
        assert said["descendants"] is None


def test_changes_are_the_steps_of_fitness(
    search: SearchRoot, history: Lineage, capsys: Captured
) -> None:
    best = history.best(search.settings)
    assert best is not None
    said = told(capsys, search.uri)
    assert said["individual"] == best.individual.name
    steps = said["ancestry"]
    assert len(steps) > 1
    assert steps[0]["change"] is None
    changes = sum(step["change"] for step in steps[1:])
    assert steps[0]["fitness"] + changes == pytest.approx(steps[-1]["fitness"])
    assert steps[-1]["fitness"] == fitness(best, search.settings)


def test_steps_are_told_alone_and_along_the_line(tmp_path: Path, capsys: Captured) -> None:
    root = make_search(tmp_path / "root", 1, 3, 2, troubles={})
    name = root.need_candidates(0).individuals[0].name
    path = Path(root.uri, "generations/000000/population.json")
    record = json.loads(path.read_text())
    inherited = {"key": "0" * 12, "steps": 90, "tensors": {"kept": 3, "new": 1},
                 "parameters": {"inherited": 12, "new": 4}, "names": {"new": ["blocks.1"]}}
    for member in (*record["newborn"], *record["parents"]):
        if member["individual"]["name"] == name:
            member["result"]["training"] |= {"steps": 60, "inherited": inherited}
    path.write_text(json.dumps(record))
    print_lineage(root.uri, name, as_json=True)
    (said,) = json.loads(capsys.readouterr().out)["ancestry"]
    assert (said["steps"], said["total_steps"]) == (60, 150)
    assert said["inherited"] == inherited


def test_descendants_are_those_in_whose_ancestry_somebody_stands(
    search: SearchRoot, history: Lineage, capsys: Captured
) -> None:
    lines = {
        name: {m.individual.name for m in history.ancestry(name)} for name in history.members
    }
    founders = 0
    for name in history.members:
        below = told(capsys, search.uri, name, descendants=True)["descendants"]
        expected = [other for other, line in lines.items() if name in line and other != name]
        assert [each["name"] for each in below] == expected
        founders += len(expected) > 2
    assert founders


def test_people_read_every_edit_and_every_step(
    search: SearchRoot, history: Lineage, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "500")
    print_lineage(search.uri)
    shown = capsys.readouterr().out
    rows = shown.splitlines()
    best = history.best(search.settings)
    assert best is not None
    assert shown.startswith(f"ancestry of {best.individual.name}, the best\n")
    for member in history.ancestry(best.individual.name):
        (line,) = [row for row in rows if row.startswith(f" {member.individual.name}")]
        assert formats.decimal(fitness(member, search.settings)) in line
        for edit in member.individual.edits:
            text = edit_text(edit, search.space.kind)
            parts = (f"{text.path}: ", text.before, text.after)
            assert any(all(part in row for part in parts) for row in rows)
    assert "Fitness is minus the loss" in shown


def test_who_came_to_nothing_has_an_outcome_in_place_of_a_fitness(
    tmp_path: Path, capsys: Captured
) -> None:
    root = make_search(tmp_path / "root", 3, 6, 8, troubles={"out_of_memory": 0.4})
    history = root.lineage()
    lost = [n for n, m in history.members.items() if not m.result.metrics]
    assert lost
    for name in lost:
        print_lineage(root.uri, name, descendants=True)
        shown = capsys.readouterr().out
        assert "out of memory" in shown
        assert f"{name} has no descendants." in shown


def test_a_network_that_was_given_begins_a_line(tmp_path: Path, capsys: Captured) -> None:
    root = make_search(tmp_path / "root", 1, 4, 3)
    file = tmp_path / "root/generations/000000/population.json"
    file.write_text(file.read_text().replace('"origin": "sampled"', '"origin": "given"'))
    print_lineage(root.uri, "000000-02")
    assert "000000-02   given " in capsys.readouterr().out


def test_nothing_is_wider_than_the_terminal(
    search: SearchRoot, history: Lineage, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for terminal in (True, False):
        monkeypatch.setattr(sys.stdout, "isatty", lambda t=terminal: t, raising=False)
        for name in history.members:
            print_lineage(search.uri, name, descendants=True)
            lines = capsys.readouterr().out.splitlines()
            assert all(len(line) <= 80 for line in lines if "\x1b" not in line)
            assert terminal or all(line == line.rstrip() for line in lines)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("{root}", "000009-00"), "nobody is named '000009-00'; there are 000000-00 to 000004-07"),
        (("{root}", "000001-99"), "'000001-99'; its generation has 000001-00 to 000001-07"),
        (("{root}", "Eve"), "'Eve' is not the name of an individual; allowed: generation and ind"),
        (("{root}", "../../etc"), "'../../etc' is not the name of an individual"),
        (("{new}",), "no search here; `videonas start` begins one"),
        (("{begun}",), "no generation of this search has ended"),
        (("{begun}", "000000-00"), "nobody is named '000000-00'; nobody is born yet"),
        (("{lost}",), "none of its networks is ok; name an individual"),
    ],
)
def test_who_is_not_there_is_told(
    words: tuple[str, ...], sentence: str, search: SearchRoot, tmp_path: Path, capsys: Captured
) -> None:
    make_search(tmp_path / "begun", 0, 4, 3)
    lost = make_search(tmp_path / "lost", 1, 4, 3)
    file = Path(lost.uri) / "generations/000000/population.json"
    plain = json.loads(file.read_text())
    for member in plain["newborn"]:
        member["result"]["training"] = {"outcome": "failed"}
        member["result"]["evaluation"] = None
    file.write_text(json.dumps(plain))
    places = {name: str(tmp_path / name) for name in ("new", "begun", "lost")}
    with pytest.raises(VideonasError) as caught:
        print_lineage(*(word.format(**places, root=search.uri) for word in words))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert capsys.readouterr().out == ""
