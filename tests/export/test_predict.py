"""`videonas predict` as a program meets it, on whatever people give it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import tensorflow as tf
from click.testing import CliRunner, Result

from tests.videos import damage, write_audio, write_numbered
from videonas.cli import main
from videonas.codec import encode
from videonas.data.decoding import read_clips
from videonas.export.about import About
from videonas.export.loading import load_exports
from videonas.export.predicting import clips_of
from videonas.search.records import FORMATS
from videonas.steps.finish import Finish


def videonas(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def refused(*arguments: object) -> str:
    """The one sentence of a command that refuses."""
    said = videonas(*arguments)
    assert said.exit_code == 2, said.output
    assert said.stdout == ""
    (sentence,) = [line for line in said.stderr.splitlines() if line.startswith("error: ")]
    assert "Traceback" not in said.output
    return sentence


@pytest.fixture(scope="module")
def folder(finished: Finish, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what was finished, far from its search."""
    copy = tmp_path_factory.mktemp("copies") / "finished"
    shutil.copytree(finished.folder.address, copy)
    return copy


@pytest.fixture(scope="module")
def about(folder: Path) -> About:
    return load_exports(folder, all_of_them=False)[0].about


@pytest.fixture(scope="module")
def video(demo_videos: Path) -> Path:
    return next(demo_videos.glob("*/*.mp4"))


def test_labels_and_scores_as_json(folder: Path, video: Path, about: About) -> None:
    said = videonas("predict", folder, video, video, "--json", "--top", 3)
    assert said.exit_code == 0, said.output
    one, again = json.loads(said.stdout)
    assert one == again
    assert one["video"] == str(video)
    scores = [each["score"] for each in one["predictions"]]
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)
    assert {each["label"] for each in one["predictions"]} <= set(about.classes)


def test_a_table_for_people(folder: Path, video: Path, about: About) -> None:
    said = videonas("predict", folder, video, "--top", 2)
    assert said.exit_code == 0
    assert sum(name in said.stdout.split() for name in about.classes) == 2


def test_more_than_there_are_classes_names_all(folder: Path, video: Path, about: About) -> None:
    (said,) = json.loads(videonas("predict", folder, video, "--json", "--top", 99).stdout)
    assert sorted(each["label"] for each in said["predictions"]) == sorted(about.classes)
    assert sum(each["score"] for each in said["predictions"]) == pytest.approx(1, abs=1e-5)


def test_the_folder_of_one_network_and_the_best_of_all_say_the_same(
    folder: Path, video: Path, finished: Finish
) -> None:
    one = folder / str(finished.record.best)
    assert videonas("predict", one, video, "--json").stdout == videonas(
        "predict", folder, video, "--json"
    ).stdout


def test_an_ensemble_says_something_else(folder: Path, video: Path) -> None:
    alone, together = (videonas("predict", folder, video, "--json", *more)
                       for more in ([], ["--ensemble"]))
    assert together.exit_code == 0
    assert alone.stdout != together.stdout


def test_an_ensemble_of_one_is_refused(folder: Path, video: Path, finished: Finish) -> None:
    one = folder / str(finished.record.best)
    assert "one export, which takes no --ensemble" in refused("predict", one, video, "--ensemble")


def needed(about: About) -> int:
    """Source frames that the network needs."""
    return (about.streams["rgb"].sampling.span - 1) * about.frame_step + 1


def test_a_video_too_short_is_told_with_what_it_takes(
    folder: Path, about: About, tmp_path: Path
) -> None:
    least = needed(about)
    assert least > 1
    enough = write_numbered(tmp_path / "enough.mp4", least)
    assert videonas("predict", folder, enough).exit_code == 0
    short = write_numbered(tmp_path / "short.mp4", least - 1)
    assert refused("predict", folder, short) == (
        f"error: {short}: has {least - 1} frames; the network needs {least} or more"
    )


def test_a_video_between_what_is_needed_and_what_was_prepared_is_used_without_repeats(
    about: About, tmp_path: Path
) -> None:
    prepared = (about.streams["rgb"].prepared.frames - 1) * about.frame_step + 1
    assert needed(about) < prepared
    for count in (needed(about), prepared - 1, prepared, prepared + 7):
        video = write_numbered(tmp_path / f"{count}.mp4", count)
        clips = clips_of(video, about, partial(read_clips, video))["rgb"]
        stream = about.streams["rgb"]
        assert clips.shape[:2] == (about.clips_per_video, stream.frames)
        assert all(len({frame.tobytes() for frame in clip}) == stream.frames for clip in clips)


