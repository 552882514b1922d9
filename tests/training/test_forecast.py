"""How long a training is expected to take."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videonas.search.result import Latency, Result, Training
from videonas.search.settings import Settings, make_settings
from videonas.spaces import Costs
from videonas.training.forecast import FIXED_SECONDS, Forecast

SETTINGS = make_settings({"train_steps": 100, "batch_size": 10})


def result(
    ms: float | None = None, macs: int = 1000, train: float | None = None, around: float = 2.0,
    steps: int = 100,
) -> Result:
    latency = None if ms is None else Latency(ms, (ms, ms), 3, 1, "here")
    training = None if train is None else Training(
        "ok", seconds={"start": around / 2, "trace": around / 2, "train": train}, steps=steps
    )
    return Result("0" * 12, Costs(10, macs), latency, training)


def test_before_any_training_a_slower_network_takes_longer() -> None:
    forecast = Forecast(SETTINGS)
    quick, slow = forecast.seconds(result(1.0)), forecast.seconds(result(10.0))
    assert quick is not None
    assert slow is not None
    assert FIXED_SECONDS < quick < slow
    assert slow - FIXED_SECONDS == pytest.approx(10 * (quick - FIXED_SECONDS))


def test_nothing_is_expected_without_a_latency_until_a_training_has_ended() -> None:
    forecast = Forecast(SETTINGS)
    assert forecast.seconds(result(macs=500)) is None
    forecast.learn(result(macs=1000, train=8.0))
    assert forecast.seconds(result(macs=500)) == pytest.approx(2 + 4)


@given(st.floats(0.1, 20), st.floats(0.1, 50), st.floats(0.1, 50), st.floats(0.5, 10))
def test_it_follows_the_machine_on_which_trainings_ended(
    factor: float, first: float, second: float, around: float
) -> None:
    """1,000 clips, each of which takes `factor` passes."""
    forecast = Forecast(SETTINGS)
    for ms in (first, second):
        forecast.learn(result(ms, train=ms * factor, around=around))
    assert forecast.seconds(result(7.0)) == pytest.approx(around + 7 * factor, rel=1e-6)


def test_a_training_that_ended_early_counts_with_the_steps_it_made() -> None:
    forecast = Forecast(SETTINGS)
    forecast.learn(result(1.0, train=1.0, steps=25))
    assert forecast.seconds(result(1.0)) == pytest.approx(2 + 4)


def test_trainings_that_failed_teach_nothing() -> None:
    forecast = Forecast(Settings())
    before = forecast.seconds(result(1.0))
    forecast.learn(Result("0" * 12, Costs(1, 1), None, Training("failed", "no reason")))
    assert forecast.seconds(result(1.0)) == before
