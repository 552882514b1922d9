"""The versions that are installed are those of a file that a tool made from setup.cfg."""

from __future__ import annotations

import configparser
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

TOP = Path(__file__).parents[1]

PYTHONS = ("3.10", "3.11", "3.12", "3.13")
UNCONSTRAINED = ("movinet",)
"""Extras that ask for one version of TensorFlow, so that no file can hold them and the others."""


def pins(python: str) -> dict[str, Version]:
    """The pinned versions for a version of Python on Linux, by package."""
    environment = {"python_version": python, "python_full_version": f"{python}.1",
                   "sys_platform": "linux", "platform_machine": "x86_64"}
    lines = (TOP / "constraints.txt").read_text().splitlines()
    pinned = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {
        each.name: Version(str(each.specifier).removeprefix("=="))
        for each in pinned if each.marker is None or each.marker.evaluate(environment)
    }


@pytest.mark.parametrize("python", PYTHONS)
def test_every_requirement_is_pinned_within_its_range(python: str) -> None:
    config = configparser.ConfigParser(interpolation=None)
    config.read(TOP / "setup.cfg")
    asked = config["options"]["install_requires"]
    for extra, text in config["options.extras_require"].items():
        asked += "" if extra in UNCONSTRAINED else text
    pinned = pins(python)
    lines = [line for line in asked.splitlines() if line and not line.startswith("#")]
    assert len(lines) > 20
    for requirement in map(Requirement, lines):
        name = requirement.name.lower()
        assert name in pinned, name
        assert requirement.specifier.contains(pinned[name]), name


def test_this_python_is_one_of_those_that_are_supported() -> None:
    assert f"{sys.version_info[0]}.{sys.version_info[1]}" in PYTHONS
