"""Objectives and fitness, of one label a video and of several."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests import synthetic
from videonas.errors import DamagedRecord, SettingsError, VideonasError
from videonas.search.individual import Individual
from videonas.search.lineage import fitness
from videonas.search.objectives import OBJECTIVES, point
from videonas.search.population import Member
from videonas.search.result import Evaluation, Latency, Result, Training
from videonas.search.settings import make_settings
from videonas.spaces import Costs
from videonas.steps.select import select

ONE_LABEL = {"top1": 0.25, "top5": 0.75, "loss": 1.5}
SEVERAL = {"map": 0.625, "loss": 0.5}


def member(metrics: dict[str, float] | None) -> Member[None]:
    """An individual with these validation metrics, or that was not evaluated."""
    result = Result(
        "0" * 12, Costs(100, 1000), Latency(2.5, (2.0, 3.0), 30, 1, "cpu"), Training("ok"),
        None if metrics is None else Evaluation("ok", metrics=metrics),
    )
    return Member(Individual("000000-00", "0" * 12, None, "sampled"), result)


@pytest.mark.parametrize(("chosen", "metrics", "value"), [
    ("loss", ONE_LABEL, -1.5), ("top1+top5", ONE_LABEL, 1.0),
    ("loss", SEVERAL, -0.5), ("map", SEVERAL, 0.625),
])
def test_fitness_is_what_the_setting_says(
    chosen: str, metrics: dict[str, float], value: float
) -> None:
    settings = make_settings({"fitness": chosen})
    assert fitness(member(metrics), settings) == value
    assert fitness(member(None), settings) is None


@pytest.mark.parametrize(("chosen", "metrics", "missing"), [
    ("map", ONE_LABEL, "map"), ("top1+top5", SEVERAL, "top1"),
    ("top1+top5", {"top1": 1.0, "loss": 0.0}, "top5"), ("loss", {"map": 1.0}, "loss"),
])
def test_a_metric_that_is_missing_is_named(
    chosen: str, metrics: dict[str, float], missing: str
) -> None:
    with pytest.raises(DamagedRecord, match=f"000000-00: its result has no '{missing}' among"):
        fitness(member(metrics), make_settings({"fitness": chosen}))


def test_a_fitness_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SettingsError, match="fitness is 'mAP'; input should be 'loss'"):
        make_settings({"fitness": "mAP"})


def test_every_objective_is_to_be_minimised_as_a_point() -> None:
    names = ("loss", "map", "latency", "parameters", "macs")
    assert point(member(SEVERAL), names) == (0.5, -0.625, 2.5, 100, 1000)
    assert point(member(ONE_LABEL), ("top5", "top1")) == (-0.75, -0.25)


@pytest.mark.parametrize(("metrics", "name"), [
    (metrics, name) for metrics in (ONE_LABEL, SEVERAL) for name in OBJECTIVES
    if name in metrics or name not in {**ONE_LABEL, **SEVERAL}
])
def test_better_is_lower_as_a_point(metrics: dict[str, float], name: str) -> None:
    """Every metric a little better, every cost a little lower: the point moves down."""
    old = member(metrics)
    better = {n: v - 0.1 if n == "loss" else v + 0.1 for n, v in metrics.items()}
    new = replace(old, result=replace(
        old.result, costs=Costs(99, 999), latency=Latency(2.4, (2.0, 3.0), 30, 1, "cpu"),
        evaluation=Evaluation("ok", metrics=better),
    ))
    assert point(new, [name]) < point(old, [name])


@pytest.mark.parametrize(("metrics", "asked", "measured"), [
    (ONE_LABEL, "map", "loss, top1, top5, latency"), (SEVERAL, "top1", "loss, map, latency"),
])
def test_an_objective_of_other_labels_is_refused(
    metrics: dict[str, float], asked: str, measured: str
) -> None:
    told = f"'{asked}' was never measured for 000000-00; allowed in this search: {measured}"
    with pytest.raises(VideonasError, match=told):
        point(member(metrics), ["loss", asked])


@pytest.mark.parametrize("settings", [
    {"fitness": "map"}, {}, {"algorithm": "nsga2", "objectives": ["map", "latency"]},
], ids=str)
def test_a_generation_of_several_labels_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any]
) -> None:
    """Its record, what charts show of it and the report need no accuracy."""
    of_one_label = synthetic._metrics

    def of_several(*landscape: Any) -> dict[str, float]:
        """Made-up metrics on the same landscape."""
        made_up = of_one_label(*landscape)
        return {"map": round(made_up["top1"] * 0.9, 4), "loss": made_up["loss"] / 3}

    monkeypatch.setattr(synthetic, "_metrics", of_several)
    root = synthetic.make_search(tmp_path, 3, 8, 6, **settings)
    ended = root.population(2)
    assert ended is not None
    Path(root.generation_address(2), "population.json").unlink()
    for newborn in ended.newborn:
        result = newborn.result
        folder = root.result_folder(newborn.individual.id, ended.data)
        for part in (result.latency, result.training, result.evaluation):
            if part is not None:
                folder.publish(part)
    selected = select(root, 2)
    best = selected.best.result.metrics
    assert set(best) == {"map", "loss"}
    assert selected.metrics["best_map"] == best["map"]
    assert "best_top1" not in selected.metrics
    assert selected.metrics["best_fitness"] == (
        best["map"] if settings.get("fitness") == "map" else -best["loss"]
    )
    assert selected.metadata["best"] == selected.best.individual.name
    every = [*selected.metrics.values(), *selected.metadata.values()]
    assert all(isinstance(value, str | int | float) for value in every)
    assert selected.best.individual.name in selected.report
