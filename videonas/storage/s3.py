"""A store on S3, or on what speaks its protocol at the endpoint that AWS_ENDPOINT_URL names."""

from __future__ import annotations

import contextlib
import math
import os
import zlib
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import boto3
import tenacity
from botocore import exceptions as client_errors
from botocore.config import Config

from videonas.errors import StorageError
from videonas.storage.objects import ObjectStore, Version, in_one_line, patience
from videonas.storage.parallel import in_parallel

R = TypeVar("R")

ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
"""Environment variables that the client takes its endpoint from."""

CHECKSUM = "crc32"
"""Name of the checksum among the metadata of each object. S3's own covers parts, not the whole,
where an object came in parts; its ETag is none where it encrypts with a key of its own."""

MOST_PARTS = 10_000

TRANSIENT_STATUSES = frozenset({408, 409, 429, 500, 502, 503, 504})
"""409 tells of another write to the same key that is not done yet."""

TRANSIENT_ERRORS = (
    client_errors.ConnectionError, client_errors.HTTPClientError,
    client_errors.IncompleteReadError, client_errors.FlexibleChecksumError,
)
NO_CREDENTIALS = (client_errors.NoCredentialsError, client_errors.CredentialRetrievalError)
HOPELESS_ERRORS = (client_errors.SSLError, client_errors.ProxyConnectionError)


