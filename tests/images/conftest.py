from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from components.images import EVOLVE, TRAIN
from tests.conftest import SMALL
from tests.images.containers import MOUNT, Volume, docker
from videonas.search.root import SearchRoot
from videonas.steps.data_prep import data_prep
from videonas.steps.evaluate import evaluate
from videonas.steps.mutate import mutate
from videonas.steps.select import select
from videonas.steps.start import start
from videonas.steps.train_candidate import train_candidate


@pytest.fixture(scope="session")
def volume(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Volume]:
    """What the containers share: demo videos, and a file of small settings."""
    if docker("info").returncode != 0:
        pytest.skip("no Docker engine answers")
    for image in (EVOLVE, TRAIN):
        if docker("image", "inspect", image).returncode != 0:
            pytest.skip(f"{image} is not built: make images")
    folder = tmp_path_factory.mktemp("volume")
    folder.chmod(0o777)
    settings = {**SMALL, "candidates_per_pod": 3}
    (folder / "small.yaml").write_text(yaml.safe_dump(settings))
    shared = Volume(folder)
    shared.step(TRAIN, "videonas", "demo-videos", f"{MOUNT}/videos", "--videos-per-class", 6)
    yield shared
    # it belongs to a user whose files this one may not be able to remove
    shared.run(EVOLVE, "find", MOUNT, "-mindepth", 1, "-delete")


@pytest.fixture(scope="session")
def outside(volume: Volume, tmp_path_factory: pytest.TempPathFactory) -> SearchRoot:
    """A search after one generation without containers."""
    root = SearchRoot(str(tmp_path_factory.mktemp("outside") / "root"))
    # measuring would wait for whatever else of ours runs on this machine
    settings = {**SMALL, "measure_latency": False, "videos": str(volume.folder / "videos")}
    start(root, settings)
    data_prep(root)
    mutate(root, 0)
    train_candidate(root, 0)
    evaluate(root, 0)
    select(root, 0)
    return root
