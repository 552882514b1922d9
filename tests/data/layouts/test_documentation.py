"""The examples of docs/data.md are read as it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from videonas.data.layouts import lists
from videonas.data.layouts.files import SUFFIXES
from videonas.data.layouts.lists import COLUMNS
from videonas.data.layouts.names import SPLIT_WORDS

TEXT = (Path(__file__).parents[3] / "docs/data.md").read_text()
EXAMPLES = re.findall(r"^```(csv|json|jsonl)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("suffix", "text"), EXAMPLES)
def test_an_example_is_a_list(tmp_path: Path, suffix: str, text: str) -> None:
    place = tmp_path / f"list.{suffix}"
    place.write_text(text)
    sources = lists.read(place, tmp_path)
    assert len(sources.classes) == 2
    assert {Path(video.path).suffix for video in sources.videos} <= set(SUFFIXES)
    assert sources.multi_label == ('"labels"' in text or "path,labels" in text)


def test_every_column_word_and_suffix_is_there() -> None:
    assert len(EXAMPLES) == 4
    lists_of_videos = TEXT.partition("## A list: JSON")[0]
    assert re.findall(r"^\| `(\w+)` \|", lists_of_videos, re.MULTILINE) == list(COLUMNS)
    assert all(f"`{word}`" in TEXT for word in SPLIT_WORDS)
    assert all(suffix[1:] in TEXT for suffix in SUFFIXES)
