"""The layouts of published data sets, as their authors' files are written."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from videonas.data.layouts import charades, hmdb51, kinetics, ucf101
from videonas.data.sources import Sources, SourceVideo
from videonas.errors import DataError


def write(folder: Path, **files: str) -> Path:
    """Text files by their name, whose point is written as two underscores."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_bytes(text.encode())
    return folder


def videos(folder: Path, *names: str) -> Path:
    """Files with these names."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


# UCF101

UCF101 = {
    "classInd__txt": "1 ApplyEyeMakeup\r\n2 YoYo\r\n3 Unused\r\n",
    "trainlist01__txt": "YoYo/v_YoYo_g08_c01.avi 2\r\n"
    "ApplyEyeMakeup/v_ApplyEyeMakeup_g10_c03.avi 1",
    "testlist01__txt": "ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi\r\n\r\nYoYo/odd name 7.avi\r\n",
    "trainlist02__txt": "YoYo/v_YoYo_g01_c01.avi 2\n"
    "ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi 1\n",
    "testlist02__txt": "",
}


def ucf(folder: Path, split_number: int = 1, **files: str) -> Sources:
    """UCF101's files, some of them changed, read."""
    place = write(folder / "splits", **{**UCF101, **files})
    assert ucf101.recognises(place)
    return ucf101.read(place, folder / "UCF-101", split_number)


def test_ucf101(tmp_path: Path) -> None:
    sources = ucf(tmp_path)
    assert sources.classes == ("ApplyEyeMakeup", "YoYo"), "a class without a video does not count"
    assert (sources.place, sources.folder) == (tmp_path / "splits", tmp_path / "UCF-101")
    assert sources.layout == "UCF101 split 1"
    eye = "ApplyEyeMakeup/v_ApplyEyeMakeup"
    assert sources.videos == (
        SourceVideo(f"{eye}_g01_c01.avi", (0,), "test", "v_ApplyEyeMakeup_g01"),
        SourceVideo(f"{eye}_g10_c03.avi", (0,), "train", "v_ApplyEyeMakeup_g10"),
        SourceVideo("YoYo/odd name 7.avi", (1,), "test"),
        SourceVideo("YoYo/v_YoYo_g08_c01.avi", (1,), "train", "v_YoYo_g08"),
    )
    assert [video.split for video in ucf(tmp_path, 2).videos] == ["train", "train"]


@pytest.mark.parametrize(
    ("number", "files", "sentence"),
    [
        (3, {}, r"trainlist03\.txt cannot be read \(No such file or directory\)"),
        (1, {"classInd__txt": "1 A\nB\n"}, r"classInd\.txt, line 2: found 'B', expected a number"),
        (1, {"trainlist01__txt": "YoYo/a.avi 4\n"},
         r"trainlist01\.txt, line 1: the label 4 is none of the 3 classes of .*classInd\.txt"),
        (1, {"testlist01__txt": "\nYoYoo/a.avi\n"},
         r"testlist01\.txt, line 2: the label 'YoYoo' is none of the 3 classes of .*classInd\.txt "
         r"\(did you mean 'YoYo'\?\)"),
        (1, {"testlist01__txt": "YoYo/v_YoYo_g08_c01.avi\n"},
         r"testlist01\.txt, line 1: .* has the split 'test', and 'train' at .*trainlist01\.txt, "),
    ],
)
def test_what_is_wrong_with_ucf101(
    tmp_path: Path, number: int, files: dict[str, str], sentence: str
) -> None:
    with pytest.raises(DataError, match=sentence):
        ucf(tmp_path, number, **files)


# HMDB51

HMDB51 = {
    "brush_hair_test_split1__txt": "April_09_brush_hair_u_nm_np1_ba_goo_0.avi 1 \n"
    "April_09_brush_hair_u_nm_np1_ba_goo_1.avi 1 \n"
    "Blonde_being_brushed_brush_hair_f_nm_np2_ri_med_0.avi 2 \n"
    "left_out_brush_hair_f_nm_np2_ri_med_0.avi 0 \n",
    "wave_test_split1__txt": "20060723sfjffbartsinger_wave_f_cm_np1_ba_med_0.avi 1\n\n"
    "odd (HQ) name.avi 2\n",
    "wave_test_split2__txt": "other.avi 1\n",
}


