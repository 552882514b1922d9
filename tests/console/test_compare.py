"""`videonas compare`: networks side by side, and searches."""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from tests.architectures import evolved
from tests.synthetic import make_search
from videonas.codec import from_plain, to_plain
from videonas.console.comparison import print_comparison
from videonas.console.differences import Absent, differences
from videonas.errors import VideonasError
from videonas.search.root import SearchRoot
from videonas.spaces.tiny_video import TinyVideoArchitecture, TinyVideoSpace
from videonas.spaces.tiny_video.presets import PRESETS
from videonas.spaces.tiny_video.published import to_published

SPACE = TinyVideoSpace()

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("searches")


@pytest.fixture(scope="module")
def one(folder: Path) -> SearchRoot:
    """A search in which some networks come to nothing, others are over budget."""
    return make_search(folder / "one", 4, 8, 6, max_latency_ms=1.6, troubles={"diverged": 0.15})


@pytest.fixture(scope="module")
def other(folder: Path) -> SearchRoot:
    return make_search(folder / "other", 3, 6, 6, seed=5, algorithm="random")


def told(capsys: Captured, *words: str, classes: int | None = None) -> dict[str, Any]:
    """What is said to a program."""
    print_comparison(words, classes=classes, as_json=True)
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return said


# Fields that differ


def changed(plain: Any, path: str, value: Any) -> None:
    """Puts a value at a path, or takes away what is there."""
    *before, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    for part in before:
        plain = plain[part]
    if value is Absent.HERE:
        del plain[last]
    elif isinstance(plain, list) and last == len(plain):
        plain.append(value)
    else:
        plain[last] = value


@given(evolved(), evolved())
@settings(max_examples=60, deadline=None)
def test_the_fields_that_differ_turn_one_network_into_the_other(
    a: TinyVideoArchitecture, b: TinyVideoArchitecture
) -> None:
    found = list(differences([to_plain(a), to_plain(b)]))
    plain = to_plain(a)
    absent = [field for field in found if field.values[1] is Absent.HERE]
    for field in [field for field in found if field not in absent] + absent[::-1]:
        assert field.values[0] != field.values[1]
        changed(plain, field.path, field.values[1])
    assert from_plain(TinyVideoArchitecture, plain, "here", strict=True) == b
    assert len({field.path for field in found}) == len(found)
    assert bool(found) == (SPACE.distance(a, b) > 0)


@given(evolved(), evolved(), evolved())
@settings(max_examples=30, deadline=None)
def test_a_field_differs_among_several_where_it_does_between_two(
    a: TinyVideoArchitecture, b: TinyVideoArchitecture, c: TinyVideoArchitecture
) -> None:
    plains = [to_plain(net) for net in (a, b, c)]
    fields = {field.path: field.values for field in differences(plains)}
    for (m, one), (n, other) in pairwise(enumerate(plains)):
        for field in differences([one, other]):
            above = next(path for path in fields if (field.path + ".").startswith(path + "."))
            assert fields[above][m] != fields[above][n]
    assert not list(differences([plains[0]] * 3))


# Networks


def test_individuals_and_presets_side_by_side(
    one: SearchRoot, other: SearchRoot, capsys: Captured
) -> None:
    members = one.lineage().members
    first, *_, last = members
    said = told(capsys, one.uri, first, last, f"{other.uri}:000001-02", "tvn1", other.uri)
    networks = said["networks"]
    best = other.lineage().best(other.settings)
    assert best is not None
    names = [network["individual"] and network["individual"]["name"] for network in networks]
    assert names == [first, last, "000001-02", None, best.individual.name]
    assert networks[0]["network"] == f"{one.uri}:{first}", "two searches have such a name"
    assert networks[3]["task"]["classes"] == one.need_dataset().task.classes
    nets = [from_plain(TinyVideoArchitecture, n["architecture"], "here") for n in networks]
    for row, a in zip(said["distances"], nets, strict=True):
        assert row == [SPACE.distance(a, b) for b in nets]
    plains = [to_plain(net) for net in nets]
    assert said["differences"] == [field.plain for field in differences(plains)]


def test_in_one_search_a_name_is_enough(one: SearchRoot, capsys: Captured) -> None:
    said = told(capsys, one.uri, "000000-00", "000000-01")
    assert [network["network"] for network in said["networks"]] == ["000000-00", "000000-01"]


