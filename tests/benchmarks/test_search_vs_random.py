"""The comparison of searches: its statistics and its tables, on numbers made by hand."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from pathlib import Path
from random import Random
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.search_vs_random import (
    ARMS,
    Generation,
    Search,
    _course,
    bootstrap,
    run_search,
    spread,
    summary,
)
from tests.synthetic import make_search

# Statistics


def test_a_spread_is_the_mean_and_the_quartiles() -> None:
    assert spread([0.1, 0.2, 0.3, 0.4, 1.0]) == "0.400 (0.200 to 0.400)"
    assert spread([0.5]) == "0.500 (0.500 to 0.500)"
    assert spread([0.0, 1.0]) == "0.500 (0.250 to 0.750)"


def test_equal_differences_leave_no_doubt() -> None:
    assert bootstrap([0.25] * 8) == (0.25, 0.25, 0.25)


def test_an_interval_by_hand() -> None:
    """Of two pairs, 0 and 1, a resample is 0, 1/2 or 1 with 1/4, 1/2 and 1/4."""
    assert bootstrap([0.0, 1.0]) == (0.5, 0.0, 1.0)


def test_an_interval_is_that_of_the_binomial_where_differences_are_zero_or_one() -> None:
    """40 pairs of which half are ahead: 2.5 % of the resamples have 14 or fewer, or 26 or more."""
    middle, low, high = bootstrap([0.0, 1.0] * 20)
    assert middle == 0.5
    assert low == pytest.approx(14 / 40, abs=0.011)
    assert high == pytest.approx(26 / 40, abs=0.011)


def test_an_interval_is_that_of_the_normal_where_there_are_many_pairs() -> None:
    rng = Random(0)
    values = [rng.gauss(0.1, 1.0) for _ in range(400)]
    middle, low, high = bootstrap(values)
    assert middle == pytest.approx(mean(values))
    half = 1.96 * (sum((v - middle) ** 2 for v in values) / 400) ** 0.5 / 20
    assert low == pytest.approx(middle - half, abs=0.006)
    assert high == pytest.approx(middle + half, abs=0.006)


DIFFERENCES = st.lists(st.floats(-1, 1), min_size=1, max_size=12)


@given(DIFFERENCES, st.floats(-5, 5))
@settings(max_examples=30, deadline=None)
def test_an_interval_moves_and_turns_with_its_differences(
    values: list[float], shift: float
) -> None:
    middle, low, high = bootstrap(values)
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9
    assert bootstrap([v + shift for v in values]) == pytest.approx(
        (middle + shift, low + shift, high + shift), abs=1e-9
    )
    turned = bootstrap([-v for v in values])
    assert turned == pytest.approx((-middle, -high, -low), abs=1e-9)


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    """The bootstrap of 20 pairs covers a little less than 95 %."""
    rng, rounds = Random(1), 200
    covered = 0
    for _ in range(rounds):
        _, low, high = bootstrap([rng.gauss(0.3, 1.0) for _ in range(20)])
        covered += low <= 0.3 <= high
    assert 0.87 * rounds <= covered <= 0.98 * rounds


# Tables


def search(arm: str, seed: int, *courses: tuple[float, float], retrained: float) -> Search:
    """Eight networks, then four a generation; each takes two seconds."""
    generations = tuple(
        Generation(8 + 4 * place, 2.0 * (8 + 4 * place), best, newborn)
        for place, (best, newborn) in enumerate(courses)
    )
    return Search(arm, seed, generations, (retrained - 0.1, retrained, retrained + 0.1))


SEARCHES = [
    search("tournament", 0, (0.5, 0.2), (0.9, 0.6), retrained=0.8),
    search("random", 0, (0.5, 0.2), (0.7, 0.3), retrained=0.5),
    search("drift", 0, (0.5, 0.2), (0.6, 0.1), retrained=0.5),
    search("tournament", 1, (0.3, 0.1), (0.7, 0.4), retrained=0.6),
    search("random", 1, (0.3, 0.1), (0.8, 0.2), retrained=0.7),
    search("drift", 1, (0.3, 0.1), (0.3, 0.2), retrained=0.3),
]


def tables(text: str) -> dict[str, list[list[str]]]:
    """The rows of each table by the first cell of its head."""
    found: dict[str, list[list[str]]] = {}
    for block in re.findall(r"(?:^\|.*\n?)+", text, flags=re.MULTILINE):
        head, rule, *rows = [
            [cell.strip() for cell in line.strip().strip("|").split("|")]
            for line in block.strip().splitlines()
        ]
        assert head[1:] == list(ARMS)
        assert set("".join(rule)) == {"-"}
        assert {len(row) for row in (rule, *rows)} == {len(head)}
        found[head[0]] = rows
    return found


def test_the_tables_hold_each_arm_after_as_many_networks() -> None:
    assert tables(summary(SEARCHES)) == {
        "networks trained: best so far": [
            ["8", *["0.400 (0.350 to 0.450)"] * 3],
            ["12", "0.800 (0.750 to 0.850)", "0.750 (0.725 to 0.775)", "0.450 (0.375 to 0.525)"],
        ],
        "networks trained: median of the newborn": [
            ["8", *["0.150 (0.125 to 0.175)"] * 3],
            ["12", "0.500 (0.450 to 0.550)", "0.250 (0.225 to 0.275)", "0.150 (0.125 to 0.175)"],
        ],
        "device-seconds of a search": [
            ["after 8 networks", "16", "16", "16"], ["after 12 networks", "24", "24", "24"],
        ],
    }


def test_the_text_below_says_how_the_retrained_networks_compare() -> None:
    lines = summary(SEARCHES).splitlines()
    assert lines[0].startswith("2 paired seeds, ")
    assert lines[-5:] == [
        "- tournament: 0.700 (0.650 to 0.750)",
        "- random: 0.600 (0.550 to 0.650)",
        "- drift: 0.400 (0.350 to 0.450)",
        "- tournament minus random: +0.100 (95 % interval -0.100 to +0.300), ahead in 1 of 2 pairs",
        "- tournament minus drift: +0.300 (95 % interval +0.300 to +0.300), ahead in 2 of 2 pairs",
    ]
    assert "top-1 on the test split" in summary(SEARCHES)


def test_pairs_are_of_one_seed_though_searches_come_in_another_order() -> None:
    by_arm = [s for arm in reversed(ARMS) for s in SEARCHES if s.arm == arm]
    assert summary(by_arm) == summary(SEARCHES)


def test_a_draw_is_not_ahead() -> None:
    even = [replace(s, retrained_top1=(0.5,)) for s in SEARCHES]
    assert "+0.000 (95 % interval +0.000 to +0.000), ahead in 0 of 2 pairs" in summary(even)


# From a search


def test_a_course_follows_the_loss_and_counts_everybody(tmp_path: Path) -> None:
    root = make_search(tmp_path, 3, 6, 4, troubles={"diverged": 0.3}, seed=3)
    seconds, best, expected = 0.0, None, []
    for population in root.lineage().generations:
        tops = []
        for member in population.newborn:
            result = member.result
            for part in (result.training, result.evaluation):
                seconds += sum(part.seconds.values()) if part else 0.0
            if result.metrics:
                tops.append(result.metrics["top1"])
                if best is None or result.metrics["loss"] < best["loss"]:
                    best = result.metrics
        tops.sort()
        half = len(tops) // 2
        middle = tops[half] if len(tops) % 2 else (tops[half - 1] + tops[half]) / 2
        assert best is not None
        expected.append((seconds, best["top1"], middle))
    found = _course(root)
    assert [g.networks for g in found] == [6, 10, 14]
    for generation, numbers in zip(found, expected, strict=True):
        shown = generation.seconds, generation.best_top1, generation.newborn_median_top1
        assert shown == pytest.approx(numbers)


def test_a_generation_without_a_trained_network_has_nothing_to_show(tmp_path: Path) -> None:
    root = make_search(tmp_path, 1, 4, 2, troubles={"failed": 1.0})
    (only,) = _course(root)
    assert (only.networks, only.best_top1, only.newborn_median_top1) == (4, 0.0, 0.0)


def test_a_search_that_is_recorded_is_not_run_again(tmp_path: Path) -> None:
    done = SEARCHES[1]
    (tmp_path / "random.json").write_text(json.dumps(asdict(done)))
    assert run_search("random", 0, tmp_path, {"videos": "/nowhere"}, 5) == done
    assert [path.name for path in tmp_path.iterdir()] == ["random.json"]
