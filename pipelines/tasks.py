"""Tasks and nested pipelines, as the cluster that they are compiled for needs them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from kfp import dsl, kubernetes

from pipelines.cluster import Cluster, Step
from pipelines.form import REQUIRED, Field, cluster_fields

Given = Mapping[str, Any]
"""The parameters of a pipeline, by name, while its tasks are made."""

Body = Callable[[Given], Any]


def pipeline_of(
    name: str,
    meaning: str,
    fields: Mapping[str, Field],
    body: Body,
    returns: Any = inspect.Signature.empty,
    description: str | None = None,
) -> Any:
    """A pipeline whose parameters are a table, which depends on the cluster.

    Args:
        name: of the pipeline.
        meaning: a sentence.
        fields: its parameters, by name.
        body: makes its tasks.
        returns: type of what `body` gives back.
        description: what the UI shows; by default the sentence.
    """

    def function(*values: Any) -> Any:
        """Replaced by what KFP describes the form by."""
        return body(dict(zip(fields, values, strict=True)))

    parameters = [
        inspect.Parameter(
            key, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=each.kind,
            default=inspect.Parameter.empty if each.default is REQUIRED else each.default,
        )
        for key, each in fields.items()
    ]
    function.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        parameters, return_annotation=returns
    )
    said = [f"    {key}: {each.meaning}" for key, each in fields.items() if each.meaning]
    function.__doc__ = "\n".join([meaning, *(["", "Args:", *said] if said else [])])
    return dsl.pipeline(name=name, description=description)(function)


def task(made: Any, step: Step, image: str, given: Given, cluster: Cluster) -> Any:
    """Gives a task all that every task has.

    Args:
        made: the task.
        step: what it does.
        image: `evolve` or `train`.
        given: parameters of the pipeline around it.
        cluster: that it runs on.

    Returns:
        the task.
    """
    made.set_caching_options(False)  # the search root is the cache
    made.set_container_image(given[f"{image}_image"])
    for name, value in cluster.environment.items():
        made.set_env_variable(name, value)
    for secret in cluster.secrets:
        if secret.variables:
            kubernetes.use_secret_as_env(
                made, secret.name, dict(secret.variables), optional=secret.optional
            )
        if secret.folder:
            kubernetes.use_secret_as_volume(
                made, secret.name, secret.folder, optional=secret.optional
            )
    for config in cluster.config_maps:
        if config.variables:
            kubernetes.use_config_map_as_env(
                made, config.name, dict(config.variables), optional=config.optional
            )
        if config.folder:
            kubernetes.use_config_map_as_volume(
                made, config.name, config.folder, optional=config.optional
            )
    if step in cluster.timeouts:
        kubernetes.set_timeout(made, cluster.timeouts[step])
    if cluster.pull_policy:
        kubernetes.set_image_pull_policy(made, cluster.pull_policy)
    if cluster.pull_secrets:
        kubernetes.set_image_pull_secrets(made, list(cluster.pull_secrets))
    return made


def in_pool(made: Any, pool: str, given: Given, cluster: Cluster) -> Any:
    """Puts a task on the nodes that the form names for a pool.

    The task must lie in a nested pipeline itself, not in a condition or a loop of it: what
    kfp-kubernetes refers to are parameters of the pipeline, and a condition has others.

    Args:
        made: the task.
        pool: `train` or `measure`.
        given: parameters of the pipeline around it.
        cluster: that it runs on.

    Returns:
        the task.
    """
    made.set_cpu_request(given[f"{pool}_cpu"])
    made.set_memory_request(given[f"{pool}_memory"])
    made.set_memory_limit(given[f"{pool}_memory"])
    if cluster.gpu:
        # without a count, KFP's driver asks for none; with 0 it would name the resource, by which
        # some clusters let a pod onto nodes that are kept for GPUs
        made.set_accelerator_type(given[f"{pool}_gpu_type"])
        made.set_accelerator_limit(given[f"{pool}_gpus"])
    kubernetes.add_node_selector_json(made, given[f"{pool}_node_selector"])
    kubernetes.add_toleration_json(made, given[f"{pool}_tolerations"])
    return made


def placed(given: Given, cluster: Cluster) -> dict[str, Any]:
    """What a nested pipeline is told of where its steps run."""
    return {name: given[name] for name in cluster_fields(cluster)}


def placing(cluster: Cluster) -> dict[str, Field]:
    """The parameters that take what `placed` gives."""
    return {name: Field(each.kind) for name, each in cluster_fields(cluster).items()}
