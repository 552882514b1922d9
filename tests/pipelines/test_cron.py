"""Cron expressions: what KFP takes passes, and everything else is refused with what is allowed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.cron import FIELDS, NAMED, check_cron
from videonas.errors import SettingsError


@st.composite
def parts(draw: st.DrawFn, index: int) -> str:
    field = FIELDS[index]
    first = draw(st.integers(field.least, field.most))
    last = draw(st.integers(first, field.most))
    step = draw(st.integers(1, 99))
    forms = ["*", "?", f"*/{step}", str(first), f"{first}-{last}", f"{first}-{last}/{step}",
             f"{first}/{step}"]
    if field.names:
        low, high = (field.names[n - field.least] for n in (first, last))
        forms += [low, low.upper(), f"{low}-{high}", f"{low.title()}/{step}"]
    return draw(st.sampled_from(forms))


expressions = st.tuples(
    *(st.lists(parts(n), min_size=1, max_size=3).map(",".join) for n in range(len(FIELDS)))
)


@given(expressions, st.sampled_from([" ", "  ", "\t"]))
def test_what_the_fields_may_hold_passes_with_single_spaces(
    words: tuple[str, ...], space: str
) -> None:
    assert check_cron(f" {space.join(words)}\n") == " ".join(words)


@given(expressions, st.integers(0, 5), st.sampled_from(["least", "most"]), st.booleans())
def test_a_value_out_of_bounds_is_refused_with_the_bounds(
    words: tuple[str, ...], index: int, end: str, ranged: bool
) -> None:
    field = FIELDS[index]
    value = field.most + 1 if end == "most" or field.least == 0 else field.least - 1
    wrong = f"{field.least}-{value}" if ranged and value > field.most else str(value)
    broken = [*words[:index], wrong, *words[index + 1 :]]
    with pytest.raises(SettingsError) as told:
        check_cron(" ".join(broken))
    assert f"{wrong!r} in the {field.name}" in str(told.value)
    assert f"values {field.least}-{field.most}" in str(told.value)


@given(expressions)
def test_five_fields_are_refused_with_the_six_that_were_meant(words: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError) as told:
        check_cron(" ".join(words[1:]))
    assert "has five fields" in str(told.value)
    meant = str(told.value).partition("seconds first: '")[2].rstrip("'")
    assert check_cron(meant) == " ".join(["0", *words[1:]])


@pytest.mark.parametrize(
    "expression",
    ["", "*", "0 0 2 * * 0 2026", "0 0 2 * * 7", "0 0 2 * * sunday", "0 0 2 32 * *", "0 60 * * * *",
     "0 0 5-2 * * *", "0 */0 * * * *", "0 0 2 L * *", "0 0 2 * * mon#1", "0 0 2 * * 1,",
     "- * * * * *", "@every 1h", "@reboot", "0 0 -1 * * *", "0 0 ² * * *", "0 0 0000 * * *"],
    ids=str,
)
def test_what_kfp_does_not_take_is_refused_in_one_sentence(expression: str) -> None:
    with pytest.raises(SettingsError) as told:
        check_cron(expression)
    assert "allowed: " in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("name", NAMED)
def test_names_for_common_times_pass(name: str) -> None:
    assert check_cron(name) == name
