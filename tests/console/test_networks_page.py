"""docs/networks.md names every field of the JSON, and its examples are commands that there are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.synthetic import make_search
from videonas.cli import main

PAGE = (Path(__file__).parents[2] / "docs" / "networks.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`([a-z_]+)`", PAGE))


def answer(*words: str) -> dict[str, Any]:
    said = CliRunner().invoke(main, [*words, "--json"])
    assert said.exit_code == 0, said.output
    answered: dict[str, Any] = json.loads(said.stdout)
    return answered


def test_every_field_is_explained(tmp_path: Path) -> None:
    root = make_search(tmp_path / "root", 5, 8, 6).uri
    shown, lineage = answer("show", root), answer("lineage", root, "--descendants")
    records = [
        shown, shown["individual"], lineage, *lineage["ancestry"], answer("compare", root, "tvn1"),
        answer("compare", root, root), answer("compare", root, root)["searches"][0],
        answer("convert", "tvn1", str(tmp_path / "a.yaml"), "--classes", "3"),
    ]
    edits = [edit for each in lineage["ancestry"] for edit in each["edits"]]
    assert edits
    for record in [*records, *edits]:
        assert record.keys() <= NAMED


def examples() -> Iterator[list[str]]:
    for line in re.findall(r"^    videonas (.*)$", PAGE, re.MULTILINE):
        yield line.partition("#")[0].split()


@pytest.mark.parametrize("words", examples(), ids=" ".join)
def test_an_example_is_a_command_that_there_is(words: list[str]) -> None:
    command = main.commands[words[0]]
    with command.make_context(words[0], words[1:]) as context:
        assert set(context.params) == {parameter.name for parameter in command.params}
