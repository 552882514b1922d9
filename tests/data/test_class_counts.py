"""How many videos of each class there are, told in a few lines however many classes there are."""

from __future__ import annotations

from videonas.data.class_counts import ALL, ENDS, class_counts, count_lines, table_rows
from videonas.search.dataset import Dataset, Split
from videonas.task import Clip


def dataset_of(counts: dict[str, dict[str, int]], clips_per_video: int = 1) -> Dataset:
    """A data set with so many videos of each class in each split."""
    classes = tuple(next(iter(counts.values())))
    splits = {
        name: Split(
            sum(of_class.values()), clips_per_video * sum(of_class.values()),
            tuple(clips_per_video * of_class[label] for label in classes), (),
        )
        for name, of_class in counts.items()
    }
    return Dataset("d" * 12, "/v", {"rgb": Clip(4, 32)}, classes, splits, 0, 0)


def test_videos_are_counted_and_not_clips() -> None:
    dataset = dataset_of(
        {"train": {"a": 5, "b": 3}, "validation": {"a": 1, "b": 2}, "test": {"a": 0, "b": 0}}, 3
    )
    assert class_counts(dataset) == ([("a", (5, 1, 0)), ("b", (3, 2, 0))], 0)
    assert table_rows(dataset) == [("a", "5", "1", "0"), ("b", "3", "2", "0")]
    assert list(count_lines(dataset)) == [
        "train: 8 videos (a 5, b 3)", "validation: 3 videos (a 1, b 2)", "test: 0 videos (a 0, b 0)"
    ]


def test_of_many_classes_those_with_most_and_fewest_videos_are_told() -> None:
    train = {f"class{number:03d}": 1000 - number for number in range(400)}
    rows, others = class_counts(dataset_of({"train": train, "validation": dict.fromkeys(train, 2)}))
    assert len(rows) == 2 * ENDS < ALL
    assert others == 400 - 2 * ENDS
    assert rows[0] == ("class000", (1000, 2))
    assert rows[-1] == ("class399", (601, 2))
    cells = table_rows(dataset_of({"train": train}))
    assert cells[ENDS] == ("... 380 others ...", "")
    (line,) = count_lines(dataset_of({"train": train}))
    assert "class009 991, ... 380 other classes ..., class390 610" in line


def test_as_many_classes_as_fit_keep_their_order() -> None:
    train = {f"class{number}": number for number in range(ALL)}
    rows, others = class_counts(dataset_of({"train": train}))
    assert ([label for label, _ in rows], others) == (list(train), 0)
