"""The demo videos: motion tells their class, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from videonas.data import demo
from videonas.data.decoding import read_clips
from videonas.data.demo import CLASSES, DIRECTIONS, FRAMES, SIZE, demo_frames, write_demo_videos
from videonas.data.layouts import class_folders
from videonas.data.packets import count_frames
from videonas.errors import StorageError
from videonas.task import Clip

CHANCE = 1 / len(CLASSES)
PER_CLASS = 50
Array = NDArray[np.float64]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Demo videos of every class."""
    folder = tmp_path_factory.mktemp("demo")
    write_demo_videos(folder, videos_per_class=PER_CLASS)
    return folder


@pytest.fixture(scope="module")
def decoded(folder: Path) -> tuple[Array, NDArray[np.int64]]:
    """What a network sees: `(n, 16, 32, 32)`, grey, standardised; and labels `(n,)`."""
    videos = class_folders.read(folder).videos
    clips = [read_clips(folder / video.path, Clip(FRAMES, 32)).clips[0] for video in videos]
    grey = np.stack(clips).astype(float).mean(-1)
    return (grey - grey.mean()) / grey.std(), np.array([video.labels[0] for video in videos])


def centroid_accuracy(features: Array, labels: NDArray[np.int64]) -> float:
    """Accuracy of the nearest class mean on the second half of each class."""
    features = features.reshape(len(features), -1)
    features = (features - features.mean(0)) / (features.std(0) + 1e-9)
    first = np.arange(len(labels)) % PER_CLASS < PER_CLASS // 2
    classes = np.unique(labels)
    means = np.stack([features[first & (labels == c)].mean(0) for c in classes])
    distance = ((features[~first, None] - means) ** 2).sum(-1)
    return float((classes[distance.argmin(1)] == labels[~first]).mean())


def assert_chance(features: Array, labels: NDArray[np.int64]) -> None:
    """Within three standard errors of guessing among the classes that there are."""
    chance = 1 / len(np.unique(labels))
    error = 3 * np.sqrt(chance * (1 - chance) / (len(labels) / 2))
    assert abs(centroid_accuracy(features, labels) - chance) <= error


def statistics(frames: Array) -> Array:
    """Of images `(n, height, width)`: moments, energies of gradients, brightness by region."""
    along_x, along_y = np.diff(frames, axis=2), np.diff(frames, axis=1)
    cells = frames.reshape(len(frames), 4, 8, 4, 8).mean((2, 4)).reshape(len(frames), -1)
    columns = [frames.mean((1, 2)), frames.std((1, 2)), (frames**3).mean((1, 2))]
    columns += [(along_x**2).mean((1, 2)), (along_y**2).mean((1, 2))]
    columns += [frames.max((1, 2)), frames.min((1, 2))]
    return np.concatenate([np.stack(columns, 1), cells], 1)


