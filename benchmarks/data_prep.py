"""Source frames a second: this project's decoding against PyAV decoding alone.

Both read the same generated H.264 file, one thread each, in turns. PyAV alone decodes every frame
and converts none; ours counts the frames, decodes them, converts the kept ones to RGB, scales and
crops them, and stacks the clip.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from videonas.steps.shell import errors_as_sentences
from videonas.task import Clip

with errors_as_sentences():
    import av
    import numpy as np

    from videonas.data.decoding import read_clips

WIDTH, HEIGHT, RATE = 340, 256, 30


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=int, default=10, help="length of the video")
    parser.add_argument("--frame-step", type=int, default=10, help="keep one frame in so many")
    parser.add_argument("--size", type=int, default=112, help="side of the kept frames, in pixels")
    parser.add_argument(
        "--noise", type=int, default=8, help="grey levels; less gives a file that decodes faster"
    )
    parser.add_argument("--repeats", type=int, default=15, help="timed passes of each reader")
    options = parser.parse_args()
    frames = options.seconds * RATE
    clip = Clip((frames - 1) // options.frame_step + 1, options.size)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "textured.mp4")
        write_textured(path, frames, options.noise)
        readers: dict[str, Callable[[], int]] = {
            "PyAV, decoding alone": lambda: decode_alone(path),
            "videonas, clips out": lambda: read_clips(path, clip, options.frame_step).source_frames,
        }
        rates = measure(readers, options.repeats)
        kilobytes = path.stat().st_size / 1000
    report(rates)
    print(
        f"\n{WIDTH} x {HEIGHT}, {RATE} fps, {options.seconds} s, H.264, {kilobytes:.0f} KB; "
        f"one frame in {options.frame_step} kept: {clip.frames} of {options.size} x "
        f"{options.size}.\nOne thread on one core, {options.repeats} passes in turns after one "
        f"of each that does not count; medians.\nPyAV {av.__version__}, Python "
        f"{platform.python_version()}, {platform.machine()}, {platform.system()}."
    )


def measure(readers: dict[str, Callable[[], int]], repeats: int) -> dict[str, list[float]]:
    """Source frames a second of each pass, by reader; readers take turns.

    Args:
        readers: functions that give the number of frames that they decoded.
        repeats: timed passes of each.
    """
    rates: dict[str, list[float]] = {name: [] for name in readers}
    for number in range(repeats + 1):
        for name, read in readers.items():
            start = time.perf_counter()
            frames = read()
            rate = frames / (time.perf_counter() - start)
            if number > 0:
                rates[name].append(rate)
    return rates


def report(rates: dict[str, list[float]]) -> None:
    """Prints the median rate of each reader, and the median of the ratios pass by pass."""
    first = next(iter(rates))
    print(f"{'reader':24} {'frames/s':>9} {'slowest':>9} {'fastest':>9} {'ratio':>6}")
    for name, passes in rates.items():
        ratio = statistics.median(a / b for a, b in zip(passes, rates[first], strict=True))
        print(
            f"{name:24} {statistics.median(passes):9,.0f} {min(passes):9,.0f} "
            f"{max(passes):9,.0f} {ratio:6.2f}"
        )


def decode_alone(path: Path) -> int:
    """Decodes every frame with one thread, converts none, and counts them."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_type, stream.codec_context.thread_count = "NONE", 1
        return sum(1 for _ in container.decode(stream))


def write_textured(path: Path, frames: int, noise: int) -> None:
    """Encodes a drifting texture with noise, as camera pictures have."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (HEIGHT // 8 + 30, WIDTH // 8 + 30, 3), np.uint8)
    texture = np.kron(coarse, np.ones((8, 8, 1), np.uint8)).astype(np.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(frames):
            top, left = number % 200, 2 * number % 200
            view = texture[top : top + HEIGHT, left : left + WIDTH]
            noisy = view + rng.integers(-noise, noise + 1, (HEIGHT, WIDTH, 1), np.int16)
            image = np.clip(noisy, 0, 255).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    with errors_as_sentences():
        main()
