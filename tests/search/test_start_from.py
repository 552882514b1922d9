"""Networks that a search begins with, from the words that name them to the setting."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from tests.architectures import TASK, architectures, evolved
from videonas.codec import from_plain, to_plain
from videonas.errors import ConflictingSearch, SettingsError
from videonas.search.architecture_file import encode_architecture
from videonas.search.root import SearchRoot
from videonas.search.settings import Settings, decides_of, make_settings
from videonas.search.start_from import UnfitStart, naming_starts, plain_start, read_starts
from videonas.spaces.tiny_video import Block, TinyVideoArchitecture, TinyVideoSpace
from videonas.spaces.tiny_video.normalise import normalise
from videonas.spaces.tiny_video.presets import PRESETS
from videonas.spaces.tiny_video.published import to_published

SPACE = TinyVideoSpace()
LARGEST = SPACE.largest()["rgb"]
NET = TinyVideoArchitecture(32, 4, 2, (Block(filters=8), Block(filters=16)))


def held(*nets: Any, **values: Any) -> list[TinyVideoArchitecture]:
    """The architectures that settings hold, which were made of these."""
    made = make_settings({"start_from": [plain_start(net) for net in nets], **values})
    return [from_plain(TinyVideoArchitecture, dict(each), "here") for each in made.start_from]


# The setting


def test_it_decides_which_networks_are_tried_and_is_off_by_default() -> None:
    assert Settings().start_from == ()
    assert decides_of("start_from") == decides_of("shrink_start_from") == "search"
    assert "start_from" not in Settings().identifying("search")


@given(evolved(), evolved())
@settings(max_examples=40, deadline=None)
def test_what_it_holds_survives_a_search_root_and_kubeflow(
    one: TinyVideoArchitecture, other: TinyVideoArchitecture
) -> None:
    nets = list(dict.fromkeys([one, other]))
    made = make_settings({"start_from": [plain_start(net) for net in nets]})
    assert held(*nets) == nets
    stored = json.loads(json.dumps(made.model_dump(mode="json")))
    assert make_settings(stored) == made
    floats = json.loads(json.dumps(stored["start_from"]), parse_int=float)
    assert make_settings({"start_from": floats}) == made


@given(architectures())
@settings(max_examples=60, deadline=None)
def test_equal_networks_are_written_alike(net: TinyVideoArchitecture) -> None:
    assert held(net) == held(normalise(net, TASK)) == [normalise(net, TASK)]


def test_a_search_goes_on_with_or_without_the_words(tmp_path: Path) -> None:
    root = SearchRoot(str(tmp_path))
    starts = [plain_start(NET)]
    begun = root.start({"start_from": starts})
    assert SearchRoot(str(tmp_path)).start({}) == begun
    whole = to_plain(NET)  # with every default written out
    assert SearchRoot(str(tmp_path)).start({"start_from": [whole]}) == begun
    many = [plain_start(replace(NET, image_size=size)) for size in (24, 48, 64)]
    with pytest.raises(ConflictingSearch, match=r"start_from is .* there, .*… here; l") as error:
        SearchRoot(str(tmp_path)).start({"start_from": many})
    assert len(str(error.value)) < 900


# What a search cannot begin with


def with_block(**fields: Any) -> dict[str, Any]:
    """A network as the setting holds it, with some fields of its second block changed."""
    plain = plain_start(NET)
    plain["blocks"][1] |= fields
    return plain


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("tvn1", "setting start_from is 'tvn1'; input should be a valid tuple"),
        (["tvn1"], "setting start_from.0 is 'tvn1'; input should be a valid dictionary"),
        ([plain_start(NET), {}], "start_from.1: architecture: image_size is missing"),
        ([with_block(filtres=8)], "start_from.0: architecture: blocks.1.filtres is not a known f"),
        ([with_block(filters=5000)], "architecture: blocks.1.filters is 5000; allowed: 1 to 4096"),
        ([with_block(filters=8.5)], "architecture: blocks.1.filters is 8.5; input should be a val"),
        ([with_block(), with_block(skip=False, spatial_kernel=3)],
         "start_from.1: the same network as start_from.0; give it once"),
        ([with_block(repeats=n) for n in range(1, 18)],
         "start_from holds 17 networks; allowed: 16 at most, the population"),
    ],
)
def test_what_is_wrong_is_told_in_one_sentence(value: Any, sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        make_settings({"start_from": value})
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_as_many_as_the_population_are_allowed() -> None:
    nets = [replace(NET, image_size=size) for size in (24, 32, 48)]
    assert held(*nets, population=3) == nets


@pytest.mark.parametrize(
    ("net", "options", "sentence"),
    [
        (replace(NET, image_size=224), {},
         "image_size is 224; allowed: 1 to the 64 pixels of the data set; it asks for 224 pixels "
         "over 7 source frames: let the options of the space hold that much"),
        (replace(NET, frame_stride=9), {}, "frames is 4; allowed: as many as, 9 apart, fit into"),
        (replace(NET, image_size=48), {"image_sizes": [32]}, "image_size is 48; allowed: 1 to the"),
    ],
)
def test_a_clip_that_is_too_large_is_told_with_what_to_set(
    net: TinyVideoArchitecture, options: dict[str, Any], sentence: str
) -> None:
    values = {"start_from": [plain_start(net)], "space_options": options}
    with pytest.raises(UnfitStart) as caught:
        make_settings(values)
    assert str(caught.value).startswith(f"start_from.0: architecture: {sentence}")
    assert str(caught.value).endswith("or set shrink_start_from=true to make its clip smaller")
    make_settings(values | {"shrink_start_from": True})
    roomy = {"image_sizes": [net.image_size], "clip_frames": net.span}
    assert held(net, space_options=roomy) == [net]


def test_where_larger_clips_would_not_help_they_are_not_advised() -> None:
    net = replace(NET, image_size=224, blocks=(Block(filters=5000),))
    with pytest.raises(UnfitStart) as caught:
        held(net)
    assert str(caught.value) == (
        "start_from.0: architecture: blocks.0.filters is 5000; allowed: 1 to 4096"
    )


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_shrunk_only_where_that_is_said(name: str) -> None:
    with pytest.raises(UnfitStart, match="set shrink_start_from=true"):
        held(PRESETS[name])
    (net,) = held(PRESETS[name], shrink_start_from=True)
    assert net.image_size == LARGEST.size
    assert net.span <= LARGEST.frames
    assert net.frames == PRESETS[name].frames
    assert len(net.blocks) == len(PRESETS[name].blocks)


# The words


def test_presets_and_both_kinds_of_files(tmp_path: Path) -> None:
    yaml, published = tmp_path / "net.yaml", tmp_path / "net.json"
    yaml.write_bytes(encode_architecture("tiny_video", TASK, NET))
    published.write_text(json.dumps(to_published(NET)))
    words = [str(yaml), str(published), "mobile1", "tiny_video/tvn2"]
    nets = [network.architecture for network in read_starts(words, "tiny_video")]
    assert nets == [NET, NET, PRESETS["mobile1"], PRESETS["tvn2"]]


def test_a_network_of_another_space_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"tvn1: a network of tiny_video; allowed: networks of "
                       "the search's space, evanet"):
        read_starts(["tvn1"], "evanet")


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_file_is_named_where_it_came_from_one(place: int) -> None:
    nets = [NET, replace(NET, image_size=24), replace(NET, image_size=48)]
    nets[place] = replace(nets[place], image_size=99)
    words = ["a.yaml", "b.json"]
    name = [*words, "start_from.2"][place]
    sentence = f"^{re.escape(name)}: architecture: image_size is 99"
    with pytest.raises(SettingsError, match=sentence), naming_starts(words):
        held(*nets)
