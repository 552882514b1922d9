"""Two forms of one operation: what is compared, and how it is timed."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import itgm, space_time
from benchmarks.common.forms import (
    APART,
    Passes,
    Times,
    distinct,
    largest_difference,
    need_the_same,
    time_in_turns,
)
from benchmarks.itgm import FACTORISED, INFLATED, Case
from benchmarks.space_time import (
    OPERATIONS,
    OURS,
    THREE,
    TWO,
    Operation,
    build_form,
    form_that_runs,
)
from videonas.networks.device import uses_onednn
from videonas.networks.itgm import InflatedTGM
from videonas.spaces.evanet.architecture import Size

TOP = Path(__file__).parents[2]


def run_script(script: str, *given: str) -> str:
    """What a benchmark says in a process of its own: threads are set before TensorFlow begins."""
    said = subprocess.run(
        [sys.executable, f"benchmarks/{script}", *given], cwd=TOP, capture_output=True, text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    return said.stdout


def cells(text: str) -> list[list[str]]:
    """The rows of a table."""
    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


# Timing


def clock(monkeypatch: pytest.MonkeyPatch, ticks: Any) -> None:
    monkeypatch.setattr(
        "benchmarks.common.forms.time", SimpleNamespace(perf_counter=lambda: next(ticks))
    )


def test_forms_take_turns_and_the_first_pass_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock(monkeypatch, iter(map(float, count())))  # a pass takes a second by this clock
    calls: list[str] = []
    times = time_in_turns({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 2)
    assert calls == ["a", "b"] * 3
    assert times == Times({"a": [1.0, 1.0], "b": [1.0, 1.0]})


def test_what_is_short_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    clock(monkeypatch, (0.02 * tick for tick in count()))
    calls: list[str] = []
    times = time_in_turns({"a": lambda: calls.append("a")}, 1)
    assert len(calls) == 1 + 3, "the first one does not count; three take 0.06 s"
    assert times.median("a") == pytest.approx(0.02)


def test_a_ratio_is_the_median_of_the_ratios_round_by_round() -> None:
    """A machine that is busy for a while slows both down."""
    times = Times({"slow": [2.0, 30.0, 4.0], "fast": [1.0, 10.0, 1.0]})
    assert times.ratio("slow", "fast") == 3.0
    assert times.ratio("fast", "slow") == pytest.approx(1 / 3)
    assert (times.median("slow"), times.median("fast")) == (4.0, 1.0)


# Differences


@given(st.integers(0, 5), st.floats(-3, 3), st.floats(1e-3, 2))
@settings(max_examples=30, deadline=None)
def test_a_difference_is_a_share_of_the_largest_value(place: int, by: float, scale: float) -> None:
    ones = np.linspace(-1, 1, 6) * scale
    others = ones.copy()
    others[place] += by
    expected = abs(by) / max(abs(ones).max(), abs(others).max())
    assert largest_difference([ones], [others]) == pytest.approx(expected, abs=1e-9)
    assert largest_difference([ones] * 2, [ones, others]) == pytest.approx(expected, abs=1e-9)


def test_other_shapes_and_other_numbers_of_results_are_not_compared() -> None:
    one = np.ones((2, 3))
    with pytest.raises(ValueError, match=r"\(2, 3\) and \(3, 2\)"):
        largest_difference([one], [one.T])
    with pytest.raises(ValueError, match="shorter"):
        largest_difference([one, one], [one])
    assert largest_difference([0 * one], [0 * one]) == 0


@pytest.mark.parametrize("difference", [0.01, float("nan"), float("inf")])
def test_forms_that_do_not_give_the_same_are_refused(difference: float) -> None:
    with pytest.raises(click.ClickException, match="length 3: the forms differ by"):
        need_the_same("length 3", difference)
    assert need_the_same("length 3", 1e-6) == 1e-6


def test_passes_give_the_output_and_every_gradient() -> None:
    clips = distinct((1, 2, 3, 3, 2), 0)
    layer = tf.keras.layers.Dense(4)
    passes = Passes(layer, clips)
    (made,), (of_clips, of_kernel, of_bias) = passes.forward(), passes.gradients()
    np.testing.assert_allclose(made, clips @ layer.kernel + layer.bias, atol=1e-6)
    upstream = tf.random.stateless_normal(made.shape, (0, 1))
    np.testing.assert_allclose(of_clips, upstream @ tf.transpose(layer.kernel), atol=1e-5)
    np.testing.assert_allclose(of_bias, tf.reduce_sum(upstream, (0, 1, 2, 3)), atol=1e-5)
    assert of_kernel.shape == (2, 4)


@given(st.lists(st.integers(1, 6), min_size=2, max_size=4), st.integers(0, 3))
@settings(max_examples=20, deadline=None)
def test_no_two_values_are_near_each_other(shape: list[int], seed: int) -> None:
    values = np.sort(distinct(tuple(shape), seed).numpy(), axis=None)
    assert np.diff(values).min(initial=APART) > 0.9 * APART
    assert abs(values).max() <= APART * len(values)


def test_near_values_are_one_to_the_gradient_of_pooling_in_three_dimensions() -> None:
    """Why they are kept apart."""

    def gradient(apart: float) -> list[float]:
        pair = tf.reshape(tf.constant([0.5, 0.5 - apart]), (1, 1, 1, 2, 1))
        with tf.GradientTape() as tape:
            tape.watch(pair)
            largest = tf.nn.max_pool3d(pair, (1, 1, 2), 1, "VALID")
        return tape.gradient(largest, pair).numpy().ravel().tolist()  # type: ignore[no-any-return]

    assert gradient(APART) == [1.0, 0.0]
    assert sum(gradient(APART / 100)) == 2.0


# itgm.py


def operations_of(layer: Any, clips: Any) -> set[str]:
    """The kinds of operations in the graph of a layer."""
    graph = tf.function(layer, autograph=False).get_concrete_function(clips).graph
    return {operation.type for operation in graph.get_operations()}


EITHER = INFLATED if uses_onednn() else FACTORISED
"""What is faster where oneDNN's gradients of three dimensions make the difference."""


