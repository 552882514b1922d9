"""A proxy in front of an HTTP server, which hands requests on, or fails as networks and stores do.
"""

from __future__ import annotations

import http.client
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

Kind = Literal[
    "answer", "cut request", "cut answer", "lose answer", "damage", "unconditional", "stale",
    "forget",
]
Answer = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class Request:
    """What the proxy sees of a request."""

    method: str
    path: str

    @property
    def writes(self) -> bool:
        return self.method in ("PUT", "POST")

    @property
    def lists(self) -> bool:
        """Whether it asks for names."""
        path, _, query = self.path.partition("?")
        return self.method == "GET" and (path.endswith("/o") or "list-type=2" in query)


@dataclass(frozen=True)
class Fault:
    """What happens to a request.

    Attributes:
        kind: `answer`: it is not handed on, and answered with a status; `cut request`: the
            connection ends while it is sent; `cut answer`: while it is answered; `lose answer`:
            it takes effect, and is never answered; `damage`: a byte of the answer is another;
            `unconditional`: its conditions are not looked at; `stale`: a listing is what it was
            when it was asked for first; `forget`: it is not handed on, and answered as S3 answers a
            write.
        status: of an answer.
        after: bytes of a body after which the connection ends.
    """

    kind: Kind
    status: int = 0
    after: int = 0


class Proxy:
    """A proxy on a free port.

    Attributes:
        requests: all that came.
        latency: seconds that each waits.
        listings: the first answer to each that lists.
        most_at_once: how many were under way together.
    """

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream).netloc
        self.requests: list[Request] = []
        self.latency = 0.0
        self.most_at_once = self._under_way = 0
        self.listings: dict[str, Answer] = {}
        self._lock = threading.Lock()
        self._choose: Callable[[Request], Fault | None] = lambda request: None
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.netloc = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://{self.netloc}"

    def calm(self) -> None:
        """Hands all on from here, and forgets what came."""
        self.requests.clear()
        self.listings.clear()
        self.latency = 0.0
        self.most_at_once = 0
        self.choose(lambda request: None)

    def choose(self, choose: Callable[[Request], Fault | None]) -> None:
        """Asks for each request which fault it meets."""
        self._choose = choose

    def fail(
        self, *faults: Fault, when: Callable[[Request], bool] = lambda request: True
    ) -> list[Fault]:
        """Lets the next requests meet a fault each; gives back a list of those still to come."""
        left = list(faults)
        self.choose(lambda request: left.pop(0) if left and when(request) else None)
        return left

    @contextmanager
    def meet(self, request: Request) -> Iterator[Fault | None]:
        with self._lock:
            self.requests.append(request)
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
            fault = self._choose(request)
        try:
            time.sleep(self.latency)
            yield fault
        finally:
            with self._lock:
                self._under_way -= 1


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True  # small answers would wait for each other
    proxy: Proxy

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, http.client.HTTPException):
            self.close_connection = True

    def handle_expect_100(self) -> bool:
        going_on = super().handle_expect_100()
        self.wfile.flush()  # the client waits for it
        return going_on

    def _any(self) -> None:
        request = Request(self.command, self.path)
        with self.proxy.meet(request) as fault:
            self._treat(request, fault)

    def _treat(self, request: Request, fault: Fault | None) -> None:
        kind = fault.kind if fault else None
        if fault and kind == "cut request":
            self.rfile.read(min(fault.after, int(self.headers.get("Content-Length") or 0)))
            return self._hang_up()
        body = self._body()
        if fault and kind == "answer":
            return self._answer(fault.status, {"Content-Type": "text/plain"}, b"not now", None)
        if kind == "forget":
            return self._answer(200, {"ETag": '"written"'}, b"", None)
        answer = self._hand_on(body, unconditional=kind == "unconditional")
        if request.lists:
            first = self.proxy.listings.setdefault(request.path, answer)
            answer = first if kind == "stale" else answer
        status, headers, data = answer
        if kind == "lose answer" or (kind == "cut answer" and not data):
            return self._hang_up()
        if kind == "damage" and data:
            data = data[:-1] + bytes([data[-1] ^ 1])
        cut = fault.after if fault and kind == "cut answer" else None
        return self._answer(status, headers, data, cut)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = _any

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while length := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(length)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def _hand_on(self, body: bytes, unconditional: bool) -> Answer:
        dropped = {"expect", "connection", "transfer-encoding", "content-length"}
        path = self.path
        if unconditional:
            dropped.add("if-none-match")
            path = path.replace("ifGenerationMatch=0", "")
        headers = {n: v for n, v in self.headers.items() if n.lower() not in dropped}
        headers["Content-Length"] = str(len(body))
        upstream = http.client.HTTPConnection(self.proxy.upstream, timeout=60)
        try:
            upstream.request(self.command, path, body, headers)
            answer = upstream.getresponse()
            data = answer.read()
        finally:
            upstream.close()
        told = {n: v for n, v in answer.getheaders() if n.lower() not in dropped}
        for name, value in told.items():
            if name.lower() == "location":  # of an upload that goes on
                told[name] = value.replace(self.proxy.upstream, self.proxy.netloc)
        if self.command == "HEAD":
            told["Content-Length"] = answer.getheader("Content-Length") or "0"
        return answer.status, told, data

    def _answer(self, status: int, headers: dict[str, str], data: bytes, cut: int | None) -> None:
        self.send_response_only(status)
        if self.command != "HEAD":
            headers = {**headers, "Content-Length": str(len(data))}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data if cut is None else data[:cut])
        if cut is not None:
            self._hang_up()

    def _hang_up(self) -> None:
        self.wfile.flush()
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


def draw(seed: int, number: int) -> float:
    """A number from 0 to below 1 that depends on nothing else."""
    return zlib.crc32(f"{seed}/{number}".encode()) / 2**32
