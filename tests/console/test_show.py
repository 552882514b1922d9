"""`videonas show`: everything that is known of a network, to people and to programs."""

from __future__ import annotations

import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.architectures import TASK, evolved
from tests.synthetic import make_search
from videonas.codec import from_plain, to_plain
from videonas.console.architecture import print_network
from videonas.errors import DamagedRecord, VideonasError
from videonas.report import formats
from videonas.report.edits import edit_text
from videonas.search.architecture_file import encode_architecture
from videonas.search.lineage import fitness
from videonas.search.population import Candidates
from videonas.search.root import SearchRoot
from videonas.spaces import architecture_id
from videonas.spaces.tiny_video import TinyVideoArchitecture, TinyVideoSpace
from videonas.spaces.tiny_video.presets import PRESETS
from videonas.spaces.tiny_video.published import to_published

SPACE = TinyVideoSpace()
NET = SPACE.normalise(TinyVideoArchitecture(24, 2, 1, SPACE.presets["mobile1"].blocks), TASK)

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> SearchRoot:
    """Four generations, in which a third of the networks come to nothing."""
    return make_search(
        tmp_path_factory.mktemp("search") / "root", 4, 8, 8,
        troubles={"failed": 0.2, "diverged": 0.15}, message="[bold]no[/bold] \x1b[31mkernel",
    )


def words(text: str) -> str:
    """A text with single spaces."""
    return " ".join(text.split())


def file_of(net: TinyVideoArchitecture, folder: Path) -> str:
    """An architecture file."""
    path = folder / "architecture.yaml"
    path.write_bytes(encode_architecture("tiny_video", TASK, net))
    return str(path)


# A network by itself


