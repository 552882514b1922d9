"""Videos for a first search: eight classes that nothing but motion tells apart.

A fresh texture moves as a whole: to one side, or there and back. No single frame says which way,
and no unordered set of frames tells a class from its reverse:

- the texture is a sum of waves of random phase, so every part of it looks alike wherever it has
  moved to;
- there-and-back turns in the middle, with eight frames on either side, so that its positions
  are symmetric: seen without their order, they are those of its reverse;
- speed, contrast and noise are drawn alike for all classes;
- every frame is encoded by itself, at one quality: what the encoder leaves behind cannot say
  where new texture enters.

The frames as a set do show along which axis the texture moves, and roughly how far.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from videonas.data.parallel import cores, map_in_order
from videonas.errors import StorageError

DIRECTIONS = {"right": (1, 0), "left": (-1, 0), "up": (0, -1), "down": (0, 1)}
"""Steps along x and y; y points down, as in images."""

CLASSES: dict[str, tuple[str, str]] = {
    **{name: (name, name) for name in DIRECTIONS},
    **{
        f"{there}-{back}": (there, back)
        for there, back in (("right", "left"), ("left", "right"), ("up", "down"), ("down", "up"))
    },
}
"""Each class's direction before and after the middle of the clip."""

SIZE = 64
FRAMES = 16
RATE = 16

_CYCLES = (2.0, 4.0)
"""Waves across a frame, least and most."""

_SPEED = (0.6 / 32, 1.8 / 32)
"""Frame widths moved from one frame to the next, least and most."""

_CONTRAST = (0.6, 1.2)
_NOISE = 0.08
"""Standard deviations of the texture and of what is added to each frame, in `_GREYS`."""

_GREYS = 45.0

_CANVAS = 2 * SIZE
"""Side of the square that the texture repeats after: longer than a frame and its whole way."""

_ENCODER = {"preset": "veryfast", "qp": "22", "g": "1", "threads": "1"}


def write_demo_videos(
    folder: Path,
    *,
    videos_per_class: int = 160,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
    workers: int | None = None,
) -> None:
    """Writes `folder/<class>/<seed>-<number>.mp4`: H.264, 64 x 64 pixels, 16 frames.

    A video depends on the seed, its class and its number only. Those that exist are kept, and a
    name appears only once its file is complete, so an interrupted call can be repeated.

    Args:
        folder: created where it is missing.
        videos_per_class: number of videos of each of the eight classes.
        seed: another seed gives other videos, beside those of the first.
        progress: called with the number of videos done and their total.
        workers: threads; by default one a core.

    Raises:
        StorageError: the folder cannot be written.
    """
    work = [
        (folder / name / f"{seed}-{number:04d}.mp4", name, number)
        for number in range(videos_per_class)
        for name in CLASSES
    ]

    def write(item: tuple[Path, str, int]) -> None:
        """Writes one video unless it is there."""
        path, name, number = item
        if not path.exists():
            _encode(path, demo_frames(name, seed, number))

    try:
        for name in CLASSES:
            (folder / name).mkdir(parents=True, exist_ok=True)
        for done, _ in enumerate(map_in_order(write, work, workers or cores()), start=1):
            if progress is not None:
                progress(done, len(work))
    except OSError as error:
        raise StorageError(
            f"{error.filename or folder}: {error.strerror or error}; demo videos need a folder "
            "that can be written, and 20 KB of space a video"
        ) from error


def demo_frames(name: str, seed: int, number: int) -> NDArray[np.uint8]:
    """The frames of one video before encoding: uint8, `(16, 64, 64)`, grey.

    Args:
        name: one of `CLASSES`.
        seed: of all videos.
        number: of the video within its class.
    """
    rng = _generator(name, seed, number)
    # Waves across the canvas, along y and x; a shift by a fraction of a pixel turns their phase.
    along_y = np.fft.fftfreq(_CANVAS, 1 / _CANVAS)[:, None]
    along_x = np.arange(_CANVAS // 2 + 1)
    across_frame = np.hypot(along_y, along_x) * SIZE / _CANVAS
    band = (across_frame >= _CYCLES[0]) & (across_frame <= _CYCLES[1])
    waves = band * (rng.normal(size=band.shape) + 1j * rng.normal(size=band.shape))
    position = _positions(name, rng.uniform(*_SPEED), rng.uniform(0, 1))
    contrast = rng.uniform(*_CONTRAST)

    x, y = (position * SIZE / _CANVAS).T[:, :, None, None]
    moved = waves * np.exp(-2j * np.pi * (x * along_x + y * along_y))
    # FFTs rather than matrix products: the threads of a BLAS stall each other on a busy machine.
    texture = np.fft.irfft2(moved, s=(_CANVAS, _CANVAS))
    texture = (texture / texture.std())[:, :SIZE, :SIZE]
    noise = rng.normal(0, _NOISE, texture.shape)
    grey = np.rint(128 + _GREYS * (contrast * texture + noise))
    frames: NDArray[np.uint8] = np.clip(grey, 0, 255).astype(np.uint8)
    return frames


def _positions(name: str, speed: float, turn: float) -> NDArray[np.float64]:
    """Where the texture is in each frame, in frame widths along x and y: `(16, 2)`.

    Args:
        name: one of `CLASSES`.
        speed: frame widths a frame.
        turn: where between the two middle frames the direction changes, 0 to 1.
    """
    there, back = (np.array(DIRECTIONS[part], float) for part in CLASSES[name])
    middle = FRAMES / 2 - 1 + turn
    time = np.arange(FRAMES)[:, None]
    before, after = np.minimum(time, middle), np.maximum(time - middle, 0)
    positions: NDArray[np.float64] = speed * (before * there + after * back)
    return positions


def _generator(name: str, seed: int, number: int) -> np.random.Generator:
    digest = hashlib.sha256(f"{seed}/{name}/{number}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def _encode(path: Path, frames: NDArray[np.uint8]) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with av.open(str(part), "w", format="mp4") as container:
            stream = container.add_stream("libx264", rate=RATE, options=dict(_ENCODER))
            stream.width, stream.height, stream.pix_fmt = SIZE, SIZE, "yuv420p"
            for number, image in enumerate(frames):
                frame = av.VideoFrame.from_ndarray(image, format="gray8")
                frame.pts, frame.time_base = number, Fraction(1, RATE)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
