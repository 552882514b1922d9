"""The fields of the pipeline's form, described in the words of the settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pipelines.cluster import Cluster
from videonas.search.settings import Settings
from videonas.steps.start import FORM_HAS_NO_NONE

DEFAULT_GENERATIONS = 5
"""Most generations of one run of a compiled pipeline."""

SETTING_FIELDS: Mapping[str, str] = {
    "budget_max_latency_ms": "max_latency_ms",
    "budget_max_macs": "max_macs",
    "budget_max_parameters": "max_parameters",
    "run_generations": "generations",
    "search_algorithm": "algorithm",
    "search_children": "children",
    "search_population": "population",
    "search_seed": "seed",
    "search_train_steps": "train_steps",
    "search_videos": "videos",
}
"""The fields that hold a setting each, and which. The UI sorts the form by name and shows no
description, so a name begins with its group."""

OTHER_SETTINGS = "search_other_settings"
"""The field for settings that have none of their own."""

NOTES: Mapping[object, str] = {
    "": "; empty to go on with those of the search",
    0: "; 0 for no limit",
}
"""What a field's stand-in for a setting that is not given means."""

REQUIRED: Any = object()
"""The default of a field that has to be filled in."""


@dataclass(frozen=True)
class Field:
    """A field of the form.

    Attributes:
        kind: type of its value.
        default: what it holds unless it is changed; `REQUIRED` for nothing.
        meaning: a sentence.
    """

    kind: type
    default: Any
    meaning: str


def form_fields(generations: int, cluster: Cluster) -> dict[str, Field]:
    """The whole form.

    Args:
        generations: most generations of one run.
        cluster: for which the pipeline is compiled.
    """
    fields = {
        "search_root": Field(str, REQUIRED, "Where the search is kept; an existing search goes on.")
    }
    for name, setting in SETTING_FIELDS.items():
        default = getattr(Settings.model_construct(), setting)
        shown = FORM_HAS_NO_NONE[setting] if default is None else default
        fields[name] = Field(type(shown), shown, _meaning(setting))
    fields["run_generations"] = replace(fields["run_generations"], default=generations)
    fields[OTHER_SETTINGS] = Field(
        dict, {}, "Every other setting, by name; `videonas settings` lists them."
    )
    return {**fields, **run_fields(cluster)}


def start_arguments(form: Mapping[str, Any]) -> dict[str, Any]:
    """What the component `start` takes of the form: settings by name, and all the others."""
    own = {setting: form[field] for field, setting in SETTING_FIELDS.items()}
    return {**own, "settings": form[OTHER_SETTINGS]}


def run_fields(cluster: Cluster) -> dict[str, Field]:
    """The fields that hold no setting, and say how one run is carried out."""
    retry = Field(bool, False, "Whether networks that failed are tried again.")
    return {"run_retry_failed": retry, **cluster_fields(cluster)}


def cluster_fields(cluster: Cluster) -> dict[str, Field]:
    """The fields that say where steps run, and on what.

    All that is said of processors, memory and GPUs is text: KFP's driver takes a number for
    nothing.
    """
    pools = {"train": "training, evaluation and finishing"}
    if cluster.measure:
        pools["measure"] = "measuring latency"
    return {
        "image_evolve": Field(
            str, cluster.image("evolve"), "Image of the steps start, mutate and select."
        ),
        "image_train": Field(
            str, cluster.image("train"),
            f"Image of the other steps; with GPUs {cluster.image('train-gpu')}.",
        ),
        **{
            f"{pool}_pool_{name}": each
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


def _meaning(setting: str) -> str:
    """A sentence on the field that holds a setting, in the words of the setting."""
    meaning = Settings.model_fields[setting].description or ""
    note = NOTES[FORM_HAS_NO_NONE[setting]] if setting in FORM_HAS_NO_NONE else ""
    return f"{meaning[0].upper()}{meaning[1:]}{note}."
