"""A search over EvaNets whose data set holds RGB and optical flow, written to shards directly."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from tests.conftest import SMALL
from tests.finishing import one_generation
from videonas.data.shards import ShardWriter
from videonas.search.dataset import SPLITS, Dataset, Split
from videonas.search.root import SearchRoot
from videonas.task import Clip

CLASSES = ("left", "right", "up")
STREAMS = {"rgb": Clip(4, 8, 3), "flow": Clip(4, 8, 2)}
VIDEOS = 9
CLIPS = 2

NARROW: dict[str, Any] = {
    **SMALL,
    "space": "evanet",
    "space_options": {
        "clip_frames": 4, "image_size": 8, "frames": 4, "stem_filters": 4, "stem_side": 3,
        "filters": [8], "time_strides": [1, 2], "side_strides": [2, 2], "birth_branches": 2,
        "max_branches": 2, "repeats": [1], "lengths": [1, 3],
    },
    "population": 3,
    "measure_latency": False,
    "clips_per_video": CLIPS,
}


def search_on_streams(folder: Path, **settings: Any) -> SearchRoot:
    """A search on RGB of which one generation ended."""
    root = SearchRoot(str(folder))
    root.start({**NARROW, "optical_flow": "dis", **settings})
    with tempfile.TemporaryDirectory() as scratch:
        splits = {name: _write(Path(scratch), name) for name in SPLITS}
        root.publish_dataset(
            Dataset("5" * 12, "/videos", dict(STREAMS), CLASSES, splits, 999, 0), Path(scratch)
        )
    one_generation(root)
    return root


def _write(folder: Path, split: str) -> Split:
    """A split of noise in which each class has colours and motion of its own."""
    rng = np.random.default_rng(len(split))
    writer = ShardWriter(folder, split)
    for number in range(VIDEOS):
        label = number % len(CLASSES)
        streams = {
            name: rng.integers(60 * label, 60 * label + 130, (CLIPS, *clip.shape), np.uint8)
            for name, clip in STREAMS.items()
        }
        writer.add(streams, [label], f"{CLASSES[label]}/{number}.mp4")
    per_class = CLIPS * VIDEOS // len(CLASSES)
    return Split(VIDEOS, CLIPS * VIDEOS, (per_class,) * len(CLASSES), writer.close())
