"""Every file format version that was ever written loads, and means what it meant."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from videonas.codec import decode, encode
from videonas.search.architecture_file import encode_architecture, read_architecture
from videonas.search.population import Candidates, Population
from videonas.search.records import FORMATS, SearchRecord
from videonas.search.root import SearchRoot
from videonas.search.settings import make_settings
from videonas.spaces import architecture_id, open_space

FORMATS_FOLDER = Path(__file__).parent / "formats"
EXAMPLES = sorted(FORMATS_FOLDER.glob("*.json"))
ARCHITECTURES = sorted(FORMATS_FOLDER.glob("*.yaml"))
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


@pytest.mark.parametrize("path", ARCHITECTURES, ids=lambda p: p.stem)
def test_an_architecture_file_with_or_without_its_version(path: Path) -> None:
    space, architecture, task = read_architecture(path)
    assert architecture_id(space.name, architecture) == "0f5e656fc271"
    written = encode_architecture(space.name, task, architecture)
    before = path.read_bytes()
    assert written == (before if before.startswith(b"format: ") else b"format: architecture/1\n" +
                       before)


def test_an_architecture_file_has_both_examples() -> None:
    assert [p.name for p in ARCHITECTURES] == [
        "architecture-1-without-format.yaml", "architecture-1.yaml"
    ]


def test_an_old_search_goes_on(tmp_path: Path) -> None:
    """Its search.json lacks settings that its runs hold, where they decided a run only."""
    (tmp_path / "runs").mkdir()
    shutil.copy(FORMATS_FOLDER / "search-1.json", tmp_path / "search.json")
    run = json.loads((FORMATS_FOLDER / "run-1.json").read_text())
    run["settings"] |= {"sampling_tries": 7, "candidate_timeout": 60.0}
    (tmp_path / "runs/000001.json").write_text(json.dumps(run))
    settings = SearchRoot(str(tmp_path)).start({})
    assert (settings.sampling_tries, settings.candidate_timeout) == (200, 3600.0)
    assert settings.max_parameters == 1_000_000


def test_the_settings_of_an_old_search_are_allowed() -> None:
    path = FORMATS_FOLDER / "search-1.json"
    record = decode(SearchRecord, path.read_bytes(), "search/1", path.name)
    assert make_settings(record.settings).space == "tiny_video"
