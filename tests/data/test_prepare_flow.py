"""Data sets with flow, of real videos."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data.test_earlier import Decoded, clips_in, content
from tests.videos import textured_frames, write_numbered, write_video
from videonas.data.clips import ClipReader
from videonas.data.decoding import read_clips
from videonas.data.earlier import EarlierClips
from videonas.data.layouts.recognise import find_sources
from videonas.data.prepare import Prepared, prepare_dataset
from videonas.data.sources import recipe_digest, source_digest
from videonas.errors import DataError, SettingsError, VideonasError
from videonas.search.dataset import OpticalFlow, streams_of
from videonas.search.settings import Settings, make_settings
from videonas.spaces import open_space
from videonas.task import Clip, Sampling

CLIP = Clip(4, 24)
RGB = {"rgb": CLIP}
BOTH = {"rgb": CLIP, "flow": Clip(4, 24, 2)}
STILL = 128


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of six textures that drift, one of them for three frames only."""
    folder = tmp_path_factory.mktemp("videos")
    for number in range(12):
        frames = textured_frames(3 if number == 11 else 9, 64, 48, seed=number)
        write_video(folder / f"{'ab'[number % 2]}/{number}.avi", frames, codec="mpeg4")
    return folder


def prepare(
    place: Path, out: Path, streams: dict[str, Clip] = BOTH, earlier: EarlierClips | None = None,
    **values: Any,
) -> Prepared:
    settings = settings_of(place, **values)
    sources = find_sources(settings)
    digest = source_digest(sources, streams, settings)
    return prepare_dataset(sources, out, streams, settings, digest, earlier=earlier)


def settings_of(place: Path, **values: Any) -> Settings:
    given = {"optical_flow": "dis", "clips_per_video": 2, "decode_threads": 1}
    return make_settings({"videos": str(place), **given, **values})


