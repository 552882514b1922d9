"""`videonas searches`: every search below a place, damaged ones among them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.storage.faulty_proxy import Fault
from tests.storage.places import KINDS, Place, new_place, server
from tests.synthetic import make_search
from videonas.cli import main
from videonas.console.overview import find_searches
from videonas.search.records import Timing
from videonas.search.root import SearchRoot
from videonas.storage import open_store

SMALL: dict[str, Any] = {"population": 4, "children": 3}


def searches(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["searches", *map(str, arguments)])


def listed(place: str) -> dict[str, dict[str, Any]]:
    said = searches(place, "--json")
    assert said.exit_code == 0, said.output
    answer = json.loads(said.stdout)
    assert answer["place"] == place
    return {each["search"]: each for each in answer["searches"]}


def put(place: Place, key: str, data: bytes) -> None:
    """Writes a file, whatever is there."""
    store = open_store(place.uri)
    store.delete(key)
    store.create(key, data)


@pytest.fixture(params=KINDS)
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    """A place with searches in it, and other things."""
    place = new_place(request.param, tmp_path)
    for name, value in place.environment.items():
        monkeypatch.setenv(name, value)
    make_search(f"{place.uri}/team a/gestures", 3, **SMALL)
    make_search(f"{place.uri}/plain", 0, **SMALL, algorithm="random")
    make_search(f"{place.uri}/torn", 2, **SMALL)
    put(place, "torn/generations/000000/population.json", b"{")
    put(place, "not a search/notes.txt", b"")
    put(place, "newer/search.json", b'{"format": "search/9", "settings": {}}')
    yield place
    if place.kind != "local":
        server(place.kind).calm()


def test_every_search_is_a_row_with_what_its_records_say(place: Place) -> None:
    found = listed(place.uri)
    assert list(found) == ["newer", "plain", "team a/gestures", "torn"]
    root = SearchRoot(f"{place.uri}/team a/gestures")
    lineage, timings = root.lineage(), list(root.timings())
    best = lineage.best(root.settings)
    assert best is not None
    row = found["team a/gestures"]
    assert row["search_root"] == root.uri
    trained = {m.individual.id for m in lineage.members.values() if m.result.training}
    assert row["overview"] == {
        "space": "tiny_video", "algorithm": "tournament", "generations": 3,
        "trained": len(trained), "goal": "",
        "best": {"name": best.individual.name, "metric": "top1",
                 "value": best.result.metrics["top1"]},
        "last_change": max(t.started + t.seconds for t in timings),
        "seconds": round(sum(t.seconds for t in timings), 3),
    }
    begun = found["plain"]["overview"]
    assert (begun["generations"], begun["trained"], begun["best"]) == (0, 0, None)
    assert begun["algorithm"] == "random"


def test_what_cannot_be_read_is_told_beside_the_others(place: Place) -> None:
    found = listed(place.uri)
    where = f"{place.uri}/torn/generations/000000/population.json: not JSON"
    assert found["torn"]["problem"].startswith(where)
    assert "format is 'search/9'" in found["newer"]["problem"]
    assert found["torn"]["overview"] is found["newer"]["overview"] is None
    said = searches(place.uri)
    assert said.exit_code == 0
    readable, problems = said.stdout.split("cannot be read")
    assert "plain" in readable
    assert "gestures" in readable
    assert "torn" not in readable
    assert "search/9" in problems
    assert "going on" in readable


def test_what_lies_in_a_search_is_not_listed(place: Place) -> None:
    """However much it is: requests to list do not grow with it, and nothing else is read."""
    make_search(f"{place.uri}/plain/inner", 0, **SMALL)
    if place.kind != "local":
        server(place.kind).calm()
    assert "plain/inner" not in listed(place.uri)
    assert list(listed(f"{place.uri}/plain")) == ["."]
    if place.kind == "local":
        return
    keys = [request.path for request in server(place.kind).requests]
    assert not any("notes.txt" in key or "tfrecord" in key or "results" in key for key in keys)


def test_one_that_has_met_its_goal_says_so(tmp_path: Path) -> None:
    make_search(tmp_path / "done", 2, **SMALL, max_generations=2)
    make_search(tmp_path / "open", 2, **SMALL, max_generations=3)
    found = listed(str(tmp_path))
    assert "max_generations is 2" in found["done"]["overview"]["goal"]
    assert found["open"]["overview"]["goal"] == ""
    said = searches(tmp_path).stdout
    assert said.index("done ") < said.index("goal met") < said.index("open ")
    assert said.index("open ") < said.index("going on")
    assert said.count("goal met") == 1


def test_a_step_that_ended_since_moves_the_change_and_the_time(tmp_path: Path) -> None:
    root = make_search(tmp_path / "a", 1, **SMALL)
    (before,) = find_searches(open_store(str(tmp_path)))
    root.add_timing(Timing("finish", None, 2e9, 50.0, 1.0, 1.0, 0.0))
    (after,) = find_searches(open_store(str(tmp_path)))
    assert before.overview is not None
    assert after.overview is not None
    assert after.overview.last_change == 2e9 + 50
    assert after.overview.seconds == pytest.approx(before.overview.seconds + 50)
    assert {**asdict(after.overview), "last_change": 0, "seconds": 0} == {
        **asdict(before.overview), "last_change": 0, "seconds": 0
    }
    said = searches(tmp_path).stdout
    assert re.search(r"2033-05-18.*\n.*03:34 UTC", said)
    assert max(map(len, said.splitlines())) <= 80


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("{folder}", "{folder}: no search here, nor in a folder below; a search root holds search"),
        ("{folder}/nowhere", "no search here"),
        ("{folder}/file", "Not a directory"),
        ("ftp://host/searches", "unknown scheme 'ftp'; allowed: a local path"),
        ("gs://", "names no bucket"),
    ],
)
def test_a_place_without_searches_is_told_in_one_sentence(
    place: str, sentence: str, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    said = searches(place.format(folder=tmp_path))
    assert said.exit_code == 2
    (line,) = said.output.splitlines()
    assert line.startswith("error: ")
    assert sentence.format(folder=tmp_path) in line


def test_links_that_go_in_a_circle_are_not_followed(tmp_path: Path) -> None:
    make_search(tmp_path / "a", 1, **SMALL)
    (tmp_path / "b").mkdir()
    (tmp_path / "b/up").symlink_to(tmp_path)
    assert list(listed(str(tmp_path))) == ["a"]


@pytest.mark.parametrize("kind", KINDS[1:])
def test_one_search_that_may_not_be_read_does_not_hide_the_others(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, proxy = new_place(kind, tmp_path), server(kind)
    for name, value in place.environment.items():
        monkeypatch.setenv(name, value)
    for name in ("mine", "secret"):
        make_search(f"{place.uri}/{name}", 1, **SMALL)
    refused = Fault("answer", 403)
    proxy.choose(lambda r: refused if "secret" in r.path and "search.json" in r.path else None)
    found = listed(place.uri)
    proxy.choose(lambda request: refused)
    refusal = searches(place.uri)
    proxy.calm()
    assert found["mine"]["problem"] == ""
    assert found["secret"]["problem"].startswith(f"{place.uri}/secret/search.json: permission deni")
    assert refusal.exit_code == 2
    assert f"error: {place.uri}: permission denied" in refusal.output
