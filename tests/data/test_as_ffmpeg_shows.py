"""What is read of odd files, against what FFmpeg's own program shows, where that is there."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.data.test_images import EIGHT, full_matrix, write_with_matrix
from tests.videos import numbered_frame
from videonas.data.decoding import read_clips
from videonas.data.packets import count_frames
from videonas.task import Clip

FFMPEG = shutil.which("ffmpeg")
pytestmark = pytest.mark.skipif(FFMPEG is None, reason="there is no ffmpeg")

SIZE = 48
FRAMES, WIDTH, HEIGHT = 30, 96, 64
Images = NDArray[np.uint8]

X264 = "-c:v libx264 -crf 10"
MPEG2 = "-c:v mpeg2video -q:v 2"
MPEG4 = "-c:v mpeg4 -q:v 2"
DROP = "-vf select='not(mod(n,4))' -fps_mode vfr -r 25"

ODD = {
    "anamorphic.mp4": f"-vf setsar=16/11 {X264}",
    "anamorphic.mpg": f"-aspect 16:9 -s 176x144 {MPEG2}",
    "b_frames.avi": "-c:v mpeg4 -bf 2 -q:v 2",
    "bt709_full.mkv": f"-vf scale=out_color_matrix=bt709:out_range=full -colorspace bt709 "
                      f"-color_range pc -pix_fmt yuv444p {X264}",
    "dropped.avi": f"{DROP} {MPEG4}",
    "dv.dv": "-target pal-dv",
    "fragments.mp4": f"-g 6 -movflags frag_keyframe+empty_moov {X264}",
    "grey.mkv": "-c:v ffv1 -pix_fmt gray",
    "hevc.ts": "-c:v libx265 -x265-params log-level=none:crf=8",
    "interlaced.mpg": f"-flags +ilme+ildct {MPEG2}",
    "live.mkv": f"-live 1 {X264}",
    "negative.mp4": f"-bf 2 -avoid_negative_ts disabled {X264}",
    "palette.mov": "-vf split[a][b];[a]palettegen[p];[b][p]paletteuse -c:v png -pix_fmt pal8",
    "raw.y4m": "-pix_fmt yuv420p",
    "rgb555.avi": "-c:v rawvideo -pix_fmt rgb555le",
    "shifted.mkv": f"-output_ts_offset 5 {X264}",
    "ten_bits.mov": "-c:v prores_ks -pix_fmt yuv422p10le",
    "theora.ogv": "-c:v libtheora -q:v 10",
    "uneven.mkv": f"-vf select='not(mod(n,5))+not(mod(n,3))' -fps_mode vfr {X264}",
    "windows.wmv": "-c:v wmv2 -q:v 2",
    "ycgco.mp4": f"-colorspace ycgco -pix_fmt yuv444p {X264}",
}
"""Names of files, and how FFmpeg's program writes them."""

CUT = {"cut.mkv": "-ss 0.5", "cut.mp4": "-ss 0.5", "cut.ts": "-ss 0.5", "trimmed.mp4": "-ss 0.7"}
"""Options of a copy of an open GOP from its middle on."""


def ffmpeg(*words: str | Path, given: bytes | None = None) -> bytes:
    """What the program writes to standard output."""
    said = subprocess.run(
        [str(FFMPEG), "-v", "error", "-nostdin", "-y", *map(str, words)] if given is None else
        [str(FFMPEG), "-v", "error", "-y", *map(str, words)],
        input=given, capture_output=True, check=False,
    )
    if said.returncode:
        pytest.skip(f"this ffmpeg cannot: {said.stderr.decode(errors='replace')[-300:]}")
    return said.stdout


def coloured_frames() -> Iterator[Images]:
    """Numbered frames whose sides are told apart by their colours."""
    for number in range(FRAMES):
        frame = numbered_frame(number, WIDTH, HEIGHT)
        frame[:, :12], frame[:, -12:] = (210, 40, 40), (40, 60, 210)
        frame[:8, 12:-12] = (50, 190, 60)
        yield frame


