"""What `videonas data-prep` prints."""

from __future__ import annotations

from videonas.console.screen import printed, printed_line, table
from videonas.data.class_counts import table_rows
from videonas.search.dataset import Dataset


def print_dataset(dataset: Dataset) -> None:
    """Prints where labels come from, the videos of each class by split, and what was skipped."""
    kind = "any number of labels" if dataset.multi_label else "one label"
    printed_line(f"{len(dataset.classes)} classes, {kind} a video, from {dataset.labels_from}")
    for name, split in dataset.splits.items():
        printed_line(f"{name}: {split.clips} clips of {split.videos} videos")
    printed(table(("videos", *dataset.splits), table_rows(dataset),
                  right=range(1, len(dataset.splits) + 1)))
    for skipped in dataset.skipped:
        printed_line(f"skipped {skipped.path}: {skipped.reason}")
