"""Submits a search to Kubeflow Pipelines.

Everything is looked for before it is created, so the same command again finds what is there: the
pipeline by its name, the version by the digest of the compiled YAML, the experiment by its name,
and the run by its name where one was given.
"""

from __future__ import annotations

import hashlib
import secrets
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pipelines.arguments import cluster_arguments, field_arguments
from pipelines.cluster import Cluster
from pipelines.compiling import compile_pipeline
from pipelines.connecting import AlreadyThere, Kubeflow, KubeflowError, by_name, models
from videonas.errors import SettingsError


@dataclass(frozen=True)
class Order:
    """What is to be run, checked and compiled.

    Attributes:
        space: search space.
        search_root: URI.
        given: the settings that were given, by name.
        fields: what else was given for the form, by name.
        arguments: of the pipeline.
        package: the compiled pipeline.
        unreadable: why the search root could not be read from here, if it could not.
    """

    space: str
    search_root: str
    given: Mapping[str, Any]
    fields: Mapping[str, Any]
    arguments: Mapping[str, Any]
    package: bytes
    unreadable: str | None

    @property
    def pipeline(self) -> str:
        """Name of the pipeline."""
        return f"videonas-{self.space.replace('_', '-')}"

    @property
    def version(self) -> str:
        """Name of the version: the same for the same YAML."""
        return f"{self.pipeline}-{hashlib.sha256(self.package).hexdigest()[:12]}"

    @property
    def search(self) -> str:
        """The last part of the search root, by which people know the search."""
        return self.search_root.rstrip("/").rpartition("/")[2]


@dataclass(frozen=True)
class Place:
    """Where runs of an order belong.

    Attributes:
        pipeline_id: of the pipeline.
        version_id: of its version.
        experiment_id: of the experiment.
        uploaded: whether the version is new.
    """

    pipeline_id: str
    version_id: str
    experiment_id: str
    uploaded: bool

    @property
    def ids(self) -> dict[str, str]:
        """What a run refers to, as kfp's client takes it."""
        return {
            "pipeline_id": self.pipeline_id, "version_id": self.version_id,
            "experiment_id": self.experiment_id,
        }


def prepare(
    space: str,
    search_root: str,
    given: Mapping[str, Any],
    generations: int,
    cluster: Cluster,
    assignments: Sequence[str] = (),
) -> Order:
    """Checks what is asked for and compiles it; nothing is sent.

    Args:
        space: search space.
        search_root: URI.
        given: settings by name.
        generations: most generations of one run.
        cluster: that the pipeline is compiled for.
        assignments: words such as `train_pool_memory=8Gi`, for fields that hold no setting.

    Raises:
        SettingsError: a search root that a cluster cannot see, or a setting that is not allowed.
        VideonasError: an option that is not allowed, or a search root that holds something else.
    """
    fields = field_arguments(assignments, cluster)
    arguments, unreadable = cluster_arguments(search_root, space, given, generations)
    with tempfile.TemporaryDirectory(prefix="videonas-") as folder:
        path = Path(folder) / "pipeline.yaml"
        compile_pipeline(space, path, generations, cluster)
        package = path.read_bytes()
    return Order(
        space, search_root, given, fields, {**arguments, **fields}, package, unreadable
    )


def place(kubeflow: Kubeflow, order: Order, experiment: str) -> Place:
    """Makes sure that the pipeline, its version and the experiment are there.

    Args:
        kubeflow: where.
        order: what is to be run.
        experiment: name.

    Raises:
        KubeflowError: something is refused, or nothing answers.
    """
    pipeline_id = _pipeline(kubeflow, order.pipeline)
    version_id, uploaded = _version(kubeflow, order, pipeline_id)
    return Place(pipeline_id, version_id, _experiment(kubeflow, experiment), uploaded)


def submit(
    kubeflow: Kubeflow,
    order: Order,
    where: Place,
    name: str | None = None,
    service_account: str | None = None,
) -> tuple[Any, bool]:
    """Starts a run, and gives it with whether it is new.

    Args:
        kubeflow: where.
        order: what is to be run.
        where: where it belongs.
        name: of the run; one that is there is given back.
        service_account: of the pods.

    Raises:
        SettingsError: a run of the name is there, and is another one.
        KubeflowError: something is refused, or nothing answers.
    """
    shown = name or f"{order.search} {time.strftime('%Y-%m-%d %H:%M')} {secrets.token_hex(3)}"
    find = partial(
        kubeflow.first, "looking for the run", kubeflow.client.list_runs, "runs",
        experiment_id=where.experiment_id, filter=by_name(shown),
    )
    there, made = kubeflow.find_or_make(
        "creating the run", find, kubeflow.client.run_pipeline, job_name=shown,
        params=dict(order.arguments), service_account=service_account, **where.ids,
    )
    if not made and not _same(there, order, where):
        raise SettingsError(
            f"--run-name {shown}: a run of that name is there and was given other options "
            f"({kubeflow.address(run_page(there))}); allowed: another name"
        )
    return there, made


def run_page(run: Any) -> str:
    """The page of the user interface that shows a run."""
    return f"runs/details/{run.run_id}"


def _same(run: Any, order: Order, where: Place) -> bool:
    """Whether a run is of a version, with the arguments of an order."""
    version, config = run.pipeline_version_reference, run.runtime_config
    return bool(
        version and config and version.pipeline_version_id == where.version_id
        and config.parameters == order.arguments
    )


def _pipeline(kubeflow: Kubeflow, name: str) -> str:
    find = partial(
        kubeflow.first, "looking for the pipeline", kubeflow.client.list_pipelines, "pipelines",
        filter=by_name(name), namespace=kubeflow.namespace,
    )
    wanted = models.V2beta1Pipeline(
        name=name, display_name=name, namespace=kubeflow.namespace,
        description="Searches for video-classification networks by evolution.",
    )
    # the client's own upload_pipeline would add a version of another name than ours
    create = kubeflow.client.pipelines.pipeline_service_create_pipeline
    pipeline, _ = kubeflow.find_or_make("creating the pipeline", find, create, wanted)
    return str(pipeline.pipeline_id)


def _version(kubeflow: Kubeflow, order: Order, pipeline_id: str) -> tuple[str, bool]:
    find = partial(
        kubeflow.first, "looking for the version", kubeflow.client.list_pipeline_versions,
        "pipeline_versions", pipeline_id, filter=by_name(order.version),
    )
    with tempfile.TemporaryDirectory(prefix="videonas-") as folder:
        path = Path(folder) / f"{order.version}.yaml"
        path.write_bytes(order.package)
        version, made = kubeflow.find_or_make(
            "uploading the version", find, kubeflow.client.upload_pipeline_version,
            str(path), order.version, pipeline_id=pipeline_id,
        )
    return str(version.pipeline_version_id), made


def _experiment(kubeflow: Kubeflow, name: str) -> str:
    # the client itself looks for an experiment before it creates one
    find_or_create = partial(
        kubeflow.ask, "creating the experiment", kubeflow.client.create_experiment, name,
        namespace=kubeflow.namespace,
    )
    try:
        experiment = find_or_create()
    except AlreadyThere:  # since it was looked for
        experiment = find_or_create()
    if experiment.storage_state == "ARCHIVED":
        raise KubeflowError(
            f"--experiment {name}: it is archived at {kubeflow.host}; allowed: one that is not, "
            "or restore it there"
        )
    return str(experiment.experiment_id)
