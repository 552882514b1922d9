"""A compiled pipeline, as the YAML says it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

Spec = Mapping[str, Any]

ROOT = "root"
"""The name of the outermost group; every other one has that of its component."""


@dataclass(frozen=True)
class Task:
    """A task of a group: a container, or a group itself.

    Attributes:
        group: that it lies in.
        key: its name there.
        spec: what the YAML says of it.
    """

    group: str
    key: str
    spec: Spec

    @property
    def name(self) -> str:
        """What the user interface shows."""
        return str(self.spec["taskInfo"]["name"])

    @property
    def component(self) -> str:
        """The name of its component."""
        return str(self.spec["componentRef"]["name"])

    @property
    def parameters(self) -> Spec:
        """Where its parameters come from, by name."""
        return self.spec.get("inputs", {}).get("parameters", {})  # type: ignore[no-any-return]

    @property
    def artifacts(self) -> Spec:
        """Where its artifacts come from, by name."""
        return self.spec.get("inputs", {}).get("artifacts", {})  # type: ignore[no-any-return]

    @property
    def iterator(self) -> Spec | None:
        """What it loops over, if it is a loop."""
        return self.spec.get("parameterIterator") or self.spec.get("artifactIterator")

    @property
    def producers(self) -> dict[str, str]:
        """The keys of the tasks of which it takes an output, by input."""
        return {
            name: each["producerTask"]
            for name, source in {**self.parameters, **self.artifacts}.items()
            for each in source.values()
            if isinstance(each, Mapping) and "producerTask" in each
        }

    @property
    def needs(self) -> set[str]:
        """The keys of the tasks that it waits for."""
        return {*self.spec.get("dependentTasks", ()), *self.producers.values()}


@dataclass(frozen=True)
class Compiled:
    """A compiled pipeline.

    Attributes:
        pipeline: the first document of the YAML.
        platforms: the second, which says by executor what Kubernetes needs.
        size: of the YAML, in bytes.
    """

    pipeline: Spec
    platforms: Spec
    size: int

    @classmethod
    def read(cls, text: str) -> Compiled:
        """Reads the YAML of a pipeline."""
        pipeline, *platforms = yaml.safe_load_all(text)
        return cls(pipeline, platforms[0] if platforms else {}, len(text.encode()))

    @classmethod
    def load(cls, path: Path) -> Compiled:
        """Reads a file."""
        return cls.read(path.read_text(encoding="utf-8"))

    @cached_property
    def components(self) -> Mapping[str, Spec]:
        """Every component by name, the root among them."""
        return {ROOT: self.pipeline["root"], **self.pipeline["components"]}

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """Every task of every group."""
        return tuple(self._tasks())

    def tasks_of(self, group: str) -> Mapping[str, Task]:
        """The tasks of a group by key."""
        return {task.key: task for task in self.tasks if task.group == group}

    def inputs(self, component: str) -> Spec:
        """The parameters that a component declares, by name."""
        definitions = self.components[component].get("inputDefinitions", {})
        return definitions.get("parameters", {})  # type: ignore[no-any-return]

    def container(self, component: str) -> Spec | None:
        """The container of a component; None where it is a group."""
        label = self.components[component].get("executorLabel")
        if label is None:
            return None
        executor = self.pipeline["deploymentSpec"]["executors"][label]
        return executor.get("container", {})  # type: ignore[no-any-return]

    def kubernetes(self, component: str) -> Spec:
        """What Kubernetes needs for the container of a component."""
        label = self.components[component].get("executorLabel")
        platform = self.platforms.get("platforms", {}).get("kubernetes", {})
        executors = platform.get("deploymentSpec", {}).get("executors", {})
        return executors.get(label, {})  # type: ignore[no-any-return]

    def _tasks(self) -> Iterator[Task]:
        for group, component in self.components.items():
            for key, spec in component.get("dag", {}).get("tasks", {}).items():
                yield Task(group, key, spec)
