"""Checks a compiled pipeline against the rules of Kubeflow's backend.

What breaks one of these compiles, and runs by kfp's local runner, and then fails, hangs or is
hidden on a cluster. They were tried on Kubeflow Pipelines 2.17 with Argo 4.0.5, but for two that
were read in its source: `artifact-iterator` (argocompiler/dag.go) and `shared-loop` (there too).
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.compiled import Compiled, Task
from videonas.errors import VideonasError

ARTIFACT_TYPES = (
    "system.Artifact", "system.Dataset", "system.HTML", "system.Metrics", "system.Model"
)
"""Those that the user interface knows how to show and that are used here."""

ARTIFACT_CLASSES = (
    "Artifact", "ClassificationMetrics", "Dataset", "HTML", "Markdown", "Metrics", "Model",
    "SlicedClassificationMetrics",
)
"""Those of kfp, which a component can return."""

ARGO_LIMIT = 2**20
"""Bytes of a Workflow, beyond which Argo refuses it."""

MOST_BYTES = ARGO_LIMIT * 2 // 5
"""Of a compiled pipeline. The backend writes each task into the component around it and into a
template, and each loop once more: by its source (argocompiler/dag.go), and by the Workflow of a
pipeline that ran, this comes to 1.6 to 2.3 times the size of the YAML. The state of the run comes
on top, compressed."""

GENERIC_NAME = re.compile(r"(condition|for-loop|exit-handler)-\d+")

PLACEHOLDER = re.compile(r"\{\{\$\.inputs\.parameters\['([^']+)'\]\}\}")

EXIT = "ALL_UPSTREAM_TASKS_COMPLETED"
"""The strategy of a task that runs whatever became of those before it."""

Found = Iterator[tuple[str, str]]
"""Where a rule is broken, and how."""


@dataclass(frozen=True)
class Problem:
    """A rule that is broken.

    Attributes:
        rule: its name in `RULES`.
        where: component or task.
        what: was found, and what is allowed.
    """

    rule: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what} ({self.rule})"


class BrokenRules(VideonasError):
    """A compiled pipeline that would not run on a cluster.

    Args:
        problems: at least one.
    """

    def __init__(self, problems: list[Problem]) -> None:
        more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
        super().__init__(f"Kubeflow would not run this pipeline: {problems[0]}{more}")
        self.problems = problems


def check(compiled: Compiled) -> None:
    """Checks a compiled pipeline.

    Raises:
        BrokenRules: it breaks one or more.
    """
    if problems := find_problems(compiled):
        raise BrokenRules(problems)


def find_problems(compiled: Compiled) -> list[Problem]:
    """All rules that a compiled pipeline breaks."""
    return [
        Problem(name, where, what)
        for name, rule in RULES.items() for where, what in rule(compiled)
    ]


def _artifact_uri(compiled: Compiled) -> Found:
    """The launcher uploads an artifact to its URI, and refuses one outside the run's own root."""
    for name, component in compiled.components.items():
        artifacts = component.get("outputDefinitions", {}).get("artifacts", {}).keys()
        for word in (compiled.container(name) or {}).get("command", ()):
            if "\ndef " in word and any(_sets_uri(n, artifacts) for n in ast.walk(ast.parse(word))):
                yield name, "its source sets an artifact's uri; allowed: metadata['address']"


def _sets_uri(node: ast.AST, artifacts: Collection[str]) -> bool:
    """Whether a piece of source sets a URI: by its name, by that of the path, which kfp turns into
    a URI, or where it makes an artifact.
    """
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        owner = node.value.id if isinstance(node.value, ast.Name) else None
        return node.attr == "uri" or (node.attr == "path" and owner in artifacts)
    if not isinstance(node, ast.Call):
        return False
    called = getattr(node.func, "attr", getattr(node.func, "id", None))
    if called == "setattr":
        return any(isinstance(each, ast.Constant) and each.value == "uri" for each in node.args)
    return called in ARTIFACT_CLASSES and any(each.arg == "uri" for each in node.keywords)


