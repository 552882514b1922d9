"""Runs a compiled pipeline as Kubeflow's backend does, one task after another.

It does with inputs, conditions and loops what a real one was seen to do: the item of a loop is text
unless the list says what it holds, a value of another type than the component declares is refused,
and what waits for a skipped task is left out. Components run from the source in the YAML, by kfp's
own executor; here, or wherever `execute` runs it.
"""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kfp.dsl.executor import Executor

from pipelines.checking import PLACEHOLDER
from pipelines.compiled import ROOT, Compiled, Task

Values = Mapping[str, Any]
Execute = Callable[[Values, dict[str, Any]], dict[str, Any]]
"""Runs a container on what KFP's launcher hands it; gives back what its executor wrote."""

TYPES: Mapping[str, type | tuple[type, ...]] = {
    "STRING": str, "NUMBER_INTEGER": int, "NUMBER_DOUBLE": (int, float), "BOOLEAN": bool,
    "STRUCT": dict, "LIST": list,
}


class DriverError(Exception):
    """A driver cannot resolve what a task needs."""


@dataclass(frozen=True)
class Outputs:
    """What a task gave."""

    parameters: Values = field(default_factory=dict)
    artifacts: Mapping[str, Values] = field(default_factory=dict)


@dataclass(frozen=True)
class Ran:
    """A container that ran.

    Attributes:
        name: of the task, as the graph shows it.
        parameters: that it was given.
        inputs: artifacts that it was given, by name.
        outputs: what it gave.
    """

    name: str
    parameters: Values
    inputs: Mapping[str, Values]
    outputs: Outputs


def execute_here(container: Values, given: dict[str, Any]) -> dict[str, Any]:
    """Runs the function in a container's command in this process."""
    module: dict[str, Any] = {}
    # kfp reads annotations as objects, which this module's own `from __future__` would prevent
    exec(compile(container["command"][-1], "component", "exec", dont_inherit=True), module)
    name = container["args"][container["args"].index("--function_to_execute") + 1]
    handler = signal.getsignal(signal.SIGTERM)
    try:
        file = Executor(executor_input=given, function_to_execute=module[name]).execute()
    finally:
        signal.signal(signal.SIGTERM, handler)
    return json.loads(Path(file).read_text()) if file else {}


