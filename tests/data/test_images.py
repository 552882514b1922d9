"""Frames are used upright, in the shape and in the colours that people see."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.videos import numbered_frame, read_number, write_video
from videonas.data.decoding import read_clips
from videonas.task import Clip

RED, GREEN, YELLOW, BLUE = (200, 30, 30), (30, 180, 30), (200, 200, 30), (30, 30, 200)
STORED = ((RED, GREEN), (BLUE, YELLOW))
"""The corners of frames as they are stored; top row first."""

ONE = 1 << 16
EIGHT = {
    "as stored": ((1, 0, 0, 1), STORED),
    "mirrored to the side": ((-1, 0, 0, 1), ((GREEN, RED), (YELLOW, BLUE))),
    "mirrored downwards": ((1, 0, 0, -1), ((BLUE, YELLOW), (RED, GREEN))),
    "half a turn": ((-1, 0, 0, -1), ((YELLOW, BLUE), (GREEN, RED))),
    "transposed": ((0, 1, 1, 0), ((RED, BLUE), (GREEN, YELLOW))),
    "a quarter turn": ((0, 1, -1, 0), ((BLUE, RED), (YELLOW, GREEN))),
    "a quarter turn back": ((0, -1, 1, 0), ((GREEN, YELLOW), (RED, BLUE))),
    "transposed the other way": ((0, -1, -1, 0), ((YELLOW, GREEN), (BLUE, RED))),
}
"""By what FFmpeg's program makes of the matrix `(a, b, c, d)`: the corners as they are shown."""


def corners(image: NDArray[Any]) -> tuple[tuple[Any, ...], ...]:
    """Which of the four colours the corners of an image are nearest to."""
    inset = image.shape[0] // 8
    places = (inset, -1 - inset)
    return tuple(
        tuple(
            min((RED, GREEN, YELLOW, BLUE),
                key=lambda colour: np.abs(image[row, column].astype(int) - colour).sum())
            for column in places
        )
        for row in places
    )


