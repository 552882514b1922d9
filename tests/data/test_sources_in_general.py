"""Any tree of files, against a few lines that say what counts; and what a digest depends on."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from videonas.data.layouts import class_folders
from videonas.data.layouts.files import SUFFIXES
from videonas.data.sources import Sources, SourceVideo, source_digest
from videonas.data.splits import split_videos
from videonas.errors import DataError
from videonas.search.dataset import SPLITS
from videonas.search.settings import Settings, decides_of, make_settings
from videonas.task import Clip

STREAMS = {"rgb": Clip(8, 32)}

WORDS = st.sampled_from(["walk", "Run", "sit down", ".hidden", "läuft", "a'b", "0", "deep"])
SUFFIX = st.sampled_from([*SUFFIXES, ".MP4", ".WebM", ".txt", ".mp4.part", "", ".mp3"])
PATHS = st.builds(
    lambda folders, stem, suffix: "/".join((*folders, stem + suffix)),
    st.lists(WORDS, max_size=3), st.sampled_from(["1", "2", ".3", "vidéo", "x y"]), SUFFIX,
)


@contextmanager
def tree(paths: set[str]) -> Iterator[Path]:
    """A folder with these files; where one needs a folder that is a file already, it is left out.

    Its own name begins with a point, which does not make what is in it hidden.
    """
    folder = Path(tempfile.mkdtemp(prefix="."))
    try:
        for path in sorted(paths):
            try:
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_text(path)
            except OSError:
                continue
        yield folder
    finally:
        shutil.rmtree(folder)


def expected(folder: Path) -> dict[str, list[str]]:
    """Paths by class, by looking at every file."""
    found: dict[str, list[str]] = {}
    for file in folder.rglob("*"):
        parts = file.relative_to(folder).parts
        visible = not any(part.startswith(".") for part in parts)
        if file.is_file() and visible and len(parts) > 1 and parts[-1].lower().endswith(SUFFIXES):
            found.setdefault(parts[0], []).append("/".join(parts))
    return {name: sorted(found[name]) for name in sorted(found)}


@given(st.sets(PATHS, max_size=14))
@settings(max_examples=50, deadline=None)
def test_every_visible_video_below_a_class_counts_and_nothing_else(paths: set[str]) -> None:
    with tree(paths) as folder:
        by_class = expected(folder)
        if len(by_class) < 2:
            with pytest.raises(DataError, match="one class only" if by_class else "found no video"):
                class_folders.read(folder)
            return
        sources = class_folders.read(folder)
        assert sources.classes == tuple(by_class)
        assert sources.videos == tuple(
            SourceVideo(path, (label,))
            for label, paths_of in enumerate(by_class.values()) for path in paths_of
        )


@given(st.sets(PATHS, min_size=3, max_size=10), st.data())
@settings(max_examples=25, deadline=None)
def test_a_change_that_no_video_sees_leaves_the_digest(
    paths: set[str], data: st.DataObject
) -> None:
    base = {*(f"a/{path}" for path in paths), "a/1.mp4", "b/2.mp4"}
    with tree(base) as folder:
        before = source_digest(class_folders.read(folder), STREAMS, Settings())
        for file in folder.rglob("*"):
            if file.is_file():
                os.utime(file, (data.draw(st.integers(0, 10**9)), 0))
        (folder / "a" / "notes.txt").write_text("more")
        (folder / ".thumbnails").mkdir()
        moved = folder.rename(folder.with_name(f"{folder.name}-moved"))
        try:
            again = class_folders.read(moved)
            mixed = replace(again, videos=tuple(data.draw(st.permutations(again.videos))))
            assert source_digest(mixed, STREAMS, Settings()) == before
        finally:
            moved.rename(folder)


# The digest and the settings

CHANGES: dict[type, Callable[[Any], Any]] = {
    bool: lambda value: not value,
    int: lambda value: value + 1,
    float: lambda value: value / 2 if value else 0.25,
    str: lambda value: f"{value}x",
    dict: lambda value: {"filters": [8]},
}
WITHOUT_DEFAULT: dict[str, Any] = {
    "max_parameters": 9, "max_macs": 9, "max_latency_ms": 9.0, "videos": "/v", "decode_threads": 9,
    "video_folder": "/v",
}


def another(name: str) -> Any:
    """Another value of a setting, that is allowed."""
    field = Settings.model_fields[name]
    choices = [choice for choice in get_args(field.annotation) if isinstance(choice, str)]
    if choices:
        return next(choice for choice in choices if choice != field.default)
    if field.default is None:
        return WITHOUT_DEFAULT[name]
    return CHANGES[type(field.default)](field.default)


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    for path in ("a/1.mp4", "b/1.mp4"):
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_bytes(b"video")
    return tmp_path


DATA = sorted(name for name in Settings.model_fields if decides_of(name) == "data")


@pytest.mark.parametrize("name", DATA)
def test_each_setting_of_the_data_is_in_its_digest(videos: Path, name: str) -> None:
    found = class_folders.read(videos)
    before = source_digest(found, STREAMS, Settings())
    changed = make_settings({name: another(name)})
    assert source_digest(found, STREAMS, changed) != before


def test_no_other_setting_is_in_the_digest_of_the_data(videos: Path) -> None:
    """Or every search with other settings would prepare its videos anew."""
    found = class_folders.read(videos)
    before = source_digest(found, STREAMS, Settings())
    values: dict[str, Any] = {"train_steps": 7, "population": 3, "seed": 9, "dropout": 0.5,
                              "space_options": {"filters": [8]}, "algorithm": "random", **(
                                  WITHOUT_DEFAULT)}
    assert not {decides_of(name) for name in values} & {"data"}
    assert source_digest(found, STREAMS, make_settings(values)) == before


def test_an_unreadable_video_counts_once_it_can_be_read(videos: Path) -> None:
    (videos / "a/2.mp4").symlink_to("later.mp4")
    found = class_folders.read(videos)
    gone = source_digest(found, STREAMS, Settings())
    assert gone == source_digest(found, STREAMS, Settings())
    (videos / "a/later.mp4.tmp").write_bytes(b"")
    os.replace(videos / "a/later.mp4.tmp", videos / "a/later.mp4")
    assert source_digest(found, STREAMS, Settings()) != gone


def test_the_middle_of_a_long_video_is_taken_on_trust(videos: Path) -> None:
    """Its size, its beginning and its end are looked at: reading all takes as long as decoding."""
    long = videos / "a/1.mp4"
    content = bytearray(300_000)
    long.write_bytes(content)
    found = class_folders.read(videos)
    before = source_digest(found, STREAMS, Settings())
    content[150_000] = 1
    long.write_bytes(content)
    assert source_digest(found, STREAMS, Settings()) == before


# Splits that stay what they were


def folders(videos: list[SourceVideo]) -> Sources:
    """As if two class folders held these videos."""
    place = Path("/videos")
    return Sources(place, place, "class folders", ("a", "b"), tuple(videos), listed=False)


@given(st.integers(3, 60), st.integers(0, 5), st.data())
@settings(max_examples=60, deadline=None)
def test_a_video_more_moves_few_others(count: int, seed: int, data: st.DataObject) -> None:
    """It takes a place in an order; at each of the two borders one other may change sides."""
    names = data.draw(st.lists(st.integers(0, 10**6), min_size=count + 1, max_size=count + 1,
                               unique=True))
    of_a = [SourceVideo(f"a/{name}.mp4", (0,)) for name in names]
    of_b = [SourceVideo(f"b/{name}.mp4", (1,)) for name in names[:-1]]
    chosen = Settings(split_seed=seed)
    before = split_videos(folders([*of_a[:-1], *of_b]), chosen)
    after = split_videos(folders([*of_a, *of_b]), chosen)
    side_before = {video: name for name in SPLITS for video in before[name]}
    side_after = {video: name for name in SPLITS for video in after[name]}
    moved = [video for video in side_before if side_before[video] != side_after[video]]
    assert len(moved) <= 2
    assert all(video.labels == (0,) for video in moved), "the other class is left alone"


def test_each_video_is_as_often_in_each_split() -> None:
    """Over many seeds, whatever its name."""
    found = [SourceVideo(f"{name}/{number}.mp4", (label,))
             for label, name in enumerate("ab") for number in range(10)]
    seeds = 150
    counts = dict.fromkeys(found, 0)
    for seed in range(seeds):
        for video in split_videos(folders(found), Settings(split_seed=seed))["test"]:
            counts[video] += 1
    expected_count, spread = seeds * 0.2, (seeds * 0.2 * 0.8) ** 0.5
    assert all(abs(count - expected_count) < 4.5 * spread for count in counts.values())
