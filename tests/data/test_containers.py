"""The formats that are taken: FFmpeg knows all of them, and files of theirs are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from av.format import ContainerFormat, formats_available

from tests.videos import read_number, write_numbered
from videonas.data.containers import CONTAINERS
from videonas.data.decoding import read_clips
from videonas.data.layouts.files import FIRST_SUFFIXES, SUFFIXES, is_video
from videonas.task import Clip

DEMUXERS = {
    name: ContainerFormat(name, "r")
    for names in formats_available if names != "libcdio" for name in names.split(",")
    if name in CONTAINERS
}

WRITTEN: dict[str, dict[str, Any]] = {
    "m4v": {}, "3gp": {}, "3g2": {}, "f4v": {}, "qt": {"container": "mov"},
    "mpg": {"codec": "mpeg1video"}, "mpeg": {"codec": "mpeg2video"}, "vob": {"codec": "mpeg2video"},
    "m2v": {"codec": "mpeg2video"}, "ts": {}, "mts": {}, "m2ts": {}, "h264": {}, "flv": {},
    "wmv": {"codec": "wmv2"}, "asf": {"codec": "msmpeg4v3"}, "ogv": {"codec": "libvpx"},
    "mxf": {"codec": "mpeg2video"}, "nut": {}, "ivf": {"codec": "libvpx"},
    "rm": {"codec": "rv20", "width": 176, "height": 144},
    "y4m": {"codec": "wrapped_avframe"}, "mjpeg": {"codec": "mjpeg", "pixels": "yuvj420p"},
    "divx": {"codec": "mpeg4", "container": "avi"}, "webm": {"codec": "libvpx-vp9"},
    "hevc": {"codec": "libx265", "options": {"x265-params": "log-level=none"}},
    "swf": {"codec": "flv"}, "apng": {"codec": "apng", "pixels": "rgb24"},
}


def test_each_is_a_demuxer_of_ffmpeg() -> None:
    assert set(DEMUXERS) == set(CONTAINERS)


def test_endings_that_ffmpeg_names_are_those_of_that_format() -> None:
    """Where FFmpeg lists an ending for a format, no other format has it here."""
    of_ffmpeg: dict[str, set[str]] = {}
    for name, demuxer in DEMUXERS.items():
        for suffix in demuxer.extensions:
            of_ffmpeg.setdefault(f".{suffix}", set()).add(name)
    for name, suffixes in CONTAINERS.items():
        for suffix in suffixes:
            assert name in of_ffmpeg.get(suffix, {name}) or name == "mov", suffix


@pytest.mark.parametrize(
    "name", ["a.jpg", "a.png", "a.mp3", "a.m4a", "a.wav", "a.ogg", "a.srt", "a.txt", "a.csv",
             "a.m3u8", "a.mpd", "a.mp4.part", "mp4", "Thumbs.db", ".DS_Store", "._a.mp4", ".a.mkv"],
)
def test_pictures_sound_text_lists_and_hidden_files_are_no_videos(name: str) -> None:
    assert not is_video(name)


def test_case_does_not_matter() -> None:
    assert is_video("a.MPG")
    assert is_video("a b.M2ts")
    assert set(FIRST_SUFFIXES) < set(SUFFIXES)


@pytest.mark.parametrize("suffix", WRITTEN)
def test_a_file_of_each_kind_is_read(tmp_path: Path, suffix: str) -> None:
    assert f".{suffix}" in SUFFIXES
    how = dict(WRITTEN[suffix])
    written = tmp_path / f"written.{how.pop('container', suffix)}"
    path = write_numbered(written, 20, **how).rename(tmp_path / f"a.{suffix}")
    clips = read_clips(path, Clip(20, 32))
    assert not clips.short
    assert [read_number(frame) for frame in clips.clips[0]] == list(range(20))
