"""A folder of real videos to a data set: what it holds, what it skips, and when it refuses."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.videos import (
    Image,
    cut,
    numbered_frame,
    read_number,
    write_audio,
    write_numbered,
    write_video,
)
from videonas.codec import decode, encode
from videonas.data.clips import ClipReader
from videonas.data.layouts.class_folders import read as folders
from videonas.data.prepare import Progress, prepare_dataset
from videonas.data.sources import Sources, source_digest
from videonas.data.splits import split_videos
from videonas.errors import DataError, StorageError
from videonas.search.dataset import SPLITS, Dataset
from videonas.search.settings import Settings, make_settings
from videonas.task import Clip, Sampling, Task

CLIP = Clip(4, 32)
STREAMS = {"rgb": CLIP}


def prepared(
    sources: Sources,
    out: Path,
    streams: Mapping[str, Clip],
    settings: Settings,
    progress: Progress | None = None,
) -> Dataset:
    """The data set of some videos, under the digest of its sources."""
    digest = source_digest(sources, streams, settings)
    return prepare_dataset(sources, out, streams, settings, digest, progress).dataset


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of ten videos; the first frame of each kept clip tells which video it is."""
    folder = tmp_path_factory.mktemp("videos")
    for label, (name, suffix, codec) in enumerate(
        [("jump", "mp4", "libx264"), ("walk", "avi", "mpeg4")]
    ):
        for number in range(10):
            first = 100 * label + 10 * number
            path = folder / name / f"{number}.{suffix}"
            write_video(path, numbered_from(first, 8), codec=codec)
    return folder


def numbered_from(first: int, count: int) -> Iterator[Image]:
    """Numbered frames from `first` on."""
    return (numbered_frame(first + i) for i in range(count))


def copy(videos: Path, folder: Path) -> Path:
    """A copy by links, to add bad files to."""
    for path in videos.rglob("*.*"):
        target = folder / path.relative_to(videos)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(path)
    return folder


def settings_of(**values: object) -> Settings:
    """Settings by name."""
    return make_settings(values)


def clips_of(dataset: Dataset, folder: Path, split: str) -> tuple[Any, Any]:
    """The clips and labels of a split at full size."""
    files = [(folder / shard.name, shard) for shard in dataset.splits[split].shards]
    for path, shard in files:
        shard.check(path)
    clip = dataset.streams["rgb"]
    reader = ClipReader(files, dataset.task, {"rgb": Sampling(clip.frames, 1, clip.size)})
    clips, labels = reader.read(range(len(reader)))
    return clips["rgb"], labels


