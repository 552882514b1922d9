"""HMDB51's official splits: a file a class and split, `brush_hair_test_split1.txt` and so on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from videonas.data.layouts.rows import Row, gather
from videonas.data.layouts.tables import read_lines
from videonas.data.places import Place
from videonas.data.sources import Sources
from videonas.errors import DataError, brief

SPLITS = {"1": "train", "2": "test", "0": None}
"""What the number behind a video says; 0 is for those that are not in this split."""

_FILE = re.compile(r"(.+)_test_split([1-3])\.txt")


def recognises(place: Place) -> bool:
    """Whether a folder holds the split files."""
    return place.is_dir() and any(_FILE.fullmatch(entry.name) for entry in place.iterdir())


def read(place: Place, folder: Place, split_number: int) -> Sources:
    """The videos of one official split.

    A file's name begins with the name of the recording that it was cut from, and the class:
    videos of one recording are a group.

    Args:
        place: the folder of the split files.
        folder: that holds one folder a class.
        split_number: 1, 2 or 3.

    Raises:
        DataError: there are no files of this split, a line is not as it should be, or fewer than
            two classes are left.
    """
    files = sorted(entry for entry in place.iterdir() if _number(entry) == split_number)
    if not files:
        raise DataError(
            f"videos: {place} holds no <class>_test_split{split_number}.txt; split_number is "
            f"{split_number}"
        )
    rows = (row for path in files for row in _rows(path))
    return gather(rows, place, folder, f"HMDB51 split {split_number}")


def _number(path: Place) -> int:
    found = _FILE.fullmatch(path.name)
    return int(found[2]) if found and not path.name.startswith(".") else 0


def _rows(path: Place) -> Iterator[Row]:
    found = _FILE.fullmatch(path.name)
    assert found is not None  # see `read`
    label, source = found[1], f"{path}, line"
    for number, line in read_lines(path):
        video, digit = (*line.rsplit(maxsplit=1), "")[:2]
        if digit not in SPLITS:
            raise DataError(
                f"videos: {source} {number}: found {brief(line)}, expected a file and 0, 1 or 2"
            )
        split = SPLITS[digit]
        if split is not None:
            recording, cut, _ = video.partition(f"_{label}_")
            yield Row(
                source, number, f"{label}/{video}", (label,), split, recording if cut else None
            )
