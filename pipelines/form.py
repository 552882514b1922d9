"""The fields of the pipeline's form, described in the words of the settings."""

from __future__ import annotations

from collections.abc import Mapping

from videonas.search.settings import Settings
from videonas.steps.start import FORM_HAS_NO_NONE

DEFAULT_GENERATIONS = 5
"""Most generations of one run of a compiled pipeline."""

DEFAULT_PARALLELISM = 4
"""Training tasks at a time in a compiled pipeline."""

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


def form_descriptions() -> dict[str, str]:
    """A sentence on each field of the form, by name."""
    return {
        "search_root": "Where the search is kept; an existing search goes on.",
        **{name: _sentence(name) for name in FORM},
        "settings": "Every other setting, by name; `videonas settings` lists them.",
    }


def form_docstring() -> str:
    """The docstring of the pipeline's function, from which KFP describes the form."""
    fields = (f"    {name}: {sentence}" for name, sentence in form_descriptions().items())
    return "\n".join(["Searches for video-classification networks.", "", "Args:", *fields])


def _sentence(name: str) -> str:
    meaning = Settings.model_fields[name].description or ""
    note = NOTES[FORM_HAS_NO_NONE[name]] if name in FORM_HAS_NO_NONE else ""
    return f"{meaning[0].upper()}{meaning[1:]}{note}."
