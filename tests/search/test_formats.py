"""Every file format version that was ever written loads, and means what it meant."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from videonas.codec import decode, encode
from videonas.errors import DamagedRecord
from videonas.search.architecture_file import encode_architecture, read_architecture
from videonas.search.dataset import Dataset
from videonas.search.population import Candidates, Population
from videonas.search.records import FORMATS, OLDER_FORMATS, Records, SearchRecord
from videonas.search.root import SearchRoot
from videonas.search.settings import make_settings
from videonas.spaces import architecture_id, open_space
from videonas.storage import open_store

FORMATS_FOLDER = Path(__file__).parent / "formats"
EXAMPLES = sorted(FORMATS_FOLDER.glob("*.json"))
ARCHITECTURES = sorted(FORMATS_FOLDER.glob("*.yaml"))
KINDS: dict[str, Any] = {name: kind for kind, name in FORMATS.items()} | {
    name: kind for kind, names in OLDER_FORMATS.items() for name in names
}


def _format(path: Path) -> str:
    """The format of an example: `training/1` of `training-1-with-curve.json`."""
    return "/".join(path.stem.split("-")[:2])


def _kind(name: str) -> Any:
    kind = KINDS[name]
    if kind in (Population, Candidates):
        return kind[open_space("tiny_video").kind]
    return kind


def test_every_format_has_an_example() -> None:
    assert {_format(path) for path in EXAMPLES} == set(KINDS)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_an_example_loads_and_loses_nothing(path: Path) -> None:
    name = _format(path)
    record = decode(_kind(name), path.read_bytes(), name, path.name)
    written = json.loads(encode(record, name))
    before = json.loads(path.read_bytes())
    assert _kept(written, before) == before


def _kept(written: Any, before: Any) -> Any:
    """What was written, without the fields that are newer than the example."""
    if isinstance(before, dict):
        return {key: _kept(written[key], value) for key, value in before.items()}
    if isinstance(before, list) and len(written) == len(before):
        return [_kept(*pair) for pair in zip(written, before, strict=True)]
    return written


def test_a_loss_in_a_record_is_seen() -> None:
    before = {"a": [{"b": 1}, {"c": [2]}]}
    assert _kept({"a": [{"b": 1, "new": 5}, {"c": [2]}], "new": 5}, before) == before
    for lossy in ({"a": [{"b": 2}, {"c": [2]}]}, {"a": [{"b": 1}]}, {"a": [{"b": 1}, {"c": []}]}):
        assert _kept(lossy, before) != before


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_an_example_is_read_as_a_record_of_a_search(path: Path, tmp_path: Path) -> None:
    name = _format(path)
    shutil.copy(path, tmp_path / "record.json")
    record = Records(open_store(str(tmp_path))).read(_kind(name), "record.json")
    assert record == decode(_kind(name), path.read_bytes(), name, path.name)


def test_an_older_data_set_has_class_folders_and_one_label() -> None:
    path = FORMATS_FOLDER / "dataset-1.json"
    dataset = decode(Dataset, path.read_bytes(), "dataset/1", path.name)
    assert (dataset.labels_from, dataset.task.multi_label) == ("class folders", False)


@pytest.mark.parametrize("found", ["dataset/0", "dataset/3", "timing/1", None, ["dataset/1"]])
def test_another_format_is_refused_with_the_one_that_is_written(
    tmp_path: Path, found: Any
) -> None:
    plain = json.loads((FORMATS_FOLDER / "dataset-2.json").read_text()) | {"format": found}
    (tmp_path / "dataset.json").write_text(json.dumps(plain))
    with pytest.raises(DamagedRecord, match="this version of videonas reads 'dataset/2'"):
        Records(open_store(str(tmp_path))).read(Dataset, "dataset.json")
    (tmp_path / "dataset.json").write_text("{")
    with pytest.raises(DamagedRecord, match="not JSON"):
        Records(open_store(str(tmp_path))).read(Dataset, "dataset.json")


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