@pytest.mark.parametrize(
    ("length", "frames", "form"),
    [(3, 8, INFLATED), (5, 8, EITHER), (5, 5, EITHER), (5, 4, INFLATED), (7, 8, FACTORISED),
     (11, 6, EITHER), (11, 4, INFLATED)],
)
def test_the_form_that_is_said_to_run_is_the_one_that_a_layer_runs(
    length: int, frames: int, form: str
) -> None:
    row = itgm.measure(Case(frames, length, 6, 3, 1), 1)
    clips = distinct((1, frames, 3, 3, 6), 0)
    kinds = operations_of(InflatedTGM(6, (length, 3)), clips)
    assert ("Conv3D" in kinds) == (row.chosen == INFLATED)
    assert row.chosen == form
    assert set(row.forward.seconds) == set(row.gradients.seconds) == {INFLATED, FACTORISED}
    assert 0 < row.output_difference < 1e-5


def test_a_wrong_form_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    true_form = InflatedTGM._factorised

    def wrong_form(self: InflatedTGM, *given: Any) -> Any:
        return 1.01 * true_form(self, *given)

    monkeypatch.setattr(InflatedTGM, "_factorised", wrong_form)
    with pytest.raises(click.ClickException, match="length 7, 8 frames, 4 channels: the forms dif"):
        itgm.measure(Case(8, 7, 4, 3, 1), 1)


def made_up(length: int, chosen: str, inflated: float, factorised: float) -> itgm.Row:
    times = Times({INFLATED: [inflated], FACTORISED: [factorised]})
    return itgm.Row(Case(16, length, 32, 14, 1), chosen, times, times, 1e-7 * length, 2e-7)