def steps(clip: Array) -> Array:
    """Motion between consecutive frames by phase correlation: `(frames - 1, 2)`, x and y."""
    window = np.hanning(clip.shape[1])[:, None] * np.hanning(clip.shape[2])
    spectra = np.fft.fft2(clip * window)
    cross = spectra[1:] * spectra[:-1].conj()
    surface = np.fft.ifft2(cross / (np.abs(cross) + 1e-3 * np.abs(cross).max())).real
    peaks = surface.reshape(len(surface), -1).argmax(1)
    y, x = np.unravel_index(peaks, surface.shape[1:])
    size = np.array(surface.shape[:0:-1])
    motion: Array = (np.stack([x, y], 1) + size // 2) % size - size // 2
    return motion


def class_by_motion(clip: Array) -> str:
    """The class whose directions fit the motion of both halves of a clip best."""
    motion = steps(clip)
    halves = motion[:7].mean(0), motion[8:].mean(0)

    def fit(name: str) -> float:
        parts = zip(CLASSES[name], halves, strict=True)
        return float(sum(np.dot(DIRECTIONS[direction], half) for direction, half in parts))

    return max(CLASSES, key=fit)


def test_how_many_and_of_what_kind(folder: Path) -> None:
    sources = class_folders.read(folder)
    videos = sources.videos
    assert sources.classes == tuple(sorted(CLASSES))
    assert len(videos) == PER_CLASS * len(CLASSES)
    path = folder / videos[0].path
    assert count_frames(path) == FRAMES
    decoded = read_clips(path, Clip(FRAMES, SIZE)).clips[0].astype(int)
    label, _, number = videos[0].path.removesuffix(".mp4").partition("/")
    original = demo_frames(label, 0, int(number.partition("-")[2]))
    assert np.abs(decoded - original[..., None]).mean() < 6
    assert path.stat().st_size < 60_000


def test_motion_tells_the_class(decoded: tuple[Array, NDArray[np.int64]]) -> None:
    clips, labels = decoded
    names = sorted(CLASSES)
    found = [class_by_motion(clip) == names[label] for clip, label in zip(*decoded, strict=True)]
    assert len(clips) == len(labels)
    assert np.mean(found) > 0.9


@pytest.mark.parametrize("index", [0, 4, 7, 8, 11, 15])
def test_no_single_frame_tells_the_class(
    decoded: tuple[Array, NDArray[np.int64]], index: int
) -> None:
    clips, labels = decoded
    assert_chance(clips[:, index], labels)
    assert_chance(statistics(clips[:, index]), labels)


def test_the_mean_frame_does_not_tell_the_class(decoded: tuple[Array, NDArray[np.int64]]) -> None:
    """Its contrast apart, which falls with distance, and there-and-back covers half."""
    clips, labels = decoded
    mean = clips.mean(1)
    mean -= mean.mean((1, 2), keepdims=True)
    assert_chance(mean / mean.std((1, 2), keepdims=True), labels)


def test_the_frames_without_their_order_do_not_tell_a_class_from_its_reverse(
    decoded: tuple[Array, NDArray[np.int64]],
) -> None:
    """Also to someone who looks at blur and range, which do show the axis of motion."""
    clips, labels = decoded
    unordered = [clips.mean(1), clips.std(1), clips.min(1), clips.max(1)]
    features = np.concatenate([statistics(images) for images in unordered], 1)
    names = sorted(CLASSES)
    for pair in (("left", "right"), ("up", "down"), ("left-right", "right-left")):
        chosen = np.isin(labels, [names.index(name) for name in pair])
        assert_chance(features[chosen], labels[chosen])


@pytest.mark.parametrize(("name", "reverse"), [("right-left", "left-right"), ("right", "left")])
def test_positions_are_symmetric(name: str, reverse: str) -> None:
    """The set of positions of a class is its reverse's, moved: exactly, at any speed and turn."""
    for turn in (0.0, 0.3, 0.99):
        there = np.sort(demo._positions(name, 0.04, turn)[:, 0])
        back = np.sort(demo._positions(reverse, 0.04, turn)[:, 0])
        np.testing.assert_allclose(there - there.mean(), back - back.mean(), atol=1e-12)


def test_the_same_seed_gives_the_same_videos_whatever_the_workers(tmp_path: Path) -> None:
    for workers in (1, 4):
        write_demo_videos(tmp_path / str(workers), videos_per_class=2, seed=5, workers=workers)
    one, four = (
        {path.relative_to(tmp_path / name): path.read_bytes() for path in files}
        for name, files in ((n, (tmp_path / n).rglob("*.mp4")) for n in ("1", "4"))
    )
    assert one == four
    assert len(set(one.values())) == 16
    assert not np.array_equal(demo_frames("up", 5, 0), demo_frames("up", 6, 0))


def test_finished_videos_are_kept_and_missing_ones_added(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    write_demo_videos(tmp_path, videos_per_class=1, progress=lambda *done: seen.append(done))
    assert seen == [(number, 8) for number in range(1, 9)]
    kept, lost = tmp_path / "up/0-0000.mp4", tmp_path / "down/0-0000.mp4"
    date, content = kept.stat().st_mtime_ns, lost.read_bytes()
    lost.unlink()
    write_demo_videos(tmp_path, videos_per_class=2)
    assert kept.stat().st_mtime_ns == date
    assert lost.read_bytes() == content
    assert len(list(tmp_path.rglob("*"))) == 8 + 16, "no scratch files are left"


def test_a_video_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "_ENCODER", {"preset": "none such"})
    with pytest.raises(Exception, match="avcodec_open2"):
        write_demo_videos(tmp_path, videos_per_class=1, workers=1)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"file.*Not a directory; demo videos need a folder"):
        write_demo_videos(tmp_path / "file", videos_per_class=1)
