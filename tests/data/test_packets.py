"""Which frames a file shows: recordings that were cut or joined, and what else lies in a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.videos import (
    cut,
    damage,
    numbered_frame,
    read_number,
    textured_frames,
    write_audio,
    write_numbered,
    write_video,
)
from videonas.data.decoding import read_clips
from videonas.data.packets import UnreadableVideo, count_frames
from videonas.task import Clip

OPEN_GOP = {
    "mpeg2video": {"g": "8", "bf": "2"},
    "libx264": {"x264-params": "open-gop=1:keyint=8:min-keyint=8:bframes=3:b-adapt=0:scenecut=0"},
    "libx265": {"x265-params": "log-level=none:open-gop=1:keyint=8:min-keyint=8:bframes=3:"
                               "b-adapt=0:scenecut=0"},
}
"""Options with which pictures of a GOP refer to the one before it."""


def shown(path: Path) -> list[int]:
    """The numbers that the frames of a numbered video show, all of them."""
    count = count_frames(path)
    decoded = read_clips(path, Clip(count, 32))
    assert not decoded.short
    assert read_clips(path, Clip(count + 1, 32)).short, "there are no more frames"
    return [read_number(frame) for frame in decoded.clips[0]]


def write_uneven(path: Path, times: Sequence[int], codec: str) -> Path:
    """A numbered video whose frames have these times, in frames; the others were dropped."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=30)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(numbered_frame(number), format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def copy_packets(
    source: Path, target: Path, wanted: Callable[[int, Any], bool] = lambda number, packet: True
) -> Path:
    """The packets of a video in another file, without decoding; counted from 0."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        number = 0
        for packet in old.demux(old.streams.video[0]):
            if packet.dts is None:
                continue
            if wanted(number, packet):
                packet.stream = stream
                new.mux(packet)
            number += 1
    return target


# Dropped frames


@pytest.mark.parametrize("codec", ["mpeg4", "mjpeg", "libx264"])
def test_frames_that_an_avi_counts_and_dropped_are_no_damage(tmp_path: Path, codec: str) -> None:
    times = [0, 1, 2, 3, 40, 41, 80, 81, 119]
    path = write_uneven(tmp_path / "a.avi", times, codec)
    with av.open(str(path)) as container:
        assert container.streams.video[0].frames > 50, "the header counts what was dropped"
    assert shown(path) == list(range(len(times)))


def test_an_avi_that_was_cut_is_told_from_one_with_dropped_frames(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.avi", 60, codec="mpeg4")
    with pytest.raises(UnreadableVideo, match="cut short"):
        count_frames(cut(path, 0.5))


def test_an_avi_whose_writer_died_before_its_header_was_finished(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.avi", 30, codec="mpeg4")
    data = bytearray(path.read_bytes())
    data[4:8] = bytes(4)  # the length that RIFF has once the file is closed
    path.write_bytes(data[: data.index(b"idx1")])
    assert shown(path) == list(range(30))


# Cuts


@pytest.mark.parametrize("suffix", ["ts", "mkv", "mp4"])
@pytest.mark.parametrize("codec", OPEN_GOP)
def test_pictures_that_lead_into_an_open_gop_are_not_shown(
    tmp_path: Path, codec: str, suffix: str
) -> None:
    whole = write_numbered(tmp_path / "whole.ts", 40, codec=codec, options=OPEN_GOP[codec])
    begun = False

    def from_second_keyframe(number: int, packet: Any) -> bool:
        nonlocal begun
        begun = begun or (number > 0 and packet.is_keyframe)
        return begun

    path = copy_packets(whole, tmp_path / f"cut.{suffix}", from_second_keyframe)
    numbers = shown(path)
    assert 30 <= len(numbers) <= 33
    assert numbers == list(range(40 - len(numbers), 40))


def test_what_comes_before_the_first_keyframe_is_not_shown(tmp_path: Path) -> None:
    every_tenth = {"g": "10", "bf": "0", "sc_threshold": "0"}
    whole = write_numbered(tmp_path / "whole.ts", 40, options=every_tenth)
    path = copy_packets(whole, tmp_path / "cut.ts", lambda number, _: number >= 5)
    assert shown(path) == list(range(10, 40))


@pytest.mark.parametrize("codec", ["mpeg2video", "libx264"])
def test_a_recording_ends_where_its_last_picture_is_cut(tmp_path: Path, codec: str) -> None:
    frames = textured_frames(40, 96, 64)
    path = cut(write_video(tmp_path / "a.ts", frames, codec=codec, options={"bf": "0"}), 0.7)
    frames_there = count_frames(path)
    decoded = read_clips(path, Clip(frames_there - 1, 32))
    assert 20 < frames_there < 40
    assert not decoded.short


def test_damage_in_the_middle_of_a_recording_is_no_end(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.ts", textured_frames(60, 96, 64), codec="mpeg2video")
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 188 * 188
    for packet in range(middle, middle + 5 * 188, 188):
        data[packet + 20 : packet + 188] = bytes(range(168))  # the headers stay
    path.write_bytes(data)
    with pytest.raises(UnreadableVideo):
        read_clips(path, Clip(60, 32))


def test_recordings_that_were_joined_byte_by_byte(tmp_path: Path) -> None:
    """The second has other sizes, and its times begin anew."""
    first = write_numbered(tmp_path / "1.ts", 12)
    second = write_video(
        tmp_path / "2.ts", (numbered_frame(12 + i, 128, 96) for i in range(12))
    )
    path = tmp_path / "joined.ts"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    assert shown(path) == list(range(24))


def test_a_stream_that_begins_late_does_no_harm(tmp_path: Path) -> None:
    """PyAV ends such a file with an IndexError of its own."""
    long = write_video(
        tmp_path / "long.ts", textured_frames(200, 320, 240), codec="mpeg2video",
        options={"qmin": "1", "qmax": "1"},
    )
    assert long.stat().st_size > 6_000_000, "longer than what FFmpeg looks at first"
    sound = write_audio(tmp_path / "sound.ts")
    path = tmp_path / "joined.ts"
    path.write_bytes(long.read_bytes() + sound.read_bytes() + long.read_bytes())
    assert count_frames(path) == 400


def test_what_ffmpeg_reads_without_a_message_is_read(tmp_path: Path) -> None:
    """FFmpeg's TIFF decoder takes its own pictures for damaged when it is told to be strict."""
    path = write_numbered(tmp_path / "a.mov", 12, codec="tiff", pixels="rgb24")
    with av.open(str(path)) as container:
        container.streams.video[0].codec_context.options = {"err_detect": "explode"}
        with pytest.raises(av.InvalidDataError):
            list(container.decode(video=0))
    assert shown(path) == list(range(12))
    with pytest.raises(UnreadableVideo):
        read_clips(damage(path, 0.5, 0.6), Clip(12, 32))
    assert av.logging.get_level() == av.logging.PANIC, "FFmpeg is quiet again"


