from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from videonas.evaluation import latency
from videonas.evaluation.latency import measure_latency
from videonas.networks import device
from videonas.networks.device import device_name
from videonas.search.result import Latency
from videonas.search.settings import make_settings


class Recorder(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Remembers every pass: the clips in it, and whether it is one of training."""

    def __init__(self) -> None:
        super().__init__()
        self.passes: list[tuple[int, bool]] = []

    def call(self, clips: Any, training: bool = False) -> Any:
        if isinstance(clips, keras.KerasTensor):
            return clips

        def remember(given: Any) -> Any:
            self.passes.append((len(given), training))
            return given

        seen = tf.numpy_function(remember, [clips], tf.float32)
        return tf.ensure_shape(seen, clips.shape)


def network(filters: int, layers: int, *others: keras.layers.Layer) -> keras.Model:
    return keras.Sequential([
        keras.layers.Input((4, 24, 24, 3)),
        *others,
        *(keras.layers.Conv3D(filters, 3, padding="same") for _ in range(layers)),
        keras.layers.GlobalAveragePooling3D(),
        keras.layers.Dense(2),
    ])


def measured(model: keras.Model, repeats: int = 9, warmup: int = 2, threads: int = 1) -> Latency:
    return measure_latency(model, make_settings({
        "latency_repeats": repeats, "latency_warmup": warmup, "latency_threads": threads,
    }))


def scripted(milliseconds: list[float]) -> Callable[[], float]:
    """A clock by which one pass after the other takes so long."""
    ends = np.cumsum(milliseconds) / 1e3
    readings = [time for start, end in zip([0, *ends], ends, strict=False) for time in (start, end)]
    return iter(readings).__next__


def test_a_measurement_says_how_it_was_made() -> None:
    found = measured(network(2, 1), repeats=7, threads=3)
    assert (found.repeats, found.threads) == (7, 3)
    assert found.device == device_name()
    low, high = found.quartiles_ms
    assert 0 < low <= found.median_ms <= high


def test_a_much_larger_network_is_slower() -> None:
    # 4 x 24 x 24 x 27 x 3 multiply-adds, and over 1000 times as many
    small, large = measured(network(1, 1)), measured(network(32, 4))
    assert large.median_ms > small.median_ms
    assert large.quartiles_ms[0] > small.quartiles_ms[0]


def test_median_and_quartiles_in_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = scripted([4.0, 900.0, 1.0, 2.0, 3.0])
    monkeypatch.setattr(latency, "time", SimpleNamespace(perf_counter=clock))
    found = measured(network(1, 1), repeats=5, warmup=3)
    assert found.median_ms == pytest.approx(3.0)
    assert found.quartiles_ms == pytest.approx((2.0, 4.0))


@pytest.mark.parametrize("warmup", [0, 3])
def test_passes_of_one_clip_after_a_warm_up(warmup: int) -> None:
    recorder = Recorder()
    measured(network(1, 1, recorder), repeats=5, warmup=warmup)
    assert recorder.passes == [(1, False)] * (warmup + 5)


def test_only_passes_after_the_warm_up_are_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder, before = Recorder(), []

    def clock() -> float:
        before.append(len(recorder.passes))
        return float(len(before))

    monkeypatch.setattr(latency, "time", SimpleNamespace(perf_counter=clock))
    measured(network(1, 1, recorder), repeats=3, warmup=2)
    assert before == [2, 3, 3, 4, 4, 5]


def test_the_device_has_a_name() -> None:
    assert device_name().strip()
    assert device_name() == device_name()


def test_without_a_list_of_processors_the_device_has_a_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(device, "Path", lambda _: tmp_path / "no such file")
    assert device_name().strip()
