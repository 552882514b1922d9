"""Files that are sound and odd, and files that are hardly any: survived, or with their reason."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.data.test_decoding import FORMATS, numbers
from tests.videos import cut, numbered_frame, read_number, textured_frames, write_numbered
from tests.videos import write_video as write
from videonas.data.decoding import plan_clips, read_clips
from videonas.data.packets import UnreadableVideo, count_frames
from videonas.task import Clip

UNEVEN = (0, 1, 2, 9, 10, 11, 40, 41, 90, 91, 92, 93)
"""Times of frames, in thirtieths of a second, as phones and screen recorders write them."""


def reason(path: Path) -> str:
    """Why a file cannot be read."""
    with pytest.raises(UnreadableVideo) as caught:
        read_clips(path, Clip(4, 32))
    return caught.value.reason


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "webm", "gif"])
def test_a_variable_frame_rate_loses_and_repeats_no_frame(tmp_path: Path, suffix: str) -> None:
    path, how = tmp_path / f"a.{suffix}", FORMATS[suffix]
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(how["codec"], rate=30, options=how.get("options", {}))
        stream.width = stream.height = 64
        stream.pix_fmt = how.get("pixels", "yuv420p")
        stream.codec_context.time_base = Fraction(1, 30)
        for number, time in enumerate(UNEVEN):
            frame = av.VideoFrame.from_ndarray(numbered_frame(number), format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert count_frames(path) == len(UNEVEN)
    assert numbers(path, Clip(len(UNEVEN), 32)) == [list(range(len(UNEVEN)))]


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_single_frame_is_repeated(tmp_path: Path, suffix: str) -> None:
    path = write_numbered(tmp_path / f"a.{suffix}", 1, **FORMATS[suffix])
    assert numbers(path, Clip(3, 32), step=2, clips=2) == [[0, 0, 0]] * 2
    decoded = read_clips(path, Clip(3, 32))
    assert (decoded.short, decoded.source_frames) == (True, 1)


@pytest.mark.parametrize(
    ("suffix", "words"),
    [
        ("mp4", "it has no video stream"),
        ("mov", "it has no video stream"),
        ("avi", "it has no frames"),
        ("mkv", "it ends before its first frame"),
        ("webm", "it ends before its first frame"),
    ],
)
def test_a_file_without_a_frame(tmp_path: Path, suffix: str, words: str) -> None:
    path = tmp_path / f"a.{suffix}"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(FORMATS[suffix]["codec"], rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        container.start_encoding()
    assert path.stat().st_size > 0
    assert reason(path) == words


def test_a_very_long_video_is_read_where_it_has_to_be(tmp_path: Path) -> None:
    """Three minutes and a half at 30 frames a second."""
    count = 6400
    frames = (numbered_frame(number % 512, 16, 16) for number in range(count))
    path = write(tmp_path / "a.mp4", frames, options={"preset": "ultrafast", "crf": "10"})
    assert count_frames(path) == count
    plan = plan_clips(count, 4, 100, 3)
    assert numbers(path, Clip(4, 16), 100, 3) == [[i % 512 for i in clip] for clip in plan]
    last = plan_clips(count, 4, 100, 1)[0][-1]
    assert read_clips(path, Clip(4, 16), 100).source_frames == last + 1, "decoding goes on"


def test_a_gif_that_keeps_what_does_not_change(tmp_path: Path) -> None:
    """Its frames are patches over the frame before, and what is transparent shows through."""
    images = []
    for number in range(8):
        image = np.full((64, 64, 3), 255, np.uint8)
        image[8 * number : 8 * number + 8, :32] = 0
        images.append(image)
    path = write(tmp_path / "a.gif", images, codec="gif", pixels="rgb8", rate=10)
    clips = read_clips(path, Clip(8, 64)).clips[0]
    assert np.abs(clips.astype(int) - np.stack(images)).mean() < 3


def test_a_gif_is_whole_with_its_last_byte_and_what_pads_it(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gif", textured_frames(40, 64, 64), codec="gif", pixels="rgb8")
    whole = path.read_bytes()
    path.write_bytes(whole + b"\0\0\r\n")
    assert count_frames(path) == 40
    path.write_bytes(whole[:-1])
    assert reason(path) == "cut short: the end of the GIF is missing"
    path.write_bytes(whole)
    assert reason(cut(path, 0.5)).startswith("cut short")


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "folder.mp4").mkdir()
    os.mkfifo(tmp_path / "pipe.mp4")
    assert reason(tmp_path / "folder.mp4") == "it is a folder"
    assert reason(tmp_path / "pipe.mp4") == "it is no file"


def test_a_gif_named_otherwise_and_a_picture_named_gif(tmp_path: Path) -> None:
    """What is in a file counts, not what it is called."""
    gif = write_numbered(tmp_path / "a.gif", 4, **FORMATS["gif"])
    frame = read_clips(gif.rename(tmp_path / "a.mp4"), Clip(1, 32)).clips[0, 0]
    assert read_number(frame) == 1
    (tmp_path / "b.gif").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99))
    assert reason(tmp_path / "b.gif").startswith("damaged, or not an MP4")
