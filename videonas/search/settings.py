"""Every setting of a search, once: the command line, the pipeline's form and the documentation
are made from this class.

What a setting decides says when it may change:

- `result`: what a network's evaluation gives. Fixed for a search; part of a result's key.
- `data`: what the shards hold. Fixed for a search; part of the data set's digest.
- `search`: which networks are tried and kept. Fixed for a search.
- `run`: budgets, and how a run is carried out. May differ from run to run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from videonas.codec import NOT_YAML, describe, to_plain
from videonas.errors import SettingsError, brief, did_you_mean
from videonas.search.dataset import OpticalFlow, streams_of
from videonas.search.start_from import check_count, plain_start, starting_architectures
from videonas.spaces import SPACES, open_space
from videonas.task import StreamName, Task

Decides = Literal["result", "data", "search", "run"]


def _setting(default: Any, decides: Decides, description: str, **limits: Any) -> Any:
    return Field(
        default, description=description, json_schema_extra={"decides": decides}, **limits
    )


def _split_words(value: Any) -> Any:
    """`top1,latency` as a list of two."""
    return [word.strip() for word in value.split(",")] if isinstance(value, str) else value


MOST = 2**63 - 1
"""The largest integer, of either sign, that a setting may be."""

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
ObjectiveName = Literal["loss", "top1", "top5", "map", "latency", "parameters", "macs"]


class Settings(BaseModel):
    """The settings of a search and of its runs."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    # The search
    space: str = _setting("tiny_video", "search", "search space")
    space_options: dict[str, Any] = _setting(
        {}, "search", "options of the search space, such as {filters: [8, 16]}"
    )
    algorithm: Literal["tournament", "regularised", "nsga2", "random", "drift"] = _setting(
        "tournament", "search",
        "how parents are chosen and who stays; tournament: tournament selection with a decaying "
        "number of mutations (EvaNet); regularised: the same, and the oldest go (aging "
        "evolution); nsga2: several objectives at once (NSGA-II); random: every network is "
        "sampled anew; drift: mutation with selection replaced by chance",
    )
    objectives: Annotated[
        tuple[ObjectiveName, ...], Field(min_length=1), BeforeValidator(_split_words)
    ] = _setting(
        ("loss", "latency"), "run",
        "what nsga2 weighs against each other, such as 'top1, latency'",
    )
    seed: int = _setting(0, "search", "seed of the search; every candidate's seed follows from it")
    population: int = _setting(
        16, "search", "networks that can be parents; also the size of the first generation", ge=1
    )
    children: int = _setting(12, "search", "networks born in each later generation", ge=1)
    start_from: tuple[dict[str, Any], ...] = _setting(
        (), "search",
        "architectures that are born before any is sampled, as many as the population at most; "
        "--start-from reads them from presets and files",
    )
    shrink_start_from: bool = _setting(
        False, "search",
        "give architectures of start_from whose clip is larger than the space allows the largest "
        "that it allows; otherwise they are refused",
    )
    tournament_size: int = _setting(
        4, "search", "networks drawn for one tournament (no verified source for the value)", ge=1
    )
    mutations: float = _setting(
        2.0, "search",
        "d of max(ceil(d - i/r), 1) mutations a child, i counting generations from the first "
        "that is mutated (EvaNet; no verified source for the value)", gt=0,
    )
    mutation_decay: float = _setting(
        1.0, "search",
        "r of max(ceil(d - i/r), 1): generations until a child gets one mutation fewer "
        "(no verified source for the value)", gt=0,
    )
    sampling_tries: int = _setting(
        200, "search",
        "draws for one network until one is new and fits the budget; after them one that is there "
        "already is taken, or the step gives up", ge=1,
    )
    fitness: Literal["loss", "top1+top5", "map"] = _setting(
        "loss", "search",
        "what selection maximises on the validation split; loss: minus the cross-entropy; "
        "top1+top5: the sum of both accuracies, as EvaNet does (needs 20 classes or more); map: "
        "mean average precision, for several labels a video",
    )

    # The data
    frame_step: int = _setting(1, "data", "keep one source frame in so many", ge=1)
    clips_per_video: int = _setting(1, "data", "clips of one video, spread evenly over it", ge=1)
    validation_fraction: Fraction = _setting(
        0.2, "data",
        "share of each class's videos that selection sees; of the training videos where a list "
        "gives other splits and not this one",
    )
    test_fraction: Fraction = _setting(
        0.2, "data",
        "share of each class's videos that no search sees; of the training videos where a list "
        "gives other splits and not this one",
    )
    split_seed: int = _setting(0, "data", "seed of the split by video")
    split_number: int = _setting(
        1, "data", "which of the three official splits of UCF101 and HMDB51 counts", ge=1, le=3
    )
    max_bad_videos: Fraction = _setting(
        0.1, "data", "share of unreadable or missing files above which data preparation stops"
    )
    optical_flow: OpticalFlow = _setting(
        "none", "data",
        "optical flow that a data set holds beside RGB; dis: fast; tvl1: as I3D and EvaNet, some "
        "150 times slower",
    )

    # Proxy training
    train_steps: int = _setting(150, "result", "optimiser steps of proxy training", ge=1)
    batch_size: int = _setting(16, "result", "clips in one step", ge=1)
    optimizer: Literal["sgd", "adamw"] = _setting(
        "sgd", "result", "sgd: with Nesterov momentum; adamw"
    )
    learning_rate: float = _setting(0.2, "result", "peak learning rate", gt=0)
    warmup_fraction: Fraction = _setting(
        0.1, "result", "share of the steps in which the learning rate rises, evenly, to its peak"
    )
    final_learning_rate: Fraction = _setting(
        0.02, "result", "what the cosine schedule ends at, as a share of the peak"
    )
    momentum: Fraction = _setting(0.9, "result", "Nesterov momentum of sgd")
    weight_decay: float = _setting(0.0, "result", "decoupled weight decay", ge=0)
    clip_gradients: float = _setting(1.0, "result", "largest global norm of a gradient", gt=0)
    label_smoothing: Fraction = _setting(0.0, "result", "label smoothing in training")
    dropout: Fraction = _setting(0.2, "result", "dropout before the last layer")
    inherit_weights: bool = _setting(
        False, "result",
        "begin a child's training with its parent's weights, as far as they fit; what a network "
        "gives then depends on its parent too; see docs/inheritance.md",
    )
    random_crop: Fraction = _setting(
        0.0, "result", "largest share of the side by which a training clip is shifted"
    )
    random_flip: bool = _setting(
        False, "result", "mirror training clips at random; changes labels such as 'left'"
    )
    random_reverse: bool = _setting(
        False, "result", "reverse training clips in time at random; changes labels such as 'open'"
    )
    early_stopping: bool = _setting(
        False, "result",
        "end a training whose lowest loss so far is above the median of the running means of the "
        "search's finished trainings (the median rule of Google Vizier); what a network gives "
        "then depends on which trainings were finished before",
    )
    early_stopping_start: Fraction = _setting(
        0.3, "result",
        "share of the steps before which no training is ended early (no verified source for the "
        "value)",
    )
    early_stopping_curves: int = _setting(
        5, "result",
        "finished trainings that have to be there before one is ended early (no verified source "
        "for the value)", ge=1,
    )
    train_threads: int = _setting(
        1, "result", "threads of one training; with 1, a rerun gives the same bits", ge=1
    )

    # Latency
    measure_latency: bool = _setting(True, "result", "whether latency is measured before training")
    latency_warmup: int = _setting(5, "result", "passes before latency is measured", ge=0)
    latency_repeats: int = _setting(
        30, "result", "measured passes of one clip; latency is their median", ge=3
    )
    latency_threads: int = _setting(1, "result", "threads of one measured pass", ge=1)

    # The budget
    max_parameters: int | None = _setting(None, "run", "most parameters of a network", ge=1)
    max_macs: int | None = _setting(None, "run", "most multiply-adds of one clip", ge=1)
    max_latency_ms: float | None = _setting(
        None, "run", "longest latency in milliseconds, measured where training runs", gt=0
    )

    # The run
    videos: str | None = _setting(
        None, "run",
        "folder of videos, one folder a class in it; a CSV or JSON list of videos; or the split "
        "files of UCF101, HMDB51, Kinetics or Charades; a path or a gs://, s3:// or minio:// URI",
        min_length=1,
    )
    video_folder: str | None = _setting(
        None, "run",
        "folder that the paths of a list are relative to; by default the folder of the list",
        min_length=1,
    )
    new_videos: Literal["refuse", "keep", "reevaluate", "restart"] = _setting(
        "refuse", "run",
        "what a search does when its videos have changed; refuse: it stops; keep: the new data set "
        "counts from the next generation on, results on the old one go on to count; reevaluate: "
        "the parents are trained and evaluated again, old results no longer count; restart: the "
        "next generation is sampled anew, old results no longer count",
    )
    generations: int = _setting(5, "run", "generations of this run", ge=1)
    target_accuracy: float | None = _setting(
        None, "run",
        "top-1 accuracy on the validation split, or mAP where videos can have several labels, at "
        "which the search has met its goal: once its best network reaches it", gt=0, le=1,
    )
    max_generations: int | None = _setting(
        None, "run", "generations of the whole search, over all its runs", ge=1
    )
    patience: int | None = _setting(
        None, "run", "generations without a fitter network after which the search has ended", ge=1
    )
    candidates_per_pod: int = _setting(6, "run", "networks trained by one task, one by one", ge=1)
    candidate_timeout: float = _setting(
        3600.0, "result", "seconds after which a training is ended", gt=0
    )
    candidate_memory_mb: int = _setting(
        8192, "result", "resident memory in MB above which a training is ended", ge=1
    )
    attempts: int = _setting(3, "run", "tries of one network before it is given up", ge=1)
    keep_weights: int = _setting(
        2, "run", "generations for which the weights of networks that died are kept", ge=0
    )
    finish_best: int = _setting(
        1, "run", "networks that are trained at full length when a run ends; 0 for none", ge=0
    )
    finish_train_steps: int | None = _setting(
        None, "run",
        "optimiser steps of a training at full length; by default ten times train_steps", ge=1,
    )
    finish_from: Literal["scratch", "proxy"] = _setting(
        "scratch", "run",
        "what a training at full length begins from; scratch: new weights; proxy: the weights of "
        "proxy training",
    )
    finish_distance: Fraction = _setting(
        0.0, "run",
        "of those that are trained at full length, the least share of parts in which each two "
        "differ; a network nearer than that to a fitter one is passed over",
    )
    finish_streams: Annotated[
        tuple[StreamName, ...], BeforeValidator(_split_words)
    ] = _setting(
        (), "run",
        "streams on each of which they are trained, such as 'rgb, flow'; by default each on its "
        "own",
    )
    ensemble_size: int | None = _setting(
        None, "run",
        "networks in the ensemble, chosen on the validation split; by default all that were "
        "finished", ge=2,
    )
    decode_threads: int | None = _setting(
        None, "run", "videos decoded at a time; by default one a core", ge=1
    )

    @model_validator(mode="after")
    def _check_together(self) -> Settings:
        if self.validation_fraction + self.test_fraction >= 1:
            raise ValueError("validation_fraction and test_fraction leave nothing to train on")
        if self.validation_fraction == 0:
            raise ValueError("validation_fraction is 0, and selection needs a validation split")
        if not self.measure_latency:
            if self.max_latency_ms is not None:
                raise ValueError("max_latency_ms is set, and measure_latency is off")
            if self.algorithm == "nsga2" and "latency" in self.objectives:
                raise ValueError("objectives has 'latency', and measure_latency is off")
        if self.algorithm == "regularised" and self.children > self.population / 4:
            raise ValueError(
                f"children is {self.children}; with algorithm regularised a quarter of the "
                f"population is allowed at most, {self.population // 4} of {self.population}: "
                "who is dropped by age needs time to have children"
            )
        if len(set(self.objectives)) < len(self.objectives):
            raise ValueError(f"objectives is {self.objectives!r}, which names one twice")
        if len(set(self.finish_streams)) < len(self.finish_streams):
            raise ValueError(f"finish_streams is {self.finish_streams!r}, which names one twice")
        check_count(self.start_from, self.population)
        streams_of(open_space(self.space, self.space_options), self.optical_flow)
        return self

    def deciding(self, *decides: Decides) -> dict[str, Any]:
        """The settings that decide one of the given things, as plain values."""
        names = {name for name in type(self).model_fields if decides_of(name) in decides}
        return self.model_dump(mode="json", include=names)

    def identifying(self, *decides: Decides) -> dict[str, Any]:
        """As `deciding`, without values at their default, to be hashed.

        A setting added later, with the old behaviour as its default, leaves every hash as it was.
        The default of a setting that decides a result or the data must never change: add another
        setting instead.
        """
        defaults = plain_defaults()
        values = self.deciding(*decides)
        return {n: v for n, v in values.items() if v != defaults[n]}


