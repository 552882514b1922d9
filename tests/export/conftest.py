"""A search on real clips of which the two best are finished, made once; not to be changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.finishing import search_on_clips
from videonas.search.root import SearchRoot
from videonas.steps.finish import Finish, finish


@pytest.fixture(scope="session")
def searched(tmp_path_factory: pytest.TempPathFactory, demo_videos: Path) -> SearchRoot:
    """One generation, two clips a video."""
    folder = tmp_path_factory.mktemp("searched") / "root"
    return search_on_clips(folder, demo_videos, clips_per_video=2)


@pytest.fixture(scope="session")
def finished(searched: SearchRoot) -> Finish:
    """The two best of it."""
    return finish(searched, best=2, train_steps=6)
