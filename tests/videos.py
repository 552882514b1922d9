"""Small real videos for tests: encoded here, by PyAV, so that nothing binary is checked in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

CELLS = 3
"""A numbered frame is a square of 3 x 3 black or white cells: nine bits."""


def numbered_frame(number: int, width: int = 64, height: int = 64) -> Image:
    """A frame `(height, width, 3)` that shows `number`, 0 to 511, in its central square."""
    frame = np.full((height, width, 3), 128, np.uint8)
    side = min(width, height)
    top, left = (height - side) // 2, (width - side) // 2
    edges = [side * i // CELLS for i in range(CELLS + 1)]
    for bit in range(CELLS * CELLS):
        row, column = divmod(bit, CELLS)
        rows = slice(top + edges[row], top + edges[row + 1])
        columns = slice(left + edges[column], left + edges[column + 1])
        frame[rows, columns] = 235 if number >> bit & 1 else 20
    return frame


def read_number(frame: Image) -> int:
    """The number in a square frame `(size, size, 3)`, however it was scaled."""
    size = frame.shape[0]
    centres = [size * (2 * i + 1) // (2 * CELLS) for i in range(CELLS)]
    bits = [frame[row, column].mean() > 128 for row in centres for column in centres]
    return sum(1 << i for i, bit in enumerate(bits) if bit)


def textured_frames(count: int, width: int, height: int, seed: int = 0) -> Iterator[Image]:
    """Frames `(height, width, 3)` of a smooth texture that drifts, with a little noise."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 8 + 40, width // 8 + 40, 3), np.uint8)
    texture = np.kron(coarse, np.ones((8, 8, 1), np.uint8)).astype(np.int16)
    for i in range(count):
        top, left = 5 + i % 200, 5 + (2 * i) % 200
        view = texture[top : top + height, left : left + width]
        noise = rng.integers(-4, 5, (height, width, 1), np.int16)
        yield np.clip(view + noise, 0, 255).astype(np.uint8)


def write_video(
    path: Path,
    frames: Iterable[Image],
    *,
    codec: str = "libx264",
    rate: int = 30,
    muxer: dict[str, str] | None = None,
    options: dict[str, str] | None = None,
    rotation: int = 0,
    pixels: str = "yuv420p",
) -> Path:
    """Encodes frames `(height, width, 3)` to a file whose suffix names the container."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", options=muxer or {}) as container:
        stream: Any = container.add_stream(codec, rate=rate, options=options or {})
        stream.pix_fmt = pixels
        for number, image in enumerate(frames):
            if number == 0:
                stream.height, stream.width = image.shape[:2]
                if rotation:
                    stream.set_display_rotation(rotation)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_numbered(
    path: Path,
    count: int,
    width: int = 64,
    height: int = 64,
    **how: Any,
) -> Path:
    """A video whose frames show their own index; `how` goes to `write_video`."""
    return write_video(path, (numbered_frame(i, width, height) for i in range(count)), **how)


def write_audio(path: Path, samples: int = 8000) -> Path:
    """A file with sound and no picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("aac", rate=16000)
        for start in range(0, samples, 1024):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            frame.sample_rate, frame.pts = 16000, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def cut(path: Path, share: float) -> Path:
    """Keeps only the first `share` of a file's bytes, as a broken copy does."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def damage(path: Path, start: float = 0.4, end: float = 0.6) -> Path:
    """Overwrites the bytes between two shares of a file's length with noise."""
    data = bytearray(path.read_bytes())
    first, last = int(len(data) * start), int(len(data) * end)
    data[first:last] = np.random.default_rng(0).bytes(last - first)
    path.write_bytes(data)
    return path