def test_the_table_compares_the_inflated_kernel_with_what_runs() -> None:
    rows = [made_up(3, INFLATED, 0.004, 0.005), made_up(11, FACTORISED, 0.011, 0.005)]
    assert cells(itgm.table(rows)) == [
        ["16", "3", "32", "inflated", *["4.00", "5.00", "1.00"] * 2],
        ["16", "11", "32", "factorised", *["11.00", "5.00", "2.20"] * 2],
    ]
    said = itgm.verdict(rows)
    assert said.count("the form that runs is the faster one in 2 of 2 cases. ") == 2
    assert "outputs 1.1e-06, gradients 2.0e-07" in said


def test_the_verdict_names_the_worst_case_of_a_rule_that_is_wrong() -> None:
    rows = [made_up(3, INFLATED, 0.004, 0.002), made_up(7, FACTORISED, 0.002, 0.006),
            made_up(9, FACTORISED, 0.003, 0.003)]
    rows[1] = replace(rows[1], forward=rows[2].forward)
    said = itgm.verdict(rows)
    assert ("Forward the form that runs is the faster one in 2 of 3 cases; elsewhere it takes up "
            "to 2.00 times as long, at length 3, 16 frames and 32 channels. ") in said
    assert ("With gradients the form that runs is the faster one in 1 of 3 cases; elsewhere it "
            "takes up to 3.00 times as long, at length 7, 16 frames and 32 channels. ") in said


def test_the_script_measures_layers(tmp_path: Path) -> None:
    output = tmp_path / "rows.json"
    said = run_script("itgm.py", "--length", "3", "--length", "7", "--channels", "2", "--frames",
                      "7", "--side", "3", "--rounds", "1", "--output", str(output))
    assert [row[:4] for row in cells(said)] == [
        ["7", "3", "2", "inflated"], ["7", "7", "2", "factorised"]
    ]
    assert cells(said)[0][6] == cells(said)[0][9] == "1.00"
    assert "threads: 1; graphs not optimised" in said
    kept = json.loads(output.read_text())
    assert [row["case"]["length"] for row in kept] == [3, 7]
    assert min(kept[0]["forward"]["seconds"][INFLATED]) > 0


# space_time.py


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_both_forms_give_the_same(operation: Operation) -> None:
    row = space_time.measure(operation, Size(5, 6, 6), 2, 1)
    assert row.difference < 1e-5
    assert set(row.forward.seconds) == set(row.gradients.seconds) == {THREE, TWO}


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_the_form_that_runs_gives_the_same_as_both(operation: Operation) -> None:
    models = [build_form(operation, form, Size(5, 6, 6)) for form in (OURS, THREE)]
    for one, other in zip(*(model.weights for model in models), strict=True):
        other.assign(one)
    clips = distinct((1, *models[0].input_shape[1:]), 0)
    ours, three = (model(clips) for model in models)
    np.testing.assert_allclose(ours, three, atol=1e-5)


def test_the_form_that_runs_is_read_from_the_graph() -> None:
    size = Size(5, 6, 6)
    found = {str(each): form_that_runs(each, size) for each in OPERATIONS}
    assert found["max pooling 3 x 3 x 3"] == found["convolution 1 x 3 x 3"] == TWO
    assert found["convolution 3 x 3 x 3"] == THREE


def test_the_table_divides_the_other_form_by_the_one_that_runs() -> None:
    times = Times({THREE: [0.004], TWO: [0.002]})
    rows = [space_time.Row("max pooling 3 x 3 x 3", 8, TWO, times, times, 0.0),
            space_time.Row("convolution 3 x 3 x 3", 8, THREE, times, times, 0.0)]
    assert [row[2:6] for row in cells(space_time.table(rows))] == [
        [TWO, "4.00", "2.00", "2.00"], [THREE, "4.00", "2.00", "0.50"],
    ]


def test_the_script_measures_every_operation() -> None:
    said = run_script("space_time.py", "--channels", "2", "--frames", "3", "--side", "4",
                      "--batch", "1", "--rounds", "1")
    assert [row[0] for row in cells(said)] == [str(operation) for operation in OPERATIONS]
    assert "Largest difference of the forms" in said
