"""The connection to Kubeflow Pipelines: who is let in, what is asked again, and what is told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipelines import connecting
from pipelines.connecting import Access, Kubeflow, KubeflowError, Passing
from tests.pipelines.kfp_server import KfpServer
from videonas.errors import SettingsError, VideonasError


def refused(access: Access) -> str:
    """The sentence by which a connection is refused."""
    with pytest.raises(VideonasError) as told:
        Kubeflow(access)
    assert "\n" not in str(told.value)
    assert "allowed" in str(told.value)
    return str(told.value)


def test_a_token_is_read_from_its_file_for_each_request(kfp: KfpServer, tmp_path: Path) -> None:
    kfp.token = "first"
    (tmp_path / "token").write_text("first\n")
    kubeflow = Kubeflow(Access(kfp.host, token_file=tmp_path / "token"))
    kfp.token = "second"
    (tmp_path / "token").write_text("second\n")
    assert kubeflow.everything("listing", kubeflow.client.list_pipelines, "pipelines") == []


def test_a_token_is_also_where_the_environment_of_kfp_says(
    kfp: KfpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kfp.token = "secret"
    (tmp_path / "token").write_text("secret")
    monkeypatch.setenv("KF_PIPELINES_SA_TOKEN_PATH", str(tmp_path / "token"))
    assert Kubeflow(Access(kfp.host)).namespace is None


def test_without_the_token_one_is_told_how_to_give_it(kfp: KfpServer, tmp_path: Path) -> None:
    kfp.token = "secret"
    assert "does not know who you are (401" in refused(Access(kfp.host))
    (tmp_path / "token").write_text("guessed")
    told = refused(Access(kfp.host, token_file=tmp_path / "token"))
    assert "--token-file" in told
    assert "guessed" not in told


def test_a_proxy_is_taken_from_the_environment_and_where_none_is_wanted_too(
    kfp: KfpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", kfp.host)
    Kubeflow(Access("http://kubeflow.invalid/pipeline/"))
    assert kfp.requests == ["GET healthz"]
    monkeypatch.setenv("no_proxy", "kubeflow.invalid")
    assert "no answer from http://kubeflow.invalid/pipeline" in refused(
        Access("http://kubeflow.invalid/pipeline/")
    )


@pytest.mark.parametrize("content", [b"", b"\n", b"two\nlines", b"\xff\xfe"], ids=repr)
def test_a_file_that_holds_no_token_is_named(
    kfp: KfpServer, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "token").write_bytes(content)
    assert str(tmp_path / "token") in refused(Access(kfp.host, token_file=tmp_path / "token"))
    assert kfp.requests == []


def test_namespaces_are_for_servers_with_users(kfp: KfpServer) -> None:
    assert "--namespace team-a" in refused_single(kfp)
    kfp.multi_user = True
    assert "--namespace is missing" in refused(Access(kfp.host))
    assert Kubeflow(Access(kfp.host, "team-a")).namespace == "team-a"


def refused_single(kfp: KfpServer) -> str:
    with pytest.raises(SettingsError) as told:
        Kubeflow(Access(kfp.host, "team-a"))
    return str(told.value)


@pytest.mark.parametrize(
    "host",
    [None, "", "ftp://kfp", "https://", "https://kfp:port", "https://my kfp", "https://me:pw@kfp"],
    ids=repr,
)
def test_what_is_no_address_is_refused_before_anything_is_sent(host: str | None) -> None:
    with pytest.raises(SettingsError) as told:
        Kubeflow(Access(host))
    assert "--host" in str(told.value)
    assert "pw" not in str(told.value)


def test_a_port_at_which_nobody_listens_is_told_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"http://127.0.0.1:{free.getsockname()[1]}"
    told = refused(Access(host))
    assert f"no answer from {host}" in told
    assert "Connection refused" in told


@pytest.fixture
def stranger() -> Iterator[tuple[str, dict[str, Any]]]:
    """A web server that is no KFP, and what it answers."""
    says: dict[str, Any] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(says["status"])
            self.end_headers()
            self.wfile.write(says["body"])

        def log_message(self, format: str, *args: Any) -> None:
            """Is silent."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", says
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (404, b"<html>404</html>", "it answers 404"),
        (200, b"<!doctype html><HTML><body>Log in</body>", "a web page, perhaps one to sign in"),
        (200, b"", "something else is"),
        (200, b"[1]", "something else is"),
        (200, b"\xff\xfe", "something else is"),
    ],
    ids=repr,
)
def test_a_server_that_is_no_kfp_is_told_by_what_it_says(
    stranger: tuple[str, dict[str, Any]], status: int, body: bytes, words: str
) -> None:
    host, says = stranger
    says |= {"status": status, "body": body}
    told = refused(Access(host))
    assert f"{host} is no Kubeflow Pipelines" in told
    assert words in told


@pytest.mark.parametrize("fault", ["500", "cut"])
def test_what_can_pass_is_asked_again(kfp: KfpServer, fault: str) -> None:
    kfp.faults += [("GET healthz", fault)] * 2
    Kubeflow(Access(kfp.host))
    assert kfp.faults == []


def test_what_does_not_pass_is_told_in_the_end(
    kfp: KfpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "PATIENCE", 0.3)
    kfp.faults += [("GET healthz", "500")] * 1000
    with pytest.raises(Passing, match="answered 500 when asking for its state: 'Internal Server"):
        Kubeflow(Access(kfp.host))


def test_a_server_that_accepts_and_never_answers_is_told(
    kfp: KfpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """kfp's own client would wait for ever, here in a method of it that takes no time limit."""
    kubeflow = Kubeflow(Access(kfp.host))
    monkeypatch.setattr(connecting, "TIMEOUT", (1, 0.1))
    monkeypatch.setattr(connecting, "PATIENCE", 0.3)
    kfp.faults += [("GET pipelines", "silence")] * 1000
    with pytest.raises(Passing, match="cut the connection when listing"):
        kubeflow.everything("listing", kubeflow.client.list_pipelines, "pipelines")


def test_a_refusal_is_not_asked_again(kfp: KfpServer) -> None:
    kfp.multi_user = True
    kubeflow = Kubeflow(Access(kfp.host, "team-b"))
    before = len(kfp.requests)
    with pytest.raises(KubeflowError, match=r"in namespace 'team-b' \(403: .*not authorized"):
        kubeflow.ask("looking", kubeflow.client.list_experiments, namespace="team-b")
    assert len(kfp.requests) == before + 1


@pytest.mark.parametrize("host", ["https://kf.org/pipeline", "http://localhost:8080/"])
def test_addresses_lead_to_the_user_interface(
    kfp: KfpServer, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """The interface may be elsewhere than what is asked, as in a pod of the cluster."""
    assert Kubeflow(Access(kfp.host)).address("runs/details/1") == f"{kfp.host}/#/runs/details/1"
    monkeypatch.setenv("KF_PIPELINES_UI_ENDPOINT", host)
    expected = f"{host.rstrip('/')}/#/runs/details/1"
    assert Kubeflow(Access(kfp.host)).address("runs/details/1") == expected