def test_what_a_data_set_holds(videos: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    settings = settings_of(clips_per_video=2)
    dataset = prepared(
        folders(videos), tmp_path / "new/out", STREAMS, settings, lambda *done: seen.append(done)
    )
    assert seen == [(number, 20) for number in range(1, 21)]
    assert dataset.classes == ("jump", "walk")
    assert dataset.task == Task(STREAMS, 2)
    assert dataset.labels_from == "class folders"
    assert dataset.streams == STREAMS
    assert (dataset.source_frames, dataset.short_videos, dataset.skipped) == (160, 0, ())
    assert dataset.digest == source_digest(folders(videos), STREAMS, settings)
    numbers = set()
    for name, count in zip(SPLITS, (6, 2, 2), strict=True):
        split = dataset.splits[name]
        assert (split.videos, split.clips) == (2 * count, 4 * count)
        assert split.clips_by_class == (2 * count, 2 * count)
        clips, labels = clips_of(dataset, tmp_path / "new/out", name)
        shown = np.array([[read_number(frame) for frame in clip] for clip in clips])
        assert (shown == shown[:, :1] + np.arange(4)).all()
        assert (shown[:, 0] // 100 == labels).all(), "each clip has the label of its folder"
        assert (shown[:, 0] % 10 == np.tile([0, 4], 2 * count)).all()
        numbers |= set(shown[:, 0])
    assert len(numbers) == 40, "no clip is in two splits"


def test_the_record_survives_its_file(videos: Path, tmp_path: Path) -> None:
    dataset = prepared(folders(videos), tmp_path, STREAMS, settings_of())
    assert decode(Dataset, encode(dataset, "dataset/2"), "dataset/2", "here") == dataset


def test_threads_do_not_change_a_byte(videos: Path, tmp_path: Path) -> None:
    made = [
        prepared(folders(videos), tmp_path / str(n), STREAMS, settings_of(decode_threads=n))
        for n in (1, 5)
    ]
    assert made[0] == made[1]
    assert len(made[0].splits["train"].shards) == 1


def test_training_clips_are_mixed(videos: Path, tmp_path: Path) -> None:
    dataset = prepared(folders(videos), tmp_path, STREAMS, settings_of())
    _, labels = clips_of(dataset, tmp_path, "train")
    assert all(set(pair) == {0, 1} for pair in labels.reshape(-1, 2))


def test_no_test_split_when_none_is_wanted(videos: Path, tmp_path: Path) -> None:
    dataset = prepared(folders(videos), tmp_path, STREAMS, settings_of(test_fraction=0))
    assert dataset.splits["test"].shards == ()
    assert dataset.splits["test"].clips_by_class == (0, 0)
    assert {path.name[:5] for path in tmp_path.iterdir()} == {"train", "valid"}


def test_bad_files_are_skipped_and_listed_and_move_no_other(videos: Path, tmp_path: Path) -> None:
    folder = copy(videos, tmp_path / "videos")
    good = write_numbered(folder / "walk/a-short.mp4", 3)
    write_audio(folder / "walk/b-sound.mp4")
    (folder / "jump/c-empty.webm").touch()
    cut(write_numbered(folder / "jump/d-cut.avi", 60, codec="mpeg4"), 0.5)
    (folder / "jump/e-link.mp4").symlink_to("gone")
    some = settings_of(max_bad_videos=0.2)
    before = prepared(folders(folder), tmp_path / "1", STREAMS, some)
    assert [(bad.path, bad.reason.partition(":")[0]) for bad in before.skipped] == [
        ("jump/c-empty.webm", "the file is empty"),
        ("jump/d-cut.avi", "cut short"),
        ("jump/e-link.mp4", "no such file or directory"),
        ("walk/b-sound.mp4", "it has no video stream"),
    ]
    assert before.short_videos == 1
    assert sum(split.videos for split in before.splits.values()) == 21
    good.write_bytes(b"")
    some = settings_of(max_bad_videos=0.21)
    after = prepared(folders(folder), tmp_path / "2", STREAMS, some)
    assert after.digest != before.digest
    moved = [name for name in SPLITS if after.splits[name] != before.splits[name]]
    assert len(moved) == 1, "only the split of the file that went bad has changed"


def test_too_many_bad_files(videos: Path, tmp_path: Path) -> None:
    folder = copy(videos, tmp_path / "videos")
    for number in range(5):
        (folder / f"walk/bad{number}.mp4").touch()
    done: list[int] = []
    with pytest.raises(
        DataError,
        match=r"videos: at least 3 of 25 files cannot be read, more than max_bad_videos \(0\.1\) "
        r"allows \(walk/bad\d\.mp4: the file is empty; .*; .*\); mend or remove them, or raise",
    ):
        prepared(
            folders(folder), tmp_path / "out", STREAMS, settings_of(), lambda n, _: done.append(n)
        )
    assert list((tmp_path / "out").iterdir()) == [], "nothing half-written is left"
    assert len(done) < 25, "the rest need not be tried"
    with pytest.raises(DataError, match="at least 1 of 25 files"):
        prepared(folders(folder), tmp_path / "out", STREAMS, settings_of(max_bad_videos=0))


def test_a_class_that_only_has_bad_files(videos: Path, tmp_path: Path) -> None:
    folder = copy(videos, tmp_path / "videos")
    for number in range(4):
        (folder / "bad").mkdir(exist_ok=True)
        (folder / f"bad/{number}.mp4").touch()
    with pytest.raises(
        DataError, match=r"class 'bad' has 0 usable .* \(4 of 24 files were skipped\)"
    ):
        prepared(folders(folder), tmp_path / "out", STREAMS, settings_of(max_bad_videos=0.5))
    assert list((tmp_path / "out").iterdir()) == []


def test_a_test_split_that_only_has_bad_files(videos: Path, tmp_path: Path) -> None:
    folder = copy(videos, tmp_path / "videos")
    settings = settings_of(max_bad_videos=0.5)
    for video in split_videos(folders(folder), settings)["test"]:
        (folder / video.path).unlink()
        (folder / video.path).touch()
    with pytest.raises(DataError, match=r"the test split is empty, of 16 usable videos"):
        prepared(folders(folder), tmp_path / "out", STREAMS, settings)


@pytest.mark.parametrize(
    "streams", [{}, {"flow": Clip(4, 32, 2)}, {"rgb": Clip(4, 32, 2)}, {**STREAMS, "flow": CLIP}]
)
def test_streams_that_videos_do_not_give(
    videos: Path, tmp_path: Path, streams: dict[str, Clip]
) -> None:
    with pytest.raises(
        DataError, match=r"streams are \{.*videos give 'rgb' with 3 channels and no 'flow'"
    ):
        prepared(folders(videos), tmp_path, streams, settings_of())


def test_a_destination_that_cannot_be_made(videos: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"file/out: Not a directory"):
        prepared(folders(videos), tmp_path / "file/out", STREAMS, settings_of())


def test_importing_is_cheap() -> None:
    code = (
        "import sys, videonas.data.prepare, videonas.data.splits; "
        "sys.exit(bool({'tensorflow', 'av', 'numpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