def stored(made: Prepared, folder: Path, streams: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The clips of each video by stream."""
    found: dict[str, dict[str, Any]] = {}
    for split in made.dataset.splits.values():
        files = [(folder / shard.name, shard) for shard in split.shards]
        whole = {name: Sampling(CLIP.frames, 1, CLIP.size) for name in streams}
        reader = ClipReader(files, made.dataset.task, whole)
        clips, _ = reader.read(range(len(reader)))
        for place, video in enumerate(reader.videos()):
            of_video = found.setdefault(video, {name: [] for name in streams})
            for name in streams:
                of_video[name].append(clips[name][place])
    return found


# What the shards hold

@pytest.mark.parametrize("method", ["dis", "tvl1"])
def test_flow_stands_beside_the_same_rgb(
    method: OpticalFlow, videos: Path, tmp_path: Path
) -> None:
    made = prepare(videos, tmp_path / "flow", optical_flow=method)
    plain = prepare(videos, tmp_path / "rgb", RGB, optical_flow="none")
    assert made.dataset.streams == BOTH
    assert made.dataset.task.streams["flow"].channels == 2
    assert made.dataset.source_frames == plain.dataset.source_frames
    with_flow, without = (
        stored(made, tmp_path / "flow", ["rgb", "flow"]), stored(plain, tmp_path / "rgb", ["rgb"])
    )
    assert with_flow.keys() == without.keys()
    for name, clips in with_flow.items():
        assert (np.array(clips["rgb"]) == without[name]["rgb"]).all()
        flow = np.array(clips["flow"])
        decoded = read_clips(videos / name, CLIP, 1, 2, method)
        assert decoded.flow is not None
        assert (flow == decoded.flow).all(), "what predict computes is what was stored"
        # the view goes right and down by 2 and 1 of 48 pixels, so what it shows goes left and up
        inside = flow[:, 0, 4:-4, 4:-4].astype(float).mean((0, 1, 2)) - STILL
        assert inside == pytest.approx([-255 / 2 * 224 / 20 * 2 / 48, -255 / 2 * 224 / 20 / 48],
                                       rel=0.1)


def test_a_video_shorter_than_a_clip_has_no_motion_where_it_begins_again(videos: Path) -> None:
    decoded = read_clips(videos / "b/11.avi", CLIP, 1, 3, "dis")
    assert decoded.short
    assert decoded.flow is not None
    still = (decoded.flow == STILL).all(axis=(2, 3, 4)).tolist()
    # frames 0 1 2 0, 1 2 0 1 and 2 0 1 2; the last place repeats the one before
    assert still == [
        [False, False, True, True], [False, True, False, False], [True, False, False, False],
    ]


def test_flow_goes_from_one_kept_frame_to_the_next(videos: Path) -> None:
    way = []
    for step in (1, 2):
        flow = read_clips(videos / "a/0.avi", CLIP, step, 1, "dis").flow
        assert flow is not None
        way.append(flow[0, :, 4:-4, 4:-4].mean((0, 1, 2)) - STILL)
    assert way[1] == pytest.approx(2 * way[0], rel=0.1)


def test_a_video_of_one_frame_has_no_motion(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "one.avi", 1, codec="mpeg4")
    flow = read_clips(path, CLIP, 1, 1, "dis").flow
    assert flow is not None
    assert (flow == STILL).all()


@pytest.mark.parametrize(("width", "height", "size"), [(10, 8, 8), (6, 10, 4), (96, 16, 33)])
def test_small_and_odd_videos(tmp_path: Path, width: int, height: int, size: int) -> None:
    frames = textured_frames(3, width, height)
    path = write_video(tmp_path / "a.mkv", frames, codec="ffv1", pixels="gray")
    decoded = read_clips(path, Clip(3, size), 1, 1, "dis")
    assert decoded.flow is not None
    assert decoded.flow.shape == (1, 3, size, size, 2)


def test_flow_is_that_of_the_upright_video(tmp_path: Path) -> None:
    frames = list(textured_frames(3, 64, 64, seed=3))
    upright = write_video(tmp_path / "a.mp4", frames, options={"crf": "5"})
    turned = [np.ascontiguousarray(np.rot90(frame, -1)) for frame in frames]
    sideways = write_video(tmp_path / "b.mp4", turned, options={"crf": "5"}, rotation=90)
    one, other = (read_clips(path, Clip(3, 32), 1, 1, "dis") for path in (upright, sideways))
    assert one.flow is not None
    assert other.flow is not None
    assert np.abs(one.flow.astype(int) - other.flow).mean() < 4
    assert np.abs(one.flow.astype(int) - STILL).mean() > 20


# The same bytes

def test_threads_do_not_change_a_byte(videos: Path, tmp_path: Path) -> None:
    one, many = (
        content(prepare(videos, tmp_path / str(n), decode_threads=n), tmp_path / str(n))
        for n in (1, 4)
    )
    assert one == many


def test_clips_of_unchanged_videos_are_taken_over_with_their_flow(
    videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = prepare(videos, tmp_path / "before")
    folder = tmp_path / "videos"
    for path in videos.rglob("*.avi"):
        copy = folder / path.relative_to(videos)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    write_video(folder / "a/new.avi", textured_frames(9, 64, 48, seed=99), codec="mpeg4")
    decoded = Decoded(monkeypatch)
    again = prepare(folder, tmp_path / "over", earlier=clips_in(made, tmp_path / "before"))
    assert len(decoded) == 1
    assert content(again, tmp_path / "over") == content(
        prepare(folder, tmp_path / "anew"), tmp_path / "anew"
    )


@pytest.mark.parametrize(("streams", "method"), [(RGB, "none"), (BOTH, "tvl1")])
def test_nothing_is_taken_over_where_flow_is_another(
    streams: dict[str, Clip], method: OpticalFlow, videos: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = prepare(videos, tmp_path / "before")
    decoded = Decoded(monkeypatch)
    earlier = clips_in(made, tmp_path / "before")
    prepare(videos, tmp_path / "after", streams, earlier, optical_flow=method)
    assert len(decoded) == 12


def test_digests_tell_the_method_and_are_the_old_ones_without_flow() -> None:
    """Those of data sets that were made before there was flow are among them."""
    old = "ac0266c4cfd7e576d7806f3e565963ff2daee36208edb983b96e076e09625d36"
    streams = {"rgb": Clip(4, 32)}
    assert recipe_digest(streams, make_settings({})) == old
    assert recipe_digest(streams, make_settings({"optical_flow": "none"})) == old
    others = {recipe_digest(streams, make_settings({"optical_flow": m})) for m in ("dis", "tvl1")}
    assert len({old, *others}) == 3


# Which streams

def test_the_streams_of_a_data_set() -> None:
    small = open_space("evanet", {"clip_frames": 16, "image_size": 24})
    rgb = {"rgb": Clip(16, 24, 3)}
    assert streams_of(small, "none") == rgb
    assert streams_of(small, "dis") == streams_of(small, "tvl1") == {
        **rgb, "flow": Clip(16, 24, 2)
    }
    on_flow = open_space("evanet", {"clip_frames": 16, "image_size": 24, "stream": "flow"})
    assert streams_of(on_flow, "dis") == streams_of(small, "dis")


@pytest.mark.parametrize(("values", "sentence"), [
    ({"optical_flow": "farneback"}, "setting optical_flow is 'farneback'; input should be 'none', "
                                    "'dis' or 'tvl1'"),
    ({"space": "evanet", "space_options": {"stream": "flow"}},
     "space.stream is flow, and optical_flow is none; allowed: dis, tvl1"),
])
def test_settings_that_cannot_be(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError) as error:
        make_settings(values)
    assert str(error.value).startswith(sentence)


@pytest.mark.parametrize("streams", [RGB, {**RGB, "flow": Clip(4, 12, 2)}, {**RGB, "flow": CLIP}])
def test_streams_that_videos_do_not_give(
    videos: Path, tmp_path: Path, streams: dict[str, Clip]
) -> None:
    with pytest.raises(DataError, match="and 'flow' of the same size with 2"):
        prepare(videos, tmp_path, streams)


def test_without_opencv_no_video_is_decoded(
    videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    decoded = Decoded(monkeypatch)
    with pytest.raises(VideonasError, match=r"pip install 'videonas\[train\]'"):
        prepare(videos, tmp_path / "flow")
    assert decoded == []
    prepare(videos, tmp_path / "rgb", RGB, optical_flow="none")
    assert len(decoded) == 12
