"""Every file format version that was ever written loads, and means what it meant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from videonas.codec import decode, encode
from videonas.search.population import Candidates, Population
from videonas.search.records import FORMATS, SearchRecord
from videonas.search.settings import make_settings
from videonas.spaces import open_space

EXAMPLES = sorted((Path(__file__).parent / "formats").glob("*.json"))
KINDS: dict[str, Any] = {name: kind for kind, name in FORMATS.items()}


def _kind(name: str) -> Any:
    kind = KINDS[name]
    if kind in (Population, Candidates):
        return kind[open_space("tiny_video").kind]
    return kind


def test_every_format_has_an_example() -> None:
    assert {path.stem.replace("-", "/") for path in EXAMPLES} >= set(FORMATS.values())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_an_example_loads_and_loses_nothing(path: Path) -> None:
    name = path.stem.replace("-", "/")
    record = decode(_kind(name), path.read_bytes(), name, path.name)
    written = json.loads(encode(record, name))
    before = json.loads(path.read_bytes())
    assert {key: written[key] for key in before} == before


def test_the_settings_of_an_old_search_are_allowed() -> None:
    path = Path(__file__).parent / "formats" / "search-1.json"
    record = decode(SearchRecord, path.read_bytes(), "search/1", path.name)
    assert make_settings(record.settings).space == "tiny_video"
