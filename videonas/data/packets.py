"""A video file as FFmpeg sees it: the stream that is shown, its packets and its frames."""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Generator, Iterator, Mapping, Set
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from videonas.data import riff
from videonas.data.containers import CONTAINERS
from videonas.data.ffmpeg_log import finds_no_fault
from videonas.errors import VideonasError

# Self-contained formats and local files only: a playlist that calls itself .mp4 would make
# FFmpeg open other files and addresses.
_CONTAINER_OPTIONS = {"format_whitelist": ",".join(CONTAINERS), "protocol_whitelist": "file"}

# 2^26 pixels is twice 8K. Without `explode`, FFmpeg paints over damage and reports success.
_CODEC_OPTIONS = {"max_pixels": str(1 << 26)}
_STRICT = {**_CODEC_OPTIONS, "err_detect": "explode"}

_MAY_LACK = 0.1
"""Share of the promised frames that may be missing from a sound file: headers are off by one."""

_CUT_ANYWHERE = {"mpeg", "mpegts", "mpegvideo", "m4v", "h261", "h263", "h264", "hevc", "vvc"}
"""Formats without a length or an index: a recording begins and ends with whatever was sent, and
half a last picture is its end and no damage."""

_DEFAULT_BONUS = 5_000_000
"""Pixels that a stream marked as the default is worth, when FFmpeg's program chooses one."""

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


