"""How many videos of each class a data set has, by split, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from videonas.search.dataset import Dataset

ALL = 30
"""So many classes are all told; of more, `ENDS` with the most videos and `ENDS` with the fewest."""

ENDS = 10

Row = tuple[str, tuple[int, ...]]
"""A class, and its videos in each split."""


def class_counts(dataset: Dataset) -> tuple[list[Row], int]:
    """The videos of each class in each split, and how many classes are left out between.

    Args:
        dataset: whose splits are counted, in their order.

    Returns:
        all classes in their order and 0; or, where there are many, those with the most videos, the
        most first, then those with the fewest, and the number of the others.
    """
    by_split = [
        [clips * split.videos // max(split.clips, 1) for clips in split.clips_by_class]
        for split in dataset.splits.values()
    ]
    rows: list[Row] = list(zip(dataset.classes, zip(*by_split, strict=True), strict=True))
    if len(rows) <= ALL:
        return rows, 0
    rows.sort(key=lambda row: -sum(row[1]))
    return [*rows[:ENDS], *rows[-ENDS:]], len(rows) - 2 * ENDS


def count_lines(dataset: Dataset) -> Iterator[str]:
    """A line for each split: its videos by class."""
    rows, others = class_counts(dataset)
    for number, (name, split) in enumerate(dataset.splits.items()):
        words = [f"{label} {counts[number]}" for label, counts in rows]
        if others:
            words.insert(ENDS, f"... {others} other classes ...")
        yield f"{name}: {split.videos} videos ({', '.join(words)})"


def table_rows(dataset: Dataset) -> Sequence[tuple[str, ...]]:
    """A row for each class: its videos in each split."""
    rows, others = class_counts(dataset)
    cells = [(label, *map(str, counts)) for label, counts in rows]
    if others:
        cells.insert(ENDS, (f"... {others} others ...", *("" for _ in dataset.splits)))
    return cells
