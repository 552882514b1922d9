"""`videonas convert`: from one form to the other and back, and what is lost on the way."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.architectures import PUBLISHED_TASK, architectures, evolved
from videonas.codec import to_plain
from videonas.console.conversion import convert
from videonas.errors import VideonasError
from videonas.search.architecture_file import encode_architecture, read_architecture
from videonas.spaces import architecture_id
from videonas.spaces.tiny_video import TinyVideoArchitecture
from videonas.spaces.tiny_video.normalise import normalise
from videonas.spaces.tiny_video.presets import PRESETS
from videonas.spaces.tiny_video.published import from_published, read_published, to_published
from videonas.task import Clip, Task

Captured = pytest.CaptureFixture[str]

in_one_folder = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def told(capsys: Captured, word: object, output: Path, **options: Any) -> dict[str, Any]:
    """What is said to a program."""
    convert(str(word), output, as_json=True, **options)
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert said["output"] == str(output)
    return said


@given(architectures(), st.booleans())
@in_one_folder
def test_there_and_back_is_the_same_network(
    tmp_path: Path, capsys: Captured, net: TinyVideoArchitecture, in_mobile_form: bool
) -> None:
    first, middle, last = (tmp_path / name for name in ("first.json", "net.yaml", "last.json"))
    first.write_text(json.dumps(to_published(net, mobile=in_mobile_form)))
    there = told(capsys, first, middle, classes=7)
    back = told(capsys, middle, last, mobile=in_mobile_form)
    again = told(capsys, last, tmp_path / "again.yaml", classes=7)
    space, read, task = read_architecture(middle)
    assert task.classes == 7
    assert read == normalise(net, task)
    assert there["id"] == back["id"] == again["id"] == architecture_id(space.name, read)
    assert from_published(json.loads(last.read_text())).architecture == read
    assert ("input_streams" in json.loads(last.read_text())) == in_mobile_form
    assert again["rewritten"] == [], "normalised already"
    assert middle.read_bytes() == (tmp_path / "again.yaml").read_bytes()


@given(architectures())
@in_one_folder
def test_what_is_written_otherwise_is_told_field_by_field(
    tmp_path: Path, capsys: Captured, net: TinyVideoArchitecture
) -> None:
    (tmp_path / "net.json").write_text(json.dumps(to_published(net)))
    said = told(capsys, tmp_path / "net.json", tmp_path / "net.yaml", classes=2)
    written = to_plain(read_architecture(tmp_path / "net.yaml")[1])
    plain = to_plain(net)
    for field in said["rewritten"]:
        before, after = field["values"]
        assert before != after
        *above, last = [int(p) if p.isdigit() else p for p in field["path"].split(".")]
        place = plain
        for part in above:
            place = place[part]
        assert place[last] == before
        place[last] = after
    assert plain == written


@given(evolved())
@in_one_folder
def test_what_the_published_form_cannot_hold_is_told(
    tmp_path: Path, capsys: Captured, net: TinyVideoArchitecture
) -> None:
    task = Task({"rgb": Clip(16, 64)}, classes=11, multi_label=True)
    (tmp_path / "net.yaml").write_bytes(encode_architecture("tiny_video", task, net))
    said = told(capsys, tmp_path / "net.yaml", tmp_path / "net.json")
    paths = [sentence.split()[0] for sentence in said["left_out"]]
    assert paths == [
        "task.classes", "task.streams.rgb", "task.multi_label",
        *(f"blocks.{n}.non_local" for n, block in enumerate(net.blocks) if block.non_local),
    ]
    assert from_published(json.loads((tmp_path / "net.json").read_text())).architecture == net


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_written_with_every_digit(
    name: str, tmp_path: Path, capsys: Captured
) -> None:
    said = told(capsys, name, tmp_path / "net.json", mobile="mobile" in name)
    read = read_published((tmp_path / "net.json").read_text(), "net.json")
    assert read.architecture == PRESETS[name]
    assert said["left_out"] == []
    net = normalise(PRESETS[name], PUBLISHED_TASK)
    assert said["id"] == architecture_id("tiny_video", net)


def test_people_are_told_the_same_in_lines(tmp_path: Path, capsys: Captured) -> None:
    published = to_published(PRESETS["tvn1"])
    published["blocks"][0]["spatial_act"] = "hswish"
    del published["blocks"][0]["act"]
    (tmp_path / "a.json").write_text(json.dumps(published))
    convert(str(tmp_path / "a.json"), tmp_path / "a.yaml", classes=3)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("left out: blocks.0.spatial_act is 'hswish', but where act is abs")
    assert lines[1:-1] == [
        "rewritten: blocks.1.squeeze from 0.9067600752736579 to 0.9063, which is the same network",
        "rewritten: blocks.3.squeeze from 0.7265534208526172 to 0.7261, which is the same network",
    ]
    identity = architecture_id("tiny_video", normalise(PRESETS["tvn1"], PUBLISHED_TASK))
    assert lines[-1] == f"tiny_video {identity}: {tmp_path / 'a.yaml'}"


@pytest.mark.parametrize(
    ("word", "output", "sentence"),
    [
        ("tvn1", "net.txt", "net.txt: its name ends in '.txt'; allowed: .yaml for an archit"),
        ("tvn1", "net", "net: its name ends in ''; allowed: .yaml for an architecture file, .json"),
        ("tvn1", "net.yaml", "tvn1: does not say how many classes; give --classes N"),
        ("tvn7", "net.yaml", "tvn7: neither a file nor a preset (did you mean"),
        ("nowhere.json", "net.yaml", "nowhere.json: No such file or directory"),
        ("broken.json", "net.yaml", "broken.json: blocks.1 has the unknown field 'filtres' (did y"),
        ("wide.json", "net.yaml", "wide.json: blocks.1.filters is 5000; allowed: an integer, 1 to"),
        ("bytes.json", "net.yaml", "bytes.json: not a text that can be read (it is not UTF-8)"),
    ],
)
def test_what_cannot_be_converted_is_told_and_nothing_is_written(
    word: str, output: str, sentence: str, tmp_path: Path, capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    published = to_published(PRESETS["mobile1"])
    Path("wide.json").write_text(json.dumps(published).replace("128", "5000"))
    Path("broken.json").write_text(json.dumps(published).replace('"filters": 128', '"filtres": 8'))
    Path("bytes.json").write_bytes(b"\xff\xfe{")
    with pytest.raises(VideonasError, match=re.escape(sentence)):
        convert(word, Path(output))
    assert capsys.readouterr().out == ""
    assert not Path(output).exists()


def test_a_task_with_one_class_more_is_another_file(tmp_path: Path) -> None:
    for classes in (5, 6):
        convert("mobile2", tmp_path / f"{classes}.yaml", classes=classes)
    five, six = (read_architecture(tmp_path / f"{n}.yaml") for n in (5, 6))
    assert replace(five[2], classes=6) == six[2]
    assert five[1] == six[1]