def encode(path: Path, words: str) -> Path:
    """The coloured frames as a file."""
    raw = b"".join(frame.tobytes() for frame in coloured_frames())
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", "25"]
    pixels = [] if "pix_fmt" in words or "target" in words else ["-pix_fmt", "yuv420p"]
    ffmpeg(*source, "-i", "-", *pixels, *words.split(), path, given=raw)
    return path


def as_shown(path: Path) -> Images:
    """All frames in square pixels, `(frames, height, width, 3)`, as the program shows them."""
    shape = "scale=w='trunc(iw*if(sar,sar,1)+0.5)':h=ih:flags=area+accurate_rnd+full_chroma_int"
    pictures = ffmpeg("-i", path, "-map", "0:V:0", "-vf", f"{shape},setsar=1", "-fps_mode",
                      "passthrough", "-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "-")
    frames = []
    while pictures:
        _, size, _, rest = pictures.split(b"\n", 3)
        width, height = map(int, size.split())
        length = 3 * width * height
        frames.append(np.frombuffer(rest[:length], np.uint8).reshape(height, width, 3))
        pictures = rest[length:]
    return np.stack(frames)


def squared(frames: Images) -> Images:
    """Their central squares, scaled by area."""
    height, width = frames.shape[1:3]
    short = min(height, width)
    shape = [max(SIZE, round(side * SIZE / short)) for side in (width, height)]
    scaled = np.stack([cv2.resize(frame, shape, interpolation=cv2.INTER_AREA) for frame in frames])
    top, left = (shape[1] - SIZE) // 2, (shape[0] - SIZE) // 2
    return scaled[:, top : top + SIZE, left : left + SIZE]


def check(path: Path) -> None:
    """Holds all frames of a file, in their order, against what the program shows."""
    expected = squared(as_shown(path)).astype(int)
    decoded = read_clips(path, Clip(len(expected), SIZE))
    assert not decoded.short
    assert count_frames(path) == len(expected)
    found = decoded.clips[0].astype(int)
    # by another scaler, edges differ a little and surfaces do not
    assert np.abs(found - expected).mean() < 6
    assert np.abs((found - expected).mean((0, 1, 2))).max() < 6
    for number, image in enumerate(found):
        nearest = np.abs(expected - image).mean((1, 2, 3)).argmin()
        assert np.array_equal(expected[nearest], expected[number]) or nearest == number


@pytest.mark.parametrize("name", ODD)
def test_an_odd_file(tmp_path: Path, name: str) -> None:
    check(encode(tmp_path / name, ODD[name]))


@pytest.mark.parametrize("name", EIGHT)
def test_a_turned_or_mirrored_file(tmp_path: Path, name: str) -> None:
    check(write_with_matrix(tmp_path / "a.mp4", full_matrix(*EIGHT[name][0])))


@pytest.mark.parametrize("name", CUT)
@pytest.mark.parametrize("codec", ["mpeg2", "hevc"])
def test_a_file_cut_at_an_open_gop(tmp_path: Path, name: str, codec: str) -> None:
    words = {
        "mpeg2": f"{MPEG2} -g 8 -bf 2",
        "hevc": "-c:v libx265 -x265-params log-level=none:crf=8:open-gop=1:keyint=8:"
                "min-keyint=8:bframes=3:b-adapt=0:scenecut=0",
    }
    whole = encode(tmp_path / "whole.ts", words[codec])
    ffmpeg(*CUT[name].split(), "-i", whole, "-c", "copy", tmp_path / name)
    check(tmp_path / name)


def test_of_two_streams_that_which_the_program_chooses(tmp_path: Path) -> None:
    small = tmp_path / "small.mkv"
    large = encode(tmp_path / "large.mkv", X264)
    ffmpeg("-i", large, "-vf", "scale=48:32,negate", *X264.split(), small)
    both = tmp_path / "both.mkv"
    ffmpeg("-i", small, "-i", large, "-map", "0", "-map", "1", "-c", "copy",
           "-disposition:v", "default", both)
    check(large)
    assert np.array_equal(read_clips(both, Clip(9, SIZE)).clips,
                          read_clips(large, Clip(9, SIZE)).clips)