def _item_type(compiled: Compiled) -> Found:
    """A driver refuses an item of another type than the parameter that it feeds."""
    for loop in compiled.tasks:
        if loop.iterator is not None:
            item = loop.iterator["itemInput"]
            found = compiled.inputs(loop.component).get(item, {}).get("parameterType")
            yield from _fed_otherwise(compiled, loop.component, item, found)


def _fed_otherwise(
    compiled: Compiled, group: str, parameter: str, found: str | None
) -> Found:
    """Tasks that take a group's parameter, in the group or in those inside it, as another type."""
    for task in compiled.tasks_of(group).values():
        for name, source in task.parameters.items():
            if source.get("componentInputParameter") != parameter:
                continue
            if "parameterExpressionSelector" in source:  # a field of the item
                continue
            declared = compiled.inputs(task.component).get(name, {}).get("parameterType")
            if declared not in (None, found):
                yield _place(task), f"{name} is {declared}, and the items of its loop {found}"
            else:
                yield from _fed_otherwise(compiled, task.component, name, found)


def _unresolved(compiled: Compiled) -> Found:
    """A driver looks inputs, resources and nodes up in the group around a task, by name."""
    for task in compiled.tasks:
        known = compiled.inputs(task.group)
        sources = [*task.parameters.values(), *_sources(compiled.kubernetes(task.component))]
        used = {each["componentInputParameter"] for each in sources
                if "componentInputParameter" in each}
        for name in sorted(used - known.keys()):
            yield _place(task), (
                f"the group around it has no parameter {name}; "
                "allowed: task.register_pipeline_channels"
            )
        asked = set(PLACEHOLDER.findall(json.dumps(compiled.container(task.component))))
        for name in sorted(asked - task.parameters.keys()):
            yield _place(task), f"its container takes {name}, which the task is not given"


def _sources(kubernetes: Any) -> Iterator[Mapping[str, Any]]:
    """Where settings of Kubernetes come from, wherever they lie."""
    if isinstance(kubernetes, Mapping):
        if isinstance(kubernetes.get("componentInputParameter"), str):
            yield kubernetes
        for each in kubernetes.values():
            yield from _sources(each)
    elif isinstance(kubernetes, list):
        for each in kubernetes:
            yield from _sources(each)


def _collected(compiled: Compiled) -> Found:
    """What collects over a loop fails in its driver where the loop ran over nothing."""
    for task in compiled.tasks:
        beside = compiled.tasks_of(task.group)
        for name, producer in task.producers.items():
            if producer in beside and beside[producer].iterator is not None:
                yield _place(task), f"{name} is collected over a loop; allowed: .after(...)"
    for group, component in compiled.components.items():
        outputs = component.get("dag", {}).get("outputs", {}).get("parameters", {})
        for name, output in outputs.items():
            producer = output.get("valueFromParameter", {}).get("producerSubtask")
            inner = compiled.tasks_of(group).get(producer)
            if inner is not None and inner.iterator is not None:
                yield group, f"its output {name} is collected over a loop; allowed: no such output"


def _artifact_iterator(compiled: Compiled) -> Found:
    """The backend has no loop over artifacts."""
    for task in compiled.tasks:
        if "artifactIterator" in task.spec:
            yield _place(task), "it loops over artifacts; allowed: a loop over a list parameter"


def _shared_loop(compiled: Compiled) -> Found:
    """The backend names a template after a loop's component, and refuses a second of the name."""
    first: dict[str, Task] = {}
    for task in compiled.tasks:
        if task.iterator is not None:
            other = first.setdefault(task.component, task)
            if other is not task:
                yield _place(task), f"it has the component of {_place(other)}; allowed: its own"


