"""The transcription is the same network, and steps of both are what is timed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click
import keras
import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner

from benchmarks import training_step
from benchmarks.common.forms import Times
from benchmarks.training_step import OURS, PLAIN, Row, build_both, measure, scaled
from benchmarks.transcriptions.evanet import TGMConv3D, build_evanet
from tests.benchmarks.test_forms import cells, run_script
from videonas.spaces.evanet.architecture import Branch, EvaNetArchitecture, Module, Skeleton
from videonas.spaces.evanet.costs import costs
from videonas.spaces.evanet.presets import PRESETS
from videonas.task import Clip, Task

TASK = Task({"rgb": Clip(6, 12), "flow": Clip(6, 12, 2)}, 3)
EVERYTHING = EvaNetArchitecture(
    (
        Module((Branch("conv1x1"), Branch("conv", "itgm", 3), Branch("pool_conv", time=5)), 2),
        Module((Branch("conv_conv", "2plus1d", 5, "itgm", 7), Branch("conv", "3d", 3)), 1),
    ),
    "2plus1d", 3, (3,), "rgb", 12, 6, 1, Skeleton("residual", 4, 3, (13, 14), (1, 2), (2, 1, 2)),
)
"""A network with every kind of branch and of convolution."""

SMALL = EvaNetArchitecture(
    (Module((Branch("conv", "itgm", 3), Branch("pool_conv", time=3))),), "3d", 1, (1,), "rgb", 6, 4,
    1, Skeleton("residual", 4, 3, (8,), (1, 1), (2, 1)),
)
"""One that is traced soon."""


def logits(models: dict[str, Any], shape: tuple[int, ...], training: bool) -> list[Any]:
    clips = np.random.default_rng(0).normal(size=(2, *shape)).astype("float32")
    return [np.asarray(model(clips, training=training)) for model in models.values()]


@pytest.mark.parametrize("stem", ["2plus1d", "itgm", "3d"])
@pytest.mark.parametrize("stream", ["rgb", "flow"])
def test_both_builders_make_the_same_network(stem: Any, stream: Any) -> None:
    models = build_both(replace(EVERYTHING, stem=stem, stream=stream), TASK)
    ours, plain = logits(models, TASK.streams[stream].shape, training=False)
    np.testing.assert_allclose(ours, plain, atol=1e-5)
    assert abs(ours).max() > 1e-3


def test_they_are_the_same_in_training_too() -> None:
    """But for dropout, which draws for each on its own."""
    models = build_both(EVERYTHING, TASK)
    for model in models.values():
        for layer in model.layers:
            if isinstance(layer, keras.layers.Dropout):
                layer.rate = 0.0
    ours, plain = logits(models, TASK.streams["rgb"].shape, training=True)
    np.testing.assert_allclose(ours, plain, atol=1e-4)


@pytest.mark.parametrize("name", PRESETS)
def test_the_published_networks_are_the_same_scaled_down(name: str) -> None:
    net, task = scaled(PRESETS[name], 8, 6, 16, 5)
    models = build_both(net, task)
    ours, plain = logits(models, task.streams["rgb"].shape, training=False)
    np.testing.assert_allclose(ours, plain, atol=1e-4 * abs(plain).max())
    parameters = sum(int(np.prod(weight.shape)) for weight in models[PLAIN].trainable_variables)
    assert parameters == costs(net, task).parameters


def test_the_transcription_is_made_of_plain_layers() -> None:
    model = build_evanet(EVERYTHING, TASK)
    kinds = {type(layer) for layer in model.layers}
    plain = {kind for kind in kinds if kind.__module__.startswith("keras.")}
    assert kinds - plain == {TGMConv3D}
    assert {keras.layers.Conv3D, keras.layers.MaxPooling3D} <= plain


@pytest.mark.parametrize(("change", "words"), [
    ({"form": "inception"}, "the form is inception"), ({"labels": True}, "several labels"),
])
def test_what_is_not_published_is_not_transcribed(change: dict[str, Any], words: str) -> None:
    net, task = EVERYTHING, TASK
    if "form" in change:
        net = replace(net, skeleton=replace(net.skeleton, form="inception"))
    else:
        task = replace(task, multi_label=True)
    with pytest.raises(ValueError, match=words):
        build_evanet(net, task)


def test_a_step_is_measured_of_both() -> None:
    row = measure("small", SMALL, TASK, batch=2, rounds=2)
    assert {form: len(all_of) for form, all_of in row.times.seconds.items()} == {OURS: 2, PLAIN: 2}
    assert row.parameters == costs(SMALL, TASK).parameters
    assert 0 < row.difference < 1e-5


def test_another_network_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    import benchmarks.transcriptions.evanet as transcription

    def wider(x: Any, task: Task, dropout: float) -> Any:
        return keras.layers.Dense(task.classes)(tf.keras.layers.Flatten()(x))

    monkeypatch.setattr(transcription, "head", wider)
    with pytest.raises(click.ClickException, match=r"parameters, the transcription .*as many"):
        build_both(EVERYTHING, TASK)


def test_another_order_of_operations_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    import benchmarks.transcriptions.evanet as transcription

    true_block = transcription.block

    def repeated(x: Any, branches: Any, filters: int, repeat: int, name: str) -> Any:
        return keras.layers.ReLU(max_value=0.5)(true_block(x, branches, filters, repeat, name))

    monkeypatch.setattr(transcription, "block", repeated)
    with pytest.raises(click.ClickException, match="everything: the forms differ"):
        measure("everything", EVERYTHING, TASK, batch=2, rounds=1)


def test_channels_strides_and_the_clip_are_scaled_and_nothing_else() -> None:
    for preset in PRESETS.values():
        net, task = scaled(preset, 4, 32, 112, 10)
        assert net.modules == preset.modules
        assert net.skeleton.filters == (64, 128, 256, 512)
        assert (net.skeleton.stem_filters, net.frames, net.image_size) == (16, 32, 112)
        assert net.skeleton.time_strides == preset.skeleton.time_strides
        assert task == Task({"rgb": Clip(32, 112)}, 10)
        same, _ = scaled(preset, 1, 64, 224, 10)
        assert same == preset


def test_too_narrow_a_network_is_refused() -> None:
    said = CliRunner().invoke(training_step.main, ["--divide", "16"])
    assert said.exit_code == 2
    assert "modules.0.branches is 5; allowed: at most 4 of 16 channels" in said.output


def test_the_table_says_how_many_times_as_fast_a_step_is() -> None:
    times = Times({OURS: [0.1, 0.2, 0.1], PLAIN: [0.12, 0.22, 0.13]})
    assert cells(training_step.table([Row("evanet1", 1234, times, 0.0)])) == [
        ["evanet1", "1,234", "100.0", "130.0", "1.20"]
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", PRESETS)
def test_the_script_measures_published_networks(name: str) -> None:
    said = run_script("training_step.py", "--network", name, "--divide", "8", "--frames", "1",
                      "--image-size", "8", "--batch", "1", "--classes", "5", "--rounds", "1")
    ((network, *_),) = cells(said)
    assert network == name
    assert "Published channels divided by 8, 1 clips of 1 x 8²" in said