def test_hmdb51(tmp_path: Path) -> None:
    place = write(tmp_path, **HMDB51)
    assert hmdb51.recognises(place)
    sources = hmdb51.read(place, place, 1)
    assert sources.classes == ("brush_hair", "wave")
    assert sources.layout == "HMDB51 split 1"
    april = "brush_hair/April_09_brush_hair_u_nm_np1_ba_goo"
    assert sources.videos == (
        SourceVideo(f"{april}_0.avi", (0,), "train", "April_09"),
        SourceVideo(f"{april}_1.avi", (0,), "train", "April_09"),
        SourceVideo("brush_hair/Blonde_being_brushed_brush_hair_f_nm_np2_ri_med_0.avi", (0,),
                    "test", "Blonde_being_brushed"),
        SourceVideo("wave/20060723sfjffbartsinger_wave_f_cm_np1_ba_med_0.avi", (1,), "train",
                    "20060723sfjffbartsinger"),
        SourceVideo("wave/odd (HQ) name.avi", (1,), "test"),
    )


@pytest.mark.parametrize(
    ("number", "line", "sentence"),
    [
        (1, "a.avi 3", r"wave_test_split1\.txt, line 1: found 'a\.avi 3', expected a file and 0, "),
        (1, "a.avi", r"line 1: found 'a\.avi', expected a file and 0, 1 or 2"),
        (1, "", r"names 1 class\(es\): 'brush_hair'; 2 or more are needed"),
        (2, "a.avi 1", r"names 1 class\(es\): 'wave'; 2 or more are needed"),
        (3, "a.avi 1", r"holds no <class>_test_split3\.txt; split_number is 3"),
    ],
)
def test_what_is_wrong_with_hmdb51(
    tmp_path: Path, number: int, line: str, sentence: str
) -> None:
    place = write(tmp_path, **{**HMDB51, "wave_test_split1__txt": line})
    with pytest.raises(DataError, match=sentence):
        hmdb51.read(place, place, number)


# Kinetics

KINETICS = {
    "train__csv": "label,youtube_id,time_start,time_end,split,is_cc\n"
    "playing harp,--0edUL8zmA,89,99,train,0\n"
    "\"eating, \"\"neatly\"\"\",-2L0abc_xyz,5.0,15.0,train,1\n",
    "val__csv": "label,youtube_id,time_start,time_end,split\n"
    "playing harp,abcdefghijk,0,10,validate\n",
    "test__csv": "youtube_id,time_start,time_end,split\nzzzzzzzzzzz,0,10,test\n",
    "other__csv": "a,b\n1,2\n",
}


def test_kinetics(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    place = write(tmp_path / "lists", **KINETICS)
    folder = videos(
        tmp_path / "clips", "train/playing harp/--0edUL8zmA_000089_000099.mkv",
        "abcdefghijk_000000_000010.MP4", "other/abcdefghijk_000000_000010.webm",
        "playing harp/abcdefghijk_000000_000010.webm",
    )
    assert kinetics.recognises(place)
    with caplog.at_level(logging.WARNING):
        sources = kinetics.read(place, folder, 1)
    assert caplog.messages == [
        f"{place / 'test.csv'}: it has no column 'label'; its clips are left out"
    ]
    assert sources.classes == ('eating, "neatly"', "playing harp")
    assert sources.videos == (
        SourceVideo("-2L0abc_xyz_000005_000015.mp4", (0,), "train", "-2L0abc_xyz"),
        SourceVideo("playing harp/abcdefghijk_000000_000010.webm", (1,), "validation",
                    "abcdefghijk"),
        SourceVideo("train/playing harp/--0edUL8zmA_000089_000099.mkv", (1,), "train",
                    "--0edUL8zmA"),
    )
    alone = kinetics.read(place / "train.csv", folder, 1)
    assert {video.split for video in alone.videos} == {"train"}


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("a,,1,2,train", r"val\.csv, line 2 has no youtube_id"),
        (",a,1,2,train", r"val\.csv, line 2 has no label"),
        ("a,b,x,2,train", r"val\.csv, line 2: time_start is 'x'; allowed: seconds from 0 on"),
        ("a,b,1,nan,train", r"val\.csv, line 2: time_end is 'nan'; allowed"),
        ("a,b,1", r"val\.csv, line 2: time_end is ''; allowed"),
        ("a,b,1,1e6,train", r"val\.csv, line 2: time_end is '1e6'; allowed"),
        ("a,b,1,2,holdout", r"val\.csv, line 2: the split is 'holdout'"),
        ("a,--0edUL8zmA,89,99,train", r"line 2: .* is labelled 'a', and 'playing harp' at"),
        ("playing harp,--0edUL8zmA,89,99,val", r"line 2: .* has the split 'validation', and 'tra"),
    ],
)
def test_what_is_wrong_with_kinetics(tmp_path: Path, row: str, sentence: str) -> None:
    header = "label,youtube_id,time_start,time_end,split"
    place = write(tmp_path, **{**KINETICS, "val__csv": f"{header}\n{row}\n"})
    with pytest.raises(DataError, match=sentence):
        kinetics.read(place, place, 1)