def _exit_handler(compiled: Compiled) -> Found:
    """A loop within an exit handler fails."""
    for task in compiled.tasks:
        if task.spec.get("triggerPolicy", {}).get("strategy") != EXIT:
            continue
        beside = compiled.tasks_of(task.group)
        for key in task.needs & beside.keys():
            if _has_loop(compiled, beside[key]):
                yield _place(task), f"it is an exit task around a loop, in {key}; allowed: neither"


def _has_loop(compiled: Compiled, task: Task) -> bool:
    return task.iterator is not None or any(
        _has_loop(compiled, each) for each in compiled.tasks_of(task.component).values()
    )


def _retry(compiled: Compiled) -> Found:
    """`backoffMaxDuration` counts from the first attempt, so it ends the retries that KFP makes by
    itself where an attempt took longer.
    """
    for task in compiled.tasks:
        if "backoffMaxDuration" in task.spec.get("retryPolicy", {}):
            yield _place(task), "it has set_retry; allowed: KFP's own retries"


def _caching(compiled: Compiled) -> Found:
    """The search root is the cache; a cached task would leave it as it is."""
    for task in compiled.tasks:
        cached = task.spec.get("cachingOptions", {}).get("enableCache", False)
        if compiled.container(task.component) is not None and cached:
            yield _place(task), "it can be cached; allowed: set_caching_options(False)"


def _optional_none(compiled: Compiled) -> Found:
    """A parameter that is None has no value that a driver could hand on."""
    for name in compiled.components:
        for parameter, about in compiled.inputs(name).items():
            if about.get("isOptional") and "defaultValue" not in about:
                yield name, f"{parameter} defaults to None; allowed: another default, or none"


def _artifact_type(compiled: Compiled) -> Found:
    """The user interface shows artifacts by their type."""
    for name, component in compiled.components.items():
        for definitions in ("inputDefinitions", "outputDefinitions"):
            for artifact, about in component.get(definitions, {}).get("artifacts", {}).items():
                kind = about.get("artifactType", {}).get("schemaTitle")
                if kind not in ARTIFACT_TYPES:
                    allowed = ", ".join(ARTIFACT_TYPES)
                    yield name, f"{artifact} is a {kind}; allowed: {allowed}"


def _size(compiled: Compiled) -> Found:
    """Argo holds a run in one object of limited size."""
    if compiled.size > MOST_BYTES:
        what = f"{compiled.size:,} bytes; allowed: {MOST_BYTES:,}, with fewer generations"
        yield "the YAML", what


def _across_groups(compiled: Compiled) -> Found:
    """A task waits for tasks of its own group only."""
    for task in compiled.tasks:
        for key in sorted(task.needs - compiled.tasks_of(task.group).keys()):
            yield _place(task), f"it waits for {key}, which is in another group"


def _skipped(compiled: Compiled) -> Found:
    """What waits for an If of its own group is left out where the If is skipped."""
    for task in compiled.tasks:
        beside = compiled.tasks_of(task.group)
        for key in sorted(task.needs & beside.keys()):
            if "condition" in beside[key].spec.get("triggerPolicy", {}):
                yield _place(task), f"it waits for {key}, an If that can be skipped; allowed: in it"


def _generic_name(compiled: Compiled) -> Found:
    """The graph shows conditions and loops by name."""
    for task in compiled.tasks:
        if GENERIC_NAME.fullmatch(task.name):
            yield _place(task), "the graph would show this name; allowed: If or ParallelFor(name=)"


def _place(task: Task) -> str:
    return f"{task.group}/{task.key}"


RULES: Mapping[str, Callable[[Compiled], Found]] = {
    "artifact-uri": _artifact_uri,
    "item-type": _item_type,
    "unresolved": _unresolved,
    "collected": _collected,
    "artifact-iterator": _artifact_iterator,
    "shared-loop": _shared_loop,
    "exit-handler": _exit_handler,
    "retry": _retry,
    "caching": _caching,
    "optional-none": _optional_none,
    "artifact-type": _artifact_type,
    "size": _size,
    "across-groups": _across_groups,
    "skipped": _skipped,
    "generic-name": _generic_name,
}
