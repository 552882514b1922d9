"""Networks give the same numbers, and learn from the same gradients, whichever kernels run.

TensorFlow has two sets of kernels on x86, its own and oneDNN's, and each is wrong on shapes that
the other one takes. They are chosen when a process starts, so each set runs in processes of its
own, which may also die.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from videonas.spaces import SPACES

pytestmark = pytest.mark.parametrize("onednn", ["0", "1"])

every_space = pytest.mark.parametrize("space", sorted(SPACES))

ROUNDING = 1e-4
"""Of a kernel in float32, as a share of the largest value; seen: 3e-5."""

OF_A_NETWORK = 5e-2
"""Where one relu is on the other side of zero, part of a gradient differs; seen: 1.1e-2."""


def check(space: str, onednn: str, networks: int) -> list[dict[str, Any]]:
    """What a process finds on random networks; it ends early where a kernel kills it."""
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": onednn, "TF_CPP_MIN_LOG_LEVEL": "3"}
    ended = subprocess.run(
        [sys.executable, "-m", "tests.networks.kernels_reached", space, str(networks)],
        env=environment, capture_output=True, text=True,
    )
    said = [json.loads(line) for line in ended.stdout.splitlines()]
    assert ended.returncode == 0, f"after {said[-1:]}: {ended.stderr[-2000:]}"
    return [each for each in said if "difference" in each]


def assert_right(found: list[dict[str, Any]], networks: int) -> None:
    """Every network and every kernel that it reaches is right."""
    assert sum("network" in each for each in found) == networks
    assert sum("kernel" in each for each in found) > networks
    assert not [each for each in found if each.get("unsafe")]
    wrong = [each for each in found
             if each["difference"] > (ROUNDING if "kernel" in each else OF_A_NETWORK)]
    assert not wrong


@every_space
def test_gradients_are_those_of_the_reference(space: str, onednn: str) -> None:
    assert_right(check(space, onednn, 2), 2)


@pytest.mark.slow
@pytest.mark.timeout(1500)
@every_space
def test_gradients_of_many_networks_are_those_of_the_reference(space: str, onednn: str) -> None:
    assert_right(check(space, onednn, 10), 10)


def test_the_processor_is_asked_for_its_kernels(onednn: str) -> None:
    asked = subprocess.run(
        [sys.executable, "-c",
         "from videonas.networks.device import uses_onednn; print(uses_onednn())"],
        env={**os.environ, "TF_ENABLE_ONEDNN_OPTS": onednn}, capture_output=True, text=True,
    )
    assert asked.stdout.split() == [str(onednn == "1")]
