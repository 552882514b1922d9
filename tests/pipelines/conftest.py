"""What tests of `submit` and `schedule` share: a server, and an order that is compiled once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipelines.cluster import Cluster
from pipelines.submitting import Order, prepare
from tests.pipelines.kfp_server import KfpServer, serving

ROOT = "gs://bucket/searches/gestures"


@pytest.fixture
def no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search root cannot be read from here, and that is known at once."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:1")
    monkeypatch.setenv("VIDEONAS_STORE_PATIENCE", "0.1")


@pytest.fixture
def kfp(no_store: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[KfpServer]:
    """Kubeflow Pipelines without users, and an environment that does not lead elsewhere."""
    for name in ("KF_PIPELINES_ENDPOINT", "KF_PIPELINES_UI_ENDPOINT", "KF_PIPELINES_SA_TOKEN_PATH",
                 "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving(KfpServer()) as server:
        yield server


@pytest.fixture(scope="session")
def order() -> Order:
    """A search over mounted videos, a generation a run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:1")
        patch.setenv("VIDEONAS_STORE_PATIENCE", "0.1")
        return prepare(
            "tiny_video", ROOT, {"videos": "/mnt/videos", "batch_size": 8}, 1, Cluster(),
            ["train_pool_memory=8Gi", "train_pool_node_selector={pool: gpu}"],
        )
