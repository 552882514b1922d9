"""Frozen dataclasses to and from JSON: canonical bytes, digests, and errors that name the field.

Every stored file is one JSON object whose `format` names its kind and version, such as
`population/1`. A field that a reader does not know is dropped with a warning, except inside
an architecture, where it is an error: there it would change the network.
"""

from __future__ import annotations

import hashlib
import json
import logging
from functools import cache
from typing import Any, TypeVar, cast

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError

from videonas.errors import DamagedRecord, brief

log = logging.getLogger(__name__)

STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)
"""Set as `__pydantic_config__` of every dataclass that is stored."""

NOT_YAML = (yaml.YAMLError, ValueError, RecursionError)
"""What reading YAML may raise: the date 2001-13-01 is a ValueError, very deep lists a recursion."""

T = TypeVar("T")


@cache
def adapter_of(kind: Any) -> TypeAdapter[Any]:
    """Pydantic's view of a class; made once, since that takes milliseconds."""
    return TypeAdapter(kind)


def to_plain(record: object, *, without_defaults: bool = False) -> Any:
    """A record as dictionaries, lists, strings and numbers."""
    adapter = adapter_of(cast(Any, type(record)))
    return adapter.dump_python(record, mode="json", exclude_defaults=without_defaults)


def canonical(plain: object) -> bytes:
    """The one way that a JSON value is written when it is hashed: sorted keys, no spaces."""
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def digest(data: bytes) -> str:
    """The SHA-256 of `data`, in hex."""
    return hashlib.sha256(data).hexdigest()


def encode(record: object, file_format: str) -> bytes:
    """A record as the bytes of a file, for people to read too.

    Args:
        record: a dataclass.
        file_format: kind and version, such as `population/1`.
    """
    plain = {"format": file_format, **to_plain(record)}
    return (json.dumps(plain, indent=1, allow_nan=False) + "\n").encode()


def decode(kind: type[T], data: bytes, file_format: str, where: str) -> T:
    """The record that `encode` wrote.

    Args:
        kind: the dataclass.
        data: the bytes of the file.
        file_format: the kind and version that this reader knows.
        where: the file's address, for messages.

    Raises:
        DamagedRecord: the bytes are not JSON, of another format, or a field is wrong.
    """
    return from_plain(kind, parse(data, file_format, where), where)


def parse(data: bytes, file_format: str, where: str) -> dict[str, Any]:
    """The fields of a file as plain values, without its format: the first half of `decode`.

    Args:
        data: the bytes of the file.
        file_format: the kind and version that this reader knows.
        where: the file's address, for messages.

    Raises:
        DamagedRecord: the bytes are not JSON, or of another format.
    """
    try:
        plain = json.loads(data)
    except (ValueError, RecursionError) as error:  # RecursionError: lists in lists, very deep
        advice = "restore this file or delete it"
        raise DamagedRecord(f"{where}: not JSON ({error}); {advice}") from None
    if not isinstance(plain, dict):
        raise DamagedRecord(f"{where}: found a JSON {type(plain).__name__}, expected an object")
    found = plain.pop("format", None)
    if found != file_format:
        raise DamagedRecord(
            f"{where}: its format is {brief(found)}, this version of videonas reads {file_format!r}"
        )
    return plain


def from_plain(kind: type[T], plain: Any, where: str, *, strict: bool = False) -> T:
    """A record from dictionaries, lists, strings and numbers.

    Args:
        kind: the dataclass.
        plain: the values; unknown fields are removed from it.
        where: their address, for messages.
        strict: whether an unknown field is an error anywhere, not only inside an architecture.

    Raises:
        DamagedRecord: naming the first field that is wrong, what was found and what is allowed.
    """
    for _ in range(2):
        try:
            return adapter_of(cast(Any, kind)).validate_python(plain)  # type: ignore[no-any-return]
        except ValidationError as error:
            problems = error.errors(include_url=False)
            unknown = [p["loc"] for p in problems if p["type"] == "unexpected_keyword_argument"]
            if strict or len(unknown) < len(problems) or any("architecture" in u for u in unknown):
                raise DamagedRecord(f"{where}: {describe(problems)}") from None
            for loc in unknown:
                log.warning("%s: ignoring the unknown field %s", where, ".".join(map(str, loc)))
                _remove(plain, loc)
    raise DamagedRecord(f"{where}: unknown fields that cannot be ignored")


def describe(problems: list[Any]) -> str:
    """The first of pydantic's problems as a phrase: path, what was found, what is allowed."""
    first = problems[0]
    path = ".".join(str(part) for part in first["loc"]) or "the whole"
    if first["type"] == "missing":
        return f"{path} is missing"
    if first["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return f"{path} is not a known field"
    message = first["msg"]
    return f"{path} is {brief(first['input'])}; {message[0].lower()}{message[1:]}"


def _remove(plain: Any, path: tuple[str | int, ...]) -> None:
    for part in path[:-1]:
        plain = plain[part]
    del plain[path[-1]]
