"""A store on Google Cloud Storage, or on what STORAGE_EMULATOR_HOST names."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import google_crc32c
import requests
from google.api_core import exceptions as answers
from google.auth import exceptions as authentication
from google.cloud import storage
from google.cloud.storage.exceptions import DataCorruption, InvalidResponse
from google.cloud.storage.retry import DEFAULT_RETRY

from videonas.errors import StorageError
from videonas.storage.objects import ObjectStore, Version, in_one_line, patience

R = TypeVar("R")

NO_BUCKET_METADATA = "DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA"
"""Environment variable, without which the client asks for the bucket itself in a thread of its own,
whenever an object is not there: for traces that nobody collects, and with a permission that a
search does not need."""

TIMEOUT = (10.0, 60.0)
"""Seconds to connect, and between two pieces of an answer."""

ONCE: Mapping[str, Any] = {"retry": None, "timeout": TIMEOUT}
"""What every request is made with."""


class GcsStore(ObjectStore):
    """`gs://bucket/prefix`.

    Requests are made again after 429, 5xx and cut connections, by the client's own rules. They are
    applied around the client: inside, an error whose text is cut counts as another error. With
    `if_generation_match=0` that is safe for writes: where the answer to the first was lost, the
    second is told that something is there, and reads it back.

    Args:
        uri: `gs://bucket/prefix`.

    Raises:
        StorageError: the URI names no bucket, or there are no credentials.
    """

    def __init__(self, uri: str) -> None:
        super().__init__("gs", uri)
        os.environ.setdefault(NO_BUCKET_METADATA, "true")
        self._retry = DEFAULT_RETRY.with_delay(0.2, 10.0, 2.0).with_timeout(patience())
        with self._explained():
            # a project is needed only to create buckets
            self._client = storage.Client(project=None)
        try:
            self._bucket = self._client.bucket(self.bucket)
        except ValueError as error:
            raise StorageError(f"{uri}: {in_one_line(error)}") from error

    def _get(self, name: str) -> tuple[bytes, str] | None:
        def get() -> tuple[bytes, str]:
            """Its bytes, and the checksum that comes with them."""
            blob = self._bucket.blob(name)
            data = blob.download_as_bytes(checksum=None, **ONCE)
            return data, blob.crc32c or ""

        return self._unless(answers.NotFound, get)

    def _put(self, name: str, data: bytes) -> bool:
        def put() -> bool:
            """True once it is written."""
            self._bucket.blob(name).upload_from_string(
                data, if_generation_match=0, checksum="crc32c", **ONCE
            )
            return True

        return self._unless(answers.PreconditionFailed, put) or False

    def _put_file(self, name: str, path: Path) -> bool:
        def put() -> bool:
            """True once it is written."""
            # a large file goes in pieces; the client asks how far it came and goes on there
            self._bucket.blob(name).upload_from_filename(
                str(path), if_generation_match=0, checksum="crc32c", retry=self._retry,
                timeout=TIMEOUT,
            )
            return True

        return self._unless(answers.PreconditionFailed, put) or False

    def _head(self, name: str) -> Version | None:
        blob = self._ask(lambda: self._bucket.get_blob(name, **ONCE))
        if blob is None:
            return None
        return Version(str(blob.generation), blob.size, blob.crc32c or "")

    def _part(self, name: str, version: Version, start: int, end: int) -> bytes | None:
        def get() -> bytes:
            """The bytes of this generation."""
            blob = self._bucket.blob(name, generation=int(version.tag))
            return blob.download_as_bytes(  # type: ignore[no-any-return]
                start=start, end=end - 1, checksum=None, **ONCE
            )

        return self._unless(answers.NotFound, get)

    def _names(self, prefix: str, most: int | None = None) -> list[str]:
        return [blob.name for blob in self._listed(prefix, "name", most)]

    def _level(self, prefix: str) -> list[str]:
        def level() -> list[str]:
            """All pages together."""
            found = self._client.list_blobs(
                self._bucket, prefix=prefix, delimiter="/", page_size=self.page_length,
                fields="items(name),prefixes,nextPageToken", **ONCE,
            )
            names = [blob.name for blob in found]
            return [*names, *found.prefixes]  # known once all pages were read

        return self._ask(level)

    def _versions(self, prefix: str) -> dict[str, Version]:
        return {
            blob.name: Version(str(blob.generation), blob.size, blob.crc32c or "")
            for blob in self._listed(prefix, "name,generation,size,crc32c")
        }

    def _listed(self, prefix: str, fields: str, most: int | None = None) -> list[Any]:
        def listed() -> list[Any]:
            """All pages together."""
            found = self._client.list_blobs(
                self._bucket, prefix=prefix, max_results=most, page_size=self.page_length,
                fields=f"items({fields}),nextPageToken", **ONCE,
            )
            return list(found)

        return self._ask(listed)

    def _delete(self, name: str) -> None:
        self._unless(answers.NotFound, lambda: self._bucket.delete_blob(name, **ONCE))

    def _ask(self, request: Callable[[], R]) -> R:
        """Makes a request, again where that can help."""
        with self._slots:
            return self._retry(request)()  # type: ignore[no-any-return]

    def _unless(self, expected: type[Exception], request: Callable[[], R]) -> R | None:
        """Makes a request; None when it ends with an expected answer."""
        try:
            return self._ask(request)
        except expected:
            return None

    def _checksum(self, chunks: Iterable[bytes]) -> str:
        checksum = google_crc32c.Checksum()
        for chunk in chunks:
            checksum.update(chunk)
        return base64.b64encode(checksum.digest()).decode()

    def _in_words(self, error: Exception) -> str | None:
        if isinstance(error, answers.RetryError):
            cause = error.cause
            words = self._in_words(cause) if isinstance(cause, Exception) else None
            return words or f"no answer in {patience():g} seconds"
        if isinstance(error, answers.NotFound):
            return self._no_bucket()  # an object that is not there is no error
        if isinstance(error, (answers.Forbidden, answers.Unauthorized)):
            return self._not_permitted(f"HTTP {error.code}")
        if isinstance(error, answers.GoogleAPICallError):
            return f"the store answers HTTP {error.code}: {in_one_line(error)}"
        if isinstance(error, InvalidResponse):
            return f"the store answers HTTP {error.response.status_code}"
        if isinstance(error, DataCorruption):
            return "what was written has another checksum than what was sent"
        if isinstance(error, authentication.GoogleAuthError):
            return (
                f"no credentials for Google Cloud ({in_one_line(error)}); give the account of this "
                "process access by Workload Identity, or set GOOGLE_APPLICATION_CREDENTIALS"
            )
        if isinstance(error, (requests.ConnectionError, requests.Timeout, ConnectionError)):
            endpoint = self._client.api_endpoint
            return f"{endpoint} cannot be reached ({type(error).__name__}: {in_one_line(error)})"
        if isinstance(error, requests.RequestException):
            return f"the store answers what cannot be read ({in_one_line(error)})"
        return None