def test_a_preset_is_the_network_of_its_file(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "net.json"
    path.write_text(json.dumps(to_published(PRESETS["tvn3"])))
    said = told(capsys, "tvn3", str(path))
    assert (said["differences"], said["distances"]) == ([], [[0, 0], [0, 0]])
    print_comparison(["tvn3", str(path)])
    assert "They are the same network." in capsys.readouterr().out


def test_a_file_counts_before_the_name_of_a_preset_only_where_it_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tvn1").write_text("nonsense")
    assert told(capsys, "tvn1", "tiny_video/tvn1")["differences"] == []
    with pytest.raises(VideonasError, match="tvn1: found 'nonsense'; an architecture file has"):
        print_comparison(["tvn1", "./tvn1"])


def test_people_see_each_field_below_its_block(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    print_comparison(["mobile1", "mobile2"])
    lines = capsys.readouterr().out.splitlines()
    start = lines.index("2 fields differ")
    rows = [" ".join(line.split()) for line in lines[start + 4 :] if line.strip()]
    assert rows == ["blocks.0", "spatial_activation relu hswish", "blocks.1", "repeats 4 3"]


def test_nothing_is_wider_than_the_terminal(
    one: SearchRoot, other: SearchRoot, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    print_comparison(["tvn1", "tvn2", "tvn3", "tvn4", f"{one.uri}:000000-00"])
    print_comparison([one.uri, other.uri, one.uri])
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    print_comparison(["tvn1", "tvn2"])
    for line in capsys.readouterr().out.splitlines():
        assert len(line) <= 80 or "\x1b" in line


# Searches


def test_searches_are_judged_by_what_they_evaluated(
    one: SearchRoot, other: SearchRoot, capsys: Captured
) -> None:
    said = told(capsys, one.uri, other.uri)
    assert (said["quantity"], said["highest"]) == ("loss", False)
    for root, record in zip((one, other), said["searches"], strict=True):
        lineage = root.lineage()
        best = lineage.best(root.settings)
        assert best is not None
        assert record["best"]["name"] == best.individual.name
        assert record["best"]["metrics"] == best.result.metrics
        assert record["born"] == len(lineage.members)
        trained = {m.result.key for m in lineage.members.values() if m.result.training}
        assert record["evaluations"] == len(record["best_so_far"]) == len(trained)
        curve = [value for value in record["best_so_far"] if value is not None]
        assert curve == sorted(curve, reverse=True)
        assert curve[-1] == record["best"]["value"] == best.result.metrics["loss"]
        parts = {m.result.key: m.result for m in lineage.members.values()}.values()
        spent = sum(
            sum(part.seconds.values()) for result in parts
            for part in (result.latency, result.training, result.evaluation) if part
        )
        assert record["seconds"] == pytest.approx(spent, abs=0.01)
    assert len(said["searches"][0]["best_so_far"]) < len(one.lineage().members), "some over budget"
    assert said["settings"] == {
        "algorithm": ["tournament", "random"], "seed": [0, 5], "population": [8, 6],
        "max_latency_ms": [1.6, None],
    }


def test_people_see_the_best_so_far_at_powers_of_two_and_at_both_ends(
    one: SearchRoot, other: SearchRoot, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = told(capsys, one.uri, other.uri)["searches"]
    monkeypatch.setenv("COLUMNS", "300")
    print_comparison([one.uri, other.uri])
    shown = capsys.readouterr().out
    lines = shown[shown.index("best loss so far"):].splitlines()[4:]
    rows = [line.split() for line in lines if line.strip()]
    ends = sorted(each["evaluations"] for each in said)
    assert [int(row[0]) for row in rows] == sorted(
        {*ends, *(2**n for n in range(9) if 2**n <= ends[-1])}
    )
    for count, *values in rows:
        for value, each in zip(values, said, strict=True):
            curve = each["best_so_far"][: int(count)]
            known = len(each["best_so_far"]) >= int(count) and curve[-1] is not None
            assert value == (f"{curve[-1]:.3f}" if known else "–")
    assert "data sets differ" not in shown


def test_searches_on_other_data_are_not_comparable(
    one: SearchRoot, tmp_path: Path, capsys: Captured
) -> None:
    foreign = make_search(tmp_path / "foreign", 1, 4, 3, classes=("a", "b"))
    print_comparison([one.uri, foreign.uri])
    assert "Their data sets differ: accuracies" in capsys.readouterr().out


# What cannot be compared


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["tvn1"], "tvn1: one network; a comparison takes two or more"),
        (["tvn1", "tvn5"], "tvn5: neither a file nor a preset (did you mean 'tvn4'?); presets"),
        (["tvn1", "000000-00"], "000000-00: of which search? Write its search root before it, or"),
        (["{new}", "000000-00"], "{new}: no search here; `videonas start` begins one"),
        (["{new}:000000-00", "tvn1"], "{new}: no search here; `videonas start` begins one"),
        (["{one}", "000000-99", "tvn1"], "{one}: nobody is named '000000-99'; its generation has"),
        (["{one}", "{begun}"], "{begun}: no generation of this search has ended"),
        (["{one}", "{folder}"], "{folder}: no search here; `videonas start` begins one"),
        (["{new}.yaml", "tvn1"], "{new}.yaml: No such file or directory"),
        (["{new}.json", "tvn1"], "{new}.json: No such file or directory"),
    ],
)
def test_what_cannot_be_compared_is_told(
    words: list[str], sentence: str, one: SearchRoot, tmp_path: Path, capsys: Captured
) -> None:
    make_search(tmp_path / "begun", 0, 4, 3)
    (tmp_path / "folder").mkdir()
    places = {name: str(tmp_path / name) for name in ("new", "begun", "folder")}
    with pytest.raises(VideonasError) as caught:
        print_comparison([word.format(**places, one=one.uri) for word in words])
    assert str(caught.value).startswith(sentence.format(**places, one=one.uri))
    assert "\n" not in str(caught.value)
    assert capsys.readouterr().out == ""
