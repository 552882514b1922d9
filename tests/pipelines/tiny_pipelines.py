"""Pipelines of a few tasks, each of which breaks one rule of Kubeflow's backend, by its name.

They are not only rejected here: each compiles. What the SDK itself refuses to compile is broken in
the compiled pipeline instead, by `BROKEN_AFTERWARDS`.
"""

# annotations are read by kfp, so they are not postponed here
# mypy: disable-error-code="no-untyped-def, valid-type, misc, type-arg"
# mypy: disable-error-code="untyped-decorator, no-any-return"

from collections.abc import Callable, Mapping
from typing import Any

from kfp import dsl, kubernetes


def component(function: Callable[..., Any]) -> Any:
    """On an image of no importance."""
    return dsl.component(function, base_image="image", install_kfp_package=False)


@component
def batches() -> list:
    return ["a b"]


@component
def wanted() -> bool:
    return True


@component
def work(names: str) -> str:
    return names


@component
def work_on_list(names: list):
    print(names)


@component
def count(number: int):
    print(number)


@component
def numbers() -> list[int]:
    return [1]


@component
def gather(names: list):
    print(names)


@component
def elsewhere(network: dsl.Output[dsl.Model]):
    network.uri = "gs://bucket/elsewhere"


@component
def elsewhere_by_name(network: dsl.Output[dsl.Model]):
    setattr(network, "uri", "gs://bucket/elsewhere")  # noqa: B010


@component
def elsewhere_by_path(network: dsl.Output[dsl.Model]):
    network.path = "/gcs/bucket/elsewhere"


@component
def elsewhere_returned() -> dsl.Model:
    return dsl.Model(uri="gs://bucket/elsewhere")


@component
def page(text: dsl.Output[dsl.Markdown]):
    print(text.path)


def uncached(task: Any) -> Any:
    return task.set_caching_options(False)


def artifact_uri() -> None:
    uncached(elsewhere())


def artifact_uri_by_name() -> None:
    uncached(elsewhere_by_name())


def artifact_uri_by_path() -> None:
    uncached(elsewhere_by_path())


def artifact_uri_returned() -> None:
    uncached(elsewhere_returned())


def item_type() -> None:
    with dsl.ParallelFor(uncached(batches()).output, name="batches") as names:
        uncached(work_on_list(names=names))


def item_type_of_numbers() -> None:
    with dsl.ParallelFor(uncached(batches()).output, name="numbers of no type") as number:
        uncached(count(number=number))


def item_type_in_a_condition() -> None:
    with dsl.ParallelFor(uncached(batches()).output, name="batches") as names:
        made = uncached(work(names=names))
        with dsl.If(made.output == "a", name="wanted"):
            uncached(work_on_list(names=names))


def unresolved(cpu: str = "1") -> None:
    with dsl.ParallelFor(uncached(batches()).output, name="batches") as names:
        uncached(work(names=names)).set_cpu_request(cpu)


def unresolved_in_if(memory: str = "1Gi") -> None:
    with dsl.If(uncached(wanted()).output == True, name="wanted"):  # noqa: E712
        uncached(work(names="a")).set_memory_limit(memory)


def collected() -> None:
    with dsl.ParallelFor(uncached(batches()).output, name="batches") as names:
        done = uncached(work(names=names))
    uncached(gather(names=dsl.Collected(done.output)))


@dsl.pipeline(name="collecting")
def collecting() -> list:
    with dsl.ParallelFor(uncached(batches()).output, name="batches") as names:
        done = uncached(work(names=names))
    return dsl.Collected(done.output)


def collected_by_a_pipeline() -> None:
    uncached(gather(names=collecting().output))


def exit_handler() -> None:
    at_the_end = uncached(work(names="at the end"))
    with dsl.ExitHandler(at_the_end, name="until the end"):
        made = uncached(batches())
        with dsl.ParallelFor(made.output, name="batches") as names:
            uncached(work(names=names))


def retry() -> None:
    uncached(work(names="a")).set_retry(3)


def caching() -> None:
    work(names="a")


def optional_none(names: str = None) -> None:  # type: ignore[assignment]  # noqa: RUF013
    uncached(work(names=names))


