"""What docs/tiny_video.md says in numbers and examples is what the code does."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.architectures import PUBLISHED_TASK
from videonas.spaces.base import Imported
from videonas.spaces.tiny_video.architecture import layers
from videonas.spaces.tiny_video.costs import costs
from videonas.spaces.tiny_video.normalise import normalise
from videonas.spaces.tiny_video.presets import PRESETS
from videonas.spaces.tiny_video.published import read_published

PAGE = Path(__file__).parents[2] / "docs" / "tiny_video.md"


def table(first_heading: str) -> dict[str, dict[str, str]]:
    """A table of the page, by its first column and then by heading."""
    lines = iter(PAGE.read_text(encoding="utf-8").splitlines())
    heading = next(line for line in lines if line.startswith(f"| {first_heading} |"))
    names = [cell.strip() for cell in heading.strip("|").split("|")]
    next(lines)
    rows: dict[str, dict[str, str]] = {}
    for line in lines:
        if not line.startswith("|"):
            break
        cells = [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        rows[cells[0]] = dict(zip(names, cells, strict=True))
    return rows


def test_the_examples_are_one_network() -> None:
    examples = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    one, other = (read_published(text, str(PAGE)) for text in examples)
    assert one == other == Imported(one.architecture, ())


@pytest.mark.parametrize("name", PRESETS)
def test_the_table_of_counts(name: str) -> None:
    row = table("network | layers")[name]
    net = normalise(PRESETS[name], PUBLISHED_TASK)
    more, fewer = costs(net, PUBLISHED_TASK), costs(net, replace(PUBLISHED_TASK, classes=157))
    assert row["layers"] == str(len(list(layers(net))))
    assert row["parameters"] == f"{more.parameters:,}"
    assert row["with 157 classes"] == f"{fewer.parameters:,}"
    assert row["multiply-adds"] == f"{more.macs:,}"


@pytest.mark.parametrize("name", PRESETS)
def test_a_count_by_hand_agrees_to_all_its_digits(name: str) -> None:
    row = table("network | layers")[name]
    for exact, by_hand in (("parameters", "by hand"), ("with 157 classes", "by hand, 157"),
                           ("multiply-adds", "by hand, multiply-adds")):
        number, unit = row[by_hand].split()
        digits = len(number.partition(".")[2])
        scale = {"M": 1e6, "G": 1e9}[unit]
        assert round(int(row[exact].replace(",", "")) / scale, digits) == float(number)


@pytest.mark.parametrize("name", PRESETS)
def test_the_table_of_ratios(name: str) -> None:
    rows = [row for row in table("network, block").values() if row["network, block"].split()[0]
            == name]
    found = {int(row["network, block"].split()[1]): row for row in rows}
    squeezed = {n: block for n, block in enumerate(PRESETS[name].blocks, 1) if block.squeeze}
    assert found.keys() == squeezed.keys()
    for number, block in squeezed.items():
        assert found[number]["released ratio"] == repr(block.squeeze)
        assert found[number]["hidden width"] == str(block.squeeze_width)
