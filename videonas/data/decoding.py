"""The clips of one video: decoded once, in order, converting only the frames that are kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from videonas.data.flow import flow_of_clips, flow_side
from videonas.data.images import Image, Look, square_image
from videonas.data.packets import UnreadableVideo, count_frames, decoded_frames
from videonas.search.dataset import OpticalFlow
from videonas.task import Clip

_MUST_DECODE = 0.6
"""Share of its frames that a sound video must give without an error. Some are never shown: VP8 has
frames that only others refer to, MPEG-4 packs two into one packet, and AVI does not say which
pictures lead into an open GOP."""


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

    Frames are as FFmpeg's program shows them: in the shape that their pixels have, turned and
    mirrored. They are scaled so that their short side is `clip.size`, and cropped to the central
    square.

    Args:
        path: a file of one of the formats in `CONTAINERS`.
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
        promised = count_frames(path)
        plan = plan_clips(promised, clip.frames, frame_step, clips_per_video)
        frames, decoded = _decode(path, plan, clip.size, with_grey=with_grey)
        source_frames, count = decoded, promised
        if any(index not in frames[0] for starts in plan for index in starts):
            # The file ended early: now the number of frames is known for certain.
            count = decoded
            if count == 0 or count < promised * _MUST_DECODE:
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


def _decode(
    path: Path, plan: Sequence[Iterable[int]], size: int, *, with_grey: bool
) -> tuple[list[dict[int, Image]], int]:
    """The frames of a plan by index, once more for flow, and how many were decoded for them."""
    wanted = {index for indices in plan for index in indices}
    last = max(wanted)
    looks = [Look("rgb24", size)]
    images: list[dict[int, Image]] = [{}, {}] if with_grey else [{}]
    decoded = 0
    with closing(decoded_frames(path)) as frames:
        for index, (frame, pixel_aspect) in enumerate(frames):
            if with_grey and index == 0:
                looks.append(Look("gray", flow_side(size, min(frame.width, frame.height))))
            if index in wanted:
                for kept, look in zip(images, looks, strict=True):
                    kept[index] = square_image(frame, pixel_aspect, look)
            decoded = index + 1
            if index == last:
                break
    return images, decoded


def _in_words(error: Exception) -> str:
    if isinstance(error, av.InvalidDataError | av.ArgumentError):
        return "damaged, or not an MP4, Matroska, AVI, MPEG or other video file"
    if isinstance(error, av.EOFError):
        return "it ends before its first frame"
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"{text[0].lower()}{text[1:]}"
