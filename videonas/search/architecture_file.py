"""`architecture.yaml`: a network for people, with what it takes to show or build it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from videonas.codec import NOT_YAML, from_plain, to_plain
from videonas.errors import (
    DamagedRecord,
    InvalidArchitecture,
    SettingsError,
    VideonasError,
    brief,
)
from videonas.spaces import SPACES, SearchSpace, open_space
from videonas.task import CHANNELS, Task

FORMAT = "architecture/1"
"""What is written. Version 1 was also written without saying so, and is read in both forms."""

FIELDS = ("space", "task", "architecture")


def encode_architecture(space: str, task: Task, architecture: Any) -> bytes:
    """The bytes of an architecture file.

    Args:
        space: name of the search space.
        task: what the network must do.
        architecture: normalised.
    """
    plain = {
        "format": FORMAT,
        "space": space,
        "task": to_plain(task),
        "architecture": to_plain(architecture),
    }
    return yaml.safe_dump(plain, sort_keys=False).encode()


def read_architecture(path: Path) -> tuple[SearchSpace[Any], Any, Task]:
    """The space, the normalised architecture and the task of an architecture file.

    Raises:
        VideonasError: no such file.
        DamagedRecord: it is of another version, or not what it should be, or the task does not
            allow the architecture.
    """
    plain = _load(path)
    space = _space(path, plain["space"])
    task = from_plain(Task, plain["task"], f"{path}: task")
    if not task.streams or not task.streams.keys() <= CHANNELS.keys():
        allowed = " and ".join(CHANNELS)
        raise DamagedRecord(f"{path}: task.streams is {brief([*task.streams])}; allowed: {allowed}")
    where = f"{path}: architecture"
    architecture = from_plain(space.kind, plain["architecture"], where, strict=True)
    try:
        return space, space.normalise(architecture, task), task
    except InvalidArchitecture as error:
        raise DamagedRecord(f"{path}: {error}") from None


def _load(path: Path) -> dict[Any, Any]:
    """The fields of a file of a version that is known, none missing."""
    try:
        plain = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise VideonasError(f"{path}: {error.strerror}") from None
    except NOT_YAML as error:
        raise DamagedRecord(f"{path}: not YAML ({str(error).splitlines()[0]})") from None
    has = "an architecture file has space, task and architecture"
    if not isinstance(plain, dict):
        raise DamagedRecord(f"{path}: found {brief(plain)}; {has}")
    found = plain.get("format", FORMAT)
    if found != FORMAT:
        raise DamagedRecord(f"{path}: format is {brief(found)}; allowed: {FORMAT!r}")
    for name in FIELDS:
        if name not in plain:
            raise DamagedRecord(f"{path}: {name} is missing; {has}")
    return plain


def _space(path: Path, name: Any) -> SearchSpace[Any]:
    if not isinstance(name, str):
        raise DamagedRecord(f"{path}: space is {brief(name)}; allowed: {', '.join(SPACES)}")
    try:
        return open_space(name)
    except SettingsError as error:
        raise DamagedRecord(f"{path}: {error}") from None
