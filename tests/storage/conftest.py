from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.storage.faulty_proxy import Proxy
from tests.storage.places import KINDS, REMOTE, Place, new_place, server


def _set_up(kind: str, folder: Path, patch: pytest.MonkeyPatch) -> Place:
    place = new_place(kind, folder)
    for name, value in place.environment.items():
        patch.setenv(name, value)
    return place


@pytest.fixture(params=KINDS)
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Place:
    """A place of every kind."""
    return _set_up(request.param, tmp_path, monkeypatch)


@pytest.fixture(params=REMOTE)
def remote(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Place:
    """A place on a server."""
    return _set_up(request.param, tmp_path, monkeypatch)


@pytest.fixture
def proxy(remote: Place) -> Iterator[Proxy]:
    """The proxy in front of the server of `remote`."""
    proxy = server(remote.kind)
    proxy.calm()
    yield proxy
    proxy.calm()
