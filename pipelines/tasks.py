"""Tasks, and the pipeline around them, as the cluster that they are compiled for needs them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from kfp import dsl, kubernetes

from pipelines.cluster import Cluster, Step
from pipelines.form import REQUIRED, Field

Given = Mapping[str, Any]
"""The fields of the form, by name, while the tasks are made."""

EVOLVE_STEPS: tuple[Step, ...] = ("start", "mutate", "select")
"""Steps that run on the small image."""

POOLS: Mapping[Step, str] = {
    "measure": "measure", "train-candidate": "train", "evaluate": "train", "finish": "train",
}
"""The steps that run on a pool of nodes of the form."""


def pipeline_of(
    name: str, description: str, fields: Mapping[str, Field], body: Callable[[Given], None]
) -> Any:
    """A pipeline whose form is a table, which depends on the cluster.

    Args:
        name: of the pipeline.
        description: what the UI shows.
        fields: of the form, by name.
        body: makes the tasks.
    """

    def function(*values: Any) -> None:
        """Called by KFP once, with what stands for the values of the form."""
        body(dict(zip(fields, values, strict=True)))

    function.__signature__ = inspect.Signature([  # type: ignore[attr-defined]
        inspect.Parameter(
            key, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=each.kind,
            default=inspect.Parameter.empty if each.default is REQUIRED else each.default,
        )
        for key, each in fields.items()
    ])
    lines = [f"    {key}: {each.meaning}" for key, each in fields.items()]
    function.__doc__ = "\n".join([description, "", "Args:", *lines])
    return dsl.pipeline(name=name, description=description)(function)


def task(made: Any, step: Step, given: Given, cluster: Cluster, name: str | None = None) -> Any:
    """Gives a task what its step needs of the form and of the cluster.

    Args:
        made: the task.
        step: what it does.
        given: the fields of the form.
        cluster: that it runs on.
        name: shown in the graph; by default that of the step.

    Returns:
        the task.
    """
    made.set_display_name(name or step)
    made.set_caching_options(False)  # the search root is the cache
    made.set_container_image(given["image_evolve" if step in EVOLVE_STEPS else "image_train"])
    for variable, value in cluster.environment.items():
        made.set_env_variable(variable, value)
    _mount(made, cluster)
    if step in cluster.timeouts:
        kubernetes.set_timeout(made, cluster.timeouts[step])
    if cluster.pull_policy:
        kubernetes.set_image_pull_policy(made, cluster.pull_policy)
    if cluster.pull_secrets:
        kubernetes.set_image_pull_secrets(made, list(cluster.pull_secrets))
    if step in POOLS:
        _put_in_pool(made, POOLS[step], given, cluster)
    return made


def gpus_of(pool: str, given: Given, cluster: Cluster) -> Any:
    """How many GPUs the steps of a pool are given, so that they can tell when there is none."""
    return given[f"{pool}_pool_gpus"] if cluster.gpu else ""


def _mount(made: Any, cluster: Cluster) -> None:
    """Gives a task the secrets and the config maps of the cluster."""
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


def _put_in_pool(made: Any, pool: str, given: Given, cluster: Cluster) -> None:
    """Puts a task on the nodes that the form names for a pool."""
    cpu, memory = given[f"{pool}_pool_cpu"], given[f"{pool}_pool_memory"]
    made.set_cpu_request(cpu).set_memory_request(memory).set_memory_limit(memory)
    # in an If or a loop the backend looks resources up in the group around the task, and KFP hands
    # on to a group only what its tasks register
    made.register_pipeline_channels([cpu, memory])
    if cluster.gpu:
        # without a count, KFP's driver asks for none; with 0 it would name the resource, by which
        # some clusters let a pod onto nodes that are kept for GPUs
        gpus, gpu_type = given[f"{pool}_pool_gpus"], given[f"{pool}_pool_gpu_type"]
        made.set_accelerator_type(gpu_type).set_accelerator_limit(gpus)
        made.register_pipeline_channels([gpus, gpu_type])
    kubernetes.add_node_selector_json(made, given[f"{pool}_pool_node_selector"])
    kubernetes.add_toleration_json(made, given[f"{pool}_pool_tolerations"])
