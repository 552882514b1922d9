"""The fields of the pipeline's form, described in the words of the settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.cluster import Cluster
from videonas.search.settings import Settings
from videonas.steps.start import FORM_HAS_NO_NONE

DEFAULT_GENERATIONS = 5
"""Most generations of one run of a compiled pipeline."""

FORM = (
    "videos", "generations", "algorithm", "population", "children", "seed", "train_steps",
    "max_parameters", "max_macs", "max_latency_ms",
)
"""Settings that have a field of their own in the pipeline's form."""

NOTES: Mapping[object, str] = {
    "": "; empty to go on with those of the search",
    0: "; 0 for no limit",
}
"""What a field's stand-in for a setting that is not given means."""

REQUIRED: Any = object()
"""The default of a field that has to be filled in."""


@dataclass(frozen=True)
class Field:
    """A field of the form, or a parameter of a pipeline inside the pipeline.

    Attributes:
        kind: type of its value.
        default: what it holds unless it is changed.
        meaning: a sentence.
    """

    kind: type
    default: Any = REQUIRED
    meaning: str = ""


def form_fields(generations: int, cluster: Cluster) -> dict[str, Field]:
    """The whole form.

    Args:
        generations: most generations of one run.
        cluster: for which the pipeline is compiled.
    """
    said = form_descriptions()
    fields = {"search_root": Field(str, REQUIRED, said["search_root"])}
    for name in FORM:
        default = getattr(Settings.model_construct(), name)
        shown = FORM_HAS_NO_NONE[name] if default is None else default
        fields[name] = Field(type(shown), shown, said[name])
    fields["generations"] = Field(int, generations, said["generations"])
    fields["settings"] = Field(dict, {}, said["settings"])
    return {**fields, **cluster_fields(cluster)}


def form_descriptions() -> dict[str, str]:
    """A sentence on each field that `start` takes, by name."""
    return {
        "search_root": "Where the search is kept; an existing search goes on.",
        **{name: _sentence(name) for name in FORM},
        "settings": "Every other setting, by name; `videonas settings` lists them.",
    }


def cluster_fields(cluster: Cluster) -> dict[str, Field]:
    """The fields that say where steps run, and on what.

    All that is said of processors, memory and GPUs is text: KFP's driver takes a number for
    nothing.
    """
    pools = {"train": "training, evaluation and finishing"}
    if cluster.measure:
        pools["measure"] = "measuring latency"
    return {
        "evolve_image": Field(
            str, cluster.image("evolve"), "Image of the steps start, mutate and select."
        ),
        "train_image": Field(str, cluster.image("train"), "Image of the other steps."),
        **{
            f"{pool}_{name}": each
            for pool, work in pools.items() for name, each in _pool(work, cluster)
        },
    }


def _pool(work: str, cluster: Cluster) -> Iterator[tuple[str, Field]]:
    """The fields of a pool of nodes, without its name."""
    yield "cpu", Field(str, "1", f"Processors that {work} asks for, such as 2 or 500m.")
    yield "memory", Field(str, "4Gi", f"Memory that {work} asks for, and may use at most.")
    if cluster.gpu:
        yield "gpus", Field(str, "", f"How many GPUs {work} asks for; empty for none.")
        yield "gpu_type", Field(
            str, "nvidia.com/gpu", "The name by which the cluster counts these GPUs."
        )
    yield "node_selector", Field(
        dict, {}, f"Labels that nodes must have for {work}, by name; empty for any node."
    )
    yield "tolerations", Field(
        list, [], f"Taints of nodes that {work} tolerates, as a pod has them."
    )


def _sentence(name: str) -> str:
    meaning = Settings.model_fields[name].description or ""
    note = NOTES[FORM_HAS_NO_NONE[name]] if name in FORM_HAS_NO_NONE else ""
    return f"{meaning[0].upper()}{meaning[1:]}{note}."
