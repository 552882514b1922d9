"""A data set made from an earlier one is the one that is made anew, byte by byte."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.test_prepare import STREAMS, numbered_from
from tests.videos import write_video
from videonas.codec import encode
from videonas.data import decoding, sources
from videonas.data.earlier import EarlierClips
from videonas.data.layouts.recognise import find_sources
from videonas.data.prepare import Prepared, prepare_dataset
from videonas.data.sources import source_digest
from videonas.search.dataset import Shard
from videonas.search.settings import Settings, make_settings
from videonas.task import Clip

LENIENT = {
    "max_bad_videos": 0.4, "validation_fraction": 0.4, "clips_per_video": 2, "decode_threads": 1,
}
Change = Callable[[Path, list[Path]], None]


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Sixteen small videos, each with numbers of its own; the last ones are short, or bad."""
    folder = tmp_path_factory.mktemp("pool")
    paths = [folder / f"{number}.avi" for number in range(16)]
    for number, path in enumerate(paths):
        write_video(path, numbered_from(20 * number, 3 if number == 12 else 7), codec="mpeg4")
    paths[13].write_bytes(b"no video")
    return paths


def lay_out(folder: Path, videos: dict[str, Path]) -> Path:
    """Videos by the path that they shall have."""
    for name, path in videos.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / name)
    return folder


def first_ones(folder: Path, pool: list[Path]) -> Path:
    """Two classes of six, and a bad one."""
    names = {f"{'ab'[number % 2]}/{number}.avi": pool[number] for number in range(13)}
    return lay_out(folder, {**names, "a/bad.avi": pool[13]})


def prepare(place: Path, out: Path, earlier: EarlierClips | None = None, **values: Any) -> Prepared:
    """The data set of the videos as they are now."""
    chosen, streams = settings_of(place, values)
    sources = find_sources(chosen)
    digest = source_digest(sources, streams, chosen)
    return prepare_dataset(sources, out, streams, chosen, digest, earlier=earlier)


def settings_of(place: Path, values: dict[str, Any]) -> tuple[Settings, dict[str, Clip]]:
    """Settings, and the clip that `streams` names among them."""
    streams = values.pop("streams", STREAMS)
    return make_settings({"videos": str(place), **LENIENT, **values}), streams


def clips_in(made: Prepared, folder: Path) -> EarlierClips:
    """An earlier data set whose shards lie in a folder."""

    def fetch(split: str) -> list[tuple[Path, Shard]]:
        """Its files."""
        return [(folder / shard.name, shard) for shard in made.dataset.splits[split].shards]

    return EarlierClips(made.dataset, made.videos, fetch)


def content(made: Prepared, folder: Path) -> dict[str, bytes]:
    """All that is kept of a data set."""
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    return {
        **files, "dataset": encode(made.dataset, "dataset/2"),
        "videos": encode(made.videos, "videos/1"),
    }


class Decoded(list[str]):
    """The names of the videos that are decoded, while it is in place."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        super().__init__()
        read_clips = decoding.read_clips

        def noting(path: Path, *arguments: Any) -> decoding.DecodedVideo:
            """Decodes as always."""
            self.append(path.name)
            return read_clips(path, *arguments)

        patch.setattr(decoding, "read_clips", noting)


def nothing(folder: Path, pool: list[Path]) -> None:
    """All stays as it is."""


def add(folder: Path, pool: list[Path]) -> None:
    """Two new ones."""
    lay_out(folder, {"a/new.avi": pool[14], "b/newer.avi": pool[15]})


def remove(folder: Path, pool: list[Path]) -> None:
    """Two are gone."""
    (folder / "a/0.avi").unlink()
    (folder / "b/7.avi").unlink()


def change(folder: Path, pool: list[Path]) -> None:
    """One is another, a bad one is good, and a good one is bad."""
    lay_out(folder, {"a/2.avi": pool[14], "a/bad.avi": pool[15], "b/1.avi": pool[13]})


def rename(folder: Path, pool: list[Path]) -> None:
    """One has another name, two have each other's, and one is of another class."""
    (folder / "a/0.avi").rename(folder / "a/zero.avi")
    (folder / "a/2.avi").rename(folder / "a/x")
    (folder / "a/4.avi").rename(folder / "a/2.avi")
    (folder / "a/x").rename(folder / "a/4.avi")
    (folder / "b/1.avi").rename(folder / "a/1.avi")


def another_class(folder: Path, pool: list[Path]) -> None:
    """One that moves the labels of all others."""
    lay_out(folder, {f"Aa/{number}.avi": pool[number] for number in (0, 1, 2, 3)})


