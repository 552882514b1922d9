"""What a word on a command line means: a preset, an architecture file, a published file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.architectures import architectures
from videonas.errors import DamagedRecord, VideonasError
from videonas.search.architecture_file import encode_architecture
from videonas.search.named_network import CLASSES, NamedNetwork, least_task, presets, read_network
from videonas.spaces import SPACES, open_space
from videonas.spaces.published_form import FORMS, PublishedForm, form_of_suffix
from videonas.spaces.tiny_video import TinyVideoArchitecture, TinyVideoSpace
from videonas.spaces.tiny_video.presets import PRESETS

SPACE = TinyVideoSpace()


def test_every_preset_of_every_space_has_a_word() -> None:
    words = presets()
    for space in SPACES:
        for name, architecture in open_space(space).presets.items():
            assert words[f"{space}/{name}"] == (space, name)
            network = read_network(f"{space}/{name}")
            assert (network.space.name, network.architecture) == (space, architecture)
            assert (network.task, network.left_out) == (None, ())
    for word in words:
        assert "/" in word or sum(name.endswith(f"/{word}") for name in words) == 1


@given(architectures())
@settings(max_examples=60, deadline=None)
def test_the_least_task_is_the_smallest_that_allows_a_network(net: TinyVideoArchitecture) -> None:
    task = least_task(SPACE, net, 7)
    placed = SPACE.normalise(net, task)
    assert task.classes == 7
    sampling = SPACE.sampling(net)["rgb"]
    assert (task.streams["rgb"].frames, task.streams["rgb"].size) == (sampling.span, sampling.size)
    assert NamedNetwork("word", SPACE, net).placed(7) == (placed, task)
    assert NamedNetwork("word", SPACE, net).placed()[1].classes == CLASSES


def test_an_architecture_file_says_its_task(tmp_path: Path) -> None:
    net = SPACE.normalise(PRESETS["tvn1"], least_task(SPACE, PRESETS["tvn1"], 4))
    task = least_task(SPACE, net, 4)
    path = tmp_path / "net.yml"
    path.write_bytes(encode_architecture("tiny_video", task, net))
    assert read_network(str(path)).placed(9) == (net, task)


def test_a_network_that_cannot_be_is_told_by_its_word() -> None:
    wrong = TinyVideoArchitecture(0, 2, 1, PRESETS["tvn1"].blocks)
    with pytest.raises(VideonasError, match=r"^word: architecture: image_size is 0; allowed: 1 to"):
        NamedNetwork("word", SPACE, wrong).placed()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("net.json", "{}", "net.json: blocks is missing"),
        ("NET.JSON", "[]", "NET.JSON: the whole is []; allowed: an object"),
        ("net.yaml", "{}", "net.yaml: space is missing; an architecture file has space, task and"),
        ("net", "a: 1", "net: space is missing"),
    ],
)
def test_the_name_of_a_file_says_which_form_it_has(
    name: str, content: str, sentence: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(VideonasError) as caught:
        read_network(str(tmp_path / name))
    assert str(caught.value).startswith(str(tmp_path / sentence))


def test_a_folder_is_no_network(tmp_path: Path) -> None:
    with pytest.raises(VideonasError, match="Is a directory"):
        read_network(str(tmp_path))
    (tmp_path / "net.json").mkdir()
    with pytest.raises(VideonasError, match="Is a directory"):
        read_network(str(tmp_path / "net.json"))


def test_a_word_that_is_nothing_is_told_with_what_is_near() -> None:
    with pytest.raises(VideonasError) as caught:
        read_network("tiny_video/tnv2")
    sentence = str(caught.value)
    assert "(did you mean 'tiny_video/tvn2'?)" in sentence
    assert all(f"tiny_video/{name}" in sentence for name in PRESETS)


def test_an_old_architecture_file_is_a_damaged_record_as_ever(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(json.dumps({"format": "architecture/2"}))
    with pytest.raises(DamagedRecord, match="format is 'architecture/2'"):
        read_network(str(path))


def test_the_end_of_a_name_tells_published_forms_apart() -> None:
    suffixes = [form.suffix for form in FORMS]
    assert len(set(suffixes)) == len(suffixes)
    for form in FORMS:
        assert form_of_suffix(form.suffix.upper()) is form
    assert form_of_suffix(".yaml") is None


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.space)
def test_a_preset_is_read_from_the_form_that_it_is_written_in(
    form: PublishedForm, tmp_path: Path
) -> None:
    for name, preset in open_space(form.space).presets.items():
        path = tmp_path / f"{name}{form.suffix}"
        path.write_text(form.write(preset))
        network = read_network(str(path))
        assert (network.space.name, network.left_out) == (form.space, ())
        assert network.architecture == preset