def plain_defaults() -> dict[str, Any]:
    """Every setting's default, by name, as a plain value."""
    return Settings.model_construct().model_dump(mode="json")


def decides_of(name: str) -> Decides:
    """What the setting `name` decides."""
    extra = Settings.model_fields[name].json_schema_extra
    assert isinstance(extra, dict)
    decides: Any = extra["decides"]
    return decides  # type: ignore[no-any-return]


def make_settings(values: Mapping[str, Any]) -> Settings:
    """Settings from plain values; those not given keep their defaults.

    KFP turns integers into floats on the way, so a float without a fraction counts as an integer.

    Raises:
        SettingsError: an unknown name, or a value that is not allowed.
        UnfitStart: a network that the search cannot begin with.
    """
    for name in values:
        if name not in Settings.model_fields:
            hint = did_you_mean(name, [*Settings.model_fields, *_options()])
            allowed = ", ".join(sorted(Settings.model_fields))
            raise SettingsError(f"unknown setting {name!r}{hint}; allowed: {allowed}")
        _check_number(name, values[name])
    try:
        settings = Settings.model_validate(dict(values))
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        if not problem["loc"]:
            raise SettingsError(f"settings: {problem['msg'].partition(', ')[2]}") from None
        name = str(problem["loc"][0])
        about = Settings.model_fields[name].description
        raise SettingsError(f"setting {describe([problem])} ({name}: {about})") from None
    # written one way, however they came: KFP makes 8 of the option's values 8.0
    validated = to_plain(open_space(settings.space, settings.space_options))
    defaults = to_plain(open_space(settings.space))
    options = {n: validated[n] for n in settings.space_options if validated[n] != defaults[n]}
    return settings.model_copy(update={"space_options": options, "start_from": _starts(settings)})