class S3Store(ObjectStore):
    """`s3://bucket/prefix`, or `minio://` with an endpoint in the environment.

    Requests are made again here and not by the client: it leaves out an answer that is cut while
    it is read, and a write that met another; and it gives up when many requests at once fail. With
    `If-None-Match: *` that is safe for writes: where the answer to the first was lost, the second
    is told that something is there, and reads it back.

    Args:
        uri: `s3://bucket/prefix` or `minio://bucket/prefix`.

    Raises:
        StorageError: the URI names no bucket, or `minio://` comes without an endpoint.
    """

    def __init__(self, uri: str) -> None:
        super().__init__("s3", uri)
        if uri.startswith("minio://") and not any(map(os.environ.get, ENDPOINTS)):
            raise StorageError(
                f"{uri}: no endpoint; set {ENDPOINTS[0]} to the address of the store, or write s3://"
            )
        self._retrying = tenacity.Retrying(
            stop=tenacity.stop_after_delay(patience()),
            wait=tenacity.wait_random_exponential(multiplier=0.2, max=10),
            retry=tenacity.retry_if_exception(_can_pass),
            reraise=True,
        )
        config = Config(
            connect_timeout=10, read_timeout=60, max_pool_connections=self.requests_at_once,
            retries={"total_max_attempts": 1, "mode": "standard"},
        )
        try:
            with self._explained():
                self._client: Any = _session().client("s3", config=config)
        except ValueError as error:
            raise StorageError(
                f"{uri}: {in_one_line(error)}; an endpoint begins with http:// or https://"
            ) from error

    def _get(self, name: str) -> tuple[bytes, str] | None:
        def get() -> tuple[bytes, str]:
            """Its bytes, and the checksum that was written with them."""
            answer = self._client.get_object(Bucket=self.bucket, Key=name)
            return answer["Body"].read(), answer["Metadata"].get(CHECKSUM, "")

        return self._unless(404, get)

    def _put(self, name: str, data: bytes) -> bool:
        def put() -> bool:
            """True once it is written."""
            self._client.put_object(
                Bucket=self.bucket, Key=name, Body=data, IfNoneMatch="*",
                Metadata={CHECKSUM: self._checksum([data])},
            )
            return True

        return self._unless(412, put) or False

    def _put_file(self, name: str, path: Path) -> bool:
        if path.stat().st_size <= self.part_length:
            return self._put(name, path.read_bytes())
        upload = self._ask(
            lambda: self._client.create_multipart_upload(
                Bucket=self.bucket, Key=name, Metadata={CHECKSUM: self._checksum_of(path)}
            )
        )
        of_upload = {"Bucket": self.bucket, "Key": name, "UploadId": upload["UploadId"]}
        done = False
        try:
            parts = self._put_parts(path, of_upload)
            done = self._complete(of_upload, parts)
        finally:
            if not done:
                with contextlib.suppress(client_errors.BotoCoreError, client_errors.ClientError):
                    self._client.abort_multipart_upload(**of_upload)
        return done

    def _put_parts(self, path: Path, of_upload: dict[str, str]) -> list[dict[str, Any]]:
        size = path.stat().st_size
        length = max(self.part_length, math.ceil(size / MOST_PARTS))

        def put(number: int) -> dict[str, Any]:
            """Sends one part, and gives back what it is known by."""
            with path.open("rb") as file:
                file.seek((number - 1) * length)
                data = file.read(length)
            answer = self._ask(
                lambda: self._client.upload_part(**of_upload, PartNumber=number, Body=data)
            )
            return {"PartNumber": number, "ETag": answer["ETag"]}

        numbers = range(1, math.ceil(size / length) + 1)
        return in_parallel(put, numbers, self.requests_at_once)

    def _complete(self, of_upload: dict[str, str], parts: list[dict[str, Any]]) -> bool:
        """Makes an object of parts; False when the name was taken, perhaps by this request."""
        try:
            self._ask(
                lambda: self._client.complete_multipart_upload(
                    **of_upload, MultipartUpload={"Parts": parts}, IfNoneMatch="*"
                ),
                but=(409,),  # the parts are gone then, and have to be sent again
            )
        except client_errors.ClientError as error:
            if _status(error) in (409, 412) or _code(error) == "NoSuchUpload":
                return False
            raise
        return True

    def _head(self, name: str) -> Version | None:
        def head() -> Version:
            """What is there."""
            answer = self._client.head_object(Bucket=self.bucket, Key=name)
            checksum = answer["Metadata"].get(CHECKSUM, "")
            return Version(answer["ETag"], answer["ContentLength"], checksum)

        return self._unless(404, head)

    def _part(self, name: str, version: Version, start: int, end: int) -> bytes | None:
        def get() -> bytes:
            """The bytes of this version."""
            answer = self._client.get_object(
                Bucket=self.bucket, Key=name, Range=f"bytes={start}-{end - 1}", IfMatch=version.tag
            )
            return answer["Body"].read()  # type: ignore[no-any-return]

        try:
            return self._unless(412, get)
        except client_errors.ClientError as error:
            if _status(error) == 404 and _code(error) != "NoSuchBucket":
                return None
            raise

    def _names(self, prefix: str, most: int | None = None) -> list[str]:
        return [found["Key"] for found in self._listed(prefix, most)]

    def _versions(self, prefix: str) -> dict[str, Version]:
        return {
            found["Key"]: Version(found["ETag"], found["Size"], "")
            for found in self._listed(prefix)
        }

    def _level(self, prefix: str) -> list[str]:
        return [found["Key"] for found in self._listed(prefix, Delimiter="/")]

    def _listed(
        self, prefix: str, most: int | None = None, **how: str
    ) -> list[dict[str, Any]]:
        contents: list[dict[str, Any]] = []
        following: dict[str, Any] = {"MaxKeys": most or self.page_length}
        while True:
            page = self._ask(
                lambda: self._client.list_objects_v2(
                    Bucket=self.bucket, Prefix=prefix, **how, **following
                )
            )
            contents += page.get("Contents", ())
            contents += [{"Key": each["Prefix"]} for each in page.get("CommonPrefixes", ())]
            if not page["IsTruncated"] or most is not None:
                return contents
            following["ContinuationToken"] = page["NextContinuationToken"]

    def _delete(self, name: str) -> None:
        self._ask(lambda: self._client.delete_object(Bucket=self.bucket, Key=name))

    def _checksum(self, chunks: Iterable[bytes]) -> str:
        checksum = 0
        for chunk in chunks:
            checksum = zlib.crc32(chunk, checksum)
        return f"{checksum:08x}"

    def _ask(self, request: Callable[[], R], but: tuple[int, ...] = ()) -> R:
        """Makes a request, again where that can help, `but` after some statuses."""

        def can_pass(error: BaseException) -> bool:
            """Whether the same request may succeed later."""
            return _can_pass(error) and _status(error) not in but

        with self._slots:
            return self._retrying.copy(retry=tenacity.retry_if_exception(can_pass))(request)

    def _unless(self, status: int, request: Callable[[], R]) -> R | None:
        """Makes a request; None when it ends with a status that does not come from the bucket."""
        try:
            return self._ask(request)
        except client_errors.ClientError as error:
            if _status(error) == status and _code(error) != "NoSuchBucket":
                return None
            raise

    def _in_words(self, error: Exception) -> str | None:
        if isinstance(error, client_errors.ClientError):
            return self._answer_in_words(error)
        if isinstance(error, NO_CREDENTIALS):
            return (
                "no credentials for S3; give the account of this process access by a role, or set "
                "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            )
        if isinstance(error, (client_errors.ConnectionError, client_errors.HTTPClientError)):
            return f"{self._client.meta.endpoint_url} cannot be reached ({in_one_line(error)})"
        return in_one_line(error) if isinstance(error, client_errors.BotoCoreError) else None

    def _answer_in_words(self, error: client_errors.ClientError) -> str:
        status, code = _status(error), _code(error)
        if code == "NoSuchBucket":
            return self._no_bucket()
        if status in (401, 403):
            return self._not_permitted(code)
        if status == 501:
            return f"the store cannot do that ({code}); create-only writes need If-None-Match"
        message = error.response.get("Error", {}).get("Message", "")
        return f"the store answers HTTP {status} {code}: {message}".rstrip(": ")


@cache
def _session() -> Any:
    """What this process keeps between stores: reading what the client knows takes half a second."""
    return boto3.session.Session()


def _status(error: BaseException) -> int:
    """The HTTP status of an answer, 0 where there was none."""
    answer = getattr(error, "response", None) or {}
    return int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _code(error: client_errors.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _can_pass(error: BaseException) -> bool:
    """Whether the same request may succeed later."""
    if isinstance(error, client_errors.ClientError):
        return _status(error) in TRANSIENT_STATUSES
    return isinstance(error, TRANSIENT_ERRORS) and not isinstance(error, HOPELESS_ERRORS)
