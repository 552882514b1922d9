"""The step that makes the data set: from lists, once, and only where it suits the search."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SMALL
from tests.videos import write_numbered
from videonas.errors import ConflictingSearch, SettingsError
from videonas.search.dataset import Dataset
from videonas.search.root import SearchRoot
from videonas.steps.data_prep import data_prep, dataset_metadata
from videonas.steps.start import start

NewRoot = Callable[..., SearchRoot]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve short videos in one folder."""
    folder = tmp_path_factory.mktemp("clips")
    for number in range(12):
        write_numbered(folder / f"{number}.avi", 9, codec="mpeg4")
    return folder


def write_list(path: Path, labels: Callable[[int], str], column: str = "labels") -> Path:
    """A list of the twelve videos."""
    rows = [f"{number}.avi,{labels(number)}" for number in range(12)]
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([f"path,{column}", *rows]))
    return path


def several(number: int) -> str:
    """One label or two."""
    return ("a;b", "a", "b")[number % 3]


def search(folder: Path, **values: Any) -> SearchRoot:
    """A search over some videos, begun or gone on with."""
    root = SearchRoot(str(folder))
    start(root, {**SMALL, **{name: str(value) for name, value in values.items()}})
    return root


def test_a_list_becomes_the_data_set_of_a_search_once(
    tmp_path: Path, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = write_list(tmp_path / "one/list.csv", several)
    made = data_prep(search(tmp_path / "root", videos=place, video_folder=clips))
    assert made.task.multi_label
    assert made.source == str(place)
    metadata = dataset_metadata(made)
    assert (metadata["labels_from"], metadata["multi_label"]) == ("CSV list", "yes")
    monkeypatch.setattr("videonas.data.prepare.prepare_dataset", lambda *_: pytest.fail("decoded"))
    moved = write_list(tmp_path / "two/videos.csv", several)
    assert data_prep(search(tmp_path / "root", videos=moved)) == made, "the place does not matter"
    gone = search(tmp_path / "root", videos=tmp_path / "gone.csv")
    assert data_prep(gone) == made
    assert data_prep(search(tmp_path / "root", videos=place, video_folder="/gone")) == made
    empty = tmp_path / "empty"
    empty.mkdir()
    assert data_prep(search(tmp_path / "root", videos=place, video_folder=empty)) == made


@pytest.mark.parametrize(
    "other", [lambda number: "a" if number < 6 else "b", lambda number: "ab"[number % 2]]
)
def test_a_list_that_says_something_else_is_refused(
    tmp_path: Path, clips: Path, other: Callable[[int], str]
) -> None:
    place = write_list(tmp_path / "list.csv", lambda number: "b" if number < 6 else "a")
    made = data_prep(search(tmp_path / "root", videos=place, video_folder=clips))
    assert not made.task.multi_label
    write_list(place, other)
    with pytest.raises(ConflictingSearch, match=r"list\.csv: the videos are not those that the"):
        data_prep(SearchRoot(str(tmp_path / "root")))


def test_a_search_goes_on_when_its_class_folders_are_emptied(
    tmp_path: Path, prepared: Path
) -> None:
    shutil.copytree(prepared, tmp_path / "root")
    made = SearchRoot(str(tmp_path / "root")).need_dataset()
    (tmp_path / "emptied/a").mkdir(parents=True)
    assert data_prep(search(tmp_path / "root", videos=tmp_path / "emptied")) == made


def test_a_search_that_an_older_version_prepared_goes_on(
    tmp_path: Path, prepared: Path, demo_videos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(prepared, tmp_path / "root")
    (file,) = (tmp_path / "root/data").rglob("dataset.json")
    plain = json.loads(file.read_text()) | {"format": "dataset/1"}
    del plain["multi_label"], plain["labels_from"]
    file.write_text(json.dumps(plain))
    monkeypatch.setattr("videonas.data.prepare.prepare_dataset", lambda *_: pytest.fail("decoded"))
    root = SearchRoot(str(tmp_path / "root"))
    assert root.settings.videos == str(demo_videos)
    dataset = data_prep(root)
    assert (dataset.multi_label, dataset.labels_from) == (False, "class folders")
    assert dataset.digest == SearchRoot(str(prepared)).need_dataset().digest


# What is selected by, and the labels


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"fitness": "top1+top5"}, r"fitness is 'top1\+top5', and a video can have several labels; "
         r"begin a search with fitness map or loss in another search root"),
        ({"algorithm": "nsga2", "objectives": "latency,top1"},
         r"objectives has 'top1', and a video can have several labels; set objectives with map or"),
    ],
)
def test_what_several_labels_do_not_give(
    tmp_path: Path, clips: Path, settings: dict[str, str], sentence: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = write_list(tmp_path / "list.csv", several)
    root = search(tmp_path / "root", videos=place, video_folder=clips, **settings)
    monkeypatch.setattr("videonas.data.prepare.prepare_dataset", lambda *_: pytest.fail("decoded"))
    with pytest.raises(SettingsError, match=sentence):
        data_prep(root)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"fitness": "map"}, r"fitness is 'map', and a video has one label; begin a search with "
         r"fitness loss or top1\+top5 in another search root"),
        ({"algorithm": "nsga2", "objectives": ["map", "latency"]},
         r"objectives has 'map', and a video has one label; set objectives with top1 or top5 or"),
    ],
)
def test_what_one_label_does_not_give(
    new_root: NewRoot, settings: dict[str, Any], sentence: str
) -> None:
    """Told where the data set is there already, too."""
    with pytest.raises(SettingsError, match=sentence):
        data_prep(new_root(**settings))


def test_what_is_measured_is_allowed(tmp_path: Path, clips: Path, new_root: NewRoot) -> None:
    place = write_list(tmp_path / "list.csv", several)
    objectives = "map,loss,latency,macs"
    dataset = data_prep(
        search(tmp_path / "root", videos=place, video_folder=clips, fitness="map",
               algorithm="nsga2", objectives=objectives)
    )
    assert isinstance(dataset, Dataset)
    one_label = new_root("one", algorithm="nsga2", objectives=["top1", "loss"])
    assert not data_prep(one_label).multi_label
    unused = new_root("unused", objectives=["map"])
    assert not data_prep(unused).multi_label, "objectives count for nsga2 only"
