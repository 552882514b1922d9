"""The six published networks as Keras builds them: what docs/tiny_video.md says that they cost."""

from __future__ import annotations

import math

import pytest

from tests.architectures import PUBLISHED_TASK
from tests.networks.test_tiny_video_network import clips, count_macs, run_layers
from videonas.networks import build
from videonas.spaces import Costs
from videonas.spaces.tiny_video.costs import costs
from videonas.spaces.tiny_video.normalise import normalise
from videonas.spaces.tiny_video.presets import PRESETS


@pytest.mark.slow
@pytest.mark.parametrize("name", PRESETS)
def test_keras_counts_what_the_arithmetic_counts(name: str) -> None:
    net = normalise(PRESETS[name], PUBLISHED_TASK)
    model = build("tiny_video", net, PUBLISHED_TASK)
    parameters = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    macs = count_macs(model, run_layers(model, clips(net, 1)))
    assert Costs(parameters, macs) == costs(net, PUBLISHED_TASK)
