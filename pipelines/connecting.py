"""A connection to Kubeflow Pipelines: kfp's own client, and what it lacks.

It lacks time limits, lists of several pages, retries and errors of one sentence. A server error or
a connection that was cut is retried; after a request that creates something, what it was to create
is looked for first, since its answer may be all that was lost.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import time
import urllib.request
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import kfp
import kfp_server_api
import urllib3
from google.api_core import exceptions
from google.api_core.retry import Retry, if_exception_type
from kfp.client import KF_PIPELINES_SA_TOKEN_ENV, KF_PIPELINES_SA_TOKEN_PATH
from kfp.client.client import KF_PIPELINES_UI_ENDPOINT_ENV
from kfp.client.set_volume_credentials import ServiceAccountTokenVolumeCredentials
from kfp_server_api import ApiException

from videonas.errors import SettingsError, VideonasError, brief

Thing = TypeVar("Thing")

models: Any = kfp_server_api
"""What is sent and answered."""

TIMEOUT = (10, 60)
"""Seconds in which a connection stands, and in which an answer begins."""

PATIENCE = 8.0
"""Seconds during which a request is made again after an answer that can pass."""

TRIES = 3
"""Of a request that makes something."""

PAGE = 100
"""Things asked for in one request; there may be more pages."""

PASSING = (429, 500, 502, 503, 504)

CUT = (urllib3.exceptions.ProtocolError, urllib3.exceptions.ReadTimeoutError)


class KubeflowError(VideonasError):
    """Kubeflow Pipelines does not answer, or refuses."""


class Passing(KubeflowError):
    """An answer that may be another one in a moment."""


class AlreadyThere(KubeflowError):
    """Something of that name exists."""


class NotThere(KubeflowError):
    """Nothing of that name or identity exists."""


@dataclass(frozen=True)
class Access:
    """How to reach Kubeflow Pipelines.

    Attributes:
        host: its address.
        namespace: to work in, where Kubeflow has users.
        token_file: holds a bearer token; read anew for each request.
        cookie_file: holds the cookie of a session.
        ca_file: certificates of the authority that the host's own is checked against.
        insecure: whether the host's certificate is not checked.
    """

    host: str | None
    namespace: str | None = None
    token_file: Path | None = None
    cookie_file: Path | None = None
    ca_file: Path | None = None
    insecure: bool = False


class Kubeflow:
    """Kubeflow Pipelines at an address, in a namespace where it has users.

    Attributes:
        client: kfp's own.
        host: address.
        namespace: in which things are created and looked for; None where Kubeflow has no users.

    Raises:
        SettingsError: an address or a file that is not what it should be, or a namespace that is
            missing or not wanted.
        KubeflowError: nothing answers, or something else than Kubeflow Pipelines.
    """

    def __init__(self, access: Access) -> None:
        self.host = _checked_host(access.host)
        self.client = _client(self.host, access)
        self.namespace: str | None = None
        users = self._has_users()
        namespace = access.namespace or self.client.get_user_namespace() or None
        if users and not namespace:
            raise SettingsError(
                f"--namespace is missing: {self.host} serves several users; allowed: a namespace "
                "that you may run in"
            )
        if namespace and not users:
            raise SettingsError(
                f"--namespace {namespace}: {self.host} has no users, so it runs everything in its "
                "own namespace; leave the option out, and the namespace out of kfp's context.json"
            )
        self.namespace = namespace

    def address(self, page: str) -> str:
        """Of a page of the user interface, such as `runs/details/ID`."""
        base = os.environ.get(KF_PIPELINES_UI_ENDPOINT_ENV) or self.host
        return f"{base.rstrip('/')}/#/{page}"

    def ask(self, doing: str, call: Callable[..., Thing], *values: Any, **named: Any) -> Thing:
        """The answer to a request that may be made several times.

        Args:
            doing: what it is for, in words.
            call: method of the client.
            values: its arguments.
            named: its named arguments.

        Raises:
            KubeflowError: it is refused, or nothing answers.
        """
        retry = Retry(
            if_exception_type(Passing), initial=0.2, maximum=2.0, multiplier=2.0, timeout=PATIENCE
        )
        try:
            return retry(self._once)(doing, call, *values, **named)  # type: ignore[no-any-return]
        except exceptions.RetryError as error:
            raise error.cause or error from None

    def everything(
        self, doing: str, call: Callable[..., Any], field: str, *values: Any, **named: Any
    ) -> list[Any]:
        """What a list holds, over all of its pages.

        Args:
            doing: what it is for, in words.
            call: a method of the client that lists.
            field: of its answer, that holds the list.
            values: its arguments.
            named: its named arguments.

        Raises:
            KubeflowError: it is refused, or nothing answers.
        """
        found: list[Any] = []
        token = ""
        while True:
            page = self.ask(doing, call, *values, page_token=token, page_size=PAGE, **named)
            found += getattr(page, field) or []
            if not (token := page.next_page_token or ""):
                return found

    def first(
        self, doing: str, call: Callable[..., Any], field: str, *values: Any, **named: Any
    ) -> Any:
        """The first thing of a list; None where there is none. See `everything`."""
        return next(iter(self.everything(doing, call, field, *values, **named)), None)

    def find_or_make(
        self,
        doing: str,
        find: Callable[[], Thing | None],
        call: Callable[..., Thing],
        *values: Any,
        **named: Any,
    ) -> tuple[Thing, bool]:
        """What is there, or is made now, and whether it was made.

        Args:
            doing: what the request that makes it is for, in words.
            find: looks for it.
            call: method of the client that makes it.
            values: its arguments.
            named: its named arguments.

        Raises:
            KubeflowError: it is refused, or nothing answers.
        """
        if (found := find()) is not None:
            return found, False
        for attempt in range(1, TRIES + 1):
            try:
                return self._once(doing, call, *values, **named), True
            except (Passing, AlreadyThere) as error:
                if (found := find()) is not None:
                    return found, isinstance(error, Passing)
                if attempt == TRIES or isinstance(error, AlreadyThere):
                    raise
                time.sleep(0.2 * attempt)
        raise AssertionError("unreachable")

    def _once(self, doing: str, call: Callable[..., Thing], *values: Any, **named: Any) -> Thing:
        """One request, its errors as sentences."""
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # the client prints some addresses
                return call(*values, **named)
        except ApiException as error:
            raise self._refusal(doing, error) from None
        except urllib3.exceptions.HTTPError as error:
            raise self._silence(doing, error) from None

    def _refusal(self, doing: str, error: ApiException) -> KubeflowError:
        status, message = error.status or 0, _message(error)
        if status == 401:
            return KubeflowError(
                f"{self.host} does not know who you are (401, {doing}); allowed: --token-file, "
                "--cookie-file, or an environment that kfp's client reads"
            )
        if status == 403:
            place = f" in namespace {self.namespace!r}" if self.namespace else ""
            return KubeflowError(
                f"{self.host} does not allow {doing}{place} (403{message}); allowed: a namespace "
                "that exists and in which you may create runs"
            )
        sentence = f"{self.host} answered {status} when {doing}{message}"
        kinds = {404: NotThere, 409: AlreadyThere, **dict.fromkeys(PASSING, Passing)}
        return kinds.get(status, KubeflowError)(sentence)

    def _silence(self, doing: str, error: urllib3.exceptions.HTTPError) -> KubeflowError:
        reason = getattr(error, "reason", None) or error
        if isinstance(reason, CUT):
            return Passing(f"{self.host} cut the connection when {doing}")
        why = str(reason).rpartition(": ")[2] or type(reason).__name__
        return KubeflowError(
            f"no answer from {self.host} ({why}); allowed for --host: the address of Kubeflow "
            "Pipelines, such as https://kubeflow.example.org/pipeline"
        )

    def _has_users(self) -> bool:
        """Whether Kubeflow has users with namespaces of their own; shows that it is one at all."""
        stranger = (
            f"{self.host} is no Kubeflow Pipelines: {{}} where its state should be; allowed for "
            "--host: the address of its API, such as https://kubeflow.example.org/pipeline"
        )
        try:
            answer = self.ask(
                "asking for its state",
                self.client.healthzs.healthz_service_get_healthz, _preload_content=False,
            )
        except NotThere:
            raise KubeflowError(stranger.format("it answers 404")) from None
        try:
            state = json.loads(answer.data)
        except ValueError:
            state = None
        if not isinstance(state, dict):
            page = b"<html" in answer.data[:1000].lower()
            what = "a web page, perhaps one to sign in at, is" if page else "something else is"
            raise KubeflowError(stranger.format(what))
        return state.get("multi_user") is True


def by_name(name: str) -> str:
    """The filter of a list: things that are shown under a name."""
    return json.dumps(
        {"predicates": [{"operation": "EQUALS", "key": "display_name", "stringValue": name}]}
    )


def _checked_host(host: str | None) -> str:
    allowed = "allowed: an address such as https://kubeflow.example.org/pipeline"
    if not host:
        raise SettingsError(f"--host is missing, and KF_PIPELINES_ENDPOINT is not set; {allowed}")
    host = host.rstrip("/") if "://" in host else f"https://{host.rstrip('/')}"
    try:
        parts = urlsplit(host)
        named, _ = parts.hostname, parts.port
    except ValueError:
        named = None
    if not named or parts.scheme not in ("http", "https") or any(c.isspace() for c in host):
        raise SettingsError(f"--host {brief(host)}: not an address of a web server; {allowed}")
    if parts.username or parts.password:
        raise SettingsError("--host holds a name or password; give --token-file or --cookie-file")
    return host


class _Client(kfp.Client):  # type: ignore[misc]
    """kfp's client, whose constructor asks nothing: it would ask five times, seconds apart."""

    def get_kfp_healthz(self, sleep_duration: int = 0) -> Any:
        """As if the server had no users; `Kubeflow` asks whether it has."""
        return models.V2beta1GetHealthzResponse(multi_user=False)


