"""A real server for `gs://` or `s3://` on this machine, as far away as a store in a region is.

The servers and the proxy that makes each request wait are those of the project's tests.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from tests.storage.faulty_proxy import Proxy
from tests.storage.places import new_place, server


@contextmanager
def slow_server(kind: str, seconds: float, folder: Path) -> Iterator[tuple[str, Proxy]]:
    """A place on a server of its own, at which every request waits.

    The environment names the server to every client while this lasts.

    Args:
        kind: `gs` or `s3`.
        seconds: that each request waits before it is handed on.
        folder: for the cache.

    Yields:
        the URI of the place, and the proxy, which counts requests.

    Raises:
        UsageError: the server is not installed.
    """
    try:
        place = new_place(kind, folder)
        proxy = server(kind)
    except BaseException as error:
        # what the tests raise to skip is no Exception, so that no test takes it for its own
        if type(error).__name__ != "Skipped":
            raise
        raise click.UsageError(f"{kind}://: {error}") from None
    before = {name: os.environ.get(name) for name in place.environment}
    os.environ.update(place.environment)
    try:
        proxy.calm()
        proxy.latency = seconds
        yield place.uri, proxy
    finally:
        proxy.calm()
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
