"""An HTTP server that speaks the part of KFP's v2beta1 REST interface that is used here.

It is as strict as it can be: every body is read with the official client's own models and must be
the same when they write it again, so an unknown field is refused; an uploaded pipeline must load in
kfp and keep the backend's rules, and what a run gives it must be of the types that it declares.
Lists come in pages of two. Faults are injected by request.
"""

from __future__ import annotations

import contextlib
import email
import functools
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import kfp_server_api
import yaml
from kfp import components

from pipelines.checking import find_problems
from pipelines.compiled import Compiled

PAGE = 2
PREFIX = "/apis/v2beta1/"
KINDS = {
    "STRING": str, "NUMBER_INTEGER": int, "NUMBER_DOUBLE": (int, float), "BOOLEAN": bool,
    "STRUCT": dict, "LIST": list,
}
API = kfp_server_api.ApiClient()

Record = dict[str, Any]


class Refused(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class KfpServer:
    """What the server holds, and how it behaves.

    Attributes:
        multi_user: whether it has users with namespaces.
        namespaces: that the user may work in.
        token: that requests must bear, if any.
        faults: kinds of faults by a pattern of "METHOD path"; each happens once. `500`; `cut`, the
            connection before anything is done; `lost`, the connection after it was done; `rival`,
            another client makes the same thing first; `silence`, no answer for a second.
        requests: "METHOD path" of all that came.
        most_enabled: the most recurring runs of one name that were ever enabled together.
    """

    multi_user: bool = False
    namespaces: set[str] = field(default_factory=lambda: {"team-a"})
    token: str | None = None
    faults: list[tuple[str, str]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    most_enabled: int = 0
    pipelines: list[Record] = field(default_factory=list)
    versions: list[Record] = field(default_factory=list)
    experiments: list[Record] = field(default_factory=list)
    runs: list[Record] = field(default_factory=list)
    recurring_runs: list[Record] = field(default_factory=list)
    host: str = ""
    _made: int = 0
    _lock: Any = field(default_factory=threading.RLock)

    @property
    def writes(self) -> list[str]:
        """Requests that change something."""
        return [each for each in self.requests if not each.startswith("GET")]

    def enabled(self) -> list[Record]:
        """Recurring runs that are enabled."""
        return [each for each in self.recurring_runs if each["mode"] == "ENABLE"]

    def answer(self, method: str, path: str, query: Record, request: Any) -> Any:
        """The answer to a request, under a lock."""
        with self._lock:
            for pattern, function in ROUTES:
                if match := re.fullmatch(pattern, f"{method} {path}"):
                    groups = [unquote(each) for each in match.groups()]
                    answer = function(self, query, request, *groups)
                    names = [each["display_name"] for each in self.enabled()]
                    self.most_enabled = max([self.most_enabled, *map(names.count, names)])
                    return answer
        raise Refused(404, "Not Found")

    def fault(self, line: str) -> str | None:
        """The fault that a request meets."""
        with self._lock:
            for each in self.faults:
                if re.search(each[0], line):
                    self.faults.remove(each)
                    return each[1]
        return None

    def check_namespace(self, namespace: str | None) -> None:
        """As KFP does: needed with users, not allowed without."""
        if self.multi_user and namespace not in self.namespaces:
            raise Refused(403, f"User 'me' is not authorized with reason: namespace {namespace}")
        if namespace and not self.multi_user:
            raise Refused(400, "In single-user mode, there are no namespaces")

    def new(self, kind: str, **values: Any) -> Record:
        """A record with an identity and a time, a second after the one before."""
        self._made += 1
        created = f"2026-01-01T00:{self._made // 60:02}:{self._made % 60:02}Z"
        return {f"{kind}_id": f"{kind}-{self._made}", **values, "created_at": created}


def healthz(server: KfpServer, query: Record, request: Any) -> Record:
    return {"multi_user": server.multi_user}


def list_pipelines(server: KfpServer, query: Record, request: Any) -> Record:
    server.check_namespace(query.get("namespace"))
    found = [e for e in server.pipelines if e.get("namespace") == query.get("namespace")]
    return page("pipelines", found, query)


def create_pipeline(server: KfpServer, query: Record, request: Any) -> Record:
    pipeline = read(request, "V2beta1Pipeline")
    server.check_namespace(pipeline.get("namespace"))
    if any(each["name"] == pipeline["name"] for each in server.pipelines):
        raise Refused(409, "The name already exist")
    return add(server.pipelines, server.new("pipeline", **pipeline))


def upload_version(server: KfpServer, query: Record, request: Any) -> Record:
    text = uploaded(request)
    spec = loaded(text)
    if query["pipelineid"] not in [each["pipeline_id"] for each in server.pipelines]:
        raise Refused(404, "no such pipeline")
    if any(each["name"] == query["name"] for each in server.versions):
        raise Refused(409, "The name already exist")
    version = server.new(
        "pipeline_version", pipeline_id=query["pipelineid"], name=query["name"],
        display_name=query["name"], pipeline_spec=spec,
    )
    return add(server.versions, version)


def list_versions(server: KfpServer, query: Record, request: Any, pipeline: str) -> Record:
    found = [each for each in server.versions if each["pipeline_id"] == pipeline]
    return page("pipeline_versions", found, query)


def list_experiments(server: KfpServer, query: Record, request: Any) -> Record:
    server.check_namespace(query.get("namespace"))
    return page("experiments", server.experiments, query)


def create_experiment(server: KfpServer, query: Record, request: Any) -> Record:
    experiment = read(request, "V2beta1Experiment")
    server.check_namespace(experiment.get("namespace"))
    if any(e["display_name"] == experiment["display_name"] for e in server.experiments):
        raise Refused(409, "Already exist")
    made = server.new("experiment", **experiment, storage_state="AVAILABLE")
    return add(server.experiments, made)


def list_runs(server: KfpServer, query: Record, request: Any) -> Record:
    found = [each for each in server.runs if each["experiment_id"] == query["experiment_id"]]
    return page("runs", found, query)


def create_run(server: KfpServer, query: Record, request: Any) -> Record:
    run = read(request, "V2beta1Run")
    check_arguments(server, run)
    return add(server.runs, server.new("run", **run, state="PENDING"))


def list_recurring(server: KfpServer, query: Record, request: Any) -> Record:
    server.check_namespace(query.get("namespace"))
    return page("recurringRuns", server.recurring_runs, query)


def create_recurring(server: KfpServer, query: Record, request: Any) -> Record:
    recurring = read(request, "V2beta1RecurringRun")
    check_arguments(server, recurring)
    if not 1 <= int(recurring["max_concurrency"]) <= 10:
        raise Refused(400, "max concurrency")
    if len(recurring["trigger"]) != 1:
        raise Refused(400, "one trigger")
    cron = recurring["trigger"].get("cron_schedule", {}).get("cron", "0 0 0 1 1 *")
    if len(cron.split()) not in (5, 6) or not re.fullmatch(r"[\d\s*?/,a-zA-Z-]+", cron):
        raise Refused(400, "Schedule cron is not a supported format")
    return add(server.recurring_runs, server.new("recurring_run", **recurring))


def change_recurring(
    server: KfpServer, query: Record, request: Any, identity: str, action: str = "delete"
) -> Record:
    for each in server.recurring_runs:
        if each["recurring_run_id"] == identity:
            if action == "delete":
                server.recurring_runs.remove(each)
            else:
                each["mode"] = action.upper()
            return {}
    raise Refused(404, f"RecurringRun {identity} not found")


ROUTES: list[tuple[str, Callable[..., Any]]] = [
    ("GET healthz", healthz),
    ("GET pipelines", list_pipelines),
    ("POST pipelines", create_pipeline),
    ("POST pipelines/upload_version", upload_version),
    ("GET pipelines/([^/]+)/versions", list_versions),
    ("GET experiments", list_experiments),
    ("POST experiments", create_experiment),
    ("GET runs", list_runs),
    ("POST runs", create_run),
    ("GET recurringruns", list_recurring),
    ("POST recurringruns", create_recurring),
    ("POST recurringruns/([^/:]+):(enable|disable)", change_recurring),
    ("DELETE recurringruns/([^/:]+)", change_recurring),
]


def add(records: list[Record], record: Record) -> Record:
    records.append(record)
    return record


def read(request: Any, model: str) -> Record:
    """A body, as the official client's model of it; nothing in it may be lost on the way."""
    body = json.loads(request.body)
    parsed = API.deserialize(SimpleNamespace(data=request.body), model)
    again: Record = API.sanitize_for_serialization(parsed)
    if not same(again, body):
        raise Refused(400, f"unknown fields: {sorted(set(body) - set(again))}")
    if not body.get("display_name"):
        raise Refused(400, "no display_name")
    return again


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal for protobuf, which takes a long number as text too."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other or (isinstance(one, str) and type(other) is int and one == f"{other}"))


@functools.cache
def loaded(text: str) -> Record:
    """The pipeline in a YAML that kfp can load and the backend can run."""
    components.load_component_from_text(text)
    if problems := find_problems(Compiled.read(text)):
        raise Refused(400, str(problems[0]))
    return next(yaml.safe_load_all(text))  # type: ignore[no-any-return]


def uploaded(request: Any) -> str:
    """The file in a multipart body."""
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    for part in email.message_from_bytes(head + request.body).walk():
        if part.get_param("name", header="content-disposition") == "uploadfile":
            return part.get_payload(decode=True).decode()  # type: ignore[union-attr]
    raise Refused(400, "no file")


def page(name: str, records: list[Record], query: Record) -> Record:
    """Two of the records that a filter lets through, and a token for the next two."""
    if "filter" in query:
        (predicate,) = json.loads(query["filter"])["predicates"]
        if predicate["operation"] not in ("EQUALS", 1) or predicate["key"] != "display_name":
            raise Refused(400, "unknown filter")
        records = [e for e in records if e["display_name"] == predicate["stringValue"]]
    begin = int(query.get("page_token") or 0)
    more = {"next_page_token": str(begin + PAGE)} if begin + PAGE < len(records) else {}
    return {name: records[begin : begin + PAGE], "total_size": len(records), **more}


def check_arguments(server: KfpServer, run: Record) -> None:
    """What a run gives its pipeline, against what the uploaded YAML declares."""
    if run["experiment_id"] not in [each["experiment_id"] for each in server.experiments]:
        raise Refused(404, "no such experiment")
    wanted = run["pipeline_version_reference"]["pipeline_version_id"]
    versions = [e for e in server.versions if e["pipeline_version_id"] == wanted]
    if not versions:
        raise Refused(404, "no such version")
    declared = versions[0]["pipeline_spec"]["root"]["inputDefinitions"]["parameters"]
    given = run["runtime_config"]["parameters"]
    for name, value in given.items():
        if name not in declared:
            raise Refused(400, f"parameter {name} is not in the pipeline")
        kind = KINDS[declared[name]["parameterType"]]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):  # type: ignore[arg-type]
            raise Refused(400, f"parameter {name} is {value!r}")
    for name, about in declared.items():
        if name not in given and not about.get("isOptional") and "defaultValue" not in about:
            raise Refused(400, f"parameter {name} is missing")


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    state: KfpServer

    def handle_any(self) -> None:
        """Answers a request, or meets its fault."""
        parts = urlsplit(self.path)
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = parts.path.partition(PREFIX)[2]  # below any path of a host, and through a proxy
        line = f"{self.command} {path}"
        self.state.requests.append(line)
        fault = self.state.fault(line)
        if fault == "cut":
            return self.cut()
        if fault == "silence":
            time.sleep(1)
            return self.cut()
        if fault == "500":
            return self.say(500, {"message": "Internal Server Error", "code": 13})
        if self.state.token and self.headers["Authorization"] != f"Bearer {self.state.token}":
            return self.say(401, {"error": "Unauthenticated", "code": 16})
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        try:
            if fault == "rival":
                self.state.answer(self.command, path, query, self)
            answer = self.state.answer(self.command, path, query, self)
        except Refused as refused:
            return self.say(refused.status, {"error": str(refused), "message": str(refused)})
        return self.cut() if fault == "lost" else self.say(200, answer)

    do_GET = do_POST = do_DELETE = handle_any

    def cut(self) -> None:
        """Ends the connection without an answer."""
        self.close_connection = True

    def say(self, status: int, answer: Any) -> None:
        """Sends an answer."""
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Is silent."""


@contextlib.contextmanager
def serving(state: KfpServer) -> Iterator[KfpServer]:
    """Serves at `state.host` for as long as it is entered."""
    handler = type("Bound", (Handler,), {"state": state})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        state.host = f"http://127.0.0.1:{server.server_port}"
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