@dataclass
class Backend:
    """A run of a compiled pipeline.

    Attributes:
        compiled: the pipeline.
        folder: where artifacts lie, as the containers see it.
        execute: runs a container.
        ran: the containers that ran, in order.
    """

    compiled: Compiled
    folder: Path
    execute: Execute = execute_here
    ran: list[Ran] = field(default_factory=list)

    def run(self, **form: Any) -> list[Ran]:
        """Runs the pipeline with a form that is filled in, and gives back what ran."""
        fields = self.compiled.inputs(ROOT)
        defaults = {n: each["defaultValue"] for n, each in fields.items() if "defaultValue" in each}
        values = {**defaults, **form}
        if values.keys() != fields.keys():
            raise DriverError(f"fields {sorted(values.keys() ^ fields.keys())}")
        self._group(ROOT, as_the_launcher_writes(values), {})
        return self.ran

    def _group(self, group: str, parameters: Values, artifacts: Mapping[str, Values]) -> None:
        done: dict[str, Outputs | None] = {}
        for task in in_order(self.compiled.tasks_of(group)):
            if any(done[each] is None for each in task.needs):
                done[task.key] = None
            else:
                done[task.key] = self._task(task, parameters, artifacts, done)

    def _task(
        self, task: Task, around: Values, artifacts: Mapping[str, Values],
        done: Mapping[str, Outputs | None],
    ) -> Outputs | None:
        """Runs a task; None where its condition does not hold."""
        parameters = {
            name: resolve(source, around, done) for name, source in task.parameters.items()
        }
        given = {name: artifact(each, artifacts, done) for name, each in task.artifacts.items()}
        condition = task.spec.get("triggerPolicy", {}).get("condition")
        if condition is not None and not holds(condition, parameters):
            return None
        if task.iterator is not None:
            for item in parameters[task.iterator["items"]["inputParameter"]]:
                shown = item if isinstance(item, str) else json.dumps(item)
                turn = {**parameters, task.iterator["itemInput"]: shown}
                self._check(task, turn)
                self._group(task.component, turn, given)
            return Outputs()
        self._check(task, parameters)
        if self.compiled.container(task.component) is None:
            self._group(task.component, parameters, given)
            return Outputs()
        return self._container(task, parameters, given)

    def _check(self, task: Task, parameters: Values) -> None:
        """As a driver does: each parameter is there, and of the type that is declared."""
        for name, about in self.compiled.inputs(task.component).items():
            kind = TYPES[about["parameterType"]]
            value = parameters[name]
            if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
                raise DriverError(f"{task.name}: {name}: expect {kind}, got {value!r}")

    def _container(self, task: Task, parameters: Values, given: Mapping[str, Values]) -> Outputs:
        component = self.compiled.components[task.component]
        declared = component.get("outputDefinitions", {})
        place = self.folder / f"{len(self.ran):03d}-{task.key}"
        made = {
            name: {"name": name, "type": each["artifactType"], "uri": str(place / name),
                   "metadata": {}}
            for name, each in declared.get("artifacts", {}).items()
        }
        container = filled_in(self.compiled.container(task.component), parameters)
        wrote = self.execute(container, {
            "inputs": {
                "parameterValues": {name: parameters[name]
                                    for name in self.compiled.inputs(task.component)},
                "artifacts": {name: {"artifacts": [each]} for name, each in given.items()},
            },
            "outputs": {
                "artifacts": {name: {"artifacts": [each]} for name, each in made.items()},
                "parameters": {name: {"outputFile": f"/tmp/kfp/outputs/{name}"}
                               for name in declared.get("parameters", {})},
                "outputFile": str(place / "output_metadata.json"),
            },
        })
        told = {name: each["artifacts"][0] for name, each in wrote.get("artifacts", {}).items()}
        for name, each in told.items():
            if each.get("uri", made[name]["uri"]) != made[name]["uri"]:
                raise DriverError(f"{task.name}: failed to upload output artifact {name!r}")
            made[name]["metadata"] = as_the_launcher_writes(each.get("metadata", {}))
        values = as_the_launcher_writes(wrote.get("parameterValues", {}))
        self.ran.append(Ran(task.name, parameters, given, Outputs(values, made)))
        return self.ran[-1].outputs


def in_order(tasks: Mapping[str, Task]) -> Iterator[Task]:
    """Tasks, each after those that it waits for."""
    left = dict(tasks)
    while left:
        ready = next(task for task in left.values() if not task.needs & left.keys())
        yield left.pop(ready.key)


def resolve(source: Values, around: Values, done: Mapping[str, Outputs | None]) -> Any:
    """The value of a parameter."""
    if "runtimeValue" in source:
        return as_the_launcher_writes(filled_in(source["runtimeValue"]["constant"], around))
    if "componentInputParameter" in source:
        if source["componentInputParameter"] not in around:
            raise DriverError(f"parent DAG does not have input parameter {source}")
        return around[source["componentInputParameter"]]
    output = source["taskOutputParameter"]
    outputs = done[output["producerTask"]]
    assert outputs is not None
    return outputs.parameters[output["outputParameterKey"]]


def artifact(
    source: Values, around: Mapping[str, Values], done: Mapping[str, Outputs | None]
) -> Values:
    """An artifact that a task is given."""
    if "componentInputArtifact" in source:
        return around[source["componentInputArtifact"]]
    output = source["taskOutputArtifact"]
    outputs = done[output["producerTask"]]
    assert outputs is not None
    return outputs.artifacts[output["outputArtifactKey"]]


def holds(condition: str, parameters: Values) -> bool:
    """Whether a condition of the only form that is used here is true."""
    match = re.fullmatch(r"inputs\.parameter_values\['([^']+)'\] == true", condition)
    assert match, condition
    return parameters[match[1]] is True


def filled_in(spec: Any, parameters: Values) -> Any:
    """A part of the YAML with the parameters that it names; those it is not given stay."""
    text = json.dumps(spec)
    return json.loads(PLACEHOLDER.sub(lambda m: str(parameters.get(m[1], m[0])), text))


def as_the_launcher_writes(value: Any) -> Any:
    """Whole numbers lose their fraction: the launcher knows one kind of number."""
    if isinstance(value, Mapping):
        return {name: as_the_launcher_writes(item) for name, item in value.items()}
    if isinstance(value, list):
        return [as_the_launcher_writes(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