def artifact_type() -> None:
    uncached(page())


def generic_name_of_a_loop() -> None:
    with dsl.ParallelFor(uncached(batches()).output) as names:
        uncached(work(names=names))


def generic_name_of_a_condition() -> None:
    with dsl.If(uncached(wanted()).output == True):  # noqa: E712
        uncached(work(names="a"))


def allowed(cpu: str = "1", selector: dict = {}) -> None:  # noqa: B006
    """What is near to each of these and breaks none."""
    with dsl.If(uncached(wanted()).output == True, name="wanted"):  # noqa: E712
        with dsl.ParallelFor(uncached(batches()).output, name="batches") as names:
            task = uncached(work(names=names)).set_cpu_request(cpu)
            task.register_pipeline_channels([cpu])
            kubernetes.add_node_selector_json(task, selector)
        with dsl.ParallelFor(uncached(numbers()).output, name="numbers") as number:
            uncached(count(number=number))
        uncached(work(names="after the loop")).after(task)


BROKEN: Mapping[str, tuple[Callable[..., None], ...]] = {
    "artifact-uri": (
        artifact_uri, artifact_uri_by_name, artifact_uri_by_path, artifact_uri_returned,
    ),
    "item-type": (item_type, item_type_of_numbers, item_type_in_a_condition),
    "unresolved": (unresolved, unresolved_in_if),
    "collected": (collected, collected_by_a_pipeline),
    "exit-handler": (exit_handler,),
    "retry": (retry,),
    "caching": (caching,),
    "optional-none": (optional_none,),
    "artifact-type": (artifact_type,),
    "generic-name": (generic_name_of_a_loop, generic_name_of_a_condition),
}
"""By the rule that each breaks."""


def loop_over_artifacts(pipeline: dict[str, Any]) -> None:
    """What the SDK makes of `ParallelFor` over artifacts."""
    loop = tasks_of_the_condition(pipeline)["for-loop-2"]
    loop["artifactIterator"] = loop.pop("parameterIterator")


def share_a_loop(pipeline: dict[str, Any]) -> None:
    """As one would to make the YAML small."""
    tasks = tasks_of_the_condition(pipeline)
    tasks["for-loop-3"]["componentRef"] = tasks["for-loop-2"]["componentRef"]


def wait_for_the_condition(pipeline: dict[str, Any]) -> None:
    """A task after an If of its own group."""
    tasks = pipeline["root"]["dag"]["tasks"]
    tasks["after"] = {
        "componentRef": {"name": "comp-wanted"}, "dependentTasks": ["condition-1"],
        "taskInfo": {"name": "after"},
    }


def wait_in_another_group(pipeline: dict[str, Any]) -> None:
    """A task of a condition after one outside of it."""
    tasks_of_the_condition(pipeline)["work-2"]["dependentTasks"].append("wanted")


def too_large(pipeline: dict[str, Any]) -> None:
    """As of very many generations."""
    pipeline["root"]["dag"]["tasks"]["wanted"]["taskInfo"]["name"] = "wanted" * 100_000


def node_selector_of_nobody(pipeline: dict[str, Any]) -> None:
    """What Kubernetes is told of refers to a parameter of the group around a task."""
    del pipeline["components"]["comp-for-loop-2"]["inputDefinitions"]["parameters"][
        "pipelinechannel--selector"
    ]


def tasks_of_the_condition(pipeline: dict[str, Any]) -> dict[str, Any]:
    """The tasks in the condition of `allowed`."""
    tasks: dict[str, Any] = pipeline["components"]["comp-condition-1"]["dag"]["tasks"]
    return tasks


BROKEN_AFTERWARDS: Mapping[str, tuple[Callable[[dict[str, Any]], None], ...]] = {
    "artifact-iterator": (loop_over_artifacts,),
    "shared-loop": (share_a_loop,),
    "skipped": (wait_for_the_condition,),
    "across-groups": (wait_in_another_group,),
    "size": (too_large,),
    "unresolved": (node_selector_of_nobody,),
}
"""By rule, what breaks it in the compiled `allowed`."""