@given(evolved())
@settings(max_examples=15, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_network_is_shown_with_all_that_its_table_and_its_diagram_say(
    tmp_path: Path, capsys: Captured, net: TinyVideoArchitecture
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "300")
        print_network(file_of(net, tmp_path))
    shown = capsys.readouterr().out
    assert f"tiny_video {architecture_id('tiny_video', net)}" in shown
    for row in SPACE.table(net, TASK):
        assert words(" ".join(row.values())) in words(shown)
    for node in SPACE.diagram(net, TASK, {}).nodes:
        for text in (node.title, *node.lines, node.shape):
            assert text in shown
    costs = SPACE.costs(net, TASK)
    said = f"{costs.parameters:,} parameters, {costs.macs:,} multiply-adds a clip, 5 classes\n"
    assert said in shown


def test_the_picture_is_one_of_the_network(tmp_path: Path, capsys: Captured) -> None:
    print_network(file_of(NET, tmp_path), svg=tmp_path / "picture.svg")
    assert capsys.readouterr().out.splitlines()[-1] == f"picture: {tmp_path / 'picture.svg'}"
    picture = ElementTree.parse(tmp_path / "picture.svg").getroot()
    space = "{http://www.w3.org/2000/svg}"
    assert picture.tag == f"{space}svg", "viewers show anything else as a tree"
    (style,) = picture.iter(f"{space}style")
    for name in ("--ground", ".arrow", ".middle", ".node rect"):
        assert name in (style.text or "")
    texts = [text.text for text in picture.iter(f"{space}text")]
    for node in SPACE.diagram(NET, TASK, {}).nodes:
        assert node.title in texts
        assert node.shape in texts


def test_without_asking_no_picture_is_written(tmp_path: Path, capsys: Captured) -> None:
    print_network(file_of(NET, tmp_path))
    assert "picture:" not in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["architecture.yaml"]


def record(capsys: Captured, *words_: str, **options: Any) -> dict[str, Any]:
    """What is said to a program; none of it is anything but JSON."""
    print_network(*words_, as_json=True, **options)
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return said


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_the_same_by_every_name_and_from_every_file(
    name: str, tmp_path: Path, capsys: Captured
) -> None:
    published, yaml = tmp_path / "net.json", tmp_path / "net.yaml"
    published.write_text(json.dumps(to_published(PRESETS[name])))
    said = record(capsys, name)
    task = from_plain(type(TASK), said["task"], "here")
    yaml.write_bytes(encode_architecture("tiny_video", task, PRESETS[name]))
    for word in (f"tiny_video/{name}", str(published), str(yaml)):
        again = record(capsys, word)
        assert {**again, "network": name, "assumed_classes": True} == said
    net = from_plain(TinyVideoArchitecture, said["architecture"], "here", strict=True)
    assert architecture_id("tiny_video", net) == said["id"]
    assert said["task"]["classes"] == 339
    assert said["individual"] is None


def test_classes_are_those_that_are_given_where_the_network_does_not_say(
    tmp_path: Path, capsys: Captured
) -> None:
    few, more = (record(capsys, "mobile1", classes=n) for n in (7, 8))
    width = PRESETS["mobile1"].blocks[-1].filters
    assert more["costs"]["parameters"] - few["costs"]["parameters"] == width + 1
    assert not few["assumed_classes"]
    said = record(capsys, file_of(NET, tmp_path), classes=8)
    assert said["task"] == to_plain(TASK)


def test_who_assumes_says_so(tmp_path: Path, capsys: Captured) -> None:
    print_network("mobile1")
    assert "339 classes, assumed\n" in capsys.readouterr().out
    print_network("mobile1", classes=339)
    assert "339 classes\n" in capsys.readouterr().out


def test_what_of_a_file_is_not_in_the_network_is_told(tmp_path: Path, capsys: Captured) -> None:
    published = to_published(PRESETS["mobile1"], mobile=True)
    published["blocks"][1]["inputs"] = [1, 0]
    path = tmp_path / "net.json"
    path.write_text(json.dumps(published))
    sentence = "blocks.1.inputs is [1, 0], of which only the first is read"
    print_network(str(path))
    assert f"left out: {sentence}\n" in capsys.readouterr().out
    assert record(capsys, str(path))["left_out"] == [sentence]


@pytest.mark.parametrize(
    ("content", "error"), [(None, VideonasError), ("format: architecture/9", DamagedRecord)]
)
def test_what_cannot_be_read_is_not_half_shown(
    tmp_path: Path, capsys: Captured, content: str | None, error: Any
) -> None:
    path = tmp_path / "architecture.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(error, match=re.escape(str(path))):
        print_network(str(path), svg=tmp_path / "picture.svg")
    assert capsys.readouterr().out == ""
    assert not (tmp_path / "picture.svg").exists()


# An individual


def test_of_an_individual_all_is_said_that_the_search_knows(
    search: SearchRoot, capsys: Captured
) -> None:
    lineage = search.lineage()
    outcomes = set()
    for name, member in lineage.members.items():
        said = record(capsys, search.uri, name)
        born, result = said["individual"], member.result
        generation = lineage.generations[member.individual.generation]
        assert said["architecture"] == to_plain(member.individual.architecture)
        assert said["costs"] == to_plain(result.costs)
        assert (born["name"], born["id"]) == (name, said["id"])
        assert born["outcome"] == generation.outcome_of(member)
        assert born["message"] == result.message(generation.budget)
        assert (born["metrics"], born["key"]) == (result.metrics, result.key)
        assert born["latency"] == (to_plain(result.latency) if result.latency else None)
        assert born["fitness"] == fitness(member, search.settings)
        assert born["ancestry"] == [m.individual.name for m in lineage.ancestry(name)[::-1]]
        outcomes.add(born["outcome"])
    assert {"ok", "failed", "diverged"} <= outcomes


def test_people_read_the_same(
    search: SearchRoot, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    kind = search.space.kind
    for name, member in [*search.lineage().members.items()][-6:]:
        print_network(search.uri, name)
        shown = words(capsys.readouterr().out)
        for edit in member.individual.edits:
            text = edit_text(edit, kind)
            assert text.path in shown
            assert words(text.before) in shown
            assert words(text.after) in shown
        if member.result.metrics:
            assert f"loss {formats.decimal(member.result.metrics['loss'])}" in shown
            assert "outcome ok" in shown
        else:
            assert "[bold]no[/bold] [31mkernel" in shown, "a message is words, not markup"
        assert "\x1b" not in shown


def test_without_a_name_the_best_is_shown(search: SearchRoot, capsys: Captured) -> None:
    best = search.lineage().best(search.settings)
    assert best is not None
    assert record(capsys, search.uri)["individual"]["name"] == best.individual.name


def test_who_was_born_just_now_is_shown_with_what_there_is(
    tmp_path: Path, capsys: Captured
) -> None:
    root = make_search(tmp_path / "root", 1, 4, 3)
    ended = root.need_candidates(0)
    parent = root.lineage().best(root.settings)
    assert parent is not None
    child = type(parent.individual)(
        "000001-00", parent.individual.id, parent.individual.architecture, "mutated",
        (parent.individual.name,),
    )
    root.publish_candidates(Candidates(1, ended.data, ended.budget, (child,)))
    born = record(capsys, root.uri, "000001-00")["individual"]
    assert (born["outcome"], born["fitness"], born["metrics"]) == (None, None, {})
    assert born["ancestry"] == [parent.individual.name, "000001-00"]
    print_network(root.uri, "000001-00")
    assert "outcome  under way" in capsys.readouterr().out


@pytest.mark.parametrize("width", [80, 120])
def test_nothing_is_wider_than_the_terminal(
    search: SearchRoot, capsys: Captured, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    for name in search.lineage().members:
        print_network(search.uri, name)
    shown = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert max(map(len, shown.splitlines())) <= width
