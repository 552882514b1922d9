"""Steps to a mark, on curves that were made up."""

from __future__ import annotations

from benchmarks.inheritance import Curve, Pair, steps_to, summary
from tests.synthetic import make_search
from videonas.search.root import SearchRoot


def test_the_mark_is_reached_when_it_is_first_reached() -> None:
    curve = Curve({20: 0.5, 0: 0.1, 10: 0.6, 30: 0.7})
    assert [steps_to(curve, mark) for mark in (0.0, 0.5, 0.7, 0.8)] == [0, 10, 30, None]


def test_the_table_compares_children_with_themselves(tmp_path: object) -> None:
    root: SearchRoot = make_search(f"{tmp_path}/root", 0, 4, 2, train_steps=30)
    scratch = Curve({0: 0.1, 10: 0.3, 20: 0.5, 30: 0.6})
    pairs = [
        Pair(0, ("filters",), scratch, Curve({0: 0.6, 10: 0.7, 20: 0.7, 30: 0.8})),
        Pair(1, ("skip",), scratch, Curve({0: 0.2, 10: 0.3, 20: 0.3, 30: 0.4})),
    ]
    said = summary(pairs, root)
    assert "| 0, inherited | 1 | 0.60 | 0 | 1 | 0.60 | 0.80 |" in said
    assert "| 1, inherited | 1 | 0.20 | never | 0 | 0.60 | 0.40 |" in said
    assert "| all, scratch | 2 | 0.10 | 30 | 2 | 0.60 | 0.60 |" in said
    assert "1 of the children that inherit are there sooner, 1 before they are trained" in said
