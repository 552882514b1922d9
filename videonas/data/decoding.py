"""The clips of one video: decoded once, in order, converting only the frames that are kept."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from videonas.data.flow import flow_of_clips, flow_side
from videonas.errors import VideonasError
from videonas.search.dataset import OpticalFlow
from videonas.task import Clip

Image = NDArray[np.uint8]

# Self-contained formats and local files only: a playlist that calls itself .mp4 would make
# FFmpeg open other files and addresses.
_CONTAINER_OPTIONS = {"format_whitelist": "mov,matroska,avi,gif", "protocol_whitelist": "file"}

# Without `explode`, FFmpeg paints over damage and reports success. 2^26 pixels is twice 8K.
_CODEC_OPTIONS = {"err_detect": "explode", "max_pixels": str(1 << 26)}

_MAY_LACK = 0.1
"""Share of the promised frames that may be missing from a sound file: VP8 has frames that are
never shown, MPEG-4 packs two into one packet, and headers are off by one."""

_MAX_ASPECT = 16
"""Longest side of a frame, in shortest sides: scaling a strip up would fill the memory."""

_GIF_TRAILER = b";"
"""The last byte of every GIF."""

_GIF_TAIL = 1024
"""Last bytes of a GIF that are looked at; some writers pad it with zeros or line ends."""


class UnreadableVideo(VideonasError):
    """A file that no clip can be made of.

    Args:
        reason: in words, without the path.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"unreadable video: {reason}")
        self.reason = reason


@dataclass(frozen=True)
class _Look:
    """What kept frames are made to.

    Attributes:
        pixels: FFmpeg's name of their format.
        size: side in pixels.
        scaler: keeps what it needs for one size and format.
    """

    pixels: str
    size: int
    scaler: VideoReformatter = field(default_factory=VideoReformatter)


@dataclass(frozen=True)
class DecodedVideo:
    """The clips of one video.

    Attributes:
        clips: uint8, `(clips, frames, size, size, 3)`, RGB.
        source_frames: number of frames that were decoded for them.
        short: whether the video has fewer frames than a clip spans, so that some are repeated.
        flow: uint8, `(clips, frames, size, size, 2)`, see `videonas.data.flow`; None where it was
            not asked for.
    """

    clips: NDArray[np.uint8]
    source_frames: int
    short: bool
    flow: NDArray[np.uint8] | None = None

    @property
    def streams(self) -> dict[str, NDArray[np.uint8]]:
        """The clips by stream."""
        return {"rgb": self.clips} if self.flow is None else {"rgb": self.clips, "flow": self.flow}


def read_clips(
    path: Path,
    clip: Clip,
    frame_step: int = 1,
    clips_per_video: int = 1,
    optical_flow: OpticalFlow = "none",
) -> DecodedVideo:
    """Clips spread evenly over a video; a single one is from its middle.

    Frames are scaled so that their short side is `clip.size`, cropped to the central square, and
    turned upright. Pixels count as square.

    Args:
        path: an MP4, MOV, Matroska, WebM, AVI or GIF file.
        clip: the geometry; `channels` is 3.
        frame_step: one source frame in so many is kept.
        clips_per_video: number of clips.
        optical_flow: how flow between the frames of each clip is computed, if it is.

    Raises:
        UnreadableVideo: the file is missing, empty, damaged or cut short, or holds no video.
        VideonasError: there is no OpenCV to compute flow.
    """
    with_grey = optical_flow != "none"
    try:
        _check_file(path)
        promised = count_frames(path)
        plan = plan_clips(promised, clip.frames, frame_step, clips_per_video)
        frames, decoded = _decode(path, plan, clip.size, with_grey=with_grey)
        source_frames, count = decoded, promised
        if any(index not in frames[0] for starts in plan for index in starts):
            # The file ended early: now the number of frames is known for certain.
            count = decoded
            if count == 0 or _lacks(count, promised):
                raise UnreadableVideo(f"only {count} of {promised} frames can be decoded")
            plan = plan_clips(count, clip.frames, frame_step, clips_per_video)
            frames, decoded = _decode(path, plan, clip.size, with_grey=with_grey)
            source_frames += decoded
        clips = np.stack([[frames[0][index] for index in indices] for indices in plan])
    except (av.FFmpegError, OSError, ValueError) as error:
        raise UnreadableVideo(_in_words(error)) from error
    flow = None
    if with_grey:
        flow = flow_of_clips(frames[1], plan, frame_step, clip.size, optical_flow)
    return DecodedVideo(clips, source_frames, count < _span(clip.frames, frame_step), flow)


