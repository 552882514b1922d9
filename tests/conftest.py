"""What tests share: a small search over real encoded videos, prepared once."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from videonas.data.demo import write_demo_videos
from videonas.search.root import SearchRoot
from videonas.steps.data_prep import data_prep
from videonas.steps.start import start

SMALL: dict[str, Any] = {
    "space_options": {
        "clip_frames": 8, "image_sizes": [8, 12], "frames": [2, 4], "frame_strides": [1, 2],
        "birth_blocks": 2, "max_blocks": 3, "filters": [4, 8], "expand": [1, 2],
        "repeats": [1, 2], "non_local": [0],
    },
    "population": 3,
    "children": 2,
    "generations": 2,
    "train_steps": 4,
    "finish_best": 0,
    "batch_size": 4,
    "latency_warmup": 1,
    "latency_repeats": 3,
    "candidates_per_pod": 2,
    "candidate_timeout": 120.0,
}
"""Settings under which a candidate takes as little time as it can."""


@pytest.fixture(scope="session", autouse=True)
def own_machine_lock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Lets a test process not wait for another's trainings: no test asserts a latency."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path_factory.mktemp("tmp")))
        patch.setattr(tempfile, "tempdir", None)
        yield


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """Takes back what a step in the test's own process does to logging."""
    logger = logging.getLogger("videonas")
    before = logger.handlers[:], logger.level, logger.propagate
    yield
    logger.handlers[:], logger.level, logger.propagate = before


@pytest.fixture(scope="session")
def demo_videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six videos in each of the eight demo classes."""
    folder = tmp_path_factory.mktemp("videos")
    write_demo_videos(folder, videos_per_class=6)
    return folder


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, demo_videos: Path) -> Path:
    """A search root after `start` and `data-prep`; not to be changed."""
    folder = tmp_path_factory.mktemp("prepared") / "root"
    root = SearchRoot(str(folder))
    start(root, {**SMALL, "videos": str(demo_videos)})
    data_prep(root)
    return folder


@pytest.fixture
def new_root(tmp_path: Path, prepared: Path) -> Callable[..., SearchRoot]:
    """Makes a search root of its own for a test, prepared, with further settings."""

    def make(name: str = "root", **settings: Any) -> SearchRoot:
        folder = tmp_path / name
        shutil.copytree(prepared / "data", folder / "data")
        root = SearchRoot(str(folder))
        start(root, {**SMALL, **settings})
        return root

    return make


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if os.getuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("file systems cannot be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)  # a fork server may still end