def open_video(path: Path) -> InputContainer:
    """A video file, opened; what is in it counts, not what it is called.

    Raises:
        UnreadableVideo: it is empty, a folder, or a pipe, which would be waited for without end.
        av.FFmpegError: it is of no format in `CONTAINERS`.
        OSError: it is missing, or may not be read.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise UnreadableVideo("it is a folder" if stat.S_ISDIR(found.st_mode) else "it is no file")
    if found.st_size == 0:
        raise UnreadableVideo("the file is empty")
    # An absolute path has no scheme, whatever the file's name is.
    container: InputContainer = av.open(str(path.absolute()), "r", options=_CONTAINER_OPTIONS)
    return container


def shown_stream(container: InputContainer) -> VideoStream:
    """The video stream that FFmpeg's program shows: the default one, of several the largest.

    Raises:
        UnreadableVideo: there is none beside a cover picture, or none that can be decoded.
    """
    streams = [
        stream for stream in container.streams.video
        if not stream.disposition & stream.disposition.attached_pic
    ]
    known = [stream for stream in streams if stream.codec_context is not None]
    if not known:
        raise UnreadableVideo("its codec is not known" if streams else "it has no video stream")

    def worth(stream: VideoStream) -> int:
        is_default = bool(stream.disposition & stream.disposition.default)
        return int(stream.width * stream.height + _DEFAULT_BONUS * is_default)

    return max(known, key=worth)


@dataclass
class _Packets:
    """The packets of the shown stream, so far.

    Attributes:
        found: their number.
        shown: how many hold a frame that is shown.
        early: numbers of those that come before the first keyframe, or follow it and are shown
            before it: they refer to what was cut off, and decoders leave most of them out.
        doubtful: whether early ones are among the shown.
    """

    found: int = 0
    shown: int = 0
    early: set[int] = field(default_factory=set)
    doubtful: bool = False
    _keys: int = 0
    _first_key: int | None = None

    def add(self, packet: Packet[Any]) -> None:
        """Takes the next packet into account."""
        is_shown = packet.size > 0 and not packet.is_discard
        if packet.is_keyframe:
            self._keys += 1
            self._first_key = packet.pts if self._keys == 1 else None
        elif self._keys == 0 or _is_before(packet.pts, self._first_key):
            self.early.add(self.found)
            self.doubtful |= is_shown
        self.found += 1
        self.shown += is_shown

    def end(self) -> None:
        """Forgets what was early where the file does not say which are keyframes."""
        if self._keys == 0:
            self.early.clear()
            self.doubtful = False


def count_frames(path: Path) -> int:
    """The number of frames that a video shows, 1 or more.

    None is decoded, except where it was cut in front of frames that refer to what is gone.

    Raises:
        UnreadableVideo: it has no video stream or no frames, or it was cut short.
        av.FFmpegError: it is not a video, or damaged.
    """
    packets = _look_through(path)
    shown = packets.shown
    if packets.doubtful:
        shown = sum(1 for _ in decoded_frames(path))
    if shown == 0:
        raise UnreadableVideo("it has no frames")
    return shown


def decoded_frames(path: Path) -> Generator[tuple[VideoFrame, float], None, None]:
    """The frames of a video in the order in which they are shown, with the aspect of their pixels.

    The aspect is the width of a pixel over its height.

    Raises:
        UnreadableVideo: it has no video stream, or a frame is damaged.
        av.FFmpegError: it is not a video, or damaged.
    """
    given = 0
    try:
        for frame in _decoded(path, _STRICT):
            yield frame
            given += 1
    except av.InvalidDataError:
        if given == 0 and (early := _look_through(path).early):
            frames = _decoded(path, _STRICT, early)
        elif finds_no_fault(lambda: all(_decoded(path, _CODEC_OPTIONS))):
            # `explode` makes some decoders too strict
            frames = _decoded(path, _CODEC_OPTIONS)
        else:
            raise
    else:
        return
    yield from islice(frames, given, None)


def _decoded(
    path: Path, options: Mapping[str, str], without: Set[int] = frozenset()
) -> Generator[tuple[VideoFrame, float], None, None]:
    """The frames, with some packets left out.

    Args:
        path: of the file.
        options: of the decoder.
        without: numbers of packets.
    """
    with open_video(path) as container:
        stream = shown_stream(container)
        pixel_aspect = float(stream.sample_aspect_ratio or 1)
        context = stream.codec_context
        context.options = dict(options)
        context.thread_type, context.thread_count = "NONE", 1
        cut_anywhere = container.format.name in _CUT_ANYWHERE
        packets = _demuxed(container, stream)
        count = 0
        for number, packet in enumerate(packets):
            if number in without:
                continue
            if cut_anywhere:
                # Set where recordings were joined, too; the decoder knows better what is damaged.
                packet.is_corrupt = False
            try:
                frames = packet.decode()
            except av.InvalidDataError:
                if not cut_anywhere or count == 0 or not _is_tail(packets):
                    raise
                frames = [frame for frame in context.decode(None) if not frame.is_corrupt]
            for frame in frames:
                if frame.is_corrupt:
                    raise UnreadableVideo(f"frame {count} is damaged")
                count += 1
                yield frame, pixel_aspect


def _demuxed(container: InputContainer, *streams: VideoStream) -> Iterator[Packet[Any]]:
    """The packets of some streams, or of all."""
    # PyAV 18 stumbles at the end of a file in which a stream began after its first seconds.
    with contextlib.suppress(IndexError):
        yield from container.demux(*streams)


def _is_tail(packets: Iterator[Packet[Any]]) -> bool:
    """Whether nothing but the last, broken packets of a recording is left."""
    return all(packet.is_corrupt or packet.size == 0 for packet in packets)


def _look_through(path: Path) -> _Packets:
    """Reads all packets and decodes none.

    Raises:
        UnreadableVideo: the file has no video stream, or was cut short.
        av.FFmpegError: it is not a video.
    """
    with open_video(path) as container:
        stream = shown_stream(container)
        cut_anywhere = container.format.name in _CUT_ANYWHERE
        packets = _Packets()
        end = 0.0
        for packet in _demuxed(container):
            if packet.dts is None and packet.size == 0:
                continue
            if packet.is_corrupt and not cut_anywhere:
                raise UnreadableVideo("cut short: the last packet is incomplete")
            if packet.pts is not None and packet.time_base is not None:
                end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
            if packet.stream_index == stream.index:
                packets.add(packet)
        packets.end()
        _check_length(path, container, stream, packets.found, end)
    return packets


def _is_before(time: int | None, other: int | None) -> bool:
    return time is not None and other is not None and time < other


def _check_length(
    path: Path, container: InputContainer, stream: VideoStream, found: int, end: float
) -> None:
    """Refuses a file that was cut short.

    Args:
        path: of the file.
        container: read to its end.
        stream: that is shown.
        found: its packets.
        end: the last time of any packet, in seconds.
    """
    form, indexed = container.format.name, len(stream.index_entries)
    if _lacks(found, indexed):
        raise UnreadableVideo(f"cut short: {found} of {indexed} frames are there")
    if form == "gif" and not _gif_ends(path):
        raise UnreadableVideo("cut short: the end of the GIF is missing")
    short = _shorter_than_said(container, stream, found, end)
    whole = form != "avi" or riff.is_whole(path)
    if short and not (whole and finds_no_fault(lambda: _read_packets(path))):
        raise UnreadableVideo(f"cut short: {short} are there")


def _shorter_than_said(
    container: InputContainer, stream: VideoStream, found: int, end: float
) -> str | None:
    """How much of what the header says is there, in words; None for all.

    That alone is no fault: an AVI counts frames that were dropped, and lengths can be wrong.
    """
    form, length = container.format.name, (container.duration or 0) / av.time_base
    if form == "avi" and _lacks(found, stream.frames):
        return f"{found} of {stream.frames} frames"
    # Matroska and others count no frames, but know how long they should be.
    timed = stream.frames == 0 and form not in {"avi", *_CUT_ANYWHERE}
    if timed and length - end > max(0.5, _MAY_LACK * length):
        return f"{end:.1f} of {length:.1f} seconds"
    return None


def _lacks(found: int, promised: int) -> bool:
    return promised - found > max(2, _MAY_LACK * promised)


def _read_packets(path: Path) -> None:
    with open_video(path) as container:
        for _ in _demuxed(container):
            pass


def _gif_ends(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _GIF_TAIL))
        return file.read().rstrip(b"\0\r\n").endswith(_GIF_TRAILER)
