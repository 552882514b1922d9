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
        series: of these pods, how many run one after the other where all turns of a loop run at a
            time.
    """

    tasks: int = 0
    pods: int = 0
    series: int = 0

    def __add__(self, other: Load) -> Load:
        """One after the other."""
        return Load(
            self.tasks + other.tasks, self.pods + other.pods, self.series + other.series
        )

    def __sub__(self, other: Load) -> Load:
        """What is left without another one."""
        return Load(
            self.tasks - other.tasks, self.pods - other.pods, self.series - other.series
        )

    def __mul__(self, times: int) -> Load:
        """Several at a time."""
        return Load(self.tasks * times, self.pods * times, self.series if times else 0)


DRIVER = Load(0, 1, 1)
CONTAINER = Load(1, 2, 2)


def load_of(pipeline: Mapping[str, Any], component: str, turns: int) -> Load:
    """What one component of a compiled pipeline makes, the component's own driver included.

    Args:
        pipeline: as kfp compiles it, read from YAML.
        component: its name, such as `comp-select`, or `root` for all of the pipeline.
        turns: of every loop.
    """
    found = pipeline["root"] if component == "root" else pipeline["components"][component]
    if "executorLabel" in found:
        return CONTAINER
    tasks = found["dag"]["tasks"]
    loads = {}
    for name, task in tasks.items():
        body = load_of(pipeline, task["componentRef"]["name"], turns)
        # the body's own driver is that of each turn; the loop has one besides
        loads[name] = DRIVER + body * turns if "parameterIterator" in task else body
    ends: dict[str, int] = {}

    def end(name: str) -> int:
        """The pods in series up to the end of a task."""
        if name not in ends:
            before = [end(each) for each in tasks[name].get("dependentTasks", ())]
            ends[name] = max(before, default=0) + loads[name].series
        return ends[name]

    return Load(
        sum(load.tasks for load in loads.values()),
        DRIVER.pods + sum(load.pods for load in loads.values()),
        DRIVER.series + max(map(end, tasks), default=0),
    )
