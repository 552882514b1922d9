"""Lists of videos, as CSV and as JSON; the files need not be videos for that."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from videonas.data.layouts import lists
from videonas.data.sources import Sources, SourceVideo, source_digest
from videonas.errors import DataError
from videonas.search.settings import Settings
from videonas.task import Clip

STREAMS = {"rgb": Clip(8, 32)}


def read(path: Path, text: str | bytes) -> Sources:
    """The list, written to a file."""
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return lists.read(path, path.parent)


def lines(*rows: Any) -> str:
    """JSON, a row a line."""
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def test_a_csv_list(tmp_path: Path) -> None:
    sources = read(
        tmp_path / "videos.csv",
        "path,label,split,group\n"
        "b.mp4,walk,train,anna\n"
        "\n"
        "sub/a.avi,run,VAL,\n"
        "c.gif,walk,testing,ben\n",
    )
    assert sources.classes == ("run", "walk")
    assert sources.layout == "CSV list"
    assert not sources.multi_label
    assert sources.videos == (
        SourceVideo("b.mp4", (1,), "train", "anna"),
        SourceVideo("c.gif", (1,), "test", "ben"),
        SourceVideo("sub/a.avi", (0,), "validation"),
    )


@pytest.mark.parametrize(
    "text",
    [
        "path,labels\na.mp4,run;walk\nb.mp4,\nc.mp4,walk\n",
        "\ufeffPath , LABELS\r\n a.mp4,run|walk\r\nb.mp4\r\nc.mp4,walk|walk\r\n",
        "labels;path\n'run|walk';a.mp4\n;./b.mp4\nwalk;x/../c.mp4\n".replace("'", '"'),
        "labels\tpath\nrun;walk\ta.mp4\n\tb.mp4\nwalk\tc.mp4\n",
        "path,labels\na.mp4,walk\nb.mp4,\na.mp4,run\nc.mp4,walk\n",
    ],
    ids=["semicolons", "bars", "split-by-semicolons", "tabs", "rows"],
)
def test_several_labels_in_a_table(tmp_path: Path, text: str) -> None:
    sources = read(tmp_path / "videos.csv", text)
    assert sources.classes == ("run", "walk")
    assert sources.multi_label
    assert [(v.path, v.labels) for v in sources.videos] == [
        ("a.mp4", (0, 1)), ("b.mp4", ()), ("c.mp4", (1,))
    ]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([{"path": "a.mp4", "labels": ["run", "walk"]}, {"path": "b.mp4", "labels": []},
                    {"path": "c.mp4", "label": "walk"}]),
        lines({"path": "a.mp4", "label": ["walk", "run"]}, {"path": "b.mp4", "labels": ""},
              {"path": "c.mp4", "label": "walk", "split": None, "group": None}),
        "\n\n" + lines({"path": "a.mp4", "labels": "walk"}, {"path": "c.mp4", "labels": "walk"},
                       {"path": "a.mp4", "labels": "run"}, {"path": "b.mp4", "labels": []}),
    ],
    ids=["array", "lines", "rows"],
)
@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_several_labels_in_json(tmp_path: Path, text: str, suffix: str) -> None:
    sources = read(tmp_path / f"videos.{suffix}", text)
    assert sources.layout == "JSON list"
    assert [(v.path, v.labels) for v in sources.videos] == [
        ("a.mp4", (0, 1)), ("b.mp4", ()), ("c.mp4", (1,))
    ]


def test_only_line_ends_end_a_line_of_json(tmp_path: Path) -> None:
    """Paths may hold what other programs take for the end of a line."""
    rows = [{"path": "a\u2028b.mp4", "label": "x"}, {"path": "c.mp4", "label": "y"}]
    text = "\r\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    assert [v.path for v in read(tmp_path / "v.jsonl", text).videos] == ["a\u2028b.mp4", "c.mp4"]


def test_a_list_that_could_have_several_labels_and_has_not(tmp_path: Path) -> None:
    """The labels decide, not the name of the column."""
    assert not read(tmp_path / "v.csv", "path,labels\na.mp4,run\nb.mp4,walk\n").multi_label


def test_numbers_are_classes_in_the_order_of_numbers(tmp_path: Path) -> None:
    rows = [{"path": f"{n}.mp4", "label": n, "group": n} for n in (10, 9, -1)]
    sources = read(tmp_path / "v.json", json.dumps(rows))
    assert sources.classes == ("-1", "9", "10")
    assert sources.videos[1] == SourceVideo("10.mp4", (2,), None, "10")


def test_the_same_row_twice_is_one_video(tmp_path: Path) -> None:
    sources = read(tmp_path / "v.csv", "path,label\na.mp4,x\n./a.mp4,x\nb.mp4,y\n")
    assert [video.path for video in sources.videos] == ["a.mp4", "b.mp4"]


def test_a_path_below_the_folder_may_be_absolute(tmp_path: Path) -> None:
    text = f"path,label\n{tmp_path}/a.mp4,x\n/else/b.mp4,y\n../c.mp4,y\n"
    assert [video.path for video in read(tmp_path / "v.csv", text).videos] == [
        "../c.mp4", "/else/b.mp4", "a.mp4"
    ]


WRONG: dict[str, tuple[str | bytes, str]] = {
    "unknown column": (
        "path,lable\na.mp4,x\n",
        r"v\.csv: unknown column 'lable' \(did you mean 'label'\?\); allowed: path, label, labels, "
        r"split, group; the first row names the columns$",
    ),
    "no header": ("a.mp4,x\nb.mp4,y\n", r"unknown column 'a\.mp4'; allowed: .*first row names"),
    "no path": ("label\nx\n", r"v\.csv has no path"),
    "no label": ("path\na.mp4\n", r"v\.csv has neither label nor labels; give one of them"),
    "both": ("path,label,labels\na.mp4,x,x\n", r"v\.csv has both label and labels; give one"),
    "column twice": ("path,label,label\na.mp4,x,x\n", r"v\.csv names the column 'label' twice"),
    "no rows": ("path,label\n\n", r"v\.csv names no video$"),
    "empty": ("", r"v\.csv names no video$"),
    "too many cells": ("path,label\na.mp4,x,y\n", r"line 2: found 3 cells, .* names 2 columns"),
    "open quote": ('path,label\na.mp4,x\n"b.mp4,y\n', r"after line 2: not CSV \(unexpected end"),
    "empty path": ("path,label\n,x\n", r"line 2: the path is ''; allowed: the path of a video"),
    "empty label": (
        "path,label\na.mp4,x\nb.mp4,\n",
        r"line 3 has no label; where a video can have none or several, name the column 'labels'",
    ),
    "unknown split": (
        "path,label,split\na.mp4,x,tets\n",
        r"line 2: the split is 'tets' \(did you mean 'test'\?\); allowed: train, training, val",
    ),
    "one class": ("path,label\na.mp4,x\nb.mp4,x\n", r"v\.csv names 1 class\(es\): 'x'; 2 or more"),
    "no classes": ("path,labels\na.mp4,\n", r"v\.csv names 0 class\(es\); 2 or more are needed"),
    "two splits": (
        "path,label,split\na.mp4,x,train\nb.mp4,y,train\na.mp4,x,test\n",
        r"line 4: 'a\.mp4' has the split 'test', and 'train' at .*line 2; a video has one split",
    ),
    "two groups": (
        "path,label,group\na.mp4,x,p\na.mp4,x,q\n",
        r"line 3: 'a\.mp4' has the group 'q', and 'p' at .*line 2; a video has one group",
    ),
    "two labels": (
        "path,label\na.mp4,x\n./a.mp4,y\n",
        r"line 3: './a\.mp4' is labelled 'y', and 'x' at .*line 2; .*name the column 'labels'",
    ),
    "some splits": (
        "path,label,split\na.mp4,x,train\nb.mp4,y,\n",
        r"line 3: 'b\.mp4' has no split, and 'a\.mp4' at .*line 2 has one; give all .*, or none",
    ),
    "group in two splits": (
        "path,label,split,group\na.mp4,x,train,p\nb.mp4,y,test,p\n",
        r"line 3: the group 'p' is in the test split, and in train at .*line 2; a group is in one",
    ),
    "two codes": (
        "path,label\na.mp4,run\nb.mp4,walk\nc.mp4,7\n",
        r"line 4: the label '7' is a number, and 'run' at .*line 2 is a name; give all labels as",
    ),
    "latin-1": (
        "path,label\na.mp4,läuft\n".encode("latin-1"),
        r"v\.csv, line 2: the byte 0xe4 is not UTF-8; save the file as UTF-8",
    ),
    "utf-16": ("path,label\na.mp4,x\n".encode("utf-16"), r"line 1: the byte 0xff is not UTF-8"),
    "control": ("path,label\na\0.mp4,x\n", r"control character|not CSV"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_table_is_told_in_one_sentence(tmp_path: Path, name: str) -> None:
    text, sentence = WRONG[name]
    with pytest.raises(DataError, match=sentence) as caught:
        read(tmp_path / "v.csv", text)
    assert str(caught.value).startswith(f"videos: {tmp_path / 'v.csv'}")
    assert "\n" not in str(caught.value)


GOOD = {"path": "a.mp4", "label": "x"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[1", r"v\.json: not JSON \(.*\); a list is one array, or an object a line"),
        (lines(GOOD) + "{", r"v\.json, line 2: not JSON"),
        ("[" * 100_000, r"v\.json: not JSON"),
        (json.dumps([GOOD, 3]), r"row 2: found 3, expected an object with path and label"),
        (json.dumps([GOOD, {"pth": "b"}]), r"row 2: unknown column 'pth' \(did you mean 'path'\?"),
        (lines(GOOD, {"label": "x"}), r"line 2 has no path$"),
        (lines({**GOOD, "path": 3}), r"line 1: the path is 3; allowed: the path of a video"),
        (lines({**GOOD, "label": None}), r"line 1 has neither label nor labels"),
        (lines({**GOOD, "label": 1.5}), r"line 1: the label is 1\.5; allowed: a word or a whole"),
        (lines({**GOOD, "label": True}), r"line 1: the label is True; allowed"),
        (lines({**GOOD, "label": [["x"]]}), r"line 1: the label is \['x'\]; allowed"),
        (lines({**GOOD, "split": ["test"]}), r"line 1: the split is \['test'\]; allowed"),
        (lines({**GOOD, "split": 1}), r"line 1: the split is '1'; allowed: train"),
        (lines({**GOOD, "label": "x\ud800"}), r"line 1: .* holds a control character or half a"),
        (lines({**GOOD, "path": "x\0"}), r"line 1: .* holds a control character or half a"),
        (lines(GOOD, {**GOOD, "label": "y"}), r"line 2: 'a\.mp4' is labelled 'y', and 'x' at"),
        ("[]", r"v\.json names no video"),
    ],
)
def test_what_is_wrong_with_json_is_told_in_one_sentence(
    tmp_path: Path, text: str, sentence: str
) -> None:
    with pytest.raises(DataError, match=sentence) as caught:
        read(tmp_path / "v.json", text)
    assert "\n" not in str(caught.value)


# Any list


WORDS = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters=";|"), min_size=1)
VIDEOS = st.dictionaries(
    st.integers(0, 10**6).map(lambda number: f"sub/{number}.mp4"),
    st.tuples(
        st.lists(st.one_of(st.just("run"), WORDS.map(lambda word: f"k{word}")), max_size=3),
        st.sampled_from(["train", "validation", "test"]),
    ),
    min_size=2,
    max_size=8,
)


@given(VIDEOS, st.randoms())
@settings(max_examples=60, deadline=None)
def test_however_a_list_is_written_it_says_the_same(
    tmp_path_factory: pytest.TempPathFactory, videos: dict[str, tuple[list[str], str]], rng: Any
) -> None:
    videos |= {"0.mp4": (["kx"], "train"), "1.mp4": (["ky", "kx"], "test")}
    folder = tmp_path_factory.mktemp("list")
    rows = [
        {"path": path, "labels": labels, "split": split, "group": f"{split} {len(labels)}"}
        for path, (labels, split) in videos.items()
    ]
    table = io.StringIO()
    writer = csv.DictWriter(table, ["group", "labels", "path", "split"])
    writer.writeheader()
    for row in rows:
        writer.writerow({**row, "labels": ";".join(row["labels"])})
    found = [
        read(folder / "1.csv", table.getvalue()),
        read(folder / "2.json", json.dumps(rows)),
        read(folder / "3.jsonl", lines(*rng.sample(rows, len(rows)))),
    ]
    names = {label for labels, _ in videos.values() for label in labels}
    for sources in found:
        assert sources.classes == tuple(sorted(names))
        assert {
            video.path: ({sources.classes[label] for label in video.labels}, video.split)
            for video in sources.videos
        } == {path: (set(labels), split) for path, (labels, split) in videos.items()}
    assert len({source_digest(sources, STREAMS, Settings()) for sources in found}) == 1