def count_frames(path: Path) -> int:
    """The number of frames that a video shows, 1 or more, without decoding any.

    Raises:
        UnreadableVideo: it has no video stream or no frames, or it was cut short.
        av.FFmpegError: it is not a video.
    """
    with _open(path) as container:
        stream = _video_stream(container)
        promised = len(stream.index_entries)
        if "mov" not in container.format.name:
            # In MP4, `frames` also counts those that an edit list leaves out.
            promised = max(promised, stream.frames)
        found = shown = 0
        end = 0.0
        for packet in container.demux():
            if packet.dts is None and packet.size == 0:
                continue
            if packet.is_corrupt:
                raise UnreadableVideo("cut short: the last packet is incomplete")
            if packet.pts is not None and packet.time_base is not None:
                end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
            if packet.stream_index == stream.index:
                found += 1
                shown += packet.size > 0 and not packet.is_discard
        if _lacks(found, promised):
            raise UnreadableVideo(f"cut short: {found} of {promised} frames are there")
        length = (container.duration or 0) / av.time_base
        # Matroska counts no frames, but knows how long it should be.
        if stream.frames == 0 and length - end > max(0.5, _MAY_LACK * length):
            raise UnreadableVideo(f"cut short: {end:.1f} of {length:.1f} seconds are there")
        if container.format.name == "gif" and not _gif_ends(path):
            raise UnreadableVideo("cut short: the end of the GIF is missing")
    if shown == 0:
        raise UnreadableVideo("it has no frames")
    return shown


def plan_clips(count: int, frames: int, step: int, clips: int) -> list[list[int]]:
    """The source frames of each clip, by index.

    Clips are spread evenly from the first frame to the last; a single one is centred. Where a
    video is shorter than a clip, frames are repeated from the start, and each clip begins at
    another frame.

    Args:
        count: frames of the video.
        frames: frames of a clip.
        step: one source frame in so many is kept.
        clips: number of clips.
    """
    span = _span(frames, step)
    free = count - span
    if free < 0:
        starts = [number * count // clips for number in range(clips)]
    elif clips == 1:
        starts = [free // 2]
    else:
        starts = [number * free // (clips - 1) for number in range(clips)]
    return [[(start + i * step) % count for i in range(frames)] for start in starts]


def _span(frames: int, step: int) -> int:
    return (frames - 1) * step + 1


def _lacks(found: int, promised: int) -> bool:
    return promised - found > max(2, _MAY_LACK * promised)


def _check_file(path: Path) -> None:
    """Refuses what is no file with something in it; a pipe would be waited for without end."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise UnreadableVideo("it is a folder" if stat.S_ISDIR(found.st_mode) else "it is no file")
    if found.st_size == 0:
        raise UnreadableVideo("the file is empty")


def _gif_ends(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _GIF_TAIL))
        return file.read().rstrip(b"\0\r\n").endswith(_GIF_TRAILER)


def _open(path: Path) -> InputContainer:
    # An absolute path has no scheme, whatever the file's name is.
    container: InputContainer = av.open(str(path.absolute()), "r", options=_CONTAINER_OPTIONS)
    return container


def _video_stream(container: InputContainer) -> VideoStream:
    for stream in container.streams.video:
        if not stream.disposition & stream.disposition.attached_pic:
            return stream
    raise UnreadableVideo("it has no video stream")


def _decode(
    path: Path, plan: Sequence[Iterable[int]], size: int, *, with_grey: bool
) -> tuple[list[dict[int, Image]], int]:
    """The frames of a plan by index, once more for flow, and how many were decoded for them."""
    wanted = {index for indices in plan for index in indices}
    last = max(wanted)
    decoded = 0
    with _open(path) as container:
        stream = _video_stream(container)
        looks = [_Look("rgb24", size)]
        if with_grey:
            looks.append(_Look("gray", flow_side(size, min(stream.width, stream.height))))
        images: list[dict[int, Image]] = [{} for _ in looks]
        context = stream.codec_context
        context.options = dict(_CODEC_OPTIONS)
        context.thread_type, context.thread_count = "NONE", 1
        for index, frame in enumerate(container.decode(stream)):
            decoded += 1
            if frame.is_corrupt:
                raise UnreadableVideo(f"frame {index} is damaged")
            if index in wanted:
                for kept, look in zip(images, looks, strict=True):
                    kept[index] = _convert(frame, look)
            if index == last:
                break
    return images, decoded


def _convert(frame: VideoFrame, look: _Look) -> Image:
    """Scaled, cropped and upright: `(size, size, 3)`, or `(size, size)` in grey."""
    size = look.size
    short, long = sorted((frame.width, frame.height))
    if long > _MAX_ASPECT * short:
        raise UnreadableVideo(
            f"its frames are {frame.width} x {frame.height}; "
            f"one side may be {_MAX_ASPECT} times the other at most"
        )
    width, height = (max(size, round(side * size / short)) for side in (frame.width, frame.height))
    scaled = look.scaler.reformat(
        frame, width, height, look.pixels, interpolation=Interpolation.AREA, threads=1
    )
    image = scaled.to_ndarray()
    top, left = (height - size) // 2, (width - size) // 2
    square = image[top : top + size, left : left + size]
    # Phones record sideways and say by how much, counter-clockwise.
    return np.ascontiguousarray(np.rot90(square, round(frame.rotation / 90)))


def _in_words(error: Exception) -> str:
    if isinstance(error, av.InvalidDataError | av.ArgumentError):
        return "damaged, or not an MP4, MOV, Matroska, WebM, AVI or GIF file"
    if isinstance(error, av.EOFError):
        return "it ends before its first frame"
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"{text[0].lower()}{text[1:]}"