def test_kinetics_without_labels(tmp_path: Path) -> None:
    place = write(tmp_path, **KINETICS)
    with pytest.raises(DataError, match=r"test\.csv has no column 'label'; the clips need labels"):
        kinetics.read(place / "test.csv", place, 1)


# Charades

HEADER = "id,subject,scene,quality,relevance,verified,script,objects,descriptions,actions,length\n"
CHARADES = {
    "Charades_v1_train__csv": HEADER
    + '46GP8,HR43,Kitchen,6,7,Yes,"A person, ""cooking"".",food,"A\nperson.",'
    "c092 11.90 21.20;c147 0.00 12.60;c092 0.00 3.00,24.83\n"
    "N11GT,0KZ7,Stairs,6,7,Yes,x,,x,,18.33\n",
    "Charades_v1_test__csv": HEADER + "AAAAA,HR43,Stairs,6,7,Yes,x,,x,c000 1 2,18.33\n",
    "Charades_v1_classes__txt": "c000 Holding some clothes\nc001 Putting clothes somewhere\n"
    "c092 Watching a reflection of something\nc147 Someone is cooking something\n",
}


def test_charades(tmp_path: Path) -> None:
    place = write(tmp_path / "Charades", **CHARADES)
    folder = videos(tmp_path / "Charades_v1_480", "46GP8.mp4", "deeper/N11GT.mkv")
    assert charades.recognises(place)
    sources = charades.read(place, folder, 1)
    assert sources.multi_label
    assert sources.classes == (
        "Holding some clothes", "Watching a reflection of something",
        "Someone is cooking something",
    )
    assert sources.videos == (
        SourceVideo("46GP8.mp4", (1, 2), "train", "HR43"),
        SourceVideo("AAAAA.mp4", (0,), "test", "HR43"),
        SourceVideo("deeper/N11GT.mkv", (), "train", "0KZ7"),
    )


def test_charades_without_names_of_classes(tmp_path: Path) -> None:
    place = write(tmp_path, **CHARADES)
    (place / "Charades_v1_classes.txt").unlink()
    train = charades.read(place / "Charades_v1_train.csv", place, 1)
    assert train.classes == ("c092", "c147")
    assert [video.path for video in train.videos] == ["46GP8.mp4", "N11GT.mp4"]


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("Charades_v1_test__csv", "id,actions\nA,c999 1 2\n",
         r"test\.csv, line 2: the label 'c999' is none of the 4 classes of .*v1_classes\.txt"),
        ("Charades_v1_test__csv", "id,actions\n,c000 1 2\n", r"test\.csv, line 2 has no id"),
        ("Charades_v1_test__csv", "id,actions\nA,run 1 2\n",
         r"line 2: found the action 'run 1 2', expected a class and its times"),
        ("Charades_v1_test__csv", "id,subject,actions\n46GP8,HR43,c092 1 2\n",
         r"train\.csv, line 3: '46GP8\.mp4' has the split 'train', and 'test' at .*test\.csv, "),
        ("Charades_v1_classes__txt", "0 Holding\n", r"classes\.txt, line 1: found '0 Holding', ex"),
    ],
)
def test_what_is_wrong_with_charades(tmp_path: Path, name: str, text: str, sentence: str) -> None:
    place = write(tmp_path, **{**CHARADES, name: text})
    with pytest.raises(DataError, match=sentence):
        charades.read(place, place, 1)