@pytest.mark.parametrize("kind", ["missing", "text", "empty", "folder", "sound", "damaged"])
def test_a_file_that_is_no_video(kind: str, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    if kind == "text":
        path.write_text("hello")
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "folder":
        path.mkdir()
    elif kind == "sound":
        write_audio(path)
    elif kind == "damaged":
        damage(write_numbered(path, 40), 0.1, 0.9)
    assert refused("predict", folder, path).startswith(f"error: {path}: unreadable video: ")


@pytest.fixture
def bad(tmp_path: Path) -> list[Path]:
    """A video that is empty, one of a single frame, and none."""
    (tmp_path / "empty.mp4").touch()
    return [tmp_path / "empty.mp4", write_numbered(tmp_path / "one.mp4", 1), tmp_path / "gone.mp4"]


def test_videos_that_can_be_read_are_answered_beside_those_that_cannot(
    folder: Path, video: Path, bad: list[Path], about: About, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "500")  # so that no path is broken into lines
    said = videonas("predict", folder, bad[0], video, *bad[1:], "--top", 1)
    assert said.exit_code == 1, said.output
    assert str(video) in said.stdout
    assert sum(name in said.stdout.split() for name in about.classes) == 1
    errors = [line for line in said.stderr.splitlines() if line.startswith("error: ")]
    assert errors == [
        f"error: {bad[0]}: unreadable video: the file is empty",
        f"error: {bad[1]}: has 1 frames; the network needs {needed(about)} or more",
        f"error: {bad[2]}: unreadable video: no such file or directory",
    ]
    assert "Traceback" not in said.output


def test_the_reason_is_in_the_place_of_an_answer_as_json(
    folder: Path, video: Path, bad: list[Path]
) -> None:
    said = videonas("predict", folder, video, bad[0], video, "--json", "--top", 2)
    assert said.exit_code == 1, said.output
    one, none, again = json.loads(said.stdout)
    assert one == again == json.loads(
        videonas("predict", folder, video, "--json", "--top", 2).stdout
    )[0]
    assert none == {"video": str(bad[0]), "error": "unreadable video: the file is empty"}
    assert f"error: {bad[0]}: " in said.stderr


def test_where_no_video_can_be_read_the_status_is_another(folder: Path, bad: list[Path]) -> None:
    said = videonas("predict", folder, *bad, "--json")
    assert said.exit_code == 2
    assert [set(each) for each in json.loads(said.stdout)] == [{"video", "error"}] * 3
    said = videonas("predict", folder, *bad)
    assert said.exit_code == 2
    assert said.stdout == ""
    assert said.stderr.count("error: ") == 3


CASE = Path(__file__).parents[3] / "shared/cases/predict_one_bad"


@pytest.mark.skipif(not CASE.is_dir(), reason="the folder of cases is not there")
def test_the_case_of_one_bad_video_among_good_ones(folder: Path) -> None:
    videos = sorted(CASE.iterdir())
    empty = [path for path in videos if path.stat().st_size == 0]
    said = videonas("predict", folder, *videos, "--json")
    assert said.exit_code == 1, said.output
    answers = json.loads(said.stdout)
    assert [each["video"] for each in answers if "error" in each] == [str(path) for path in empty]
    assert len(answers) == len(videos) == len(empty) + 2


def test_a_folder_that_is_no_export(tmp_path: Path, video: Path) -> None:
    allowed = (
        "allowed: finished/<n> of a search root, or the folder of a network or of the ensemble in "
        "it"
    )
    for path in (tmp_path, tmp_path / "nowhere"):
        assert refused("predict", path, video) == f"error: {path}: no export here; {allowed}"


def test_a_saved_model_of_somebody_else(tmp_path: Path, video: Path) -> None:
    tf.saved_model.save(tf.Module(), str(tmp_path / "saved_model"))
    assert "a SavedModel that `videonas finish` did not write" in refused(
        "predict", tmp_path, video
    )


def test_a_copy_that_lacks_files(folder: Path, finished: Finish, video: Path, tmp_path: Path
                                 ) -> None:
    best = str(finished.record.best)
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / best / "saved_model" / "variables" / "variables.index").unlink()
    assert f"{copy / best / 'saved_model'}: cannot be loaded" in refused("predict", copy, video)
    (copy / best / "saved_model" / "saved_model.pb").write_bytes(b"nonsense")
    assert "cannot be loaded" in refused("predict", copy, video)
    shutil.rmtree(copy / best / "saved_model")
    assert "saved_model: no such folder" in refused("predict", copy, video)
    (copy / "finish.json").write_text("{")
    assert "finish.json: not JSON" in refused("predict", copy, video)


def test_where_nobody_was_exported_the_reason_is_told(
    finished: Finish, video: Path, tmp_path: Path
) -> None:
    failed = tuple(replace(n, outcome="diverged", message="the loss is nan at step 3", test=None)
                   for n in finished.record.networks)
    record = replace(finished.record, networks=failed, ensemble=None, best=None)
    (tmp_path / "finish.json").write_bytes(encode(record, FORMATS[type(record)]))
    said = refused("predict", tmp_path, video)
    assert said.startswith("error: none of 2 finalists was finished; the first, ")
    assert said.endswith("is diverged: the loss is nan at step 3")
    assert "0 was exported here" in refused("predict", tmp_path, video, "--ensemble")
