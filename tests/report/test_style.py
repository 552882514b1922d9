"""Colours: marks stand out from the ground in both schemes (WCAG 2.2, 1.4.11). That texts do is
tried in a browser.
"""

from __future__ import annotations

import re

import pytest

from videonas.report.assets import assets

STYLE = assets("colours.css", "picture.css", "style.css")
MARKS = ("blue", "sky", "green", "orange", "red", "purple", "yellow", "grey", "ink", "quiet")


def colours(place: int) -> dict[str, str]:
    """The colours of a scheme: 0 is light, 1 is dark."""
    return dict(re.findall(r"--(\w+): (#[0-9a-f]+)", STYLE.split(":root {")[place + 1]))


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_by_hand() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#fff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("mark", MARKS)
def test_marks_stand_out_from_the_ground(scheme: int, mark: str) -> None:
    found = colours(scheme)
    assert contrast(found[mark], found["ground"]) >= 3


def test_both_schemes_name_the_same_colours() -> None:
    assert set(colours(0)) == set(colours(1))


def test_every_class_of_an_outcome_has_a_colour_of_its_own() -> None:
    used = re.findall(r"\n\.(ok|invalid|over_budget|diverged|out_of_memory|timed_out|failed) "
                      r"{ background: (.*?);", STYLE)
    assert len(used) == 7
    assert len({colour for _, colour in used}) == 7