def quarters(width: int = 96, height: int = 64) -> NDArray[np.uint8]:
    """A frame of four colours."""
    return np.array(STORED, np.uint8).repeat(height // 2, 0).repeat(width // 2, 1)


def write_with_matrix(path: Path, matrix: Sequence[int]) -> Path:
    """A video of four colours whose display matrix is this one."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.set_display_matrix(matrix)
        for _ in range(2):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(quarters(), format="rgb24")))
        container.mux(stream.encode(None))
    return path


def full_matrix(a: float, b: float, c: float, d: float) -> list[int]:
    """A display matrix of nine numbers, in fixed point as FFmpeg has it."""
    a, b, c, d = (round(number * ONE) for number in (a, b, c, d))
    return [a, b, 0, c, d, 0, 0, 0, 1 << 30]


@pytest.mark.parametrize("name", EIGHT)
@pytest.mark.parametrize("scale", [1, 2.5])
def test_all_eight_orientations(tmp_path: Path, name: str, scale: float) -> None:
    numbers, shown = EIGHT[name]
    matrix = full_matrix(*(scale * number for number in numbers))
    path = write_with_matrix(tmp_path / "a.mp4", matrix)
    assert corners(read_clips(path, Clip(1, 33)).clips[0, 0]) == shown


@pytest.mark.parametrize(
    ("degrees", "name"),
    [(4, "as stored"), (-30, "as stored"), (60, "a quarter turn back"), (-80, "a quarter turn"),
     (170, "half a turn")],
)
def test_another_angle_counts_as_the_nearest_quarter(
    tmp_path: Path, degrees: int, name: str
) -> None:
    """Counter-clockwise, as `av_display_rotation_get` gives it."""
    angle = math.radians(degrees)
    turn = (math.cos(angle), -math.sin(angle), math.sin(angle), math.cos(angle))
    path = write_with_matrix(tmp_path / "a.mp4", full_matrix(*turn))
    assert corners(read_clips(path, Clip(1, 33)).clips[0, 0]) == EIGHT[name][1]


def test_a_matrix_of_zeros_turns_nothing(tmp_path: Path) -> None:
    path = write_with_matrix(tmp_path / "a.mp4", [0] * 9)
    assert corners(read_clips(path, Clip(1, 33)).clips[0, 0]) == STORED


def test_a_picture_whose_camera_was_turned_says_so_in_exif(tmp_path: Path) -> None:
    """PyAV shows no side data of frames that have Exif data, whose kind it does not know."""
    path = write_video(tmp_path / "a.mjpeg", [quarters()] * 4, codec="mjpeg", pixels="yuvj420p")
    turned = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    segment = b"\xff\xe1" + (len(turned) + 2).to_bytes(2, "big") + turned
    start = b"\xff\xd8"
    path.write_bytes(path.read_bytes().replace(start, start + segment))
    shown = corners(read_clips(path, Clip(1, 33)).clips[0, 0])
    assert shown == EIGHT["a quarter turn"][1]


# Shape


def write_with_aspect(path: Path, width: int, height: int, aspect: Fraction, **how: Any) -> Path:
    """A numbered video in its true shape, stored with pixels of this aspect."""
    codec, pixels = how.get("codec", "libx264"), how.get("pixels", "yuv420p")
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=30)
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        stream.codec_context.sample_aspect_ratio = aspect
        shape = round(width * aspect), height
        for number in range(8):
            true = av.VideoFrame.from_ndarray(numbered_frame(number, *shape), format="rgb24")
            container.mux(stream.encode(true.reformat(width, height, pixels)))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("aspect", [Fraction(2), Fraction(1, 2), Fraction(16, 11), Fraction(8, 9)])
@pytest.mark.parametrize(("suffix", "codec"), [("mp4", "libx264"), ("mkv", "libx264"),
                                               ("avi", "mpeg4"), ("ts", "libx264")])
def test_frames_have_the_shape_in_which_they_are_shown(
    tmp_path: Path, suffix: str, codec: str, aspect: Fraction
) -> None:
    path = write_with_aspect(tmp_path / f"a.{suffix}", 128, 128, aspect, codec=codec)
    clips = read_clips(path, Clip(8, 48)).clips[0]
    assert [read_number(frame) for frame in clips] == list(range(8))
    edges = np.stack([clips[:, 1, 1:-1], clips[:, -2, 1:-1], clips[:, 1:-1, 1], clips[:, 1:-1, -2]])
    grey = np.abs(edges.astype(int) - 128).max(-1) < 40
    assert grey.mean() < 0.25, "the grey beside the central square must be cropped"


def test_an_aspect_that_no_picture_has_is_left_out_of_account(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=30)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(1, 200)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(numbered_frame(5), format="rgb24")))
        container.mux(stream.encode(None))
    assert read_number(read_clips(path, Clip(1, 32)).clips[0, 0]) == 5


# Colours


@pytest.mark.parametrize(
    ("codec", "pixels"),
    [
        ("libx264", "yuv444p"), ("libx264", "yuv422p"), ("libx264", "yuv420p10le"),
        ("libx264", "yuvj420p"), ("libx264rgb", "rgb24"), ("ffv1", "yuv411p"), ("ffv1", "yuva420p"),
        ("ffv1", "gbrp10le"), ("ffv1", "bgra"), ("ffv1", "rgb48le"), ("ffv1", "yuv444p16le"),
        ("rawvideo", "rgb555le"), ("rawvideo", "uyvy422"), ("png", "rgb24"), ("qtrle", "rgb24"),
        ("huffyuv", "yuv422p"), ("prores", "yuv422p10le"), ("mjpeg", "yuvj444p"),
    ],
)
def test_every_pixel_format_gives_the_colours(tmp_path: Path, codec: str, pixels: str) -> None:
    suffix = {"ffv1": "mkv", "huffyuv": "avi"}.get(codec, "mov")
    path = write_video(tmp_path / f"a.{suffix}", [quarters()] * 2, codec=codec, pixels=pixels,
                       options={"crf": "8"} if codec.startswith("libx264") else None)
    image = read_clips(path, Clip(1, 32)).clips[0, 0].astype(int)
    for (row, column), colour in zip(np.ndindex(2, 2), sum(STORED, ()), strict=True):
        found = image[8 + 16 * row, 8 + 16 * column]
        assert np.abs(found - colour).max() < 14, f"{found} is not {colour}"


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("space", [1, 5, 6, 9])
def test_the_matrix_and_range_that_a_file_names_decide_its_colours(
    tmp_path: Path, space: int, full: bool
) -> None:
    """BT.709, BT.601 twice and BT.2020: the same bytes are other colours."""
    path = write_tagged(tmp_path / "a.mkv", space, full)
    found = read_clips(path, Clip(1, 32)).clips[0, 0, 16, 16].astype(float)
    assert np.abs(found - colour_of(*YUV, KR_KB[space], full)).max() <= 2


@pytest.mark.parametrize("space", [8, 10, 14])
def test_a_matrix_that_cannot_be_converted_is_no_damage(tmp_path: Path, space: int) -> None:
    """YCgCo, BT.2020 with constant luminance, ICtCp: FFmpeg takes the nearest it has."""
    path = write_tagged(tmp_path / "a.mkv", space, False)
    found = read_clips(path, Clip(1, 32)).clips[0, 0, 16, 16].astype(float)
    near = KR_KB[9] if space == 10 else KR_KB[6]
    assert np.abs(found - colour_of(*YUV, near, False)).max() <= 2


YUV = (100, 90, 170)
KR_KB = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}


def write_tagged(path: Path, space: int, full: bool) -> Path:
    """Frames of one colour in Y, U and V, said to be in a colour space and range."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=30)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv444p"
        stream.codec_context.colorspace = space
        stream.codec_context.color_range = 2 if full else 1
        planes = np.stack([np.full((64, 64), value, np.uint8) for value in YUV])
        frame = av.VideoFrame.from_ndarray(planes, format="yuv444p")
        frame.colorspace, frame.color_range = space, 2 if full else 1
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with av.open(str(path)) as made:
        assert next(made.decode(video=0)).colorspace == space
    return path


def colour_of(
    y: int, u: int, v: int, weights: tuple[float, float], full: bool
) -> NDArray[np.float64]:
    """RGB of a colour by the definition of a matrix (ITU-R BT.709, 3; BT.601, 2.5)."""
    kr, kb = weights
    luma = y / 255 if full else (y - 16) / 219
    pb, pr = ((c - 128) / (255 if full else 224) for c in (u, v))
    red, blue = luma + 2 * (1 - kr) * pr, luma + 2 * (1 - kb) * pb
    green = (luma - kr * red - kb * blue) / (1 - kr - kb)
    return np.array([red, green, blue]).clip(0, 1) * 255