@pytest.mark.parametrize("shard_bytes", [64 << 20, 1], ids=["one shard", "many shards"])
@pytest.mark.parametrize(
    ("alter", "decoded"),
    [
        (nothing, set()),
        (add, {"new.avi", "newer.avi"}),
        (remove, set()),
        (change, {"2.avi", "bad.avi", "1.avi"}),
        (rename, {"zero.avi", "2.avi", "4.avi", "1.avi"}),
        (another_class, {"0.avi", "1.avi", "2.avi", "3.avi"}),
    ],
)
def test_what_is_taken_over_is_what_is_made_anew(
    pool: list[Path], tmp_path: Path, alter: Change, decoded: set[str], shard_bytes: int,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("videonas.data.shards.SHARD_BYTES", shard_bytes)
    folder = first_ones(tmp_path / "videos", pool)
    before = prepare(folder, tmp_path / "before")
    alter(folder, pool)
    expected = content(prepare(folder, tmp_path / "anew"), tmp_path / "anew")
    names = Decoded(monkeypatch)
    with caplog.at_level(logging.INFO, "videonas"):
        made = prepare(folder, tmp_path / "after", clips_in(before, tmp_path / "before"))
    assert content(made, tmp_path / "after") == expected
    assert set(names) == decoded
    assert len(names) == len(decoded)
    total = len(made.videos.videos)
    assert f"{total - len(decoded)} of {total} videos are as they were" in caplog.text
    assert f"and were taken over, {len(decoded)} decoded" in caplog.text


NUMBERS = st.dictionaries(
    st.sampled_from([f"{label}/{number}.avi" for label in "ab" for number in range(6)]),
    st.integers(0, 15), min_size=9,
)


@given(NUMBERS, NUMBERS, st.integers(1, 200_000))
@settings(max_examples=8, deadline=None)
def test_any_change(
    pool: list[Path], tmp_path_factory: pytest.TempPathFactory, before: dict[str, int],
    after: dict[str, int], shard_bytes: int,
) -> None:
    """Whatever lies under whatever name, in shards of any length; one data set after another."""
    folder = tmp_path_factory.mktemp("any")
    allowed: dict[str, Any] = {"max_bad_videos": 0.99, "test_fraction": 0}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("videonas.data.shards.SHARD_BYTES", shard_bytes)
        earlier = None
        for number, videos in enumerate((before, after)):
            place = lay_out(folder / f"{number}", {n: pool[v % 12] for n, v in videos.items()})
            out = folder / f"out{number}"
            made = prepare(place, out, earlier, **allowed)
            anew = prepare(place, folder / f"anew{number}", **allowed)
            assert content(made, out) == content(anew, folder / f"anew{number}")
            earlier = clips_in(made, out)


@pytest.mark.parametrize(
    "values",
    [{"clips_per_video": 1}, {"frame_step": 2}, {"streams": {"rgb": Clip(3, 16)}}],
    ids=str,
)
def test_clips_of_another_kind_are_not_taken(
    pool: list[Path], tmp_path: Path, values: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = first_ones(tmp_path / "videos", pool)
    before = clips_in(prepare(folder, tmp_path / "before"), tmp_path / "before")
    expected = content(prepare(folder, tmp_path / "anew", **values), tmp_path / "anew")
    names = Decoded(monkeypatch)
    made = prepare(folder, tmp_path / "after", before, **values)
    assert content(made, tmp_path / "after") == expected
    assert len(names) == len(made.videos.videos)


def test_clips_of_an_older_decoder_are_not_taken_though_the_digest_is_the_same(
    pool: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a data set would hold some videos upright and others not."""
    folder = first_ones(tmp_path / "videos", pool)
    with monkeypatch.context() as older:
        older.setattr(sources, "DECODER", sources.DECODER - 1)
        before = prepare(folder, tmp_path / "before")
    names = Decoded(monkeypatch)
    made = prepare(folder, tmp_path / "after", clips_in(before, tmp_path / "before"))
    assert made.dataset.digest == before.dataset.digest
    assert len(names) == len(made.videos.videos)


@pytest.mark.parametrize("harm", ["removed", "damaged"])
def test_a_shard_that_is_not_what_it_was_is_not_used(
    pool: list[Path], tmp_path: Path, harm: str, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    folder = first_ones(tmp_path / "videos", pool)
    before = prepare(folder, tmp_path / "before")
    expected = content(before, tmp_path / "before")
    path = tmp_path / "before/train-00000.tfrecord"
    path.write_bytes(path.read_bytes()[:-1])
    if harm == "removed":
        path.unlink()
    names = Decoded(monkeypatch)
    made = prepare(folder, tmp_path / "after", clips_in(before, tmp_path / "before"))
    assert content(made, tmp_path / "after") == expected
    assert len(names) == len(made.videos.videos)
    assert "all videos are decoded anew" in caplog.text


def test_a_file_that_could_not_be_read_is_tried_again(
    pool: list[Path], tmp_path: Path
) -> None:
    """It has no fingerprint, so its reason may be another one now."""
    folder = first_ones(tmp_path / "videos", pool)
    (folder / "a/link.avi").symlink_to("gone.avi")
    before = prepare(folder, tmp_path / "before")
    assert "no such file or directory" in [bad.reason for bad in before.dataset.skipped]
    (folder / "a/link.avi").unlink()
    (folder / "a/link.avi").symlink_to("link.avi")
    made = prepare(folder, tmp_path / "after", clips_in(before, tmp_path / "before"))
    (reason,) = (bad.reason for bad in made.dataset.skipped if bad.path == "a/link.avi")
    assert reason == "too many levels of symbolic links"


def test_what_the_record_says_of_each_video(pool: list[Path], tmp_path: Path) -> None:
    folder = first_ones(tmp_path / "videos", pool)
    made = prepare(folder, tmp_path / "out")
    by_path = {video.path: video for video in made.videos.videos}
    assert list(by_path) == sorted(by_path)
    assert by_path["a/bad.avi"].shard is None
    assert (by_path["a/bad.avi"].reason or "").startswith("damaged, or not an MP4")
    assert [video.path for video in by_path.values() if video.short] == ["a/12.avi"]
    assert by_path["b/1.avi"].size == (folder / "b/1.avi").stat().st_size
    for name, split in made.dataset.splits.items():
        first = [v.position for v in by_path.values() if (v.shard or "").startswith(f"{name}-")]
        assert sorted(first) == list(range(0, split.clips, 2)), "one shard, two clips a video"
