"""Lists of real videos to data sets: what a shard holds, and what is skipped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.data.test_prepare import STREAMS, clips_of, numbered_from, settings_of
from tests.videos import read_number, write_audio, write_video
from videonas.data.layouts.recognise import find_sources
from videonas.data.prepare import prepare_dataset
from videonas.data.sources import source_digest
from videonas.errors import DataError
from videonas.search.dataset import SPLITS, Dataset, Skipped
from videonas.task import Task

LABELS = {0: ["cook", "wash"], 1: ["cook"], 2: ["wash"], 3: []}


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty-four videos in one folder; each shows its own number, times ten."""
    folder = tmp_path_factory.mktemp("videos")
    for number in range(24):
        write_video(folder / f"{number}.mkv", numbered_from(10 * number, 6), codec="mpeg4")
    return folder


def prepare(place: Path, out: Path, **values: Any) -> Dataset:
    """The data set of a list."""
    settings = settings_of(videos=str(place), **values)
    sources = find_sources(settings)
    digest = source_digest(sources, STREAMS, settings)
    return prepare_dataset(sources, out, STREAMS, settings, digest).dataset


def labels_by_number(dataset: Dataset, out: Path) -> dict[str, dict[int, Any]]:
    """What the shards say of each video, by split and by the number that the video shows."""
    found = {}
    for name in SPLITS:
        clips, labels = clips_of(dataset, out, name)
        numbers = [read_number(clip[0]) // 10 for clip in clips]
        found[name] = dict(zip(numbers, labels.tolist(), strict=True))
    return found


def test_several_labels_end_up_beside_their_clips(videos: Path, tmp_path: Path) -> None:
    rows = [{"path": f"{n}.mkv", "labels": LABELS[n % 4], "group": n // 2} for n in range(24)]
    place = tmp_path / "list.json"
    place.write_text(json.dumps(rows))
    dataset = prepare(place, tmp_path / "out", video_folder=str(videos))
    assert dataset.task == Task(STREAMS, 2, multi_label=True)
    assert dataset.labels_from == "JSON list"
    assert dataset.source == str(place)
    found = labels_by_number(dataset, tmp_path / "out")
    everything = {number: labels for split in found.values() for number, labels in split.items()}
    expected = {
        number: [int(name in LABELS[number % 4]) for name in ("cook", "wash")]
        for number in range(24)
    }
    assert everything == expected
    for name, part in found.items():
        counts = tuple(sum(labels[c] for labels in part.values()) for c in (0, 1))
        assert dataset.splits[name].clips_by_class == counts
        assert dataset.splits[name].clips == len(part)
        assert {number // 2 for number in part}.isdisjoint(
            number // 2 for other in found if other != name for number in found[other]
        )


def test_the_splits_of_a_list_are_kept(videos: Path, tmp_path: Path) -> None:
    split = {number: SPLITS[number % 3] for number in range(24)}
    rows = [f"{videos}/{n}.mkv,c{n % 2},{split[n]}" for n in range(24)]
    place = tmp_path / "list.csv"
    place.write_text("\n".join(["path,label,split", *rows]))
    dataset = prepare(place, tmp_path / "out")
    assert not dataset.multi_label
    for name, part in labels_by_number(dataset, tmp_path / "out").items():
        assert set(part) == {number for number in split if split[number] == name}
        assert all(label == number % 2 for number, label in part.items())


def test_missing_and_odd_files_are_skipped_with_their_reason(
    videos: Path, tmp_path: Path
) -> None:
    write_audio(tmp_path / "sound.mp4")
    (tmp_path / "folder.mp4").mkdir()
    odd = [tmp_path / "sound.mp4", tmp_path / "folder.mp4", videos / "gone.mp4", "/dev/null"]
    paths = [*(f"{n}.mkv" for n in range(24)), *map(str, odd)]
    rows = [f"{path},c{n % 2}" for n, path in enumerate(paths)]
    place = videos / "list.csv"
    place.write_text("\n".join(["path,label", *rows]))
    with pytest.raises(DataError, match=r"25 of the 28 files that .* names are in .*max_bad"):
        prepare(place, tmp_path / "out")
    dataset = prepare(place, tmp_path / "out", max_bad_videos=0.2)
    assert dataset.skipped == (
        Skipped("/dev/null", "it is no file"),
        Skipped(str(tmp_path / "folder.mp4"), "it is a folder"),
        Skipped(str(tmp_path / "sound.mp4"), "it has no video stream"),
        Skipped("gone.mp4", "no such file or directory"),
    )
    assert sum(split.videos for split in dataset.splits.values()) == 24


def test_a_class_that_is_only_in_skipped_files(videos: Path, tmp_path: Path) -> None:
    place = videos / "rare.csv"
    rows = [f"{n}.mkv,c{n % 2}" for n in range(20)] + [f"gone{n}.mp4,rare" for n in range(3)]
    place.write_text("\n".join(["path,label", *rows]))
    with pytest.raises(DataError, match=r"class 'rare' has 0 usable .* \(3 of 23 files were skip"):
        prepare(place, tmp_path / "out", max_bad_videos=0.5)
