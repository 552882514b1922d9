"""UCF101's official splits: `classInd.txt`, `trainlist01.txt`, `testlist01.txt` and so on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from videonas.data.layouts.rows import Classes, Row, gather
from videonas.data.layouts.tables import read_lines
from videonas.data.places import Place
from videonas.data.sources import Sources
from videonas.errors import DataError, brief

CLASSES = "classInd.txt"

_LIST = re.compile(r"(train|test)list0[1-3]\.txt")
_CLASS_LINE = re.compile(r"(\d{1,6})\s+(\S.*)", re.ASCII)
_VIDEO_LINE = re.compile(r"(\S.*?)(?:\s+(\d{1,6}))?", re.ASCII)
_GROUP = re.compile(r"(v_.+_g\d+)_c\d+\.\w+")


def recognises(place: Place) -> bool:
    """Whether a folder holds the split files."""
    return (
        place.is_dir()
        and (place / CLASSES).is_file()
        and any(_LIST.fullmatch(entry.name) for entry in place.iterdir())
    )


def read(place: Place, folder: Place, split_number: int) -> Sources:
    """The videos of one official split.

    The videos of a class come in numbered groups, `g01` in `v_Archery_g01_c02.avi`, which look
    alike: a group is kept whole.

    Args:
        place: the folder of the split files.
        folder: that holds one folder a class.
        split_number: 1, 2 or 3.

    Raises:
        DataError: a file is missing or a line is not as it should be; a label outside
            `classInd.txt`; a video in both lists.
    """
    names = dict(_classes(place / CLASSES))
    classes = Classes([names[number] for number in sorted(names)], place / CLASSES)
    rows = (
        row
        for split in ("train", "test")
        for row in _rows(place / f"{split}list0{split_number}.txt", split, names)
    )
    return gather(rows, place, folder, f"UCF101 split {split_number}", classes)


def _classes(path: Place) -> Iterator[tuple[int, str]]:
    for number, line in read_lines(path):
        found = _CLASS_LINE.fullmatch(line)
        if found is None:
            raise DataError(
                f"videos: {path}, line {number}: found {brief(line)}, expected a number and a "
                "class, such as '1 ApplyEyeMakeup'"
            )
        yield int(found[1]), found[2]


def _rows(path: Place, split: str, names: Mapping[int, str]) -> Iterator[Row]:
    """The videos of one list; where no label stands beside a video, its folder is its class."""
    source = f"{path}, line"
    for number, line in read_lines(path):
        found = _VIDEO_LINE.fullmatch(line)
        assert found is not None  # every line that holds anything does
        video = PurePosixPath(found[1])
        if found[2] is None:
            label = video.parent.name
        elif int(found[2]) in names:
            label = names[int(found[2])]
        else:
            raise DataError(
                f"videos: {source} {number}: the label {found[2]} is none of the {len(names)} "
                f"classes of {path.parent / CLASSES}"
            )
        group = _GROUP.fullmatch(video.name)
        yield Row(source, number, found[1], (label,), split, group[1] if group else None)
