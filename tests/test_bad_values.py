"""Values that no setting, record or command can take: one sentence and exit status 2."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from videonas.search.settings import make_settings


def sentence_of(*words: str) -> str:
    """The one sentence with which a command line refuses, without a traceback."""
    ended = subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 2, ended.stderr
    lines = [line for line in ended.stderr.splitlines() if ": begins on /" not in line]
    assert len(lines) == 1, ended.stderr
    return lines[0]


@pytest.mark.parametrize(("assignment", "sentence"), [
    ("space_options=3", "setting space_options is 3; allowed: a mapping"),
    ("space_options=[1]", "setting space_options is [1]; allowed: a mapping"),
    ("videos=3", "setting videos is 3"),
    ("videos=[a]", "setting videos is ['a']"),
    ("videos=''", "setting videos is ''"),
    ("seed=2001-13-01", "--set 'seed=2001-13-01': the value is not YAML"),
    ("seed=" + "[" * 2000, "the value is not YAML"),
    ("seed=0x" + "f" * 5000, "setting seed is a very large int; allowed: up to 9223"),
    ("seed=9223372036854775808", "allowed: up to 9223372036854775807"),
    ("generations=true", "setting generations is True; allowed: neither true nor false"),
])
def test_a_setting_is_refused_in_one_sentence(
    tmp_path: Path, assignment: str, sentence: str
) -> None:
    found = sentence_of(
        "videonas", "start", "--search-root", str(tmp_path / "root"), "--set", assignment
    )
    assert sentence in found
    assert len(found) < 400
    assert not (tmp_path / "root/search.json").exists()


@pytest.mark.parametrize("text", ["space_options: 3", "seed: 2001-13-01", "seed: " + "[" * 5000])
def test_so_it_is_in_a_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "settings.yaml").write_text(text)
    found = sentence_of(
        "videonas", "start", "--search-root", str(tmp_path / "root"),
        "--settings", str(tmp_path / "settings.yaml"),
    )
    assert "settings.yaml" in found or "space_options is 3" in found


def test_true_is_true_where_it_may_be() -> None:
    assert make_settings({"random_flip": True, "generations": 3.0}).generations == 3


def test_a_record_of_lists_in_lists(tmp_path: Path) -> None:
    (tmp_path / "search.json").write_text("[" * 200_000)
    assert f"{tmp_path}/search.json: not JSON" in sentence_of("videonas", "report", str(tmp_path))


def test_a_record_of_a_very_long_format(tmp_path: Path) -> None:
    (tmp_path / "search.json").write_text(f'{{"format": "{"x" * 100_000}"}}')
    assert len(sentence_of("videonas", "report", str(tmp_path))) < 400


@pytest.mark.parametrize("step", ["mutate", "train-candidate"])
def test_where_no_search_was_started_that_is_said_first(tmp_path: Path, step: str) -> None:
    found = sentence_of("videonas", step, "--search-root", str(tmp_path), "--generation", "0")
    assert found == f"error: {tmp_path}: no search here; `videonas start` begins one"


@pytest.mark.parametrize(("output", "sentence"), [
    ("{}/p.txt", "p.txt: allowed: a name that ends in .yaml, .yml"),
    ("/proc/none/p.yaml", "error: /proc/none"),
])
def test_a_pipeline_cannot_be_written_there(tmp_path: Path, output: str, sentence: str) -> None:
    path = output.format(tmp_path)
    assert sentence in sentence_of("pipelines", "compile", "tiny_video", "--output", path)
