"""What a compiled pipeline holds of the cluster that it is for, and its form as a YAML file.

What may differ from run to run is a field of the pipeline's form instead, see `form`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, StringConstraints, ValidationError

from components.images import REGISTRY
from videonas import __version__
from videonas.codec import NOT_YAML, STRICT, adapter_of, describe
from videonas.errors import SettingsError, did_you_mean

Step = Literal[
    "start", "data-prep", "mutate", "measure", "train-candidate", "evaluate", "select", "finish"
]

Word = Annotated[str, StringConstraints(pattern=r"^\S+$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Seconds = Annotated[int, Field(ge=1)]

DEFAULT_PARALLELISM = 4
"""Training tasks at a time in a compiled pipeline."""


@dataclass(frozen=True)
class Mounted:
    """A secret, or a config map, of the run's namespace that every task is given.

    Attributes:
        name: of the secret or the config map.
        variables: environment variables, by the key whose value they hold.
        folder: where its keys are files, named after them; None for nowhere.
        optional: whether tasks begin without it where it, or a key, is not there.
    """

    __pydantic_config__ = STRICT

    name: Name
    variables: Mapping[Word, Variable] = field(default_factory=dict)
    folder: Annotated[str, StringConstraints(pattern=r"^/\S+$")] | None = None
    optional: bool = True


KFP_STORE = Mounted(
    "mlpipeline-minio-artifact",
    {"accesskey": "AWS_ACCESS_KEY_ID", "secretkey": "AWS_SECRET_ACCESS_KEY"},
)
"""The secret by which Kubeflow Pipelines reaches its own store."""

ENDPOINT = Mounted(
    "videonas-store",
    {
        name: name
        for name in (
            "AWS_ENDPOINT_URL_S3", "AWS_REGION", "AWS_REQUEST_CHECKSUM_CALCULATION",
        )
    },
)
"""Says where the store is that `minio://` means; an endpoint is no secret."""


@dataclass(frozen=True)
class Cluster:
    """What only compiling can fix.

    Attributes:
        registry: where the images were pushed to; the defaults of the form's images.
        parallelism: training tasks at a time.
        measure: whether latency has a task of its own before training, for other nodes.
        gpu: whether the form can ask for GPUs.
        timeouts: seconds after which the pod of a step is ended; its run fails then.
        secrets: given to every task.
        config_maps: given to every task.
        environment: variables of every task, in the clear.
        pull_policy: when images are pulled; None for what the cluster does by itself.
        pull_secrets: by which images are pulled.
    """

    __pydantic_config__ = STRICT

    registry: Word = REGISTRY
    parallelism: Annotated[int, Field(ge=1)] = DEFAULT_PARALLELISM
    measure: bool = False
    gpu: bool = True
    timeouts: Mapping[Step, Seconds] = field(default_factory=dict)
    secrets: tuple[Mounted, ...] = (KFP_STORE,)
    config_maps: tuple[Mounted, ...] = (ENDPOINT,)
    environment: Mapping[Variable, str] = field(default_factory=dict)
    pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = None
    pull_secrets: tuple[Name, ...] = ()

    def image(self, name: str) -> str:
        """The address of one of our images, `evolve` or `train`."""
        return f"{self.registry.rstrip('/')}/{name}:{__version__}"


def make_cluster(values: Mapping[str, Any], where: str) -> Cluster:
    """A cluster from plain values; those not given keep their defaults.

    Args:
        values: by the names of the attributes.
        where: they are from, for messages.

    Raises:
        SettingsError: an unknown name, or a value that is not allowed.
    """
    known = [each.name for each in fields(Cluster)]
    for name in values:
        if name not in known:
            raise SettingsError(
                f"{where}: unknown field {name!r}{did_you_mean(str(name), known)}; allowed: "
                f"{', '.join(known)}"
            )
    try:
        cluster: Cluster = adapter_of(Cluster).validate_python(dict(values))
    except ValidationError as error:
        raise SettingsError(f"{where}: {describe(error.errors(include_url=False))}") from None
    return cluster


def read_cluster_file(path: Path) -> dict[str, Any]:
    """The values in a YAML file that describes a cluster.

    Raises:
        SettingsError: no such file, or not a mapping of names to values.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from None
    except NOT_YAML as error:
        raise SettingsError(f"{path}: not YAML ({str(error).splitlines()[0]})") from None
    if not isinstance(values, dict):
        raise SettingsError(f"{path}: the file of a cluster is a mapping of names to values")
    return values