def _starts(settings: Settings) -> tuple[dict[str, Any], ...]:
    """The networks that the search begins with, equal ones written alike."""
    if not settings.start_from:
        return ()
    space = open_space(settings.space, settings.space_options)
    # no architecture depends on the number of classes
    task = Task(streams_of(space, settings.optical_flow), classes=2)
    architectures = starting_architectures(
        settings.start_from, space, task, shrink=settings.shrink_start_from
    )
    return tuple(plain_start(architecture) for architecture in architectures)


def _check_number(name: str, value: Any) -> None:
    """Refuses what Python counts as an integer and no setting of numbers means."""
    if isinstance(value, bool) and Settings.model_fields[name].annotation is not bool:
        raise SettingsError(f"setting {name} is {value}; allowed: neither true nor false")
    if isinstance(value, int) and abs(value) > MOST:
        raise SettingsError(f"setting {name} is {brief(value)}; allowed: up to {MOST}")


def parse_assignments(assignments: Iterable[str]) -> dict[str, Any]:
    """Values from `name=value` words, as `--set` takes them.

    A value is read as YAML, so `[8, 16]`, `true` and `1e-3` mean what they seem to.
    `space.NAME=value` sets an option of the search space.

    Raises:
        SettingsError: a word without `=`, a value that is not YAML, or options that are no mapping.
    """
    values: dict[str, Any] = {}
    options: dict[str, Any] = {}
    for word in assignments:
        name, separator, text = word.partition("=")
        if not separator:
            raise SettingsError(f"--set {word!r} has no '='; write --set name=value")
        try:
            value = _number(yaml.safe_load(text))
        except NOT_YAML:
            raise SettingsError(f"--set {brief(word)}: the value is not YAML") from None
        prefix, dot, option = name.strip().partition(".")
        if dot and prefix == "space":
            options[option] = value
        else:
            values[name.strip()] = value
    return merge_settings(values, {"space_options": options} if options else {})


def read_settings_file(path: Path) -> dict[str, Any]:
    """Values from a YAML file of settings.

    Raises:
        SettingsError: no such file, or not a mapping of names to values.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from None
    except NOT_YAML as error:
        raise SettingsError(f"{path}: not YAML ({str(error).splitlines()[0]})") from None
    if not isinstance(values, dict):
        raise SettingsError(f"{path}: a file of settings is a mapping of names to values")
    return {str(name): value for name, value in values.items()}


def merge_settings(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Later layers win; options of the search space are merged one by one.

    Raises:
        SettingsError: options that are no mapping.
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        given = layer.get("space_options") or {}
        if not isinstance(given, Mapping):
            raise SettingsError(
                f"setting space_options is {brief(given)}; allowed: a mapping of names to values"
            )
        options = {**(merged.get("space_options") or {}), **given}
        merged |= layer
        if options:
            merged["space_options"] = options
    return merged


def _number(value: Any) -> Any:
    """YAML 1.1 reads `1e-3` as a string; people mean a number."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _options() -> list[str]:
    return [f"space.{name}" for space in SPACES.values() for name in space.__dataclass_fields__]
