"""The arguments of a pipeline, from settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from pipelines.cluster import Cluster
from pipelines.form import OTHER_SETTINGS, SETTING_FIELDS, run_fields
from videonas.codec import NOT_YAML
from videonas.errors import SettingsError, StorageError, brief, did_you_mean
from videonas.evolution.starts import check_starts
from videonas.search.root import SearchRoot
from videonas.search.settings import make_settings, merge_settings
from videonas.steps.start import FORM_HAS_NO_NONE

ALLOWED = {
    dict: "a mapping, such as '{pool: gpu}'", list: "a list, such as '[]'", bool: "true or false",
}
"""What a field of a type can hold, in words."""

REMOTE = ("gs://", "s3://", "minio://")
"""Search roots that the pods of a cluster can see."""


def pipeline_arguments(root: SearchRoot, space: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The pipeline's arguments: given settings over those of the search over the defaults.

    Raises:
        SettingsError: a setting that is not allowed, or `space` given twice.
        UnfitStart: a network that the search cannot begin with.
    """
    check_space(space, given)
    stored = root.settings.model_dump(mode="json") if root.exists else {"space": space}
    settings = make_settings(merge_settings(stored, given))
    if root.head() < 0:
        check_starts(settings)
    return _arguments(root.uri, given, settings.model_dump(mode="json"), SETTING_FIELDS)


def given_arguments(search_root: str, space: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The pipeline's arguments where the search root cannot be read: what was given, checked by
    itself, and nothing else, so that the pipeline's form fills in the rest.

    Raises:
        SettingsError: a setting that is not allowed, or `space` given twice.
    """
    check_space(space, given)
    effective = make_settings({"space": space, **given}).model_dump(mode="json")
    fields = {field: setting for field, setting in SETTING_FIELDS.items() if setting in given}
    return _arguments(search_root, given, effective, fields)


def cluster_arguments(
    search_root: str, space: str, given: Mapping[str, Any], most: int
) -> tuple[dict[str, Any], str | None]:
    """The arguments of a run on a cluster.

    Args:
        search_root: URI.
        space: search space.
        given: settings by name.
        most: generations that the pipeline is compiled for; a run has as many where none are given.

    Returns:
        the arguments, and why the search root could not be read from here, if it could not.

    Raises:
        SettingsError: a search root that a cluster cannot see, or a setting that is not allowed.
    """
    check_remote(search_root)
    if not isinstance(given.get("generations", most), (int, float)):
        make_settings({"space": space, **given})  # says what it should be
    if given.get("generations", most) > most:
        raise SettingsError(
            f"setting generations is {given['generations']}, and the pipeline is compiled for "
            f"{most}; give --generations {given['generations']}, or run it again to go on"
        )
    given_arguments(search_root, space, given)  # told at once, however slow the store is
    unreadable = None
    try:
        root = SearchRoot(search_root)
        arguments = pipeline_arguments(root, space, given)
    except StorageError as error:
        unreadable = str(error)
        arguments = given_arguments(search_root, space, given)
    return {**arguments, "run_generations": int(given.get("generations", most))}, unreadable


def field_arguments(assignments: Sequence[str], cluster: Cluster) -> dict[str, Any]:
    """Arguments for the fields of the form that say where steps run, and on what.

    Args:
        assignments: words such as `train_pool_memory=8Gi`; a mapping or a list is written as YAML.
        cluster: that the pipeline is compiled for.

    Raises:
        SettingsError: a word without `=`, no such field, or a value of another type.
    """
    known = run_fields(cluster)
    given: dict[str, Any] = {}
    for word in assignments:
        name, separator, text = word.partition("=")
        if not separator:
            raise SettingsError(f"--form {word!r} has no '='; write --form name=value")
        if name not in known:
            raise SettingsError(
                f"--form {word}: the form has no such field{did_you_mean(name, known)}; allowed: "
                f"{', '.join(known)}; settings are given by --set"
            )
        given[name] = _field_value(word, text, known[name].kind)
    # the steps of all pools run on one image
    has_gpus = any(given.get(f"{pool}_pool_gpus", "").strip(" 0") for pool in ("train", "measure"))
    if has_gpus and "image_train" not in given:
        given["image_train"] = cluster.image("train-gpu")
    return given


def check_remote(search_root: str) -> None:
    """Refuses a search root that only this machine can see.

    Raises:
        SettingsError: it is not in object storage, or names no bucket.
    """
    scheme = next((each for each in REMOTE if search_root.startswith(each)), "")
    if not scheme or not search_root.removeprefix(scheme).strip("/"):
        allowed = ", ".join(f"{each}bucket/prefix" for each in REMOTE)
        raise SettingsError(
            f"--search-root {search_root}: the pods of a cluster cannot see it; allowed: {allowed}"
        )


def check_space(space: str, given: Mapping[str, Any]) -> None:
    """Refuses a second search space.

    Raises:
        SettingsError: the settings name another one.
    """
    if given.get("space", space) != space:
        raise SettingsError(f"space is {given['space']!r} in the settings and {space!r} before")


def _field_value(word: str, text: str, kind: type) -> Any:
    if kind is str:
        return text
    try:
        value = yaml.safe_load(text)
    except NOT_YAML:
        value = None
    if not isinstance(value, kind):
        raise SettingsError(f"--form {brief(word)}: allowed: {ALLOWED[kind]}")
    return value


def _arguments(
    uri: str,
    given: Mapping[str, Any],
    effective: Mapping[str, Any],
    fields: Mapping[str, str],
) -> dict[str, Any]:
    """Fields of the form, and the settings that were given and have no field of their own."""
    form = {
        field: FORM_HAS_NO_NONE.get(setting) if effective[setting] is None else effective[setting]
        for field, setting in fields.items()
    }
    own = {"space", *SETTING_FIELDS.values()}
    rest = {name: effective[name] for name in given if name not in own}
    return {"search_root": uri, **form, OTHER_SETTINGS: rest}
