"""How many tasks and pods a compiled pipeline makes on a cluster.

Counted as Kubeflow Pipelines 2 on Argo does: a task that runs a container has a driver pod and a
pod of its own; a nested pipeline, a condition and a loop have a driver pod each, and so has every
turn of a loop. Nothing is taken from KFP's cache.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Load:
    """What a cluster has to start.

    Attributes:
        tasks: that run a container.
        pods: drivers included.
    """

    tasks: int = 0
    pods: int = 0

    def __add__(self, other: Load) -> Load:
        return Load(self.tasks + other.tasks, self.pods + other.pods)

    def __mul__(self, times: int) -> Load:
        return Load(self.tasks * times, self.pods * times)


DRIVER = Load(0, 1)
CONTAINER = Load(1, 2)


def load_of(pipeline: Mapping[str, Any], component: str, turns: int) -> Load:
    """What one component of a compiled pipeline makes, the component's own driver included.

    Args:
        pipeline: as kfp compiles it, read from YAML.
        component: its name, such as `comp-generation`.
        turns: of every loop.
    """
    found = pipeline["components"][component]
    if "executorLabel" in found:
        return CONTAINER
    total = DRIVER
    for task in found["dag"]["tasks"].values():
        body = load_of(pipeline, task["componentRef"]["name"], turns)
        # the body's own driver is that of each turn; the loop has one besides
        total += DRIVER + body * turns if "parameterIterator" in task else body
    return total
