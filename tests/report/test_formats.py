"""Numbers and edits as people read them."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from videonas.report import formats
from videonas.report.edits import EditText, edit_text
from videonas.spaces import Edit
from videonas.spaces.tiny_video import Block, TinyVideoArchitecture


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (formats.percent(0.8321), "83.2 %"),
        (formats.percent(None), "–"),
        (formats.points(-0.0171), "−1.7 points"),
        (formats.signed(-0.0001), "0.000"),
        (formats.decimal(-0.5), "−0.500"),
        (formats.quantity(9_999), "9,999"),
        (formats.quantity(12_345), "12.3 k"),
        (formats.quantity(999_700), "1 M"),
        (formats.quantity(2_500_000_000), "2.5 G"),
        (formats.quantity(1_234_500_000_000), "1,234 G"),
        (formats.milliseconds(4.211), "4.21 ms"),
        (formats.milliseconds(123.4), "123.4 ms"),
        (formats.duration(4.2), "4.2 s"),
        (formats.duration(125), "2 min 5 s"),
        (formats.duration(11_535), "3 h 12 min"),
        (formats.factor(9, 5), "×1.80"),
        (formats.factor(1, None), "–"),
        (formats.plural(1, "network"), "1 network"),
        (formats.plural(1_200, "network"), "1,200 networks"),
        (formats.names(list("abcd"), most=2), "a, b and 2 more"),
        (formats.shortened("abcdef", 4), "abc…"),
    ],
)
def test_formats(text: str, expected: str) -> None:
    assert text == expected


def test_an_added_block_is_told_by_what_is_not_default() -> None:
    block = asdict(Block(spatial_type="depthwise", filters=16, skip=True))
    added = edit_text(Edit("add_block", "blocks.2", None, block), TinyVideoArchitecture)
    assert added == EditText(
        "add_block", "blocks.2", "", "spatial_type depthwise, filters 16, skip yes"
    )
    removed = edit_text(Edit("remove_block", "blocks.0", block, None), TinyVideoArchitecture)
    assert (removed.before, removed.after) == (added.after, "")
    plain = edit_text(Edit("add_block", "blocks.0", None, asdict(Block())), TinyVideoArchitecture)
    assert plain.after == "all at default"


def test_a_changed_field_is_told_by_both_values() -> None:
    changed = edit_text(Edit("skip", "blocks.1.skip", False, True), TinyVideoArchitecture)
    assert (changed.before, changed.after) == ("no", "yes")
    zero = edit_text(Edit("squeeze", "blocks.1.squeeze", 0.0, 0.25), TinyVideoArchitecture)
    assert (zero.before, zero.after) == ("0", "0.25")


def test_an_unknown_path_is_told_whole() -> None:
    edit = Edit("rewire", "streams.rgb.inputs", None, {"from": [1, 2], "weight": 0.5})
    assert edit_text(edit, TinyVideoArchitecture).after == "from [1, 2], weight 0.5"
    assert edit_text(Edit("x", "y", None, None), TinyVideoArchitecture).after == "none"