def _client(host: str, access: Access) -> Any:
    """Kfp's client, as its own options and environment make it."""
    token = access.token_file or os.environ.get(KF_PIPELINES_SA_TOKEN_ENV)
    if token is None and Path(KF_PIPELINES_SA_TOKEN_PATH).exists():  # in a pod of the cluster
        token = KF_PIPELINES_SA_TOKEN_PATH
    credentials = None
    if token is not None:
        _secret(Path(token))  # told here: the client would only log it
        credentials = ServiceAccountTokenVolumeCredentials(str(token))
    if access.ca_file is not None:
        access.ca_file.read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        client = _Client(
            host=host,
            cookies=_secret(access.cookie_file) if access.cookie_file else None,
            credentials=credentials,
            ssl_ca_cert=str(access.ca_file) if access.ca_file else None,
            verify_ssl=False if access.insecure else None,
            proxy=_proxy(host),
        )
    rest = client.runs.api_client.rest_client  # that of all interfaces
    request = rest.request
    # the client's methods take no time limit, and a request without one waits for ever
    rest.request = lambda *values, **named: request(
        *values, **{**named, "_request_timeout": TIMEOUT}
    )
    return client


def _secret(path: Path) -> str:
    """What a file holds, which is never shown.

    Raises:
        SettingsError: it is empty, or holds several lines or bytes that are no text.
    """
    try:
        words = path.read_text(encoding="ascii").strip()
    except UnicodeDecodeError:
        words = ""
    if not words or len(words.splitlines()) != 1:
        raise SettingsError(f"{path}: allowed: one line of ASCII, a token or a cookie")
    return words


def _proxy(host: str) -> str | None:
    """The proxy that the environment names for a host; the client itself does not look there."""
    parts = urlsplit(host)
    if urllib.request.proxy_bypass(parts.netloc):
        return None
    return urllib.request.getproxies().get(parts.scheme)


def _message(error: ApiException) -> str:
    """What the server says, in brackets' words, or nothing."""
    try:
        body = json.loads(error.body or "")
    except ValueError:
        return ""
    said = body.get("message") or body.get("error") if isinstance(body, dict) else None
    return f": {brief(said.splitlines()[0])}" if isinstance(said, str) and said else ""
