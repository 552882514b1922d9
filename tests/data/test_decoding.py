"""Real encoded files whose frames show their own number, so that every kept one is known."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from videonas.data import decoding
from videonas.data.decoding import plan_clips, read_clips
from videonas.data.packets import UnreadableVideo, count_frames
from videonas.task import Clip

FORMATS: dict[str, dict[str, Any]] = {
    "mp4": {"codec": "libx264"},
    "mov": {"codec": "libx264", "options": {"bf": "3", "g": "12"}},
    "avi": {"codec": "mpeg4"},
    "mkv": {"codec": "mpeg4"},
    "webm": {"codec": "libvpx-vp9", "options": {"deadline": "realtime"}},
    "gif": {"codec": "gif", "pixels": "rgb8"},
}
FAST_START = {"movflags": "+faststart"}


def numbers(path: Path, clip: Clip, step: int = 1, clips: int = 1) -> list[list[int]]:
    """The frame numbers that the clips of a numbered video show."""
    decoded = read_clips(path, clip, step, clips)
    assert decoded.clips.dtype == np.uint8
    assert decoded.clips.shape == (clips, clip.frames, clip.size, clip.size, 3)
    return [[read_number(frame) for frame in images] for images in decoded.clips]


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_frame_comes_back_in_order(tmp_path: Path, suffix: str) -> None:
    path = write_numbered(tmp_path / f"a.{suffix}", 40, 96, 64, **FORMATS[suffix])
    assert count_frames(path) == 40
    assert numbers(path, Clip(40, 48)) == [list(range(40))]


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_planned_frames_are_kept(tmp_path: Path, suffix: str) -> None:
    path = write_numbered(tmp_path / f"a.{suffix}", 50, 64, 64, **FORMATS[suffix])
    assert numbers(path, Clip(4, 32), step=3) == [[20, 23, 26, 29]]
    assert numbers(path, Clip(4, 32), step=3, clips=3) == plan_clips(50, 4, 3, 3)


def test_decoding_stops_after_the_last_frame_that_is_needed(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.mp4", 60)
    assert read_clips(path, Clip(4, 32)).source_frames == 32
    assert read_clips(path, Clip(4, 32), clips_per_video=2).source_frames == 60


@pytest.mark.parametrize(
    ("arguments", "plan"),
    [
        ((10, 4, 1, 1), [[3, 4, 5, 6]]),
        ((10, 4, 3, 1), [[0, 3, 6, 9]]),
        ((10, 4, 1, 2), [[0, 1, 2, 3], [6, 7, 8, 9]]),
        ((11, 3, 2, 3), [[0, 2, 4], [3, 5, 7], [6, 8, 10]]),
        ((4, 4, 1, 2), [[0, 1, 2, 3], [0, 1, 2, 3]]),
        ((3, 4, 1, 1), [[0, 1, 2, 0]]),
        ((4, 4, 2, 2), [[0, 2, 0, 2], [2, 0, 2, 0]]),
        ((1, 3, 5, 1), [[0, 0, 0]]),
    ],
)
def test_plans_by_hand(arguments: tuple[int, int, int, int], plan: list[list[int]]) -> None:
    assert plan_clips(*arguments) == plan


@given(st.integers(1, 300), st.integers(1, 40), st.integers(1, 9), st.integers(1, 6))
def test_plans_in_general(count: int, frames: int, step: int, clips: int) -> None:
    plan = plan_clips(count, frames, step, clips)
    assert len(plan) == clips
    for indices in plan:
        assert len(indices) == frames
        assert all(0 <= index < count for index in indices)
        assert all((b - a - step) % count == 0 for a, b in pairwise(indices))
    if (frames - 1) * step < count:
        assert all(indices == sorted(indices) for indices in plan)
        assert abs(plan[0][0] - (count - 1 - plan[-1][-1])) <= 1


def test_a_short_video_is_repeated_and_said_to_be_short(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.mp4", 5)
    assert numbers(path, Clip(8, 32)) == [[0, 1, 2, 3, 4, 0, 1, 2]]
    assert read_clips(path, Clip(8, 32)).short
    assert not read_clips(path, Clip(5, 32)).short
    one = write_numbered(tmp_path / "one.avi", 1, codec="mpeg4")
    assert numbers(one, Clip(3, 32)) == [[0, 0, 0]]


@pytest.mark.parametrize(("width", "height"), [(96, 64), (64, 96), (322, 182), (64, 64), (34, 18)])
@pytest.mark.parametrize("size", [16, 33, 64])
def test_the_central_square_is_kept_at_any_size(
    tmp_path: Path, width: int, height: int, size: int
) -> None:
    path = write_numbered(tmp_path / "a.mp4", 12, width, height)
    assert numbers(path, Clip(12, size)) == [list(range(12))]
    edge = read_clips(path, Clip(1, size)).clips[0, 0, 1, 1].mean()
    assert edge < 60 or edge > 190, "the grey outside the square must be cropped"


def test_odd_sizes(tmp_path: Path) -> None:
    path = write_numbered(
        tmp_path / "a.mkv", 12, 75, 53, codec="mpeg4", options={"qscale": "2"}, pixels="yuv420p"
    )
    assert numbers(path, Clip(12, 27)) == [list(range(12))]


def test_colours_and_means_survive(tmp_path: Path) -> None:
    image = np.zeros((64, 128, 3), np.uint8)
    image[:, :64], image[:, 64:] = (200, 40, 40), (40, 40, 200)
    path = write_video(tmp_path / "a.mp4", [image] * 4, options={"crf": "10"})
    frame = read_clips(path, Clip(1, 32)).clips[0, 0].astype(int)
    assert np.abs(frame[:, :12] - (200, 40, 40)).mean() < 6
    assert np.abs(frame[:, 20:] - (40, 40, 200)).mean() < 6


def test_scaling_is_by_area(tmp_path: Path) -> None:
    fine = np.indices((128, 128)).sum(0) % 2 * 255
    image = np.repeat(fine[..., None], 3, 2).astype(np.uint8)
    path = write_video(tmp_path / "a.mkv", [image], codec="ffv1", pixels="gray")
    frame = read_clips(path, Clip(1, 32)).clips[0, 0]
    assert 120 < frame.min() <= frame.max() < 136, "a fine chequerboard must turn grey"


@pytest.mark.parametrize(
    ("rotation", "corner"), [(0, (0, 0)), (90, (-1, 0)), (-90, (0, -1)), (180, (-1, -1))]
)
def test_sideways_recordings_are_turned_upright(
    tmp_path: Path, rotation: int, corner: tuple[int, int]
) -> None:
    path = write_video(tmp_path / "a.mp4", [numbered_frame(1, 96, 64)] * 2, rotation=rotation)
    frame = read_clips(path, Clip(1, 33)).clips[0, 0]
    assert frame[corner].mean() > 150
    assert (frame.mean(2) > 128).sum() == pytest.approx(11 * 11, abs=24)


def test_frames_outside_an_edit_list_are_not_shown(tmp_path: Path) -> None:
    """A trimmed MP4 keeps the frames that were cut off, and says which."""
    path = write_numbered(tmp_path / "a.mp4", 90, options={"bf": "0"})
    data = bytearray(path.read_bytes())
    media_time = data.find(b"elst") + 16 if b"elst" in data else None
    if media_time is None:
        pytest.skip("this muxer writes no edit list")
    data[media_time : media_time + 4] = (512 * 30).to_bytes(4, "big")
    path.write_bytes(data)
    assert count_frames(path) == 60
    assert numbers(path, Clip(60, 32)) == [list(range(30, 90))]


def test_frames_that_are_never_shown_do_not_count(tmp_path: Path) -> None:
    """VP8 has packets that only feed later frames, which counting packets cannot know."""
    plain = write_numbered(tmp_path / "a.webm", 30, codec="libvpx", options={"g": "10"})
    path = tmp_path / "b.webm"
    with av.open(str(plain)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(source.demux(source.streams.video[0])):
            if packet.dts is None:
                continue
            data, pts = bytes(packet), packet.pts
            copies = [data]
            if number in (10, 20):
                copies.insert(0, bytes([data[0] & ~0x10]) + data[1:])
            for copy in copies:
                part = av.Packet(copy)
                part.stream, part.pts, part.dts = stream, pts, pts
                part.is_keyframe, part.time_base = packet.is_keyframe, packet.time_base
                target.mux(part)
    assert count_frames(path) == 32
    decoded = read_clips(path, Clip(30, 32))
    assert not decoded.short
    assert [read_number(frame) for frame in decoded.clips[0]] == list(range(30))


def test_sound_beside_the_picture_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        sound = container.add_stream("aac", rate=16000)
        picture = container.add_stream("libx264", rate=30)
        picture.width = picture.height = 64
        picture.pix_fmt = "yuv420p"
        for start in range(0, 64000, 1024):
            audio = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            audio.sample_rate, audio.pts = 16000, start
            container.mux(sound.encode(audio))
        for number in range(20):
            frame = av.VideoFrame.from_ndarray(numbered_frame(number), format="rgb24")
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
        container.mux(sound.encode(None))
    assert numbers(path, Clip(20, 32)) == [list(range(20))]


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("share", [0.3, 0.8])
def test_a_file_cut_short_is_unreadable(tmp_path: Path, suffix: str, share: float) -> None:
    frames = textured_frames(120, 96, 64)
    path = cut(write_video(tmp_path / f"a.{suffix}", frames, **FORMATS[suffix]), share)
    with pytest.raises(UnreadableVideo):
        read_clips(path, Clip(4, 32))


@pytest.mark.parametrize("share", [0.4, 0.9])
def test_an_mp4_whose_index_survives_the_cut(tmp_path: Path, share: float) -> None:
    path = write_video(tmp_path / "a.mp4", textured_frames(60, 96, 64), muxer=FAST_START)
    with pytest.raises(UnreadableVideo, match="cut short"):
        read_clips(cut(path, share), Clip(4, 32))


@pytest.mark.parametrize("suffix", ["mp4", "mov", "avi"])
def test_a_damaged_file_is_unreadable(tmp_path: Path, suffix: str) -> None:
    path = write_video(tmp_path / f"a.{suffix}", textured_frames(60, 96, 64), **FORMATS[suffix])
    with pytest.raises(UnreadableVideo):
        read_clips(damage(path), Clip(16, 32), clips_per_video=2)


def test_a_decoder_that_gives_too_few_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_numbered(tmp_path / "a.mp4", 20)
    monkeypatch.setattr(decoding, "count_frames", lambda path: 40)
    with pytest.raises(UnreadableVideo, match="only 20 of 40 frames can be decoded"):
        read_clips(path, Clip(40, 32))


def test_what_is_no_video_is_said(tmp_path: Path) -> None:
    def reason(path: Path) -> str:
        with pytest.raises(UnreadableVideo) as caught:
            read_clips(path, Clip(4, 32))
        assert caught.value.reason in str(caught.value)
        return caught.value.reason

    empty, text, playlist = (tmp_path / f"{name}.mp4" for name in ("empty", "text", "list"))
    empty.touch()
    text.write_text("no video\n" * 100)
    target = write_numbered(tmp_path / "real.mp4", 8)
    playlist.write_text(f"ffconcat version 1.0\nfile {target.name}\n")
    assert reason(empty) == "the file is empty"
    assert reason(text).startswith("damaged, or not an MP4")
    assert reason(playlist).startswith("damaged, or not an MP4"), "it would open other files"
    assert reason(write_audio(tmp_path / "sound.mp4")) == "it has no video stream"
    assert reason(tmp_path / "gone.mp4") == "no such file or directory"
    strip = write_video(tmp_path / "strip.mkv", [np.zeros((4, 80, 3), np.uint8)], codec="ffv1")
    assert reason(strip).startswith("its frames are 80 x 4")