# What else is in a file


@pytest.mark.parametrize("sizes", [[(128, 96), (64, 48)], [(64, 48), (128, 96)]])
def test_of_several_video_streams_the_largest_is_shown(
    tmp_path: Path, sizes: list[tuple[int, int]]
) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        streams: list[Any] = [container.add_stream("libx264", rate=30) for _ in sizes]
        for stream, (width, height) in zip(streams, sizes, strict=True):
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(10):
            for stream, (width, height) in zip(streams, sizes, strict=True):
                shift = 0 if (width, height) == (128, 96) else 100
                image = numbered_frame(number + shift, width, height)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        for stream in streams:
            container.mux(stream.encode(None))
    assert shown(path) == list(range(10))


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_cover_picture_is_not_the_video(tmp_path: Path, suffix: str) -> None:
    picture = write_video(tmp_path / "a.mjpeg", [np.full((240, 320, 3), 90, np.uint8)],
                          codec="mjpeg", pixels="yuvj420p").read_bytes()
    path = tmp_path / f"a.{suffix}"
    with av.open(str(path), "w") as container:
        if suffix == "mkv":
            container.add_attachment("cover.jpg", "image/jpeg", picture)
        else:
            cover: Any = container.add_stream("mjpeg")
            cover.width, cover.height, cover.pix_fmt = 320, 240, "yuvj420p"
            cover.disposition = cover.disposition.attached_pic
        stream: Any = container.add_stream("libx264", rate=30)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        if suffix == "mp4":
            packet: Any = av.Packet(picture)
            packet.stream, packet.pts, packet.dts, packet.is_keyframe = cover, 0, 0, True
            container.mux(packet)
        for number in range(12):
            frame = av.VideoFrame.from_ndarray(numbered_frame(number), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with av.open(str(path)) as made:
        assert len(made.streams.video) == 2
    assert shown(path) == list(range(12))


def test_a_codec_that_is_not_known_is_told(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.avi", 12, codec="mpeg4")
    data = path.read_bytes()
    path.write_bytes(data.replace(b"FMP4", b"QXQX"))
    with pytest.raises(UnreadableVideo, match="its codec is not known"):
        read_clips(path, Clip(4, 32))
