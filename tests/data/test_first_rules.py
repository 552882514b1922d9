"""A search whose videos an older version found goes on with what that version made of them."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import SMALL
from tests.data.test_walking import place
from tests.videos import write_numbered
from videonas.data.first_rules import first_digest
from videonas.data.layouts import class_folders
from videonas.data.sources import source_digest
from videonas.errors import ConflictingSearch, DataError
from videonas.search.root import SearchRoot
from videonas.search.settings import Settings
from videonas.steps.data_prep import data_prep
from videonas.steps.start import start
from videonas.task import Clip

STREAMS = {"rgb": Clip(8, 32)}


def add_what_was_not_seen(folder: Path) -> None:
    """What older versions left out: other endings, and linked folders in class folders."""
    place(folder, "a/2.m4v", "c/1.mpg", "a/.3.mp4")
    place(folder.with_name("far"), "4.mp4")
    (folder / "a/more").symlink_to(folder.with_name("far"))


def test_the_digest_is_that_of_the_first_versions(tmp_path: Path) -> None:
    folder = place(tmp_path / "v", "a/1.mp4", "b/1.mp4")
    before = source_digest(class_folders.read(folder), STREAMS, Settings())
    assert before.startswith("a04c76369f8ab88ceee2"), "as it is written down in test_sources.py"
    add_what_was_not_seen(folder)
    assert first_digest(folder, STREAMS, Settings()) == before
    assert source_digest(class_folders.read(folder), STREAMS, Settings()) != before
    place(folder, "b/2.mp4")
    assert first_digest(folder, STREAMS, Settings()) != before


def test_split_folders_were_classes(tmp_path: Path) -> None:
    folder = place(tmp_path, *(f"{split}/{label}/{number}.mp4" for split in ("train", "val")
                               for label in "ab" for number in range(2)))
    digest = first_digest(folder, STREAMS, Settings())
    assert digest != source_digest(class_folders.read(folder), STREAMS, Settings())


def prepared(folder: Path, root: Path) -> SearchRoot:
    """A search over a folder, its data prepared."""
    search = SearchRoot(str(root))
    start(search, {**SMALL, "videos": str(folder)})
    data_prep(search)
    return search


def videos(folder: Path, *names: str) -> Path:
    """Small videos, six of each name."""
    for name in names:
        for number in range(6):
            write_numbered(folder / name / f"{number}.avi", 4 + number, codec="mpeg4")
    return folder


def test_a_search_goes_on_though_more_is_found_now(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = videos(tmp_path / "v", "a", "b")
    root = prepared(folder, tmp_path / "root")
    digest = root.need_dataset().digest
    add_what_was_not_seen(folder)
    with caplog.at_level(logging.WARNING, "videonas"):
        assert data_prep(SearchRoot(root.uri)).digest == digest
    assert "an older version prepared it" in caplog.text
    assert "this version finds 15 videos of 3 classes" in caplog.text
    shutil.copy(folder / "a/1.avi", folder / "b/9.avi")
    with pytest.raises(ConflictingSearch):
        data_prep(SearchRoot(root.uri))


def as_before(monkeypatch: pytest.MonkeyPatch, work: Callable[[], SearchRoot]) -> SearchRoot:
    """Something done as it was when every folder was a class."""
    with monkeypatch.context() as patch:
        patch.setattr(class_folders, "splits_of", lambda folder, found: None)
        return work()


@pytest.mark.parametrize(
    "names", [("train/a", "train/b", "val/a", "val/b"), ("train/a", "train/b", "a", "b")],
    ids=["split folders", "ambiguous"],
)
def test_a_search_goes_on_over_what_were_classes(
    tmp_path: Path, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = videos(tmp_path / "v", *names)
    root = as_before(monkeypatch, lambda: prepared(folder, tmp_path / "root"))
    before = root.need_dataset()
    assert set(before.classes) == {name.split("/")[0] for name in names}
    assert data_prep(SearchRoot(root.uri)) == before
    write_numbered(folder / names[0] / "9.avi", 30, codec="mpeg4")
    with pytest.raises((ConflictingSearch, DataError)):
        data_prep(SearchRoot(root.uri))
