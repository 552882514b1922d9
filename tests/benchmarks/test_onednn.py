"""The benchmark of trainings with and without oneDNN's kernels."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.onednn import ONEDNN, OWN, Round, rounds_of, table
from videonas.search.root import SearchRoot
from videonas.steps.mutate import mutate


def test_both_kinds_of_kernels_train_the_network(new_root: Callable[..., SearchRoot]) -> None:
    root = new_root()
    mutate(root, 0)
    (found,) = rounds_of(root.uri, [root.need_candidates(0).individuals[0].name], 1)
    assert found.seconds.keys() == {OWN, ONEDNN}
    assert min(found.seconds.values()) > 0


def test_the_table_has_the_median_of_the_ratios_of_each_network() -> None:
    rows = [Round("a", {OWN: 2.0, ONEDNN: each}) for each in (1.0, 1.5, 2.0)]
    assert table(rows).splitlines()[-1] == "| a | 2.00 | 1.50 | 0.75 |"
