"""The commands that look at networks, as people type them and as programs read them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.synthetic import make_search
from videonas.cli import main
from videonas.search.architecture_file import read_architecture
from videonas.search.root import SearchRoot
from videonas.spaces.tiny_video.presets import PRESETS
from videonas.spaces.tiny_video.published import read_published, to_published


def videonas(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def answer(*arguments: object) -> Any:
    """What a command prints on standard output, whole, as JSON."""
    said = videonas(*arguments, "--json")
    assert said.exit_code == 0, said.output
    return json.loads(said.stdout)


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> SearchRoot:
    return make_search(tmp_path_factory.mktemp("search") / "root", 3, 6, 4)


def test_a_network_in_every_form_is_one_network(tmp_path: Path) -> None:
    assert videonas("convert", "tvn1", tmp_path / "a.json").exit_code == 0
    assert videonas("convert", tmp_path / "a.json", tmp_path / "b.yaml", "--classes",
                    5).exit_code == 0
    assert videonas("convert", tmp_path / "b.yaml", tmp_path / "c.json", "--mobile").exit_code == 0
    words = ["tiny_video/tvn1", *(tmp_path / name for name in ("a.json", "b.yaml", "c.json"))]
    shown = [answer("show", word, "--classes", 5) for word in words]
    assert len({network["id"] for network in shown}) == 1
    assert all(network["costs"] == shown[0]["costs"] for network in shown)
    assert answer("compare", *words)["differences"] == []
    assert read_architecture(tmp_path / "b.yaml")[2].classes == 5
    published = read_published((tmp_path / "a.json").read_text(), "a.json")
    assert published.architecture == PRESETS["tvn1"]


def test_an_individual_has_one_record_wherever_it_is_asked_for(search: SearchRoot) -> None:
    name = [*search.lineage().members][-1]
    alone = answer("show", search.uri, name)
    assert answer("show", f"{search.uri}:{name}") == alone
    beside = answer("compare", search.uri, name, "tvn1")["networks"][0]
    assert beside == alone
    line = answer("lineage", search.uri, name)["ancestry"]
    assert [each["name"] for each in line] == alone["individual"]["ancestry"]
    assert line[-1].items() <= alone["individual"].items()


def test_the_best_needs_no_name(search: SearchRoot) -> None:
    best = search.lineage().best(search.settings)
    assert best is not None
    name = best.individual.name
    assert answer("show", search.uri)["individual"]["name"] == name
    assert answer("lineage", search.uri)["individual"] == name
    assert answer("compare", search.uri, search.uri)["searches"][0]["best"]["name"] == name


def test_a_picture_is_written_beside_either_answer(search: SearchRoot, tmp_path: Path) -> None:
    answer("show", search.uri, "--svg", tmp_path / "a.svg")
    said = videonas("show", search.uri, "--svg", tmp_path / "b.svg")
    assert said.stdout.splitlines()[-1] == f"picture: {tmp_path / 'b.svg'}"
    assert (tmp_path / "a.svg").read_text() == (tmp_path / "b.svg").read_text()
    assert ElementTree.parse(tmp_path / "a.svg").getroot().tag.endswith("svg")


@pytest.mark.parametrize(
    "arguments",
    [["show", "{root}"], ["lineage", "{root}", "--descendants"], ["compare", "{root}", "{root}"],
     ["compare", "{root}", "000000-00", "tvn2"], ["show", "mobile1"]],
    ids=" ".join,
)
def test_what_is_piped_has_no_colours_and_fits_eighty_columns(
    arguments: list[str], search: SearchRoot
) -> None:
    command = [sys.executable, "-m", "videonas"]
    command += [word.format(root=search.uri) for word in arguments]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = said.stdout.splitlines()
    assert lines
    assert all(line == line.rstrip() for line in lines)
    assert "\x1b" not in said.stdout
    assert [line for line in lines if len(line) > 80] == []
    assert said.stderr == ""


PUBLISHED = json.dumps(to_published(PRESETS["mobile1"]))
FILES = {
    "unknown.json": PUBLISHED.replace('"filters": 128', '"filtres": 8'),
    "wide.json": PUBLISHED.replace('"filters": 128', '"filters": 5000'),
    "square.json": PUBLISHED.replace('"depth"', '"square"'),
    "none.json": PUBLISHED.replace('"num_frames": 2', '"num_frames": 0'),
    "text.json": "network",
}
REFUSED = [
    (["show", "{unknown.json}"], "blocks.1 has the unknown field 'filtres' (did you mean 'filters"),
    (["show", "{wide.json}"], "blocks.1.filters is 5000; allowed: an integer, 1 to 4096"),
    (["convert", "{square.json}", "{out}.yaml"], "blocks.0.spatial_type is 'square'; allowed: std"),
    (["compare", "{none.json}", "tvn1"], "num_frames is 0; allowed: an integer, 1 or more"),
    (["start", "--search-root", "{out}", "--start-from", "{text.json}"], "not JSON that can be"),
    (["start", "--search-root", "{out}", "--start-from", "{wide.json}"], "filters is 5000; allow"),
    (["start", "--search-root", "{out}", "--start-from", "tvn8"], "(did you mean 'tvn4'?)"),
    (["start", "--search-root", "{out}", "--start-from", "tvn1"], "error: tvn1: architecture: ima"),
    (["start", "--search-root", "{out}", "--start-from", "tvn1", "tvn4", "--set",
      "shrink_start_from=true", "--set", "max_parameters=30e6"],
     "tvn4: 42,978,492 parameters; allowed: 30,000,000; raise the limit"),
    (["start", "--search-root", "{out}", "--start-from", "tvn1", "tvn1", "--set",
      "shrink_start_from=true"], "tvn1: the same network as start_from.0; give it once"),
    (["start", "--search-root", "{out}", "--start-from", "tvn1", "tvn2", "--set", "population=1"],
     "start_from holds 2 networks; allowed: 1 at most, the population"),
    (["start", "--search-root", "{out}", "--start-from"], "Option '--start-from' requires an arg"),
    (["show", "tnv1"], "(did you mean 'tvn1'?)"),
    (["show", "{root}", "000001-44"], "nobody is named '000001-44'; its generation has 000001-00"),
    (["show", "{out}", "000001-00"], "no search here; `videonas start` begins one"),
    (["show", "tvn1", "--classes", "1"], "1 is not in the range x>=2"),
    (["lineage", "{out}"], "no search here; `videonas start` begins one"),
    (["lineage", "{root}", "tvn1"], "'tvn1' is not the name of an individual; allowed: generation"),
    (["compare", "{root}"], "one network; a comparison takes two or more"),
    (["compare"], "Missing argument 'NETWORK NETWORK...'"),
    (["convert", "tvn1", "{out}.toml"], "its name ends in '.toml'; allowed: .yaml for an archit"),
    (["convert", "tvn1", "{out}/a.json"], "out/a.json: No such file or directory"),
]


@pytest.mark.parametrize(("arguments", "words"), REFUSED, ids=[" ".join(r[0]) for r in REFUSED])
def test_what_cannot_be_done_is_told_in_one_sentence(
    arguments: list[str], words: str, search: SearchRoot, tmp_path: Path
) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    places = {name: str(tmp_path / name) for name in (*FILES, "out")} | {"root": search.uri}
    made = [re.sub(r"{(.*?)}", lambda found: places[found[1]], word) for word in arguments]
    said = videonas(*made)
    assert said.exit_code == 2
    assert isinstance(said.exception, SystemExit)
    (line,) = re.findall(r"^[Ee]rror: .*$", said.output, re.MULTILINE)
    assert words in line
    assert said.stdout == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)


# --start-from


def start(root: Path, *more: object) -> Result:
    return videonas("start", "--search-root", root, "--videos", root, *more)


def test_start_from_takes_words_up_to_the_next_option(tmp_path: Path) -> None:
    (tmp_path / "net.json").write_text(PUBLISHED)
    shrink = ["--set", "shrink_start_from=true"]
    one = start(tmp_path / "one", *shrink, "--start-from", "tvn1", tmp_path / "net.json")
    many = start(tmp_path / "many", "--start-from", "tvn1", "--start-from", "mobile1", *shrink)
    assert (one.exit_code, many.exit_code) == (0, 0), one.output + many.output
    starts = [SearchRoot(str(tmp_path / name)).settings.start_from for name in ("one", "many")]
    assert starts[0] == starts[1]
    assert [len(each["blocks"]) for each in starts[0]] == [4, 2]
    assert start(tmp_path / "one").exit_code == 0, "it goes on without them"
    other = start(tmp_path / "one", "--start-from", "tvn2")
    assert other.exit_code == 2
    assert "holds a search with other settings: start_from is" in other.output


def test_what_of_a_file_is_not_in_the_network_is_told_beside_the_answer(tmp_path: Path) -> None:
    plain = to_published(PRESETS["mobile1"], mobile=True)
    plain["blocks"][1]["inputs"] = [1, 0]
    (tmp_path / "net.json").write_text(json.dumps(plain))
    said = start(tmp_path / "root", "--start-from", tmp_path / "net.json", "--set",
                 "shrink_start_from=true")
    assert json.loads(said.stdout) == {"first": 0, "last": 4, "go": True, "goal": ""}
    assert f"{tmp_path / 'net.json'}: blocks.1.inputs is [1, 0], of which only" in said.stderr
