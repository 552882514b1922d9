"""What trainings run in: a failure in one environment says nothing of another."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from videonas import __version__
from videonas.codec import STRICT

ABSENT = "none"
"""The version of a package that is not installed."""


@dataclass(frozen=True)
class Environment:
    """Versions, and the device that networks run on.

    Attributes:
        videonas: version.
        python: version.
        tensorflow: version, or `ABSENT`.
        keras: version, or `ABSENT`.
        numpy: version, or `ABSENT`.
        device: name of the processor or of the GPU; empty where TensorFlow could not be asked.
        gpus: how many TensorFlow sees.
        onednn: whether TensorFlow runs oneDNN's kernels.
    """

    __pydantic_config__ = STRICT

    videonas: str
    python: str
    tensorflow: str
    keras: str
    numpy: str
    device: str = ""
    gpus: int = 0
    onednn: bool = False


def installed() -> Environment:
    """The versions that are installed here, without asking TensorFlow for the device."""
    tensorflow, keras, numpy = map(_version, ("tensorflow", "keras", "numpy"))
    return Environment(__version__, platform.python_version(), tensorflow, keras, numpy)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ABSENT
