"""Architecture files are written by us and edited by people, so anything may be in one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from videonas.errors import DamagedRecord, VideonasError
from videonas.search.architecture_file import FORMAT, encode_architecture, read_architecture
from videonas.spaces import open_space
from videonas.spaces.tiny_video.presets import PRESETS
from videonas.task import Clip, Task

TASK = Task({"rgb": Clip(64, 256)}, classes=5)
SPACE = open_space("tiny_video")
NET = SPACE.normalise(PRESETS["tvn1"], TASK)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "architecture.yaml"
    path.write_bytes(encode_architecture("tiny_video", TASK, NET))
    return path


def test_a_file_is_read_back_as_it_was_written(file: Path) -> None:
    space, architecture, task = read_architecture(file)
    assert (space.name, architecture, task) == ("tiny_video", NET, TASK)


def test_its_first_line_says_the_version(file: Path) -> None:
    assert file.read_text().splitlines()[0] == f"format: {FORMAT}"


def test_what_is_read_is_normalised(file: Path) -> None:
    ignored = replace(NET.blocks[0], spatial_kernel=1, spatial_stride=3)
    odd = replace(NET, blocks=(ignored, *NET.blocks[1:]))
    file.write_bytes(encode_architecture("tiny_video", TASK, odd))
    assert read_architecture(file)[1] == SPACE.normalise(odd, TASK) != odd


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (("format",), "architecture/2", "format is 'architecture/2'; allowed: 'architecture/1'"),
        (("format",), None, "format is None; allowed: 'architecture/1'"),
        (("space",), "tiny_vidoe", "space is 'tiny_vidoe' (did you mean 'tiny_video'?); allowed: "),
        (("space",), ["tiny_video"], "space is ['tiny_video']; allowed: tiny_video"),
        (("task",), 3, "task: the whole is 3; input should be a dictionary"),
        (("task", "classes"), 1, "task: classes is 1; input should be greater than or equal to 2"),
        (("task", "streams"), {}, "task.streams is []; allowed: rgb and flow"),
        (("task", "streams", "sound"), {"frames": 8, "size": 8},
         "task.streams is ['rgb', 'sound']; allowed: rgb and flow"),
        (("architecture", "blocks"), {}, "architecture: blocks is {}; input should be"),
        (("architecture", "blocks", 0, "filters"), "many",
         "architecture: blocks.0.filters is 'many'; input should be a valid integer"),
        (("architecture", "colour"), "red", "architecture: colour is not a known field"),
        (("architecture", "image_size"), 257,
         "architecture: image_size is 257; allowed: 1 to the 256 pixels"),
    ],
)
def test_a_wrong_field_is_told_in_one_sentence(
    path: tuple[str | int, ...], value: Any, sentence: str, file: Path
) -> None:
    plain = yaml.safe_load(file.read_text())
    place = plain
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    file.write_text(yaml.safe_dump(plain))
    with pytest.raises(DamagedRecord) as error:
        read_architecture(file)
    assert str(error.value).startswith(f"{file}: {sentence}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["space", "task", "architecture"])
def test_a_missing_field_is_told(name: str, file: Path) -> None:
    plain = yaml.safe_load(file.read_text())
    del plain[name]
    file.write_text(yaml.safe_dump(plain))
    with pytest.raises(DamagedRecord, match=f"architecture.yaml: {name} is missing; an arch"):
        read_architecture(file)


BOMB = "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}' if n else 'x'] * 9)}]\n" for n in range(30)
)
"""Lists of lists, each nine times in the next: 9 ** 30 letters when it is written out."""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[", "not YAML"),
        ("", "found None; an architecture file has space, task and architecture"),
        ("[1, 2]", "found [1, 2]; an architecture file has space, task and architecture"),
        ("!!python/object/apply:os.system [ls]", "not YAML"),
        ("space: 2001-13-01", "not YAML"),
        ("[" * 100_000, "not YAML"),
        (f"{BOMB}format: *a29", "format is [["),
        (f"{BOMB}space: *a29\ntask: 1\narchitecture: 1", "space is [["),
        (f"{BOMB}space: tiny_video\ntask: *a29\narchitecture: 1", "task: the whole is [["),
        (f"space: tiny_video\ntask: 0x{'f' * 9000}\narchitecture: 1",
         "task: the whole is a very large int"),
    ],
    ids=["no YAML", "nothing", "a list", "an object", "no date", "deep", "a bomb as format",
         "a bomb as space", "a bomb as task", "a large number"],
)
def test_any_text_is_told_in_one_short_sentence(text: str, sentence: str, file: Path) -> None:
    file.write_text(text)
    with pytest.raises(DamagedRecord) as error:
        read_architecture(file)
    assert str(error.value).startswith(f"{file}: {sentence}")
    assert len(str(error.value)) < 2500
    assert "\n" not in str(error.value)


def test_bytes_that_are_no_text(file: Path) -> None:
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DamagedRecord, match=r"architecture.yaml: not YAML"):
        read_architecture(file)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(VideonasError, match=r"nowhere.yaml: No such file or directory"):
        read_architecture(tmp_path / "nowhere.yaml")
