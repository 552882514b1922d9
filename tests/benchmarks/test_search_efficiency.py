"""How evaluations are counted, and what the table says of them."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import search_efficiency
from benchmarks.common.landscape import Landscape
from benchmarks.search_efficiency import (
    ARMS,
    EARLY,
    Outcome,
    Plan,
    course,
    reached,
    ruggedness,
    run_seed,
    summary,
)

SMALL = Plan({"population": 8, "children": 4}, networks=40)


# Counting


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_the_mark_is_reached_with_the_first_that_is_as_good(
    values: list[float], mark: float
) -> None:
    best = [max(values[:n]) for n in range(1, len(values) + 1)]
    first = next((n for n, value in enumerate(values, 1) if value >= mark), math.inf)
    assert reached(best, mark) == first
    assert reached(best, best[-1]) <= len(best)
    assert reached(best, 1.1) == math.inf


@pytest.mark.parametrize("arm", ARMS)
def test_a_course_is_the_best_so_far_of_different_networks(arm: str) -> None:
    seen: list[Any] = []

    class Watched(Landscape):
        def __call__(self, architecture: Any) -> float:
            seen.append(architecture)
            return super().__call__(architecture)

    best = course(SMALL.settings(arm, 3), Watched(3), 40)
    assert len(best) == 40
    assert max(Counter(seen).values()) == 1, "nobody is evaluated twice"
    plain = [Landscape(3)(net) for net in seen]
    assert best == [max(plain[:n]) for n in range(1, 41)]


def test_a_search_without_anything_new_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """One block and one choice for most fields: there are few networks in all."""
    monkeypatch.setattr(search_efficiency, "IDLE", 5)
    one = {name: [value] for name, value in {
        "image_sizes": 8, "frames": 2, "frame_strides": 1, "spatial_types": "maxpool",
        "spatial_kernels": 3, "spatial_strides": 1, "temporal_types": "conv", "filters": 8,
        "temporal_kernels": 1, "temporal_strides": 1, "expand": 1, "repeats": 1, "non_local": 0,
        "activations": "relu",
    }.items()}
    options = {**one, "birth_blocks": 1, "max_blocks": 1, "clip_frames": 2}
    given = {"space_options": options, "population": 4, "children": 4, "sampling_tries": 20}
    best = course(Plan(given, 1000).settings("random", 0), Landscape(0), 1000)
    assert 4 < len(best) < 1000


def test_runs_of_a_seed_are_equal_and_seeds_differ() -> None:
    first, again, other = run_seed(SMALL, 1), run_seed(SMALL, 1), run_seed(SMALL, 2)
    assert first == again
    assert first.courses != other.courses
    assert first.courses.keys() == ARMS.keys()


def test_the_mark_is_of_a_random_search_of_its_own() -> None:
    outcome = run_seed(SMALL, 1)
    assert outcome.mark != outcome.courses["random"][-1]
    assert outcome.mark < max(best[-1] for best in outcome.courses.values())


def test_selection_climbs_and_drift_does_not() -> None:
    """The landscape has something to climb, and only selection climbs it."""
    for seed in range(2):
        courses = run_seed(Plan({}, networks=120), seed).courses
        without = max(courses["drift"][-1], courses["random"][-1])
        assert min(courses["tournament"][-1], courses["regularised"][-1]) > without


# Settings


def test_regularised_evolution_has_as_many_children_as_it_may() -> None:
    plan = Plan({"population": 20, "children": 12}, 10)
    assert [plan.settings(arm, 0).children for arm in ARMS] == [12, 5, 12, 12, 12, 12]
    few = Plan({"population": 20, "children": 3}, 10)
    assert few.settings("regularised", 0).children == 3
    assert plan.settings("nsga2: loss, macs", 4).objectives == ("loss", "macs")
    assert plan.settings("drift", 4).seed == 4


def test_ruggedness_is_what_mutation_leaves() -> None:
    space = SMALL.settings("random", 0)
    kept = [ruggedness(space, Landscape(5, partners), 5) for partners in (0, 6)]
    for one, two in kept:
        assert 0 < two < one < 1
    assert kept[1][0] < kept[0][0] - 0.1


# The table


def test_the_table_has_medians_of_what_was_needed() -> None:
    """Of four seeds the mark is reached after 1, 2, 3 networks, and never."""
    outcomes = [
        Outcome(0.5, {arm: [0.1] * before + [0.6] * (4 - before) for arm in ARMS}, (0.8, 0.6))
        for before in (0, 1, 2, 4)
    ]
    lines = summary(Plan({}, 4), outcomes).splitlines()
    cells = [cell.strip() for cell in lines[2].strip("|").split("|")]
    assert cells == ["tournament", "3 (2 to never)", "3 of 4", "0.600 (0.600 to 0.600)",
                     "0.600 (0.600 to 0.600)"]
    assert len(lines) == 2 + len(ARMS) + 3
    assert f"best after {EARLY}" in lines[0]
    assert "4 seeds" in lines[-2]
    assert "Population 16, children 12 (regularised: 4), tournament of 4" in lines[-1]
    assert "0.80 is left after one mutation, 0.60 after two" in lines[-1]


def test_the_script_runs_with_settings_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("population: 6\nspace_options: {image_sizes: [8, 12]}\n")
    said = CliRunner().invoke(search_efficiency.main, [
        "--seeds", "1", "--networks", "12", "--settings", str(file), "--set", "children=3",
    ])
    assert said.exit_code == 0, said.output
    assert "Population 6, children 3 (regularised: 1)" in said.output
    assert "best after 12" in said.output


@pytest.mark.parametrize(("given", "words"), [
    (["--set", "children=none"], "setting children"),
    (["--set", "popu=3"], "unknown setting 'popu'"),
    (["--settings", "/nowhere.yaml"], "/nowhere.yaml"),
    (["--partners", "9"], "0<=x<=6"),
    (["--set", "max_parameters=1", "--seeds", "1", "--networks", "4"], "max_parameters"),
])
def test_what_is_not_allowed_is_refused(given: list[str], words: str) -> None:
    said = CliRunner().invoke(search_efficiency.main, given)
    assert said.exit_code == 2
    assert words in said.output
